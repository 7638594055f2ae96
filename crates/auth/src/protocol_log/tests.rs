use super::*;
use protocol::time::Timestamp;

fn exchange(client: &str, number: i64) -> Exchange {
    Exchange {
        client_id: ClientId::parse(client).ok(),
        standing: Standing::Proven,
        seq: number,
        trace_id: String::new(),
        at: Timestamp(0),
        method: String::new(),
        endpoint: String::new(),
        status: 200,
        error: None,
        description: None,
        cause: None,
        micros: 0,
        parameters: Vec::new(),
    }
}

fn pairs(sent: &[(&str, &str)]) -> Vec<(String, String)> {
    redacted(&Params::from_pairs(sent.iter().copied()))
}

#[test]
fn only_values_that_are_known_to_be_harmless_are_kept() {
    for name in ["code", "client_secret", "client_assertion", "refresh_token", "token", "access_token", "id_token_hint"]
    {
        assert_eq!(pairs(&[(name, "hunter2")]), [(name.to_owned(), "present".to_owned())]);
    }
    for name in ["state", "nonce", "code_verifier", "code_challenge", "password", "username", "login_hint", "request"] {
        assert_eq!(pairs(&[(name, "hunter2")]), [(name.to_owned(), "present".to_owned())]);
    }
    assert_eq!(
        pairs(&[("scope", "openid"), ("state", "")]),
        [("scope".to_owned(), "openid".to_owned()), ("state".to_owned(), String::new())]
    );
    assert_eq!(pairs(&[("scope", &"ä".repeat(201))])[0].1.chars().count(), 201);
}

#[test]
fn of_a_uri_only_the_place_is_kept() {
    for name in URIS {
        let sent = ["https://app.example/cb", "https://app.example/cb?ticket=hunter2", "app:/cb#hunter2"];
        let kept = sent.map(|uri| pairs(&[(name, uri)])[0].1.clone());
        assert_eq!(kept, ["https://app.example/cb", "https://app.example/cb?…", "app:/cb?…"]);
    }
    assert_eq!(place(&format!("https://{}?b", "a".repeat(5_000))).chars().count(), VALUE_LIMIT + 3);
}

#[test]
fn a_body_that_is_no_form_leaves_no_trace_of_itself() {
    for name in ["{\"client_secret\":\"hunter2\"}", "aGVsbG8", "0123456789abcdef", "", "SCOPE"] {
        assert_eq!(pairs(&[(name, "x")])[0].0, "?", "{name}");
    }
}

#[test]
fn of_a_batch_the_newest_of_each_client_are_written_in_order() {
    let batch = (0..300).flat_map(|number| [exchange("a", number), exchange("", number)]).collect();
    let kept = newest(batch, 200);
    let of = |client: &str| {
        let client = ClientId::parse(client).ok();
        kept.iter().filter(|it| it.client_id == client).map(|it| it.seq).collect::<Vec<_>>()
    };
    assert_eq!(of("a"), (100..300).collect::<Vec<_>>());
    assert_eq!(of(""), (200..300).collect::<Vec<_>>());
    let claimed = |number| Exchange { standing: Standing::Claimed, ..exchange("a", number) };
    let kept = newest([exchange("a", 1)].into_iter().chain((2..300).map(claimed)).collect(), 5);
    assert_eq!(kept.iter().map(|it| it.seq).collect::<Vec<_>>(), [1, 295, 296, 297, 298, 299]);
}

#[test]
fn a_full_queue_drops_and_counts() {
    let log = ProtocolLog::new();
    (0..5_000).for_each(|number| log.push(exchange("a", number)));
    assert_eq!(log.dropped.load(Ordering::Relaxed), 5_000 - QUEUE as u64);
}
