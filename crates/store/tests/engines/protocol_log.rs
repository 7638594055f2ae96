//! The last exchanges of each client, written in batches.

use protocol::time::Seconds;
use store::protocol_log::{self, Exchange, Standing, Whose};
use store::{Store, Won, clients};

use crate::database::engines;
use crate::samples::{LATER, NOW, client, client_id};

fn exchange(client: &str, number: i64) -> Exchange {
    Exchange {
        client_id: (!client.is_empty()).then(|| client_id(client)),
        standing: Standing::Proven,
        seq: NOW.0 * 1_000_000 + number,
        trace_id: format!("{client}-{number:08}"),
        at: NOW + Seconds(number),
        method: "POST".to_owned(),
        endpoint: "/token".to_owned(),
        status: 400,
        error: Some("invalid_grant".to_owned()),
        description: Some("the code has expired".to_owned()),
        cause: None,
        micros: 1_234,
        parameters: vec![("grant_type".to_owned(), "ä \"b\"\u{1f980}".to_owned()), ("code".to_owned(), String::new())],
    }
}

fn batch(client: &str, numbers: std::ops::Range<i64>) -> Vec<Exchange> {
    numbers.map(|number| exchange(client, number)).collect()
}

async fn numbers(store: &Store, whose: Whose<'_>) -> Vec<i64> {
    let kept = protocol_log::last(store, whose, 1_000).await.expect("is readable");
    kept.into_iter().map(|exchange| exchange.seq - NOW.0 * 1_000_000).collect()
}

#[tokio::test]
async fn an_exchange_comes_back_as_it_was() {
    for database in engines() {
        let store = database.open().await;
        let standing = Standing::Claimed;
        let bare = Exchange { standing, error: None, description: None, parameters: Vec::new(), ..exchange("", 2) };
        let both = [exchange("app", 1), bare.clone()];
        protocol_log::append(&store, &both, 10).await.expect("is writable");
        for sent in &both {
            assert_eq!(protocol_log::find(&store, &sent.trace_id).await.expect("is readable").as_ref(), Some(sent));
        }
        assert_eq!(protocol_log::find(&store, "unknown").await.expect("is readable"), None);
        assert_eq!(protocol_log::last(&store, Whose::Nobody, 5).await.expect("is readable"), [bare]);
    }
}

#[tokio::test]
async fn each_client_keeps_its_newest_exchanges_and_no_more() {
    for database in engines() {
        let store = database.open().await;
        let (app, other) = (client_id("app"), client_id("other"));
        protocol_log::append(&store, &batch("app", 0..3), 5).await.expect("is writable");
        assert_eq!(numbers(&store, Whose::Client(&app)).await, [0, 1, 2], "fewer than may be kept");
        protocol_log::append(&store, &[batch("app", 3..8), batch("other", 0..2)].concat(), 5)
            .await
            .expect("is writable");
        assert_eq!(numbers(&store, Whose::Client(&app)).await, [3, 4, 5, 6, 7]);
        assert_eq!(numbers(&store, Whose::Client(&other)).await, [0, 1], "of another client nothing is taken");
        assert_eq!(numbers(&store, Whose::Nobody).await, [0; 0]);
        protocol_log::append(&store, &batch("app", 8..20), 5).await.expect("is writable");
        assert_eq!(numbers(&store, Whose::Client(&app)).await, [15, 16, 17, 18, 19], "a batch longer than the limit");
    }
}

#[tokio::test]
async fn what_anybody_can_say_pushes_nothing_out_that_was_proven() {
    for database in engines() {
        let store = database.open().await;
        protocol_log::append(&store, &batch("app", 0..3), 5).await.expect("is writable");
        let claimed: Vec<_> = batch("app", 10..40)
            .into_iter()
            .map(|exchange| Exchange { standing: Standing::Claimed, ..exchange })
            .collect();
        for some in claimed.chunks(7) {
            protocol_log::append(&store, some, 5).await.expect("is writable");
        }
        assert_eq!(numbers(&store, Whose::Client(&client_id("app"))).await, [0, 1, 2, 35, 36, 37, 38, 39]);
        protocol_log::append(&store, &batch("app", 50..53), 5).await.expect("is writable");
        let both = numbers(&store, Whose::Client(&client_id("app"))).await;
        assert_eq!(both, [1, 2, 35, 36, 37, 38, 39, 50, 51, 52], "and the other way round");
    }
}

/// Also those of a client that was deleted while they waited to be written, which nothing else would ever look for.
#[tokio::test]
async fn exchanges_go_when_they_are_old() {
    for database in engines() {
        let store = database.open().await;
        protocol_log::append(&store, &[batch("gone", 0..5), batch("", 3..6)].concat(), 10).await.expect("is writable");
        for (limit, deleted) in [(4, 4), (4, 1), (4, 0)] {
            let expired = protocol_log::expire(&store, NOW + Seconds(3), limit).await;
            assert_eq!(expired.expect("is writable"), deleted);
        }
        assert_eq!(numbers(&store, Whose::Client(&client_id("gone"))).await, [4]);
        assert_eq!(numbers(&store, Whose::Nobody).await, [4, 5]);
    }
}

#[tokio::test]
async fn two_servers_may_use_the_same_place_in_the_order() {
    for database in engines() {
        let store = database.open().await;
        let twins = ["b", "a", "c"].map(|trace| Exchange { trace_id: trace.to_owned(), ..exchange("app", 1) });
        protocol_log::append(&store, &twins, 2).await.expect("is writable");
        let kept = protocol_log::last(&store, Whose::Client(&client_id("app")), 9).await.expect("is readable");
        assert_eq!(kept.iter().map(|exchange| exchange.trace_id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    }
}

#[tokio::test]
async fn a_reader_goes_on_where_it_stopped() {
    for database in engines() {
        let store = database.open().await;
        let app = client_id("app");
        protocol_log::append(&store, &batch("app", 0..6), 100).await.expect("is writable");
        let seen = exchange("app", 1).seq;
        let next = protocol_log::after(&store, Whose::Client(&app), seen, 3).await.expect("is readable");
        assert_eq!(next, batch("app", 2..5));
        let newest = protocol_log::last(&store, Whose::Client(&app), 2).await.expect("is readable");
        assert_eq!(newest, batch("app", 4..6));
    }
}

#[tokio::test]
async fn whoever_gets_the_id_of_a_deleted_client_finds_an_empty_log() {
    for database in engines() {
        let store = database.open().await;
        clients::insert(&store, &client("app")).await.expect("is new");
        protocol_log::append(&store, &batch("app", 0..3), 10).await.expect("is writable");
        assert_eq!(clients::delete(&store, &client_id("app"), LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(numbers(&store, Whose::Client(&client_id("app"))).await, [0; 0]);
    }
}
