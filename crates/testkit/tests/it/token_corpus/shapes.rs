//! Texts that are no token, or that two readers may read in two ways (RFC 7515 §2, §4, §7; RFC 8725 §2.4): parts, alphabet,
//! JSON, size.

use jwt::encrypt;
use protocol::encryption::{ContentEncryption, Encryption, KeyManagementAlgorithm};
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};

use super::corpus::{Corpus, decode, header, join, parts, sign};

pub(super) fn add(corpus: &mut Corpus) {
    number_of_parts(corpus);
    alphabet(corpus);
    header_json(corpus);
    payload_json(corpus);
    other_forms(corpus);
    size(corpus);
}

fn number_of_parts(corpus: &mut Corpus) {
    let token = corpus.token();
    let [header, payload, signature] = parts(&token);
    for (name, text) in [
        ("nothing", String::new()),
        ("one word", "opaque".to_owned()),
        ("two dots", "..".to_owned()),
        ("no signature", format!("{header}.{payload}")),
        ("an empty signature", format!("{header}.{payload}.")),
        ("an empty payload", format!("{header}..{signature}")),
        ("an empty header", format!(".{payload}.{signature}")),
        ("four parts", format!("{token}.{signature}")),
        ("five parts", format!("{token}.{signature}.{signature}")),
        ("a dot at the end", format!("{token}.")),
        ("a dot at the beginning", format!(".{token}")),
        ("two dots in the middle", format!("{header}..{payload}.{signature}")),
        ("five thousand dots", ".".repeat(5000)),
        ("two tokens", format!("{token} {token}")),
        ("the name of the scheme", format!("Bearer {token}")),
        ("in quotes", format!("\"{token}\"")),
    ] {
        corpus.bad(&format!("text: {name}"), text);
    }
}

fn alphabet(corpus: &mut Corpus) {
    let token = corpus.token();
    let [header, payload, signature] = parts(&token);
    for (name, text) in [
        ("padding behind the header", format!("{header}==.{payload}.{signature}")),
        ("padding behind the payload", format!("{header}.{payload}=.{signature}")),
        ("padding behind the signature", format!("{token}==")),
        ("a space at the end", format!("{token} ")),
        ("a space at the beginning", format!(" {token}")),
        ("a line break at the end", format!("{token}\n")),
        ("a line break inside of the payload", format!("{header}.{}\n{}.{signature}", &payload[..9], &payload[9..])),
        (
            "a line break inside of the signature",
            format!("{header}.{payload}.{}\n{}", &signature[..9], &signature[9..]),
        ),
        ("a tab before a dot", format!("{header}\t.{payload}.{signature}")),
        ("a zero at the end", format!("{token}\u{0}")),
        ("a byte order mark", format!("\u{feff}{token}")),
        ("a letter of another script", format!("{header}.{payload}.{}\u{430}", &signature[..signature.len() - 1])),
        ("an escaped dot", token.replacen('.', "%2E", 1)),
        ("a stray character behind the signature", format!("{token}A")),
    ] {
        corpus.bad(&format!("encoding: {name}"), text);
    }
    standard_alphabet(corpus);
    // A last character with spare bits set says the same bytes (RFC 4648 §3.5): one more spelling of the same token.
    corpus.bad("encoding: spare bits in the signature", spare_bits(&token));
    let mut claims = (0..9).map(|length| {
        let mut claims = corpus.claims();
        claims["x"] = json!("x".repeat(length));
        claims.to_string()
    });
    let uneven = claims.find(|claims| claims.len() % 3 != 0).expect("some length");
    let key = corpus.es256();
    let message = super::corpus::message(self::header(&key).to_string(), uneven);
    let spare = spare_bits(&message);
    corpus.bad("encoding: spare bits in the payload, signed", join(&spare, &key.signature(spare.as_bytes())));
}

/// The alphabet of RFC 4648 §4 where that of §5 is meant; a token is looked for where they differ.
fn standard_alphabet(corpus: &mut Corpus) {
    let token =
        (0..1000).map(|_| corpus.token()).find(|token| parts(token)[2].contains(['-', '_'])).expect("comes soon");
    let [header, payload, signature] = parts(&token);
    let signature = signature.replace('-', "+").replace('_', "/");
    corpus.bad("encoding: the other alphabet in the signature", format!("{header}.{payload}.{signature}"));
}

/// The last character with its lowest bit changed, which stands for nothing.
fn spare_bits(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = text.split_at(text.len() - 1);
    let at = ALPHABET.iter().position(|character| *character == last.as_bytes()[0]).expect("base64url");
    format!("{start}{}", char::from(ALPHABET[at ^ 1]))
}

fn header_json(corpus: &mut Corpus) {
    let key = corpus.es256();
    let (good, kid) = (header(&key).to_string(), key.kid().to_owned());
    let members = good.trim_start_matches('{').trim_end_matches('}').to_owned();
    for (name, text) in [
        ("alg twice, none first", format!(r#"{{"alg":"none",{members}}}"#)),
        ("alg twice, none last", format!(r#"{{{members},"alg":"none"}}"#)),
        ("alg twice, the same", format!(r#"{{{members},"alg":"ES256"}}"#)),
        ("alg twice, once escaped", format!(r#"{{{members},"\u0061lg":"none"}}"#)),
        ("kid twice", format!(r#"{{"kid":"x",{members}}}"#)),
        ("typ twice", format!(r#"{{"typ":"JWT",{members}}}"#)),
        ("an unknown member twice", format!(r#"{{{members},"x":1,"x":2}}"#)),
        ("a list", format!("[{good}]")),
        ("a text", json!(good).to_string()),
        ("a number", "1".to_owned()),
        ("null", "null".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("something behind it", format!("{good}x")),
        ("a second object", format!("{good}{good}")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("a comma too many", format!("{{{members},}}")),
        ("a comment", format!("{{/**/{members}}}")),
        ("single quotes", good.replace('"', "'")),
        ("cut off", good[..good.len() - 1].to_owned()),
    ] {
        corpus.bad(&format!("header: {name}"), corpus.under(text));
    }
    corpus.bad(
        "header: bytes that are no text",
        corpus.under([&good.as_bytes()[..good.len() - 1], b",\"x\":\"\xff\"}"].concat()),
    );
    corpus.good("header: spaces and line breaks", corpus.under(good.replace(',', ",\r\n\t ")));
    let escaped = format!(r#"{{"\u0061lg":"ES256","typ":"at\u002bjwt","kid":"{kid}"}}"#);
    corpus.good("header: escapes", corpus.under(escaped));
}

fn payload_json(corpus: &mut Corpus) {
    let good = corpus.claims().to_string();
    let members = good.trim_start_matches('{').trim_end_matches('}').to_owned();
    for (name, text) in [
        ("sub twice", format!(r#"{{{members},"sub":"mallory"}}"#)),
        ("sub twice, the same", format!(r#"{{{members},"sub":"alice"}}"#)),
        ("exp twice, the good one last", format!(r#"{{"exp":1,{members}}}"#)),
        ("aud twice, the good one last", format!(r#"{{"aud":"https://other.example",{members}}}"#)),
        ("iss twice, the good one last", format!(r#"{{"iss":"https://other.test",{members}}}"#)),
        ("sub twice, once escaped", format!(r#"{{{members},"s\u0075b":"mallory"}}"#)),
        ("a member twice further down", format!(r#"{{{members},"x":{{"y":1,"y":2}}}}"#)),
        ("a list", format!("[{good}]")),
        ("a text", json!(good).to_string()),
        ("a number", "1".to_owned()),
        ("null", "null".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("something behind it", format!("{good} x")),
        ("a second object", format!("{good}{good}")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("a comma too many", format!("{{{members},}}")),
        ("a value that is no number", format!(r#"{{{members},"x":NaN}}"#)),
        ("half of a character by an escape", format!(r#"{{{members},"x":"\ud800"}}"#)),
        ("a bare line break in a text", format!("{{{members},\"x\":\"a\nb\"}}")),
        ("cut off", good[..good.len() - 1].to_owned()),
    ] {
        corpus.bad(&format!("payload: {name}"), corpus.with_payload(text));
    }
    let bytes = [&good.as_bytes()[..good.len() - 1], b",\"x\":\"\xc3\x28\"}"].concat();
    corpus.bad("payload: bytes that are no text", corpus.with_payload(bytes));
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    corpus.bad("payload: UTF-16", corpus.with_payload(wide));
    corpus
        .good("payload: spaces and line breaks", corpus.with_payload(format!(" \n{}\r\n", good.replace(',', " ,\n"))));
    corpus.good("payload: escapes", corpus.with_payload(good.replace("\"sub\"", "\"\\u0073ub\"").replace('/', "\\/")));
}

fn other_forms(corpus: &mut Corpus) {
    let token = corpus.token();
    let [header, payload, signature] = parts(&token);
    let flat = json!({ "protected": header, "payload": payload, "signature": signature });
    corpus.bad("form: flattened JSON", flat.to_string());
    let general = json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] });
    corpus.bad("form: general JSON", general.to_string());
    corpus.bad("form: the claims alone", corpus.claims().to_string());
    corpus.bad("form: the claims encoded", super::corpus::encode(corpus.claims().to_string()));
    let key = corpus.es256();
    let mut outer = self::header(&key);
    outer["cty"] = json!("JWT");
    corpus.bad("form: a token in a token", sign(&key, outer.to_string(), &token));
    corpus.bad("form: a token in a token, as JSON", sign(&key, outer.to_string(), json!(token).to_string()));
    corpus.good("form: cty JWT over plain claims", sign(&key, outer.to_string(), corpus.claims().to_string()));
    corpus.bad("form: encrypted", encrypted(corpus, &token));
}

/// To the issuer's own RSA key, as if it were for that.
fn encrypted(corpus: &Corpus, token: &str) -> String {
    let mut jwk = corpus.key(SigningAlgorithm::RS256).jwk();
    (jwk["use"], jwk["alg"]) = (json!("enc"), json!("RSA-OAEP-256"));
    let set = jwt::JwkSet::parse(&json!({ "keys": [jwk] }).to_string()).expect("a key set");
    let encryption = Encryption { alg: KeyManagementAlgorithm::RsaOaep256, enc: ContentEncryption::ALL[0] };
    encrypt(token.as_bytes(), Some("JWT"), encryption, set.encryption_key(encryption.alg).expect("a key")).expect("JWE")
}

fn size(corpus: &mut Corpus) {
    let nested = |depth: usize| {
        let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        corpus.claims().to_string().replacen('{', &format!("{{\"x\":{text},"), 1)
    };
    let (shallow, deep, deepest) = (nested(100), nested(500), nested(2700));
    corpus.good("size: a hundred levels", corpus.with_payload(shallow));
    corpus.bad("size: five hundred levels", corpus.with_payload(deep));
    corpus.bad("size: 2,700 levels", corpus.with_payload(deepest));
    corpus.good("size: 7 KiB", corpus.with_claim("x", "x".repeat(4900)));
    corpus.bad("size: 12 KiB", corpus.with_claim("x", "x".repeat(8500)));
    corpus.bad("size: 100 KiB", corpus.with_claim("x", "x".repeat(75_000)));
    corpus.bad("size: a header of 10 KiB", corpus.with_header("x", "x".repeat(7500)));
    let many: serde_json::Map<String, Value> = (0..400).map(|at| (format!("c{at}"), json!(at))).collect();
    let mut claims = corpus.claims();
    claims["x"] = Value::Object(many);
    corpus.good("size: four hundred members", corpus.with_payload(claims.to_string()));
    let garbage = format!("{}.{}.{}", "A".repeat(20_000), "A".repeat(20_000), "A".repeat(20_000));
    assert!(decode(&"A".repeat(20_000)).iter().all(|byte| *byte == 0));
    corpus.bad("size: 60 KB of nothing", garbage);
}
