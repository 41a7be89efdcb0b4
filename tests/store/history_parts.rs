//! What questions about the past of a flow cost, however often it was changed.

use flow_registry::store::{HISTORY_WALK_MAX, HistoryFilter, HistoryPage, Store};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use super::history::{ALL, fill, reads_of_events, versions};
use super::rows::row;
use crate::support;

/// What few events of a flow meet is sought in parts that are bounded, until its first event.
#[tokio::test]
async fn a_part_of_a_history_ends_where_it_has_looked_far_enough() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "busy")]).await.unwrap();
    let filled = HISTORY_WALK_MAX + 1_000;
    fill(&store, org, flow, filled).await;
    let created = HistoryFilter { event_type: Some("flow.created".into()), ..HistoryFilter::default() };
    let nobody = HistoryFilter { person: Some("nobody".into()), ..HistoryFilter::default() };
    for (filter, found) in [(created, vec![1]), (nobody, vec![])] {
        let first = store.history(org, flow, &filter, ALL).await.unwrap();
        assert_eq!((versions(&first.entries), first.next), (vec![], Some(1_002)));
        let page = HistoryPage { before: first.next, ..ALL };
        let second = store.history(org, flow, &filter, page).await.unwrap();
        assert_eq!((versions(&second.entries), second.next), (found, None));
    }
    let page = HistoryPage { limit: filled, before: None };
    let all = store.history(org, flow, &HistoryFilter::default(), page).await.unwrap();
    assert_eq!(
        (all.entries.len() as i64, all.next),
        (filled, Some(2)),
        "all are wanted, none is looked at in vain"
    );
}

#[tokio::test]
async fn whether_a_flow_was_published_is_no_walk_over_its_edits() {
    let database = support::database().await;
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(database.connect_options.clone());
    let store = Store::new(pool);
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "busy")]).await.unwrap();
    fill(&store, org, flow, 3_000).await;
    sqlx::query("ANALYZE event").execute(store.pool()).await.unwrap();
    let before = reads_of_events(&store).await;
    assert!(!store.was_published(org, flow, 3_001).await.unwrap());
    let after = reads_of_events(&store).await;
    assert_eq!((after.0, after.1 - before.1), (before.0, 0), "nothing was ever published");
    let publish = "UPDATE event SET published_version = version, published_by_version = version \
         WHERE org_id = $1 AND version = 2";
    sqlx::query("ALTER TABLE event DISABLE TRIGGER ALL").execute(store.pool()).await.unwrap();
    sqlx::query(publish).bind(org).execute(store.pool()).await.unwrap();
    for (version, expected) in [(1, false), (2, true), (3_001, true)] {
        assert_eq!(store.was_published(org, flow, version).await.unwrap(), expected, "{version}");
    }
}
