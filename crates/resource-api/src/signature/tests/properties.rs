//! What holds for all requests, not only for those that somebody thought of.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const INPUT: &str = r#"("@method" "@target-uri" "accept" "content-digest" "content-type");created=1700000000;keyid="0123456789abcdEF";nonce="n""#;

fn target() -> impl Strategy<Value = String> {
    "/[!$&-;=@-Z_a-z~%]{0,20}(\\?[!$&-;=@-Z_a-z~%?]{1,20})?"
}

fn value() -> impl Strategy<Value = String> {
    "[!-~]([ -~\t]{0,20}[!-~])?"
}

fn request() -> impl Strategy<Value = Request> {
    ("[A-Z]{1,8}", target(), value(), vec(any::<u8>(), 0..40)).prop_map(|(method, target, accept, body)| {
        let request = Request { method, target, fields: Vec::new(), body };
        let digest = crate::signature::content_digest(&request.body);
        request.with("Content-Type", "text/plain").with("Accept", accept).with("Content-Digest", digest)
    })
}

/// One character of `text` replaced, if that makes another text.
fn change(text: &str, at: prop::sample::Index, to: &str) -> Option<String> {
    let at = at.index(text.len());
    let mut changed = text.to_owned();
    changed.replace_range(at..=at, to);
    (changed != text).then_some(changed)
}

fn is_refused(request: &Request) -> bool {
    request.judge().is_err()
}

proptest! {
    #[test]
    fn what_our_client_signs_is_accepted(request in request(), nonce in "[ !#-\\[\\]-~]{1,128}") {
        let request = request.without("Content-Digest").signed(&nonce);
        prop_assert!(request.judge().is_ok(), "{:?}", request.judge());
    }

    #[test]
    fn a_changed_method_target_or_body_is_refused(request in request(), method in "[A-Z]{1,8}", target in target(), body: Vec<u8>) {
        let signed = request.signed_as(INPUT);
        prop_assert!(signed.judge().is_ok());
        prop_assert_eq!(is_refused(&Request { method: method.clone(), ..signed.clone() }), method != signed.method);
        prop_assert_eq!(is_refused(&Request { target: target.clone(), ..signed.clone() }), target != signed.target);
        prop_assert_eq!(is_refused(&Request { body: body.clone(), ..signed.clone() }), body != signed.body);
    }

    #[test]
    fn one_changed_character_of_the_target_is_refused(request in request(), at: prop::sample::Index, to in "[!-~]") {
        let signed = request.signed_as(INPUT);
        if let Some(target) = change(&signed.target, at, &to) {
            let changed = Request { target, ..signed };
            prop_assert!(is_refused(&changed));
        }
    }

    #[test]
    fn one_changed_character_of_a_covered_field_is_refused(
        request in request(),
        field in prop::sample::select(vec!["accept", "content-digest", "content-type"]),
        at: prop::sample::Index,
        to in "[!-~]",
    ) {
        let mut signed = request.signed_as(INPUT);
        let (_, value) = signed.fields.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(field)).expect("is there");
        if let Some(changed) = change(std::str::from_utf8(value).expect("is text"), at, &to) {
            *value = changed.into_bytes();
            prop_assert!(is_refused(&signed));
        }
        prop_assert!(is_refused(&signed.clone().without(field)));
        prop_assert!(is_refused(&signed.with(field, "")), "another line is another value");
    }

    #[test]
    fn one_changed_bit_of_the_signature_is_refused(request in request(), octet in 0_usize..32, bit in 0..8_u32) {
        use base64::Engine as _;
        let mut tag = mac(key().expose(), request.base(INPUT).expect("has a base").as_bytes());
        tag[octet] ^= 1 << bit;
        let tag = base64::engine::general_purpose::STANDARD.encode(tag);
        let forged = request.with("Signature-Input", format!("sig={INPUT}")).with("Signature", format!("sig=:{tag}:"));
        prop_assert!(matches!(forged.judge(), Err(SignatureError::Mismatch(_))));
    }

    #[test]
    fn a_signature_of_another_length_is_refused(request in request(), length in 0_usize..80) {
        use base64::Engine as _;
        let tag = mac(key().expose(), request.base(INPUT).expect("has a base").as_bytes());
        let other: Vec<u8> = tag.iter().chain([0; 48].iter()).take(length).copied().collect();
        let text = base64::engine::general_purpose::STANDARD.encode(&other);
        let forged = request.with("Signature-Input", format!("sig={INPUT}")).with("Signature", format!("sig=:{text}:"));
        prop_assert_eq!(forged.judge().is_ok(), length == 32);
    }

    /// A changed `Signature-Input` passes only where it says the same: with other white space.
    #[test]
    fn one_changed_character_of_the_signature_input_is_refused(request in request(), at: prop::sample::Index, to in "[ -~]") {
        let signed = request.clone().signed_as(INPUT);
        if let Some(changed) = change(INPUT, at, &to) {
            let forged = signed.without("Signature-Input").with("Signature-Input", format!("sig={changed}"));
            if forged.judge().is_ok() {
                prop_assert_eq!(request.base(&changed).expect("has a base"), request.base(INPUT).expect("has a base"));
            }
        }
    }

    #[test]
    fn another_key_does_not_fit(request in request(), other: [u8; 32]) {
        let signed = request.signed_as(INPUT);
        let verdict = signed.judge_with(&verifier(Policy::default()), |_| Some(SharedKey::new(other)), NOW);
        prop_assert!(matches!(verdict, Err(SignatureError::Mismatch(_))));
    }

    /// §2.5: each component has one line, whatever the values are; else two requests could have one base.
    #[test]
    fn a_base_has_one_line_for_each_component(a: Vec<u8>, b: Vec<u8>, folds in "([ -~\t]|\r\n |\r\n\t|\n|\r){0,20}") {
        let request = Request::get("/").with("a", &a).with("b", &b).with("c", &folds);
        if let Ok(base) = request.base("(\"a\" \"b\" \"c\" \"@path\")") {
            prop_assert_eq!(base.split('\n').count(), 5);
            prop_assert!(base.bytes().all(|byte| byte == b'\n' || byte == b'\t' || (b' '..=b'~').contains(&byte)));
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same(
        names in prop::collection::hash_set("[a-z][a-z0-9-]{0,10}", 0..6),
        text in "[ -~]{0,20}",
        number in -999_999_999_999_999_i64..=999_999_999_999_999,
    ) {
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        let written = format!("({});created={number};nonce=\"{text}\"", names.join(" "));
        let line = format!("sig={written}");
        let (input, _) = fields::one_signature(std::iter::once(line.as_bytes()), std::iter::once(b"sig=::".as_slice()))
            .expect("is one");
        prop_assert_eq!(input.serialize(), written);
    }

    #[test]
    fn no_octets_make_it_panic(input: Vec<u8>, signature: Vec<u8>, digest: Vec<u8>, method: String, target: String, now: i64) {
        let request = Request { method, target, fields: Vec::new(), body: digest.clone() };
        let request = request.with("Signature-Input", input).with("Signature", signature).with("Content-Digest", digest);
        prop_assert!(is_refused(&request));
        let _ = request.judge_at(Timestamp(now));
    }

    /// Texts that come far: almost right, with anything in the places that matter.
    #[test]
    fn no_almost_right_text_makes_it_panic(
        components in "(\"(@method|@target-uri|@path|@query|accept|content-type|@query-param)\"(;(name|sf|key|req)(=\"[a-z%=]{0,3}\")?)? ?){0,6}",
        created: i64,
        more in "(;(expires|nonce|keyid|alg|tag|x)(=(\"[ -~]{0,6}\"|[0-9.-]{1,6}|:[A-Za-z=]{0,6}:|\\?1|[a-z]+))?){0,4}",
        host in "[ -~]{0,20}",
        target in "[/*]?[ -~]{0,10}",
        now: i64,
    ) {
        let input = format!("sig=({components});created={created}{more}");
        let request = Request { target, ..Request::get("/") }.with("Host", host).with("Accept", "a\r\n b");
        let _ = request.with("Signature-Input", input).with("Signature", "sig=:AAAA:").judge_at(Timestamp(now));
    }
}
