//! Where another validator gives another verdict than ours, and why. A test fails when a difference is missing here, and when one
//! that stands here is gone.

pub(super) struct Difference {
    pub validators: &'static [&'static str],
    pub reason: &'static str,
    pub tokens: &'static [&'static str],
}

const AUTHLIB: &str = "authlib";
const JOSE: &str = "jose";
const JSONWEBTOKEN: &str = "jsonwebtoken";
const ALL: &[&str] = &[AUTHLIB, JOSE, JSONWEBTOKEN];

/// In the order of the corpus. Ours refuses what the others accept, unless the reason says otherwise.
pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        validators: ALL,
        reason: "An ID token and a token that is bound to a key are no bearer tokens (OpenID Connect Core §2, RFC 9449 §7.1, RFC 8705 \
                 §3). A library for JWTs in general leaves these claims to its caller.",
        tokens: &[
            "an ID token by its nonce",
            "an ID token by its at_hash",
            "bound to a DPoP key",
            "bound to a certificate",
        ],
    },
    Difference {
        validators: ALL,
        reason: "An identifier becomes the key of somebody's data and a word in logs: ours has 1 to 255 characters (OpenID Connect Core \
                 §2) and no control characters among them. The others compare no contents.",
        tokens: &[
            "sub has 256 characters",
            "sub has a zero",
            "sub has a line break",
            "client_id has a control character",
        ],
    },
    Difference {
        validators: ALL,
        reason: "RFC 6749 §3.3 says which characters a scope has. The others do not read it.",
        tokens: &["a scope with a line break", "a scope with a quote"],
    },
    Difference {
        validators: &[AUTHLIB, JOSE],
        reason: "RFC 8693 §4.2: a scope is one text. They do not look at its type; with jsonwebtoken the type of the caller's struct \
                 does.",
        tokens: &["a scope that is a list", "a scope that is a number"],
    },
    Difference {
        validators: &[JOSE],
        reason: "A required claim only has to be there; what it is, is left to the caller.",
        tokens: &[
            "sub is null",
            "sub is an object",
            "sub is true",
            "sub is a number",
            "sub is empty",
            "jti is null",
            "jti is an object",
            "jti is true",
            "jti is a number",
            "jti is empty",
            "client_id is null",
            "client_id is empty",
            "auth_time is a text",
        ],
    },
    Difference {
        validators: &[AUTHLIB, JOSE],
        reason: "The same; Authlib knows the types of registered claims of RFC 7519 and of auth_time.",
        tokens: &["client_id is an object", "client_id is true", "client_id is a number", "acr is a number"],
    },
    Difference {
        validators: &[JSONWEBTOKEN],
        reason: "The caller's struct says that it is a text; whether it is empty is left to the caller.",
        tokens: &["sub is empty", "jti is empty", "client_id is empty"],
    },
    Difference {
        validators: &[JOSE],
        reason: "RFC 7519 §4.1.3: an array of texts. It looks for its own name and at nothing else in the array.",
        tokens: &["a list with the audience and a number", "a list with the audience and null"],
    },
    Difference {
        validators: ALL,
        reason: "Numbers beyond 2^53 are not the same in every parser (RFC 8259 §6), and such a token would never end.",
        tokens: &["exp above 2^53", "exp is the largest of 64 bits", "exp is the largest without a sign"],
    },
    Difference {
        validators: &[AUTHLIB, JOSE],
        reason: "The same, for numbers that jsonwebtoken refuses because they do not fit 64 bits.",
        tokens: &["exp is 10^300", "exp with thirty digits"],
    },
    Difference {
        validators: &[JOSE],
        reason: "JavaScript reads it as Infinity.",
        tokens: &["exp beyond every number"],
    },
    Difference { validators: ALL, reason: "No token was issued before 1970.", tokens: &["iat is negative"] },
    Difference {
        validators: &[AUTHLIB, JOSE],
        reason: "No token was made before 1970; jsonwebtoken reads no negative nbf.",
        tokens: &["nbf is negative"],
    },
    Difference {
        validators: &[JOSE, JSONWEBTOKEN],
        reason: "They do not compare iat with the clock, which RFC 7519 §4.1.6 does not demand. Ours does: a clock so wrong, or a \
                 token made in advance, is a fault (FAPI 2.0 Security Profile §5.3.2.1).",
        tokens: &["issued in 50 s", "issued in the year 2100"],
    },
    Difference {
        validators: ALL,
        reason: "Ours accepts it: RFC 9864 §2.2 gives EdDSA with Ed25519 the name Ed25519. The others take the names for two \
                 algorithms, and the key says EdDSA.",
        tokens: &["EdDSA by its new name"],
    },
    Difference {
        validators: &[JSONWEBTOKEN],
        reason: "It does not read crit (RFC 7515 §4.1.11: \"the JWS is invalid\"), nor b64 (RFC 7797).",
        tokens: &[
            "crit names a claim",
            "crit names what nobody knows",
            "crit names what is not there",
            "crit names a member of the RFC",
            "crit is empty",
            "crit is null",
            "b64 false, critical",
            "compressed, as only encrypted tokens are",
        ],
    },
    Difference {
        validators: &[AUTHLIB],
        reason: "RFC 7515 §4.1.11: crit must not be empty and not name members of that RFC. It accepts both.",
        tokens: &["crit names a member of the RFC", "crit is empty"],
    },
    Difference {
        validators: ALL,
        reason: "RFC 7797 §7: \"JWTs MUST NOT use b64\"=false; jose and Authlib have the extension, where true changes nothing. Ours \
                 has no extension at all, so a critical one is refused.",
        tokens: &["b64 true, critical"],
    },
    Difference {
        validators: &[JOSE, JSONWEBTOKEN],
        reason: "Ignored where crit does not name it. Ours does not guess what was meant to be signed.",
        tokens: &["b64 false, not critical"],
    },
    Difference {
        validators: &[AUTHLIB],
        reason: "Ours accepts it, as RFC 7515 §4 demands: members that are not understood \"MUST be ignored\".",
        tokens: &["a member that nobody knows"],
    },
    Difference {
        validators: &[JSONWEBTOKEN],
        reason: "It reads null as absent, and one key fits.",
        tokens: &["kid: null"],
    },
    Difference {
        validators: &[AUTHLIB],
        reason: "Ours accepts it, as kid is optional (RFC 7515 §4.1.4) and one key fits.",
        tokens: &["without kid, with one key for the algorithm"],
    },
    Difference {
        validators: &[AUTHLIB],
        reason: "RFC 9068 §4: \"MUST verify that the typ header value is at+jwt\". It does so only when there is one.",
        tokens: &["typ \"\"", "without typ"],
    },
    Difference {
        validators: &[JOSE],
        reason: "Its decoder of base64url passes over padding, white space and spare bits, so one token has many spellings; RFC 7515 \
                 §2 has none of them.",
        tokens: &[
            "encoding: padding behind the signature",
            "encoding: a space at the end",
            "encoding: a line break at the end",
            "encoding: a line break inside of the signature",
            "encoding: spare bits in the signature",
            "encoding: spare bits in the payload, signed",
        ],
    },
    Difference {
        validators: &[AUTHLIB, JOSE],
        reason: "RFC 7515 §4 and RFC 7519 §4 let a parser refuse a member that stands twice or take the last one; theirs takes the \
                 last. Two readers of one token must not see two things (RFC 8725 §2.4), so ours refuses.",
        tokens: &[
            "header: alg twice, none first",
            "header: alg twice, the same",
            "header: kid twice",
            "header: typ twice",
            "payload: sub twice",
            "payload: sub twice, the same",
            "payload: exp twice, the good one last",
            "payload: aud twice, the good one last",
            "payload: iss twice, the good one last",
            "payload: sub twice, once escaped",
        ],
    },
    Difference {
        validators: &[JOSE, JSONWEBTOKEN],
        reason: "The same, where the caller's struct has no such member. Authlib refuses unknown members of a header.",
        tokens: &["header: an unknown member twice"],
    },
    Difference {
        validators: ALL,
        reason: "The same, further down.",
        tokens: &["payload: a member twice further down"],
    },
    Difference {
        validators: &[AUTHLIB, JOSE],
        reason: "RFC 8259 §8.1: a parser may ignore a byte order mark. Ours does not: it must not be there.",
        tokens: &["header: a byte order mark", "payload: a byte order mark"],
    },
    Difference {
        validators: &[AUTHLIB],
        reason: "Python reads NaN, which JSON does not have, and finds out by itself that a text is UTF-16.",
        tokens: &["payload: a value that is no number", "payload: UTF-16"],
    },
    Difference {
        validators: ALL,
        reason: "Half of a surrogate pair is no character (RFC 8259 §8.2: \"unpredictable\").",
        tokens: &["payload: half of a character by an escape"],
    },
    Difference {
        validators: &[JSONWEBTOKEN],
        reason: "Members that the caller's struct does not have are skipped without a look at their bytes.",
        tokens: &["payload: bytes that are no text"],
    },
    Difference {
        validators: ALL,
        reason: "Ours reads 128 levels and 8 KiB, and decodes nothing of what is longer; more than that is an attack on memory, not \
                 a token.",
        tokens: &["size: five hundred levels", "size: 12 KiB", "size: 100 KiB"],
    },
    Difference {
        validators: &[JOSE, JSONWEBTOKEN],
        reason: "The same; Python gives up at a thousand levels, and Authlib bounds the header.",
        tokens: &["size: 2,700 levels", "size: a header of 10 KiB"],
    },
    Difference {
        validators: &[JSONWEBTOKEN],
        reason: "What use, key_ops and crv say of a key is left to its caller.",
        tokens: &[
            "key set: a key for encryption",
            "key set: a key to sign with",
            "key set: a P-256 key that says P-384",
        ],
    },
    Difference {
        validators: &[JSONWEBTOKEN],
        reason: "Ours accepts it: kid may stand twice for keys of two kinds (RFC 7517 §4.5). Its look-up stops at the first.",
        tokens: &["key set: two keys of two kinds under one name"],
    },
    Difference {
        validators: &[AUTHLIB],
        reason: "RFC 7518 §3.3: \"A key of size 2048 bits or larger MUST be used\". It warns.",
        tokens: &["key set: an RSA key of 1024 bits"],
    },
    Difference {
        validators: &[JOSE],
        reason: "Everybody can sign for such a key. Node.js takes it.",
        tokens: &["key set: an RSA key with the exponent one"],
    },
    Difference {
        validators: ALL,
        reason: "Everybody can sign for such a key. RFC 8032 does not exclude it, so neither do OpenSSL and aws-lc.",
        tokens: &["key set: an Ed25519 key of small order"],
    },
    Difference {
        validators: ALL,
        reason: "Whoever publishes a secret has lost it (RFC 7517 §9.2): ours refuses the whole set, theirs picks its key.",
        tokens: &["key set: a shared secret beside"],
    },
    Difference {
        validators: &[JSONWEBTOKEN],
        reason: "The same, and it passes over members that it does not know; jose refuses a private key where a public one belongs.",
        tokens: &["key set: a private key"],
    },
];
