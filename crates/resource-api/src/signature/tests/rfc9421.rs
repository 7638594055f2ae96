//! The examples of RFC 9421, as they are printed there.

use super::*;
use crate::signature::is_mac;

fn base_of(public_url: &str, request: &Request, input: &str) -> Result<String, SignatureError> {
    let input = format!("sig={input}");
    let lines = |line: &'static [u8]| std::iter::once(line);
    let (input, _) = fields::one_signature(std::iter::once(input.as_bytes()), lines(b"sig=::"))?;
    let public = public(public_url);
    request.message(|message| signature_base(&input, message, &Target::new(&public, message.target)?))
}

/// The one line of a component, without its name.
fn value(public_url: &str, request: &Request, component: &str) -> String {
    let base = base_of(public_url, request, &format!("({component})")).expect("has a value");
    let line = base.lines().next().expect("has a line");
    line.strip_prefix(component).and_then(|rest| rest.strip_prefix(": ")).expect("begins with its name").to_owned()
}

/// Appendix B.2, `test-request`.
fn test_request() -> Request {
    Request { method: "POST".to_owned(), body: JSON.to_vec(), ..Request::get("/foo?param=Value&Pet=dog") }
        .with("Host", "example.com")
        .with("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
        .with("Content-Type", "application/json")
        .with(
            "Content-Digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        )
        .with("Content-Length", "18")
}

/// Appendix B.1.5, `test-shared-secret`.
fn shared_secret() -> Vec<u8> {
    use base64::Engine as _;
    let text = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    base64::engine::general_purpose::STANDARD.decode(text).expect("is base64")
}

#[test]
fn the_hmac_example_verifies_over_the_base_that_is_printed() {
    let input = r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let base = base_of("https://example.com", &test_request(), input).expect("has a base");
    let printed = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\
        \"@authority\": example.com\n\
        \"content-type\": application/json\n\
        \"@signature-params\": (\"date\" \"@authority\" \"content-type\")\
        ;created=1618884473;keyid=\"test-shared-secret\"";
    assert_eq!(base, printed);
    let field = b"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
    let sent_input = format!("sig-b25={input}");
    let (_, signature) =
        fields::one_signature(std::iter::once(sent_input.as_bytes()), std::iter::once(field.as_slice()))
            .expect("is one signature");
    assert!(is_mac(&shared_secret(), base.as_bytes(), &signature));
    assert!(!is_mac(&shared_secret(), format!("{base}\n").as_bytes(), &signature), "no newline at the end");
    assert!(!is_mac(&shared_secret()[1..], base.as_bytes(), &signature));
}

/// §2.5.
#[test]
fn the_example_of_a_signature_base() {
    let input = r#"("@method" "@authority" "@path" "content-digest" "content-length" "content-type");created=1618884473;keyid="test-key-rsa-pss""#;
    let printed = "\"@method\": POST\n\
        \"@authority\": example.com\n\
        \"@path\": /foo\n\
        \"content-digest\": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n\
        \"content-length\": 18\n\
        \"content-type\": application/json\n\
        \"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"content-digest\" \"content-length\" \"content-type\")\
        ;created=1618884473;keyid=\"test-key-rsa-pss\"";
    assert_eq!(base_of("https://example.com", &test_request(), input).expect("has a base"), printed);
}

/// §2.3: "there is no general ordering to the parameters, but once an ordering is chosen […] it cannot be changed".
#[test]
fn parameters_keep_the_order_in_which_they_came() {
    let input = r#"("@target-uri" "@authority" "date");keyid="test-key-rsa-pss";alg="rsa-pss-sha512";created=1618884475;expires=1618884775"#;
    let base = base_of("https://example.com", &test_request(), input).expect("has a base");
    assert_eq!(base.lines().last(), Some(format!("\"@signature-params\": {input}").as_str()));
    // §2.3 step 3 and 5: what arrives with other white space is signed in the strict form.
    let loose = r#"(  "@target-uri"   "@authority" "date"  );  keyid="test-key-rsa-pss"; alg="rsa-pss-sha512";created=1618884475;expires=1618884775"#;
    assert_eq!(base_of("https://example.com", &test_request(), loose).expect("has a base"), base);
}

/// §2.1.
#[test]
fn fields_are_trimmed_unfolded_and_joined() {
    let request = Request::get("/")
        .with("Host", "www.example.com")
        .with("Date", "Tue, 20 Apr 2021 02:07:56 GMT")
        .with("X-OWS-Header", "   Leading and trailing whitespace. \t ")
        .with("X-Obs-Fold-Header", "Obsolete\r\n    line folding.")
        .with("Cache-Control", "max-age=60")
        .with("Cache-Control", "   must-revalidate")
        .with("Example-Dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)")
        .with("X-Empty-Header", " ");
    let lines = request
        .lines(r#""host" "date" "x-ows-header" "x-obs-fold-header" "cache-control" "example-dict" "x-empty-header""#);
    let printed = [
        "\"host\": www.example.com",
        "\"date\": Tue, 20 Apr 2021 02:07:56 GMT",
        "\"x-ows-header\": Leading and trailing whitespace.",
        "\"x-obs-fold-header\": Obsolete line folding.",
        "\"cache-control\": max-age=60, must-revalidate",
        "\"example-dict\": a=1,    b=2;x=1;y=2,   c=(a   b   c)",
        "\"x-empty-header\": ",
    ];
    assert_eq!(lines, printed);
}

/// RFC 9112 §5.2 lets white space stand on both sides of a fold.
#[test]
fn a_fold_becomes_one_space_and_any_other_line_break_is_refused() {
    for (sent, read) in [("a \t\r\n\t b", "a b"), ("a\r\n b\r\n\tc", "a b c"), ("\r\n a", "a"), ("a\r\n ", "a")] {
        assert_eq!(Request::get("/").with("x", sent).lines("\"x\""), [format!("\"x\": {read}")], "{sent:?}");
    }
    for sent in ["a\r\nb", "a\nb", "a\rb", "a\n b", "a\0b", "a\x7fb", "a\x1bb", "ä"] {
        let refused = Request::get("/").with("x", sent).base("(\"x\")");
        assert!(matches!(refused, Err(SignatureError::Component { .. })), "{sent:?}");
    }
    assert!(Request::get("/").with("x", [b'a', 0xff]).base("(\"x\")").is_err());
}

/// §2.2.1 to §2.2.7.
#[test]
fn derived_components_of_a_request() {
    let post = Request { method: "POST".to_owned(), ..Request::get("/path?param=value") };
    let at = "https://www.example.com";
    for (component, printed) in [
        ("\"@method\"", "POST"),
        ("\"@target-uri\"", "https://www.example.com/path?param=value"),
        ("\"@authority\"", "www.example.com"),
        ("\"@scheme\"", "https"),
        ("\"@request-target\"", "/path?param=value"),
        ("\"@path\"", "/path"),
        ("\"@query\"", "?param=value"),
    ] {
        assert_eq!(value(at, &post, component), printed, "{component}");
    }
    assert_eq!(value("http://www.example.com", &post, "\"@scheme\""), "http");
    let query = |target: &str| value(at, &Request::get(target), "\"@query\"");
    assert_eq!(query("/path?param=value&foo=bar&baz=bat%2Dman"), "?param=value&foo=bar&baz=bat%2Dman");
    assert_eq!(query("/path?queryString"), "?queryString");
    assert_eq!(query("/path"), "?");
    // §2.2.1: "the method name is case-sensitive"
    let odd = Request { method: "get".to_owned(), ..Request::get("/") };
    assert_eq!(value(at, &odd, "\"@method\""), "get");
}

/// §2.2.3 and §2.2.6, RFC 9110 §4.2.3.
#[test]
fn authority_and_path_are_normalised_and_nothing_is_decoded() {
    for (public, authority) in [
        ("https://WWW.Example.com:443", "www.example.com"),
        ("https://www.example.com:8443/", "www.example.com:8443"),
        ("http://www.example.com:80", "www.example.com"),
        ("http://[::1]:9000", "[::1]:9000"),
    ] {
        assert_eq!(value(public, &Request::get("/"), "\"@authority\""), authority);
    }
    assert_eq!(value("https://example.com", &Request::get("/a%2Fb/../%7Ec?x"), "\"@path\""), "/a%2Fb/../%7Ec");
    let below = "https://example.com/api/";
    assert_eq!(value(below, &Request::get("/notes?x"), "\"@path\""), "/api/notes");
    assert_eq!(value(below, &Request::get("/notes?x"), "\"@target-uri\""), "https://example.com/api/notes?x");
}

/// §2.2.8.
#[test]
fn query_parameters_are_read_as_a_form_and_written_percent_encoded() {
    let request = Request::get("/path?param=value&foo=bar&baz=batman&qux=");
    let lines = request.lines(r#""@query-param";name="baz" "@query-param";name="qux" "@query-param";name="param""#);
    let printed = [
        "\"@query-param\";name=\"baz\": batman",
        "\"@query-param\";name=\"qux\": ",
        "\"@query-param\";name=\"param\": value",
    ];
    assert_eq!(lines, printed);
    let request = Request::get(
        "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something",
    );
    let lines = request
        .lines(r#""@query-param";name="var" "@query-param";name="bar" "@query-param";name="fa%C3%A7ade%22%3A%20""#);
    let printed = [
        "\"@query-param\";name=\"var\": this%20is%20a%20big%0Amultiline%20value",
        "\"@query-param\";name=\"bar\": with%20plus%20whitespace",
        "\"@query-param\";name=\"fa%C3%A7ade%22%3A%20\": something",
    ];
    assert_eq!(lines, printed);
}

/// Appendix B.4: what may change on the way and what may not. (There with Ed25519; the base is what counts.)
#[test]
fn transformations_on_the_way() {
    let input = r#"("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#;
    let at = |request: &Request| base_of("https://example.org", request, input).expect("has a base");
    let sent = Request::get("/demo?name1=Value1&Name2=value2")
        .with("Host", "example.org")
        .with("Date", "Fri, 15 Jul 2022 14:24:55 GMT")
        .with("Accept", "application/json")
        .with("Accept", "*/*");
    assert_eq!(at(&sent).lines().nth(3), Some("\"accept\": application/json, */*"));
    let collapsed = Request { target: "/demo?added".to_owned(), ..sent.clone() }
        .without("Accept")
        .with("accept", "application/json, */*")
        .with("Accept-Language", "en-US,en;q=0.5");
    assert_eq!(at(&collapsed), at(&sent));
    let reordered = sent.clone().without("Accept").with("Accept", "*/*").with("Accept", "application/json");
    assert_ne!(at(&reordered), at(&sent));
    let posted = Request { method: "POST".to_owned(), ..sent.clone() };
    assert_ne!(at(&posted), at(&sent));
    assert_ne!(base_of("https://example.com", &sent, input).expect("has a base"), at(&sent));
}
