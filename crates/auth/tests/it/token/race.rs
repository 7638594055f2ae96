//! Real concurrency: many at once, one winner, everybody answered.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use testkit::requests::{As, text};

use crate::on_each_engine;

const PUBLIC: As<'_> = As::Public("public");

#[actix_web::test]
async fn of_64_redeemers_one_wins() {
    on_each_engine(async |app| {
        let code = app.code("public", &[]).await;
        let pages = join_all((0..64).map(|_| app.redeem(PUBLIC, &code, &[]))).await;
        let won = pages.iter().filter(|page| page.status == 200).count();
        assert_eq!(won, 1);
        for page in pages.iter().filter(|page| page.status != 200) {
            assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (400, "invalid_grant"));
        }
    })
    .await;
}

#[actix_web::test]
async fn of_64_parallel_refreshes_all_are_answered_with_one_successor() {
    on_each_engine(async |app| {
        let tokens = app.tokens(PUBLIC, &[]).await;
        let token = text(&tokens, "refresh_token");
        let pages = join_all((0..64).map(|_| app.refresh(PUBLIC, token, &[]))).await;
        let successors: BTreeSet<String> = pages
            .iter()
            .map(|page| {
                assert_eq!(page.status, 200, "{}", page.body);
                text(&page.json(), "refresh_token").to_owned()
            })
            .collect();
        assert_eq!(successors.len(), 1);
        let successor = successors.first().unwrap();
        assert_eq!(app.refresh(PUBLIC, successor, &[]).await.status, 200);
    })
    .await;
}
