//! Each rule broken once, by somebody who knows the key: nothing but the rule stands in the way.

use super::*;
use crate::signature::{Answer, content_digest, field_lines, is_signed};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use protocol::time::Seconds;

#[test]
fn a_request_signed_by_our_own_client_is_accepted_with_and_without_a_body() {
    for (nonce, request) in [("a", get()), ("b", Request::get("/")), ("c", Request::post("/notes", JSON))] {
        let verified = request.signed(nonce).judge().expect("verifies");
        assert_eq!(verified.key_id(), &key_id());
    }
    let packed = Request::post("/notes?x", b"\x1f\x8b").with("Content-Encoding", "gzip").signed("d");
    assert!(packed.judge().is_ok());
    let hashed = Request::post("/notes", JSON).with("Content-Digest", content_digest(JSON)).signed("e");
    assert_eq!(hashed.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-digest")).count(), 1);
    assert!(hashed.judge().is_ok());
}

#[test]
fn half_a_signature_is_refused_and_not_overlooked() {
    let signed = get().signed("n");
    assert_eq!(error(get().judge()), SignatureError::Missing(FieldName::SignatureInput));
    let input_only = signed.clone().without("Signature");
    assert_eq!(error(input_only.judge()), SignatureError::Missing(FieldName::Signature));
    let signature_only = signed.clone().without("Signature-Input");
    assert_eq!(error(signature_only.judge()), SignatureError::Missing(FieldName::SignatureInput));
    assert_eq!(
        error(signed.without("Signature").with("Signature", "").judge()),
        SignatureError::Missing(FieldName::Signature)
    );
}

#[test]
fn a_request_with_one_of_the_two_fields_claims_to_be_signed() {
    let with = |name: &str| TestRequest::get().insert_header((name, "x")).to_http_request();
    assert!(is_signed(with("Signature").headers()) && is_signed(with("signature-input").headers()));
    assert!(!is_signed(with("Authorization").headers()));
}

#[test]
fn a_request_of_actix_is_read_as_it_came() {
    let request = TestRequest::with_uri("/a%2Fb/%7e?x=%41").method(Method::PUT);
    let request = request.append_header(("Accept", "b")).append_header(("accept", "a")).to_http_request();
    let fields = field_lines(request.headers());
    let message = Message::new(&request, &fields);
    assert_eq!((message.method, message.target), ("PUT", "/a%2Fb/%7e?x=%41"));
    assert!(message.values("ACCEPT").eq([b"b", b"a"]));
}

#[test]
fn several_signatures_are_refused_in_one_line_and_in_two() {
    let member = format!("(\"@method\" \"@target-uri\"){PARAMETERS}");
    let two = fields_as(&format!("a={member}, b={member}"), "a=:AA==:, b=:AA==:");
    assert_eq!(error(two.judge()), SignatureError::Several);
    let two = fields_as(&format!("a={member}"), "a=:AA==:")
        .with("Signature-Input", format!("b={member}"))
        .with("Signature", "b=:AA==:");
    assert_eq!(error(two.judge()), SignatureError::Several);
    let two = fields_as(&format!("a={member}"), "a=:AA==:, b=:AA==:");
    assert_eq!(error(two.judge()), SignatureError::Several);
}

/// §4: "The presence of a label in one field but not in the other is an error." §4.2: labels are unique.
#[test]
fn both_fields_have_the_same_label_once() {
    let member = format!("(\"@method\" \"@target-uri\"){PARAMETERS}");
    assert_eq!(error(fields_as(&format!("a={member}"), "b=:AA==:").judge()), SignatureError::Labels);
    assert!(text(&fields_as(&format!("a={member}, a={member}"), "a=:AA==:")).contains("a name stands twice"));
    let lines = fields_as(&format!("a={member}"), "a=:AA==:").with("Signature", "a=:AA==:");
    assert!(text(&lines).contains("a name stands twice"));
}

#[test]
fn what_is_no_structured_field_of_the_right_kind_is_refused() {
    for (input, signature) in [
        ("sig", "sig=:AA==:"),
        ("sig=\"@method\"", "sig=:AA==:"),
        ("sig=(@method)", "sig=:AA==:"),
        ("sig=(method)", "sig=:AA==:"),
        ("sig=(1)", "sig=:AA==:"),
        ("sig=(\"@method\"", "sig=:AA==:"),
        ("sig=(\"@method\"\"@path\")", "sig=:AA==:"),
        ("sig=(\"@method\");created=1700000000;created=1700000001", "sig=:AA==:"),
        ("sig=(\"@query-param\";name=\"a\";name=\"b\")", "sig=:AA==:"),
        // A date of RFC 9651 is none of RFC 8941.
        ("sig=(\"@method\");created=@1700000000", "sig=:AA==:"),
        ("sig=(\"@method\"), ", "sig=:AA==:"),
        ("sig=(\"@method\")", "sig=AA=="),
        ("sig=(\"@method\")", "sig=\"AA==\""),
        ("sig=(\"@method\")", "sig=(:AA==:)"),
        ("sig=(\"@method\")", "sig=:A*==:"),
        ("sig=(\"@method\")", "sig=:AA==:,"),
        ("\u{e4}", "sig=:AA==:"),
    ] {
        let refused = error(fields_as(input, signature).judge());
        assert!(matches!(refused, SignatureError::Malformed { .. }), "{input} {signature} {refused:?}");
        assert_eq!(refused.answer(), Answer::BadRequest);
    }
}

#[test]
fn sizes_are_capped_before_anything_is_compared() {
    let long = fields_as(&format!("sig=(\"{}\")", "x".repeat(9000)), "sig=:AA==:");
    assert!(text(&long).contains("8 KiB"));
    let lines = (0..10).fold(get(), |request, _| request.with("Signature", "x".repeat(1000)));
    assert!(text(&lines.with("Signature-Input", "sig=()")).contains("Signature field"));
    let names: Vec<String> = (0..65).map(|n| format!("\"x{n}\"")).collect();
    assert!(text(&fields_as(&format!("sig=({})", names.join(" ")), "sig=:AA==:")).contains("too many"));
    let members: Vec<String> = (0..65).map(|n| format!("x{n}=()")).collect();
    assert!(text(&fields_as(&members.join(", "), "sig=:AA==:")).contains("too many"));
    let parameters: Vec<String> = (0..65).map(|n| format!(";x{n}")).collect();
    assert!(text(&fields_as(&format!("sig=(){}", parameters.concat()), "sig=:AA==:")).contains("too many"));
}

#[test]
fn the_method_and_the_whole_target_are_covered() {
    for enough in [
        r#""@method" "@target-uri""#,
        r#""@target-uri" "@method" "accept""#,
        r#""@query" "@path" "@authority" "@method""#,
    ] {
        assert!(covering(enough).judge().is_ok(), "{enough}");
    }
    for (components, lacks) in [
        ("", "@method"),
        (r#""@target-uri""#, "@method"),
        (r#""@method""#, "@authority"),
        (r#""@method" "@path" "@query""#, "@authority"),
        (r#""@method" "@authority" "@query""#, "@path"),
        (r#""@method" "@authority" "@path""#, "@query"),
        (r#""@method" "@authority" "@path" "@query-param";name="limit""#, "@query"),
        (r#""@method" "@authority" "@scheme" "@request-target""#, "@path"),
    ] {
        let refused = error(covering(components).judge());
        assert!(matches!(refused, SignatureError::NotCovered(what) if what.contains(lacks)), "{components} {refused}");
    }
    let no_query = Request::get("/notes").signed_as(&format!(r#"("@method" "@authority" "@path"){PARAMETERS}"#));
    assert!(no_query.judge().is_ok());
    // A question mark alone is a query as well.
    let empty = Request::get("/notes?").signed_as(&format!(r#"("@method" "@authority" "@path"){PARAMETERS}"#));
    assert!(matches!(error(empty.judge()), SignatureError::NotCovered(_)));
}

#[test]
fn a_component_that_cannot_be_covered_is_refused_with_its_name() {
    for (component, reason) in [
        ("\"@status\"", "belongs to answers"),
        ("\"@signature-params\"", "always covered"),
        ("\"@unknown\"", "not known"),
        ("\"Accept\"", "lower case"),
        ("\"\"", "lower case"),
        ("\"a b\"", "lower case"),
        ("\"signature\"", "carries"),
        ("\"signature-input\"", "carries"),
        ("\"accept\";sf", "sf, key, bs or tr"),
        ("\"accept\";bs", "sf, key, bs or tr"),
        ("\"accept\";tr", "sf, key, bs or tr"),
        ("\"accept\";key=\"a\"", "sf, key, bs or tr"),
        ("\"accept\";req", "answers"),
        ("\"@path\";req", "answers"),
        ("\"accept\";foo", "not known"),
        ("\"accept\";name=\"a\"", "not known"),
        ("\"@path\";name=\"a\"", "not known"),
        ("\"@query-param\"", "needs the parameter name"),
        ("\"@query-param\";name=limit", "needs a string"),
        ("\"@query-param\";name=\"offset\"", "does not have"),
        ("\"x-absent\"", "not in the request"),
        ("\"accept\" \"accept\"", "twice"),
        ("\"@path\" \"@path\"", "twice"),
        ("\"@query-param\";name=\"limit\" \"@query-param\";name=\"limit\"", "twice"),
    ] {
        let input = format!("sig=(\"@method\" \"@target-uri\" {component}){PARAMETERS}");
        let refused = error(fields_as(&input, "sig=:AA==:").judge());
        let SignatureError::Component { name, .. } = &refused else { panic!("{component}: {refused:?}") };
        assert!(refused.to_string().contains(reason), "{component}: {refused}");
        assert!(component.contains(&name.to_string().replace('?', " ")), "{component}: {name}");
    }
    let twice = Request::get("/?a=1&a=2");
    assert!(twice.base("(\"@query-param\";name=\"a\")").expect_err("is refused").to_string().contains("stands twice"));
}

/// §7.5.1: a field that is called like a derived component changes nothing.
#[test]
fn a_field_named_like_a_derived_component_is_not_read() {
    let request = get().with("@method", "DELETE").with("@path", "/other");
    assert_eq!(request.lines("\"@method\" \"@path\""), ["\"@method\": GET", "\"@path\": /notes"]);
}

#[test]
fn the_name_in_an_error_is_made_harmless() {
    let name = format!("<script>{}", "x".repeat(100));
    let refused = text(&fields_as(&format!("sig=(\"{name}\")"), "sig=:AA==:"));
    assert!(refused.contains("?script?xxx") && !refused.contains('<'));
    assert!(refused.len() < 150, "{refused}");
}

#[test]
fn created_keyid_and_nonce_are_required() {
    for (parameters, name) in [
        (r#";keyid="0123456789abcdEF";nonce="n""#, "created"),
        (r#";created=1700000000;nonce="n""#, "keyid"),
        (r#";created=1700000000;keyid="0123456789abcdEF""#, "nonce"),
    ] {
        let expected = SignatureError::Parameter { name, reason: "is missing" };
        assert_eq!(error(saying(parameters).judge()), expected);
    }
}

#[test]
fn parameters_of_another_type_are_refused() {
    for (was, is, name) in [
        ("created=1700000000", "created=\"1700000000\"", "created"),
        ("created=1700000000", "created=1700000000.5", "created"),
        ("created=1700000000", "created", "created"),
        ("created=1700000000", "created=1700000000;expires=1700000001.0", "expires"),
        ("created=1700000000", "created=1700000000;expires=\"x\"", "expires"),
        ("created=1700000000", "created=1700000000;alg=hmac-sha256", "alg"),
        ("created=1700000000", "created=1700000000;tag=countersign", "tag"),
        ("keyid=\"0123456789abcdEF\"", "keyid=a", "keyid"),
        ("keyid=\"0123456789abcdEF\"", "keyid=:AAAA:", "keyid"),
        ("nonce=\"n\"", "nonce=17", "nonce"),
    ] {
        let refused = error(saying(&PARAMETERS.replace(was, is)).judge());
        assert!(matches!(refused, SignatureError::Parameter { name: n, .. } if n == name), "{is} {refused:?}");
    }
}

/// §3.2 step 6: the algorithm is that of the configuration, and a signature that names another is refused.
#[test]
fn only_hmac_sha256() {
    assert!(saying(&format!("{PARAMETERS};alg=\"hmac-sha256\"")).judge().is_ok());
    for algorithm in ["", "HMAC-SHA256", "none", "hmac-sha512", "rsa-pss-sha512", "ed25519", "ecdsa-p256-sha256"] {
        let refused = error(saying(&format!("{PARAMETERS};alg=\"{algorithm}\"")).judge());
        assert_eq!(refused, SignatureError::Algorithm, "{algorithm}");
    }
}

#[test]
fn a_tag_is_ours_or_absent_and_unknown_parameters_are_only_signed() {
    assert!(saying(&format!("{PARAMETERS};tag=\"countersign\"")).judge().is_ok());
    assert!(saying(&format!("{PARAMETERS};x=1.50;y;z=?0")).judge().is_ok());
    let refused = error(saying(&format!("{PARAMETERS};tag=\"web-bot-auth\"")).judge());
    assert!(matches!(refused, SignatureError::Parameter { name: "tag", .. }));
}

#[test]
fn keyid_is_the_id_of_a_known_api_key() {
    for keyid in ["", "0123456789abcdE", "0123456789abcdEFG", "0123456789abcd-F", "cs_key_0123456789abcdEF"] {
        let refused = error(saying(&format!(";created=1700000000;keyid=\"{keyid}\";nonce=\"n\"")).judge());
        assert_eq!(refused, SignatureError::KeyId, "{keyid}");
    }
    let stranger = saying(r#";created=1700000000;keyid="AAAAAAAAAAAAAAAA";nonce="n""#);
    assert_eq!(error(stranger.judge()), SignatureError::UnknownKey);
}

#[test]
fn created_lies_within_the_window() {
    let request = get().signed("n");
    for (offset, accepted) in [(-31, false), (-30, true), (0, true), (300, true), (301, false)] {
        assert_eq!(request.judge_at(Timestamp(NOW.0 + offset)).is_ok(), accepted, "{offset}");
    }
    let late = error(request.judge_at(Timestamp(NOW.0 + 400)));
    assert_eq!(late, SignatureError::TooOld { age: Seconds(400), allowed: Seconds(300) });
    assert!(late.to_string().contains("400 s back, and 300 s"));
    let early = error(request.judge_at(Timestamp(NOW.0 - 60)));
    assert_eq!(early, SignatureError::InTheFuture { ahead: Seconds(60), allowed: Seconds(30) });
    let narrow = verifier(Policy { max_age: Seconds(10), max_ahead: Seconds(0), ..Policy::default() });
    assert!(request.judge_by(&narrow, Timestamp(NOW.0 + 10)).is_ok());
    assert!(request.judge_by(&narrow, Timestamp(NOW.0 + 11)).is_err());
    assert!(request.judge_by(&narrow, Timestamp(NOW.0 - 1)).is_err());
    let far = saying(r#";created=999999999999999;keyid="0123456789abcdEF";nonce="n""#);
    assert!(matches!(error(far.judge()), SignatureError::InTheFuture { .. }));
    let back = saying(r#";created=-999999999999999;keyid="0123456789abcdEF";nonce="n""#);
    assert!(matches!(error(back.judge()), SignatureError::TooOld { .. }));
}

#[test]
fn expires_shortens_and_never_lengthens() {
    let until = |expires: i64| saying(&format!("{PARAMETERS};expires={expires}"));
    assert!(until(1_700_000_010).judge_at(Timestamp(1_700_000_010)).is_ok());
    assert_eq!(error(until(1_700_000_010).judge_at(Timestamp(1_700_000_011))), SignatureError::Expired);
    let long = error(until(1_700_009_999).judge_at(Timestamp(1_700_000_301)));
    assert!(matches!(long, SignatureError::TooOld { .. }));
    let before = error(until(1_699_999_999).judge_at(Timestamp(1_699_999_999)));
    assert!(matches!(before, SignatureError::Parameter { name: "expires", .. }));
}

#[test]
fn a_nonce_has_1_to_128_characters() {
    for (length, accepted) in [(0, false), (1, true), (128, true), (129, false)] {
        let nonce = "n".repeat(length);
        let request = saying(&format!(";created=1700000000;keyid=\"0123456789abcdEF\";nonce=\"{nonce}\""));
        assert_eq!(request.judge().is_ok(), accepted, "{length}");
    }
}
