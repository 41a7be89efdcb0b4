//! What stands in for settings of connections where a pooler takes none.

use std::time::Duration;

use flow_registry::store::{Address, PoolSettings, Pooling, Store, set_account_timeouts, try_pooler};
use sqlx::ConnectOptions as _;
use tokio::task::JoinSet;

use crate::support;

const STATEMENT: Duration = Duration::from_millis(1234);
const LOCK: Duration = Duration::from_secs(2);

#[tokio::test]
async fn the_account_has_the_timeouts_in_its_database_only() {
    let database = support::database().await;
    try_pooler(&database.pool).await.unwrap();
    let mut services = JoinSet::new();
    for _ in 0..4 {
        let pool = database.pool.clone();
        services.spawn(async move { set_account_timeouts(&pool, STATEMENT, LOCK).await.unwrap() });
    }
    let had = services.join_all().await;
    assert_eq!(had.iter().filter(|had| !**had).count(), 1, "one service sets them: {had:?}");

    let settings = "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout') || ' ' || \
         current_setting('jit')";
    let shown = async |options: sqlx::postgres::PgConnectOptions| -> String {
        sqlx::query_scalar(settings).fetch_one(&mut options.connect().await.unwrap()).await.unwrap()
    };
    assert_eq!(shown(database.connect_options.clone()).await, "1234ms 2s off");
    let elsewhere = shown(database.connect_options.clone().database("postgres")).await;
    assert_ne!(elsewhere, "1234ms 2s off");
}

#[tokio::test]
async fn connections_through_a_pooler_bring_no_settings_along() {
    let database = support::database().await;
    let settings = |pooling| PoolSettings {
        connections_max: 2,
        acquire_timeout: Duration::from_secs(10),
        statement_timeout: STATEMENT,
        seen: None,
        pooling,
    };
    for (pooling, expected) in [(Pooling::None, "1234ms"), (Pooling::Transaction, "0")] {
        let address = Address::Urls(vec![database.url().into()]);
        let store = Store::connect(&address, &settings(pooling)).await.unwrap();
        let shown: String =
            sqlx::query_scalar("SHOW statement_timeout").fetch_one(store.pool()).await.unwrap();
        assert_eq!(shown, expected);
        store.pool().close().await;
    }
}
