//! `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6): just inside and outside of the leeway of 30 s, far away, and as no time
//! at all. The clock may move ten seconds before a verdict at the edge changes.

use serde_json::{Value, json};

use super::corpus::Corpus;

pub(super) fn add(corpus: &mut Corpus) {
    let now = corpus.now;
    expiry(corpus, now);
    beginning(corpus, now);
    as_text(corpus, now);
}

fn expiry(corpus: &mut Corpus, now: i64) {
    corpus.good("expired 20 s ago", corpus.with_claim("exp", now - 20));
    corpus.bad("expired 31 s ago", corpus.with_claim("exp", now - 31));
    corpus.bad("expired an hour ago", corpus.with_claim("exp", now - 3600));
    corpus.bad("exp is zero", corpus.with_claim("exp", 0));
    corpus.bad("exp is negative", corpus.with_claim("exp", -1));
    corpus.good("expires in the year 2100", corpus.with_claim("exp", 4_102_444_800_i64));
    corpus.good("exp in milliseconds", corpus.with_claim("exp", 1000 * (now + 300)));
    corpus.bad("exp above 2^53", corpus.with_claim("exp", (1_i64 << 53) + 2));
    corpus.bad("exp is the largest of 64 bits", corpus.with_claim("exp", i64::MAX));
    corpus.bad("exp is the largest without a sign", corpus.with_claim("exp", u64::MAX));
    corpus.bad("exp is 10^300", corpus.with_claim("exp", 1e300));
    corpus.bad("exp is a text of digits", corpus.with_claim("exp", (now + 300).to_string()));
    corpus.bad("exp is a list", corpus.with_claim("exp", json!([now + 300])));
    corpus.bad("exp is an empty text", corpus.with_claim("exp", ""));
}

fn beginning(corpus: &mut Corpus, now: i64) {
    corpus.good("began an hour ago", corpus.with_claim("nbf", now - 3600));
    corpus.good("begins in 20 s", corpus.with_claim("nbf", now + 20));
    corpus.bad("begins in 50 s", corpus.with_claim("nbf", now + 50));
    corpus.bad("begins in an hour", corpus.with_claim("nbf", now + 3600));
    corpus.bad("nbf is a text", corpus.with_claim("nbf", (now - 3600).to_string()));
    corpus.bad("nbf is true", corpus.with_claim("nbf", true));
    corpus.bad("nbf is negative", corpus.with_claim("nbf", -1));
    corpus.bad("nbf is 10^300", corpus.with_claim("nbf", 1e300));
    corpus.bad("nbf is null", corpus.with_claim("nbf", Value::Null));
    corpus.good("issued a year ago", corpus.with_claim("iat", now - 365 * 86400));
    corpus.good("issued in 20 s", corpus.with_claim("iat", now + 20));
    corpus.bad("issued in 50 s", corpus.with_claim("iat", now + 50));
    corpus.bad("issued in the year 2100", corpus.with_claim("iat", 4_102_444_800_i64));
    corpus.bad("iat is a text", corpus.with_claim("iat", now.to_string()));
    corpus.bad("iat is negative", corpus.with_claim("iat", -1));
}

/// Numbers as no library writes them; RFC 7519 §2 allows fractions, and JSON any spelling.
fn as_text(corpus: &mut Corpus, now: i64) {
    let with_exp = |corpus: &Corpus, text: &str| {
        let mut claims = corpus.claims();
        claims["exp"] = json!("here");
        corpus.with_payload(claims.to_string().replace("\"here\"", text))
    };
    corpus.good("exp with a fraction", with_exp(corpus, &format!("{}.75", now + 300)));
    corpus.good("exp with an exponent", with_exp(corpus, "4.1024448e9"));
    corpus.good("exp with a zero behind the point", with_exp(corpus, &format!("{}.0", now + 300)));
    corpus.bad("exp with an exponent, long ago", with_exp(corpus, "1e3"));
    corpus.bad("exp beyond every number", with_exp(corpus, "1e400"));
    corpus.bad("exp with a leading zero", with_exp(corpus, &format!("0{}", now + 300)));
    corpus.bad("exp with a plus", with_exp(corpus, &format!("+{}", now + 300)));
    corpus.bad("exp as a hexadecimal number", with_exp(corpus, "0xffffffff"));
    corpus.bad("exp is NaN", with_exp(corpus, "NaN"));
    corpus.bad("exp is Infinity", with_exp(corpus, "Infinity"));
    corpus.bad("exp with thirty digits", with_exp(corpus, "999999999999999999999999999999"));
}
