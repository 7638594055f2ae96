//! The error catalogue in English.

explanations! {
    InvalidRequest =>
        "The request lacks a parameter, repeats one, or has a value that cannot be.";
            "A parameter is missing: error_description names it. Many libraries forget code_challenge or \
             redirect_uri.",
            "A parameter came twice, once in the address and once in the form. Send each one once.",
            "The body is JSON. Token, introspection and revocation requests are forms \
             (application/x-www-form-urlencoded).",
            "No client is registered with this client_id, or it was deleted. Compare it letter by letter.",
            "The redirect URI or the post-logout redirect URI differs from the registered one, if only by a slash, \
             a port or a letter. Register exactly what is sent.",
            "Two ways of client authentication in one request. Keep the one that the client is registered for.",
            "The client asked for encrypted answers, and its jwks or jwks_uri has no key for that.",

    UnauthorizedClient =>
        "The app is known, but it is not registered for what it asks.";
            "The grant type or response type is not in the registration of the client. Have it added, or use \
             one that is there.",
            "The client is disabled. The people who run this service can enable it.",
            "A client for machines (client_credentials) cannot sign people in; register a second one for that.",

    AccessDenied =>
        "The person, or a rule of this server, said no.";
            "The person chose not to allow the request. The app should offer to try again, and say why it asks \
             for each permission.",
            "Ask for fewer scopes at the first sign-in, and for the others when they are needed.",

    UnsupportedResponseType =>
        "This server does not answer with what response_type names.";
            "Use response_type=code with PKCE; it serves web, mobile and single-page apps alike.",
            "Implicit and hybrid types are off unless the operator switched them on and the client is \
             registered for them.",
            "response_types_supported in the discovery document lists what there is.",

    InvalidScope =>
        "A scope is unknown, malformed, or not one that this client may ask for.";
            "Compare the scope of the request with the registration of the client; error_description names the \
             one at fault.",
            "Scopes are separated by single spaces, not by commas or plus signs that were encoded twice.",
            "Scopes of two APIs in one request: ask for one token per API.",
            "At a refresh only scopes that were granted before can be asked for.",

    ServerError =>
        "Something failed on this side; the request may have been right.";
            "Try again once, after a moment. If it stays, give the people who run this service the error \
             number.",
            "For operators: the log of the server has one line with this number and the cause.",

    TemporarilyUnavailable =>
        "The server cannot answer right now, because it is full or its database does not answer.";
            "Wait as long as Retry-After says, then send the same request again.",
            "Do not retry in a tight loop: add a pause that grows, and some chance.",
            "For operators: check the database, and whether the server has enough threads for passwords.",

    InvalidClient =>
        "The app could not prove which client it is. Whether the id, the secret or the method is wrong is not \
         told to strangers.";
            "The secret is wrong, expired or that of another installation. Make a new one with countersign \
             client rotate; two may live side by side.",
            "The client is registered for another method: token_endpoint_auth_method must be the one that the \
             app uses.",
            "With HTTP Basic, id and secret are form-encoded before they are joined by a colon (RFC 6749 \
             section 2.3.1).",
            "An assertion (private_key_jwt) was used twice, has expired, is signed with a key that is not \
             registered, or its aud is not the issuer.",

    InvalidGrant =>
        "The code or refresh token is not good, or not for this request.";
            "The code is older than a minute, or was used already. Redeem it at once and once; a page that is \
             loaded twice sends it twice.",
            "redirect_uri of the token request is not the one of the authorization request.",
            "code_verifier does not fit code_challenge: keep the verifier of each sign-in apart, also in two \
             tabs.",
            "A refresh token was used twice. After each refresh, keep the new one; all of its family end when \
             an old one returns.",
            "The person signed out, or the permission was withdrawn: sign in again.",

    UnsupportedGrantType =>
        "The token endpoint does not know this grant type.";
            "The password grant does not exist here: sign people in with the authorization code flow.",
            "Check the spelling; grant_types_supported in the discovery document lists what there is.",

    LoginRequired =>
        "The request forbids to ask (prompt=none), but somebody has to sign in.";
            "This is the normal answer when nobody is signed in. Send the request again without prompt=none.",
            "In an iframe the browser withholds the cookies of this server. Use refresh tokens instead of \
             silent sign-in.",
            "max_age is shorter than the age of the sign-in, or id_token_hint names another person.",

    ConsentRequired =>
        "The request forbids to ask (prompt=none), but the person has not allowed all of it yet.";
            "Send the request again without prompt=none; the person is asked once, and the answer is \
             remembered.",
            "A new scope needs a new consent: compare with what was asked for before.",
            "An app of the house can be registered as first_party; then nobody is asked.",

    AccountSelectionRequired =>
        "The request forbids to ask (prompt=none), but an account has to be chosen.";
            "Send the request again without prompt=none.",
            "Leave select_account away where the app is content with the account that is signed in.",

    RequestNotSupported =>
        "This server does not read the parameter request for this client.";
            "Send the parameters plainly, without a request object.",
            "request_parameter_supported in the discovery document says whether there is another way.",

    RequestUriNotSupported =>
        "This server does not fetch request objects by address.";
            "Send the parameters plainly, or the request object itself in the parameter request.",
            "For operators: openid.request_uri_parameter_supported switches it on. It lets clients make this \
             server fetch addresses.",

    RegistrationNotSupported =>
        "The parameter registration of self-issued identity is not supported here.";
            "Leave registration away, and register the client before its first request.",
            "Where the discovery document has a registration_endpoint, an app can do that by itself.",

    UnmetAuthenticationRequirements =>
        "The request insists on a way of signing in that this server, or this person, does not have.";
            "acr is essential in the claims parameter: use one of acr_values_supported, or ask for it in \
             acr_values, which is a wish.",
            "Without such a demand the ID token still says in acr and amr how the person signed in.",

    InvalidRequestObject =>
        "The signed request (request object) cannot be read or does not hold.";
            "It is signed with a key that is not in the jwks or jwks_uri of the client, or with another \
             algorithm than registered.",
            "alg is none, and the client is not registered for unsigned request objects.",
            "iss must be the client_id and aud the issuer of this server; exp must not be past.",
            "client_id must stand in the address too; what is in both places must have the same value.",

    InvalidRequestUri =>
        "The request object could not be fetched from request_uri, or the address is not one that the client \
         registered.";
            "Register the address in request_uris; it is compared as it stands, but for a fragment.",
            "It must be https, answer within seconds, without a redirect, with a JWT of moderate size.",
            "Private and loopback addresses are never fetched.",

    InvalidRedirectUri =>
        "A redirect URI of the registration is not one that this server accepts.";
            "Web apps need https. Plain http is for loopback addresses of native apps only.",
            "No fragment, no wildcard, no user name in the address.",
            "A private scheme of a native app contains a dot: com.example.app:/callback.",

    InvalidClientMetadata =>
        "A value of the registration is unknown here, not allowed, or does not fit another one.";
            "error_description names the member at fault and the rule.",
            "grant_types and response_types belong together: code needs authorization_code.",
            "private_key_jwt needs jwks or jwks_uri, and not both.",
            "Algorithms must be among those that the discovery document lists.",

    InvalidSoftwareStatement =>
        "The software statement of the registration cannot be used.";
            "Leave software_statement away and send the metadata plainly.",
            "A software statement is a signed JWT; anything else is refused.",

    UnapprovedSoftwareStatement =>
        "This server trusts nobody’s software statements.";
            "Leave software_statement away and send the metadata plainly.",
            "Ask the people who run this service for a registration or an initial access token.",

    InvalidToken =>
        "The access token is expired, revoked, damaged, or not of this server.";
            "Access tokens live for minutes: refresh when expires_in is over, and once when a call is refused \
             with this code.",
            "The person signed out or was disabled, the consent was withdrawn, or the client was deleted: sign \
             in again.",
            "An ID token was sent. APIs take access tokens.",
            "The token is for another API: its aud must name the one that is called.",

    InsufficientScope =>
        "The access token is good, but lacks a permission that this call needs.";
            "Ask for the missing scope at the next sign-in; UserInfo needs openid.",
            "The client must be registered for the scope, and the person must have allowed it.",
}
