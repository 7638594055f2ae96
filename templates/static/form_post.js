// Sends the answer of an authorization request to the app that asked (OAuth 2.0 Form Post Response Mode).
document.getElementById('form-post').submit();
