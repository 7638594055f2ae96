//! Requests that other people's programs signed, octet by octet as they came out: `http-message-signatures` 3.0.0 from PyPI,
//! `http-message-signatures` 1.0.6 and `http-message-sig` 0.3.0 from npm. The key is that of the API key of these tests.

use super::*;

fn put(request: Request, input: &str, signature: &str) -> Request {
    request.with("Signature-Input", input).with("Signature", signature)
}

/// The derivation is a promise to every client and to the issuer.
#[test]
fn the_signing_key_is_derived_as_documented() {
    assert_eq!(api_key().expose(), "cs_key_0123456789abcdEF_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123450F34an");
    let shown = SharedKey::from_base64url("kGBxJTShsQ2UjkmfrvLRMex-GFnCAd3rOHRtnwpKkSY").expect("is a key");
    assert_eq!(key().expose(), shown.expose());
    for text in ["", "kGBxJTShsQ2UjkmfrvLRMex-GFnCAd3rOHRtnwpKkS", "kGBxJTShsQ2UjkmfrvLRMex-GFnCAd3rOHRtnwpKkSYA", "*"]
    {
        assert!(SharedKey::from_base64url(text).is_none(), "{text}");
    }
}

#[test]
fn python_signs_a_request_without_a_body() {
    let input =
        r#"pyhms=("@method" "@authority" "@target-uri");created=1700000000;keyid="0123456789abcdEF";nonce="py-1""#;
    put(Request::get("/notes"), input, "pyhms=:WDr44JxqPMjlW/REadAnZILvzcqiIWZ6KEnMKRof2z4=:")
        .judge()
        .expect("verifies");
}

#[test]
fn python_signs_a_query_and_two_of_its_parameters() {
    let input = r#"sig1=("@method" "@authority" "@path" "@query" "accept" "@query-param";name="q" "@query-param";name="cursor");created=1700000000;keyid="0123456789abcdEF";alg="hmac-sha256";nonce="py-2";tag="countersign""#;
    let request = Request::get("/notes?limit=3&cursor=a%2Fb%20c&q=%C3%A4+b").with("Accept", "application/json");
    put(request, input, "sig1=:xjWfKgrTqhyLWoaKgU4RCAZgBIKZffsNigXBAxY6A6Q=:").judge().expect("verifies");
}

#[test]
fn python_signs_a_body_until_a_moment() {
    let input = r#"pyhms=("@method" "@target-uri" "content-type" "content-digest");created=1700000000;keyid="0123456789abcdEF";alg="hmac-sha256";expires=1700000060;nonce="py-3""#;
    let request =
        Request::post("/notes", JSON).with("Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
    let request = put(request, input, "pyhms=:EXWGBQx6go7UZTQwPvLTO3necBsOeYSy5GJvHCZUfm8=:");
    request.judge_at(Timestamp(1_700_000_060)).expect("verifies");
    assert_eq!(error(request.judge_at(Timestamp(1_700_000_061))), SignatureError::Expired);
}

#[test]
fn javascript_signs_a_request_without_a_body() {
    let input = r#"sig=("@method" "@authority" "@path" "@query");created=1700000000;expires=1700000300;keyid="0123456789abcdEF";alg="hmac-sha256";nonce="js-1";tag="countersign""#;
    let request = Request { method: "DELETE".to_owned(), ..Request::get("/notes/17?force=") };
    put(request, input, "sig=:4RB8ZfxWGYx2dXF97RcslPm7As1hxpqlhcIG7yU+rGY=:").judge().expect("verifies");
}

#[test]
fn javascript_signs_a_text_and_a_field_of_two_lines() {
    let input = r#"sig=("@method" "@target-uri" "content-digest" "content-type" "x-trace");created=1700000000;expires=1700000300;keyid="0123456789abcdEF";alg="hmac-sha256";nonce="js-2";tag="countersign""#;
    let digest = "sha-512=:wrNFb/qOoX75dV1GwW6LVeknJ3RhqgAw2Izi2GGgRaY3UaxxBz14e7R4gw8QrXEAx2c7Kw4GrV43a316pf9o4g==:";
    let request = Request { method: "PUT".to_owned(), body: "Grüße\n".into(), ..Request::get("/notes/17") }
        .with("Content-Type", "text/plain; charset=utf-8")
        .with("Content-Digest", digest)
        .with("X-Trace", "a")
        .with("X-Trace", "b");
    put(request, input, "sig=:AY2AhlaWno8KXgUfLAR0+Mw5KxYLTQ66gol25KCZc7E=:").judge().expect("verifies");
}

#[test]
fn another_javascript_client_signs_octets() {
    let input = r#"sig=("@method" "@authority" "@path" "@query" "@scheme" "@request-target" "content-digest" "content-type");created=1700000000;keyid="0123456789abcdEF";nonce="js-3";alg="hmac-sha256""#;
    let body = [0, 1, 2, 255];
    let request = Request { method: "PATCH".to_owned(), body: body.to_vec(), ..Request::get("/files/a%20b.txt?v=1") }
        .with("content-type", "application/octet-stream")
        .with("content-digest", crate::signature::content_digest(&body));
    put(request, input, "sig=:l6ev56JIG+xy+zYd/jxQaVsYG4OTVzc0f24qIf8iH3U=:").judge().expect("verifies");
}

/// The same request and parameters, signed by Python.
#[test]
fn our_signer_writes_what_python_writes() {
    let (key_id, key) = (key_id(), key());
    let signer = Signer { key_id: &key_id, key: &key, created: NOW, nonce: "one request, one nonce" };
    let request = Request::post("/notes?draft=", JSON);
    let fields = request
        .message(|message| signer.sign(&public("https://api.example.com/api"), message, JSON))
        .expect("can be signed");
    assert_eq!(fields.content_digest.as_deref(), Some("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"));
    assert_eq!(
        fields.signature_input,
        r#"sig=("@method" "@authority" "@path" "@query" "content-digest" "content-type");created=1700000000;keyid="0123456789abcdEF";alg="hmac-sha256";nonce="one request, one nonce";tag="countersign""#
    );
    assert_eq!(fields.signature, "sig=:oyg3XtKsGV2RD1BqfWuSQzQbNYfljHsrqxbL/3DvYUc=:");
}
