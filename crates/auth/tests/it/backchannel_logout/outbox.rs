//! That it is told: tried again, over restarts, by several servers, and given up in the end.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::AppState;
use futures_util::future::join_all;
use protocol::ids::{ClientId, SessionId, UserId};
use protocol::logout::backchannel::DeliveryState;
use protocol::secret::TokenHash;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde_json::json;
use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, AssertSqlSafe};
use store::Store;
use store::interactions::Keep;
use store::session_clients::SessionClient;
use store::sessions::{Origin, Session};
use testkit::browser::Browser;
use testkit::database::TestDatabase;
use testkit::elsewhere::Reply;
use testkit::requests::text;
use tokio::time::sleep;

use super::{PATH, Scene, deliveries, logout_token, on_each_engine, payload, scene, until};

#[actix_web::test]
async fn a_failure_is_tried_again_with_a_new_token() {
    on_each_engine(async |scene| {
        scene.elsewhere.publish(PATH, Reply::status(500));
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, "told").await;
        scene.sign_out(&browser, &id_token).await;
        let waiting = scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
        assert_eq!((waiting.state, waiting.tries), (DeliveryState::Waiting, 1));
        assert_eq!(waiting.due_at, Some(scene.app.now() + Seconds(1)));
        assert!(waiting.last_error.unwrap().ends_with("answered with status 500"));
        scene.elsewhere.publish(PATH, Reply::status(204));
        scene.app.clock.advance(Seconds(1));
        let delivered = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!((delivered.tries, delivered.last_error), (2, None));
        let mut ids = HashSet::new();
        for request in scene.told(2).await {
            let claims = scene.claims(&request, SigningAlgorithm::RS256).await;
            ids.insert(claims["jti"].to_string());
        }
        assert_eq!(ids.len(), 2, "each token is made anew");
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_refuses_is_not_asked_for_ever() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.elsewhere.publish(PATH, Reply::status(400));
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    for tries in 1..=3 {
        scene.delivery("told", |delivery| delivery.tries == tries && delivery.last_error.is_some()).await;
        scene.delivery("told", |delivery| delivery.due_at.is_none_or(|at| at <= scene.app.now() + Seconds(5))).await;
        scene.app.clock.advance(Seconds(5));
    }
    let refused = scene.delivery("told", |delivery| delivery.state != DeliveryState::Waiting).await;
    assert_eq!((refused.state, refused.tries, refused.due_at), (DeliveryState::Refused, 3, None));
    assert!(refused.last_error.unwrap().ends_with("answered with status 400"));
}

#[actix_web::test]
async fn after_a_day_it_is_given_up() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.elsewhere.publish(PATH, Reply::status(503));
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
    scene.app.clock.advance(Seconds::hours(24));
    let given_up = scene.delivery("told", |delivery| delivery.state != DeliveryState::Waiting).await;
    assert_eq!((given_up.state, given_up.tries, given_up.due_at), (DeliveryState::GivenUp, 2, None));
}

#[actix_web::test]
async fn a_client_that_went_away_is_given_up_at_once() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.elsewhere.publish(PATH, Reply::status(503));
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
    let told = ClientId::parse("told").unwrap();
    let _won = store::clients::delete(&scene.app.store, &told, scene.app.now()).await.unwrap();
    scene.app.clock.advance(Seconds(1));
    let given_up = scene.delivery("told", |delivery| delivery.state != DeliveryState::Waiting).await;
    assert_eq!(given_up.last_error.as_deref(), Some("the client is deleted"));
    assert_eq!(given_up.state, DeliveryState::GivenUp);
}

#[actix_web::test]
async fn a_client_on_a_private_address_is_never_asked() {
    let scene = scene(TestDatabase::sqlite()).await;
    let address = scene.elsewhere.url(PATH).replace("localhost", "127.0.0.1");
    scene.client("private", json!({ "backchannel_logout_uri": address })).await;
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "private").await;
    scene.sign_out(&browser, &id_token).await;
    let refused = scene.delivery("private", |delivery| delivery.last_error.is_some()).await;
    assert!(refused.last_error.unwrap().contains("loopback"));
    assert_eq!(scene.elsewhere.count(), 0);
}

#[actix_web::test]
async fn what_waits_is_sent_after_a_restart() {
    on_each_engine(async |mut scene| {
        scene.elsewhere.publish(PATH, Reply::status(503));
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, "told").await;
        scene.sign_out(&browser, &id_token).await;
        scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
        scene.app.stop().await;
        scene.elsewhere.publish(PATH, Reply::new(""));
        scene.app.clock.advance(Seconds::hours(1));
        scene.app.restart().await;
        let delivered = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!(delivered.tries, 2);
        assert_eq!(scene.elsewhere.count(), 2);
    })
    .await;
}

/// The session ended in another process, and this one is not even there.
#[actix_web::test]
async fn a_logout_while_no_server_runs_is_told_when_one_comes() {
    on_each_engine(async |mut scene| {
        let browser = Browser::new(&scene.app);
        let id_token = payload(&scene.sign_in(&browser, "told").await);
        let user = UserId::parse(text(&id_token, "sub")).unwrap();
        scene.app.stop().await;
        let store = scene.app.database.open().await;
        assert_eq!(store::sessions::end_all_of_user(&store, &user, scene.app.now()).await.unwrap(), 1);
        store.close().await;
        assert_eq!(scene.elsewhere.count(), 0);
        scene.app.restart().await;
        let claims = scene.claims(&scene.told(1).await[0], SigningAlgorithm::RS256).await;
        assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
    })
    .await;
}

/// A server takes a delivery up and dies: the next one sends it when the lease is over, and not before.
#[actix_web::test]
async fn a_server_that_dies_in_the_middle_leaves_its_delivery_to_the_next() {
    on_each_engine(async |mut scene| {
        let browser = Browser::new(&scene.app);
        let id_token = payload(&scene.sign_in(&browser, "told").await);
        let person = UserId::parse(text(&id_token, "sub")).unwrap();
        scene.app.stop().await;
        let (store, now) = (scene.app.database.open().await, scene.app.now());
        assert_eq!(store::sessions::end_all_of_user(&store, &person, now).await.unwrap(), 1);
        let delivery = deliveries(&store, "told").await.swap_remove(0);
        let _won = store::logout_deliveries::lease(&store, &delivery, now, now + Seconds(90)).await.unwrap();
        store.close().await;
        scene.app.restart().await;
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(scene.elsewhere.count(), 0, "another server may still be at it");
        scene.app.clock.advance(Seconds(90));
        scene.told(1).await;
        let delivered = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!(delivered.tries, 2);
    })
    .await;
}

#[actix_web::test]
async fn a_slow_client_holds_up_nobody_else() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.client("slow", json!({ "backchannel_logout_uri": scene.elsewhere.url("/slow") })).await;
    scene.elsewhere.publish("/slow", Reply::new("").after(Duration::from_mins(1)));
    let sessions = sessions(&scene, 40, &["slow"]).await;
    join_all(sessions.iter().map(|id| store::sessions::end(&scene.app.store, id, scene.app.now()))).await;
    until("the slow one is asked", async || scene.elsewhere.count() > 0).await;
    let began = Instant::now();
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let slow = scene.elsewhere.received().iter().filter(|request| request.path == "/slow").count();
    assert!(slow <= 8, "a client that does not answer was asked {slow} times");
}

/// Fifty thousand notices wait for a client that is down for long. A try costs the row that is tried, not all that wait: the
/// one writer of SQLite has everybody else's sign-ins to write meanwhile.
#[actix_web::test]
async fn a_client_that_is_down_costs_a_row_per_try_however_much_waits_for_it() {
    const WAITING: i64 = 50_000;
    on_each_engine(async |scene| {
        scene.elsewhere.publish(PATH, Reply::status(503));
        let began = scene.app.now();
        let fill = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {WAITING})
             INSERT INTO logout_deliveries (session_id, client_id, user_id, state, tries, created_at, due_at, expires_at)
             SELECT 's' || i, 'told', 'somebody', 'waiting', 0, {0}, {0}, {0} + 604800 FROM n",
            began.0
        );
        install_default_drivers();
        let pool = AnyPool::connect(scene.app.database.url()).await.unwrap();
        let filled = sqlx::query(AssertSqlSafe(fill)).execute(&pool).await.unwrap();
        assert_eq!(i64::try_from(filled.rows_affected()).unwrap(), WAITING);
        let touched = format!("SELECT COUNT(*) FROM logout_deliveries WHERE tries > 0 OR due_at <> {}", began.0);
        let touched = async || {
            let count = sqlx::query_scalar(AssertSqlSafe(touched.clone())).fetch_one(&pool).await;
            usize::try_from(count.unwrap_or(0_i64)).unwrap()
        };
        for asked in [1, 3, 5] {
            until("the client is asked", async || scene.elsewhere.count() >= asked).await;
            sleep(Duration::from_millis(1_200)).await; // as long as the job waits between two looks
            assert!(touched().await <= scene.elsewhere.count(), "rows that were not tried are as they were");
            assert!(scene.elsewhere.count() <= asked + 1, "it is left alone for a while");
            scene.app.clock.advance(Seconds(30));
        }
        scene.client("well", json!({ "backchannel_logout_uri": scene.elsewhere.url("/well") })).await;
        scene.elsewhere.publish("/well", Reply::new(""));
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, "well").await;
        scene.sign_out(&browser, &id_token).await;
        scene.delivery("well", |delivery| delivery.state == DeliveryState::Delivered).await;
        pool.close().await;
    })
    .await;
}

/// More clients are slow than are asked at once; the next one gets its turn.
#[actix_web::test]
async fn many_clients_get_their_turn_one_after_another() {
    let scene = scene(TestDatabase::sqlite()).await;
    let ids: Vec<_> = (0..40).map(|number| format!("c{number:02}")).collect();
    for id in &ids {
        scene.client(id, json!({})).await;
    }
    let clients: Vec<_> = ids.iter().map(String::as_str).collect();
    let session = sessions(&scene, 1, &clients).await;
    let _won = store::sessions::end(&scene.app.store, &session[0], scene.app.now()).await.unwrap();
    scene.told(ids.len()).await;
    for id in &ids {
        scene.delivery(id, |delivery| delivery.state == DeliveryState::Delivered && delivery.tries == 1).await;
    }
}

/// Two servers on one database, fifty people who sign out at once: each client hears of each of them once.
#[actix_web::test]
async fn fifty_logouts_at_once_are_told_once_each_by_two_servers() {
    on_each_engine(async |scene| {
        let second = second_server(&scene).await;
        let sessions = sessions(&scene, 50, &["told"]).await;
        let now = scene.app.now();
        let stores = [&scene.app.store, &second];
        let ends = sessions.iter().zip(stores.iter().cycle()).map(|(id, store)| store::sessions::end(store, id, now));
        assert!(join_all(ends).await.iter().all(Result::is_ok));
        let delivered = async || {
            let all = scene.deliveries("told").await;
            all.iter().filter(|delivery| delivery.state == DeliveryState::Delivered).count() == 50
        };
        until("all deliveries", delivered).await;
        sleep(Duration::from_millis(1_500)).await;
        let mut told = HashSet::new();
        let received = scene.elsewhere.received();
        for request in &received {
            told.insert(text(&payload(&logout_token(request)), "sid").to_owned());
        }
        assert_eq!((received.len(), told.len()), (50, 50));
        assert!(scene.deliveries("told").await.iter().all(|delivery| delivery.tries == 1));
    })
    .await;
}

/// Sessions of somebody who is signed in to these clients.
async fn sessions(scene: &Scene, count: usize, clients: &[&str]) -> Vec<SessionId> {
    let (store, now) = (&scene.app.store, scene.app.now());
    let somebody = scene.app.user("somebody").await.id;
    let mut ids = Vec::new();
    for number in 0..count {
        let session = Session {
            id: SessionId::parse(&format!("session{number}")).unwrap(),
            secret_hash: TokenHash::of(b"secret"),
            user_id: somebody.clone(),
            auth_time: now,
            acr: "1".to_owned(),
            amr: vec!["pwd".to_owned()],
            created_at: now,
            last_seen_at: now,
            idle_expires_at: now + Seconds::hours(1),
            expires_at: now + Seconds::days(1),
            ended_at: None,
            origin: Origin::default(),
            keep: Keep::UntilBrowserCloses,
        };
        assert_eq!(store::sessions::insert(store, &session, None).await.unwrap(), store::Won::Yes);
        for client in clients {
            let entry = SessionClient {
                session_id: session.id.clone(),
                client_id: ClientId::parse(client).unwrap(),
                signed_in_at: now,
                expires_at: session.expires_at,
            };
            let _won = store::session_clients::sign_in(store, &entry, None).await.unwrap();
        }
        ids.push(session.id);
    }
    ids
}

/// Another server of the same installation; its store lives as long as the test.
async fn second_server(scene: &Scene) -> Store {
    let app = &scene.app;
    let store = app.database.open().await;
    let state =
        AppState::with_clock(Arc::clone(&app.config), store.clone(), Arc::clone(&app.keys), app.clock.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    actix_web::rt::spawn(auth::run(state, listener, None, std::future::pending()));
    store
}
