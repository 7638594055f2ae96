//! The outbox of mail: leased by one at a time, settled once, and what was in it erased.

use protocol::ids::MailId;
use protocol::mail::{MailState, Next};
use protocol::time::{Seconds, Timestamp};
use store::action_tokens::{self, ActionToken};
use store::mailbox::Received;
use store::mails::{self, Mail, NewMail};
use store::{Store, Won, mailbox, sweep};

use crate::action_tokens::{action_token, id};
use crate::database::engines;
use crate::samples::{LATER, MUCH_LATER, NOW};

const LEASE: Seconds = Seconds(60);

fn mail_id(text: &str) -> MailId {
    MailId::parse(text).expect("is an id")
}

async fn put(store: &Store, id: &str, created_at: Timestamp) {
    let id = mail_id(id);
    let give_up_at = created_at + Seconds::days(1);
    let mail = NewMail { id: &id, kind: "recover", sealed: "sealed words", created_at, give_up_at };
    mails::insert(store, &mail).await.expect("is new");
}

async fn due(store: &Store, now: Timestamp) -> Vec<Mail> {
    mails::due(store, now, 100).await.expect("is readable")
}

#[tokio::test]
async fn what_is_put_in_falls_due_at_once_the_oldest_first() {
    for database in engines() {
        let store = database.open().await;
        put(&store, "young", LATER).await;
        put(&store, "old", NOW).await;
        assert_eq!(due(&store, NOW - Seconds(1)).await, []);
        let [old, young] = &due(&store, LATER).await[..] else { panic!("two are due") };
        assert_eq!((old.id.as_str(), young.id.as_str()), ("old", "young"));
        let expected = Mail {
            id: mail_id("old"),
            kind: "recover".to_owned(),
            sealed: Some("sealed words".to_owned()),
            state: MailState::Waiting,
            tries: 0,
            created_at: NOW,
            due_at: Some(NOW),
            tried_at: None,
            last_error: None,
            give_up_at: NOW + Seconds::days(1),
        };
        assert_eq!(*old, expected);
    }
}

#[tokio::test]
async fn of_many_servers_one_gets_the_lease() {
    for database in engines() {
        let stores = [database.open().await, database.open().await];
        put(&stores[0], "m1", NOW).await;
        let [mail] = &due(&stores[0], NOW).await[..] else { panic!("one is due") };
        let tasks: Vec<_> = (0..16)
            .map(|number: usize| {
                let (store, mail) = (stores[number % 2].clone(), mail.clone());
                tokio::spawn(async move { mails::lease(&store, &mail, NOW, NOW + LEASE).await })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.expect("runs to its end").expect("is writable") == Won::Yes);
        }
        assert_eq!(won, 1);
        assert_eq!(due(&stores[1], NOW).await, [], "it is on its way");
        let [again] = &due(&stores[1], NOW + LEASE).await[..] else { panic!("the lease is over") };
        assert_eq!((again.tries, again.tried_at), (1, Some(NOW)));
    }
}

#[tokio::test]
async fn only_the_try_that_was_leased_is_settled_once_and_nothing_of_the_mail_stays() {
    for database in engines() {
        let store = database.open().await;
        put(&store, "m1", NOW).await;
        let settle = async |tries, next, error: Option<&str>| {
            mails::settle(&store, &mail_id("m1"), tries, next, error).await.expect("is writable")
        };
        let [mail] = &due(&store, NOW).await[..] else { panic!("one is due") };
        assert_eq!(mails::lease(&store, mail, NOW, NOW + LEASE).await.expect("is writable"), Won::Yes);
        assert_eq!(settle(0, Next::Again(LATER), None).await, Won::No);
        assert_eq!(settle(1, Next::Again(LATER), Some("refused")).await, Won::Yes);
        let [second] = &due(&store, LATER).await[..] else { panic!("it is due again") };
        assert_eq!((second.last_error.as_deref(), second.sealed.as_deref()), (Some("refused"), Some("sealed words")));
        assert_eq!(mails::lease(&store, second, LATER, LATER + LEASE).await.expect("is writable"), Won::Yes);
        assert_eq!(settle(1, Next::Settled(MailState::GivenUp), None).await, Won::No, "the first try is history");
        assert_eq!(settle(2, Next::Settled(MailState::Sent), None).await, Won::Yes);
        assert_eq!(settle(2, Next::Settled(MailState::GivenUp), None).await, Won::No);
        let [settled] = &mails::latest(&store, 10).await.expect("is readable")[..] else { panic!("it is kept") };
        assert_eq!((settled.state, settled.tries, settled.due_at), (MailState::Sent, 2, None));
        assert_eq!((settled.sealed.as_deref(), settled.last_error.as_deref()), (None, None));
        assert_eq!(due(&store, LATER + Seconds::days(2)).await, []);
    }
}

#[tokio::test]
async fn the_mailbox_takes_a_mail_once_and_shows_the_newest_first() {
    for database in engines() {
        let store = database.open().await;
        let received = |id: &str, received_at| Received {
            id: mail_id(id),
            recipient: "ada@example.org".to_owned(),
            subject: "Grüße".to_owned(),
            text: "Line\nLine".to_owned(),
            html: "<p>Line</p>".to_owned(),
            received_at,
        };
        for mail in [received("old", NOW), received("new", LATER), received("old", LATER)] {
            mailbox::insert(&store, &mail).await.expect("is writable");
        }
        let all = mailbox::latest(&store, 10).await.expect("is readable");
        assert_eq!(all, [received("new", LATER), received("old", NOW)]);
        assert_eq!(mailbox::latest(&store, 1).await.expect("is readable").len(), 1);
        let found = mailbox::find(&store, &mail_id("old")).await.expect("is readable");
        assert_eq!(found, Some(received("old", NOW)));
        assert_eq!(mailbox::find(&store, &mail_id("none")).await.expect("is readable"), None);
    }
}

#[tokio::test]
async fn mail_is_swept_after_a_week_and_links_when_they_expire() {
    for database in engines() {
        let store = database.open().await;
        let received = |id: &str, received_at| Received {
            id: mail_id(id),
            recipient: "ada@example.org".to_owned(),
            subject: "Subject".to_owned(),
            text: "Text".to_owned(),
            html: "HTML".to_owned(),
            received_at,
        };
        for (name, at) in [("old", NOW), ("young", LATER)] {
            put(&store, name, at).await;
            mailbox::insert(&store, &received(name, at)).await.expect("is writable");
        }
        let week = NOW + Seconds::days(7);
        for (name, expires_at) in [("old", week), ("young", MUCH_LATER)] {
            let token = ActionToken { expires_at, ..action_token(name) };
            action_tokens::insert(&store, &token).await.expect("is new");
        }
        assert_eq!(sweep::run_once(&store, week - Seconds(1), 100).await.expect("is writable"), 0);
        assert_eq!(sweep::run_once(&store, week, 100).await.expect("is writable"), 3);
        let left = mails::latest(&store, 10).await.expect("is readable");
        assert_eq!(left.iter().map(|mail| mail.id.as_str()).collect::<Vec<_>>(), ["young"]);
        assert_eq!(mailbox::latest(&store, 10).await.expect("is readable").len(), 1);
        assert_eq!(action_tokens::find(&store, &id("old")).await.expect("is readable"), None);
        assert!(action_tokens::find(&store, &id("young")).await.expect("is readable").is_some());
    }
}
