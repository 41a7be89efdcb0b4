//! What stands in for settings of connections where a pooler takes none.

use std::time::Duration;

use flow_registry::store::{Address, Form, PoolSettings, Pooling, Store, set_account_settings, try_pooler};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinSet;

use crate::support;

const STATEMENT: Duration = Duration::from_millis(1234);
const LOCK: Duration = Duration::from_secs(2);

/// What a new connection is told, by the names of settings.
async fn shown(options: PgConnectOptions, names: &[&str]) -> String {
    let shown = "SELECT string_agg(current_setting(name), ' ' ORDER BY n) \
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted(name, n)";
    let mut connection = options.connect().await.unwrap();
    sqlx::query_scalar(shown).bind(names).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn the_account_has_the_timeouts_in_its_database_only() {
    let database = support::database().await;
    try_pooler(&database.pool).await.unwrap();
    let mut services = JoinSet::new();
    for _ in 0..4 {
        let pool = database.pool.clone();
        services.spawn(
            async move { set_account_settings(&pool, Form::Together, STATEMENT, LOCK).await.unwrap() },
        );
    }
    let had = services.join_all().await;
    assert_eq!(had.iter().filter(|had| !**had).count(), 1, "one service sets them: {had:?}");

    let names = ["statement_timeout", "lock_timeout", "jit"];
    assert_eq!(shown(database.connect_options.clone(), &names).await, "1234ms 2s off");
    let elsewhere = shown(database.connect_options.clone().database("postgres"), &names).await;
    assert_ne!(elsewhere, "1234ms 2s off");
}

#[tokio::test]
async fn the_account_is_told_to_plan_once_and_by_keys_unless_the_database_is_distributed() {
    let database = support::database().await;
    let pool = &database.pool;
    let names = ["plan_cache_mode", "enable_seqscan", "enable_hashjoin", "enable_mergejoin"];
    for (form, planned) in [(Form::Together, "force_generic_plan"), (Form::OfOne, "auto")] {
        assert!(!set_account_settings(pool, form, STATEMENT, LOCK).await.unwrap());
        assert!(set_account_settings(pool, form, STATEMENT, LOCK).await.unwrap(), "the second finds them");
        let shown = shown(database.connect_options.clone(), &names).await;
        assert_eq!(shown, format!("{planned} off off off"));
    }
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
