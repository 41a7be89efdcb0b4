//! The log as it is read again: one flow's events, an organization's, what follows a position, lists of then.

use bytes::Bytes;
use chrono::Duration;
use flow_registry::store::{
    Append, AuditFilter, AuditPage, Deleted, FlowRecord, HistoryFilter, HistoryPage, ListFilter, ListPage,
    LogEntry, Store,
};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use super::rows::{listed, now, row};
use crate::support;

pub const ALL: HistoryPage = HistoryPage { limit: 100, before: None };

fn by(actor: &str, mut row: Append) -> Append {
    row.events[0].actor = actor.to_owned();
    row
}

pub fn versions(entries: &[LogEntry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.version).collect()
}

fn positions(entries: &[LogEntry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.position).collect()
}

#[tokio::test]
async fn a_flows_events_newest_first_and_filtered() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    for version in 0..6 {
        let actor = if version % 2 == 0 { "api_key:k1" } else { "user:ana" };
        store.append(&[by(actor, row(org, flow, version, &format!("v{version}")))]).await.unwrap();
        store.append(&[row(org, Uuid::new_v4(), 0, "other")]).await.unwrap();
    }
    let history = |filter: HistoryFilter, page| {
        let store = &store;
        async move { store.history(org, flow, &filter, page).await.unwrap().entries }
    };
    let all = history(HistoryFilter::default(), ALL).await;
    assert_eq!(versions(&all), [6, 5, 4, 3, 2, 1]);
    assert_eq!(positions(&all), [11, 9, 7, 5, 3, 1]);
    assert_eq!(all[5].event_type, "flow.created");
    assert_eq!(all[0].payload.as_ref().unwrap()["changed"][0], "name");
    assert_eq!(all[0].context.as_ref().unwrap().actor.name.as_deref(), Some("backend"));

    let page = HistoryPage { limit: 2, before: Some(5) };
    assert_eq!(versions(&history(HistoryFilter::default(), page).await), [4, 3]);
    let created = HistoryFilter { event_type: Some("flow.created".into()), ..HistoryFilter::default() };
    assert_eq!(versions(&history(created, ALL).await), [1]);
    let ana = HistoryFilter { actors: vec!["user:ana".into()], ..HistoryFilter::default() };
    assert_eq!(versions(&history(ana, ALL).await), [6, 4, 2]);
    let between = HistoryFilter {
        from: Some(all[4].recorded_at),
        until: Some(all[2].recorded_at),
        ..HistoryFilter::default()
    };
    assert_eq!(versions(&history(between, ALL).await), [3, 2]);
    let named = |name: &str| HistoryFilter { person: Some(name.into()), ..HistoryFilter::default() };
    assert_eq!(versions(&history(named("backend"), ALL).await).len(), 6);
    assert!(history(named("back"), ALL).await.is_empty(), "a whole name");
    let step = |id: &str| HistoryFilter { step: Some(id.into()), ..HistoryFilter::default() };
    assert_eq!(versions(&history(step("pago"), ALL).await), [1], "the event that began the flow");
    let never = HistoryFilter { until: Some(all[5].recorded_at), ..HistoryFilter::default() };
    assert_eq!(versions(&history(never, ALL).await), [0; 0]);
    let elsewhere = store.history(Uuid::new_v4(), flow, &HistoryFilter::default(), ALL).await.unwrap();
    assert!(elsewhere.entries.is_empty() && elsewhere.next.is_none());
}

#[tokio::test]
async fn erased_events_keep_their_place_and_actor() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "a")]).await.unwrap();
    let known = store.history(org, flow, &HistoryFilter::default(), ALL).await.unwrap().entries.remove(0);
    sqlx::query("UPDATE event SET payload = NULL, context = NULL").execute(store.pool()).await.unwrap();
    let erased = &store.history(org, flow, &HistoryFilter::default(), ALL).await.unwrap().entries[0];
    assert_eq!((&erased.payload, &erased.context, erased.actor), (&None, &None, known.actor));
}

#[tokio::test]
async fn bytes_that_are_no_json_are_named_by_their_position() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let mut broken = row(org, flow, 0, "a");
    broken.events[0].payload = Bytes::from_static(b"[1]");
    store.append(&[broken]).await.unwrap();
    let error = store.history(org, flow, &HistoryFilter::default(), ALL).await.unwrap_err();
    assert!(error.to_string().contains("corrupt at position 1"), "{error}");
}

/// Ten events, of three actors and two types, on two flows.
async fn log_of_ten(store: &Store, org: Uuid) -> [Uuid; 2] {
    let flows = [Uuid::new_v4(), Uuid::new_v4()];
    for n in 0..10 {
        let actor = ["api_key:a", "user:a", "user:b"][n % 3];
        let next = row(org, flows[n % 2], (n / 2) as i64, &format!("Flow {}", n % 2));
        store.append(&[by(actor, next)]).await.unwrap();
    }
    flows
}

#[tokio::test]
async fn an_organizations_events_from_either_end() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    log_of_ten(&store, org).await;
    store.append(&[row(Uuid::new_v4(), Uuid::new_v4(), 0, "elsewhere")]).await.unwrap();
    let read = |filter: AuditFilter, page| {
        let store = &store;
        async move { store.audit(org, &filter, page).await.unwrap() }
    };
    let newest = |limit, position| AuditPage::Before { position, limit };
    let none = AuditFilter::default();
    let all = read(none.clone(), newest(100, None)).await;
    assert_eq!(positions(&all), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(positions(&read(none.clone(), newest(3, Some(8))).await), [7, 6, 5]);
    let oldest = AuditPage::After { position: 2, up_to: 9, limit: 3 };
    assert_eq!(positions(&read(none.clone(), oldest).await), [3, 4, 5]);

    let actors = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let users = AuditFilter { actors: actors(&["user:a", "user:b"]), ..AuditFilter::default() };
    assert_eq!(positions(&read(users.clone(), newest(4, Some(9))).await), [8, 6, 5, 3]);
    assert_eq!(positions(&read(users, oldest).await), [3, 5, 6]);
    let created = AuditFilter { types: actors(&["flow.created"]), ..AuditFilter::default() };
    assert_eq!(positions(&read(created.clone(), newest(9, None)).await), [2, 1]);
    let either = AuditFilter { types: actors(&["flow.created", "flow.updated"]), ..AuditFilter::default() };
    assert_eq!(positions(&read(either, newest(2, None)).await), [10, 9]);
    let both = AuditFilter { actors: actors(&["user:a"]), ..created };
    assert_eq!(positions(&read(both, newest(9, None)).await), [2]);
    let nobody = AuditFilter { actors: Some(vec![]), ..AuditFilter::default() };
    assert!(read(nobody, newest(9, None)).await.is_empty());

    let at = |position: usize| Some(all[10 - position].recorded_at);
    let between = AuditFilter { from: at(3), until: at(6), ..AuditFilter::default() };
    assert_eq!(positions(&read(between, newest(9, None)).await), [5, 4, 3]);
    let confined = AuditFilter { confined_to: vec!["phone of Flow 1".into()], ..AuditFilter::default() };
    assert_eq!(positions(&read(confined, newest(9, None)).await), [10, 8, 6, 4, 2]);
}

#[tokio::test]
async fn filters_by_actor_and_by_type_walk_their_indexes() {
    let database = support::database().await;
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(database.connect_options.clone());
    let store = Store::new(pool);
    let org = Uuid::new_v4();
    for chunk in 0..6 {
        let rows: Vec<_> = (0..500)
            .map(|n| by(&format!("user:{}", (chunk * 500 + n) % 700), row(org, Uuid::new_v4(), 0, "same")))
            .collect();
        store.append(&rows).await.unwrap();
    }
    sqlx::query("ANALYZE event").execute(store.pool()).await.unwrap();
    let before = reads_of_events(&store).await;
    let page = AuditPage::Before { position: None, limit: 50 };
    let actor = AuditFilter { actors: Some(vec!["user:7".into()]), ..AuditFilter::default() };
    assert_eq!(store.audit(org, &actor, page).await.unwrap().len(), 5);
    let types = Some(vec!["flow.deleted".to_owned(), "flow.restored".to_owned()]);
    let types = AuditFilter { types, ..AuditFilter::default() };
    assert!(store.audit(org, &types, page).await.unwrap().is_empty());
    let (scans, rows) = reads_of_events(&store).await;
    assert_eq!(scans, before.0, "the whole log is not read");
    assert!((5..20).contains(&(rows - before.1)), "{rows} rows are read for five");
    for index in ["event_actor", "event_type"] {
        let scans: i64 =
            sqlx::query_scalar("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = $1")
                .bind(index)
                .fetch_one(store.pool())
                .await
                .unwrap();
        assert!(scans > 0, "{index}");
    }
}

/// How often the table of events was read from end to end, and how many of its rows were reached by an index.
pub async fn reads_of_events(store: &Store) -> (i64, i64) {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(store.pool()).await.unwrap();
    let reads = "SELECT seq_scan, idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'event'";
    sqlx::query_as(reads).fetch_one(store.pool()).await.unwrap()
}

#[tokio::test]
async fn whoever_follows_a_log_misses_nothing() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    assert_eq!(store.head(org).await.unwrap(), 0);
    assert!(store.events_after(org, 0, 10).await.unwrap().is_empty());
    log_of_ten(&store, org).await;
    assert_eq!(store.head(org).await.unwrap(), 10);
    assert_eq!(store.heads(&[org, Uuid::new_v4()]).await.unwrap(), [(org, 10)]);
    let events = store.events_after(org, 4, 3).await.unwrap();
    assert_eq!(events.iter().map(|event| event.entry.position).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!(events[0].phone_number_id.as_deref(), Some("phone of Flow 0"));
}

#[tokio::test]
async fn an_instant_leads_to_a_position() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    log_of_ten(&store, org).await;
    let page = AuditPage::After { position: 0, up_to: 10, limit: 10 };
    for entry in store.audit(org, &AuditFilter::default(), page).await.unwrap() {
        let before = store.position_before(org, entry.recorded_at).await.unwrap();
        let after = store.position_before(org, entry.recorded_at + Duration::microseconds(1)).await.unwrap();
        assert_eq!((before, after), (entry.position - 1, entry.position));
    }
    assert_eq!(store.position_before(Uuid::new_v4(), chrono::Utc::now()).await.unwrap(), 0);
}

type Lists = (Vec<FlowRecord>, Vec<FlowRecord>);

/// Lists of each position, of all flows and of those that are not deleted, are what they were then.
async fn assert_lists_of_then(store: &Store, org: Uuid, then: &[Lists]) {
    let page = ListPage { limit: 100, before: None };
    let everything = ListFilter { deleted: Deleted::Included, ..ListFilter::default() };
    // The number of now decides who sees a flow, also in the past.
    let numberless = |flows: &[FlowRecord]| {
        let flow = |flow: &FlowRecord| FlowRecord { phone_number_id: None, ..flow.clone() };
        flows.iter().map(flow).collect::<Vec<_>>()
    };
    for (position, (all, alive)) in (1..).zip(then) {
        for (filter, expected) in [(&everything, all), (&ListFilter::default(), alive)] {
            let found = store.list_at(org, position, filter, page).await.unwrap();
            assert_eq!(numberless(&found.flows), numberless(expected), "at {position}");
            assert_eq!(found.next, None, "at {position}");
        }
    }
    assert!(store.list_at(org, 0, &everything, page).await.unwrap().flows.is_empty());
    let second = ListPage { limit: 1, before: Some(24) };
    assert!(store.list_at(org, 24, &everything, second).await.unwrap().flows[0].position < 24);
}

/// Copies of a flow's first event at later places, as nobody appends them: only to fill a log.
pub async fn fill(store: &Store, org: Uuid, flow: Uuid, count: i64) {
    let copy = "WITH head AS (UPDATE log_head SET position = position + $3 WHERE org_id = $1 RETURNING position - $3 AS last), \
         filled AS (INSERT INTO event (org_id, stream_id, version, position, stream_kind, event_id, type, \
           schema_version, recorded_at, payload, context, payload_digest, context_digest, actor, document_digest, \
           enabled, deleted, event_hash, chain_hash) \
         SELECT e.org_id, e.stream_id, 1 + n, h.last + n, 1, e.event_id, 'flow.updated', 1, e.recorded_at, e.payload, \
           e.context, e.payload_digest, e.context_digest, e.actor, e.document_digest, e.enabled, e.deleted, \
           e.event_hash, e.chain_hash FROM event e, head h, generate_series(1, $3) n \
         WHERE e.org_id = $1 AND e.stream_id = $2 AND e.version = 1) \
         UPDATE flow_view v SET version = 1 + $3, position = h.last + $3 FROM head h WHERE v.org_id = $1 AND v.flow_id = $2";
    sqlx::query(copy).bind(org).bind(flow).bind(count).execute(store.pool()).await.unwrap();
}

#[tokio::test]
async fn lists_of_then_are_what_lists_were() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    let flows: Vec<Uuid> = (0..4).map(|_| Uuid::new_v4()).collect();
    let page = ListPage { limit: 100, before: None };
    let mut then = Vec::new();
    for n in 0..24_usize {
        let mut next = row(org, flows[n % 4 * n % 4], 0, &format!("document {n}"));
        let event = &mut next.events[0];
        event.state.deleted = n % 5 == 4;
        event.state.enabled = n % 3 != 0;
        event.expected = now(&store, org, event.stream_id).await.map_or(0, |(record, _)| record.version);
        store.append(&[next]).await.unwrap();
        let everything = ListFilter { deleted: Deleted::Included, ..ListFilter::default() };
        let all = listed(&store, org, &everything, page).await;
        then.push((all, listed(&store, org, &ListFilter::default(), page).await));
    }
    assert_lists_of_then(&store, org, &then).await;
    // Far from the end of the log they are read in another way.
    let filler = Uuid::new_v4();
    store.append(&[row(org, filler, 0, "filler")]).await.unwrap();
    fill(&store, org, filler, 2_000).await;
    assert_lists_of_then(&store, org, &then).await;
}

/// However often one flow was changed: a page looks at a bounded part of the log, and says where the list goes on.
#[tokio::test]
async fn a_page_of_then_ends_where_it_has_looked_far_enough() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    let (old, busy) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, old, 0, "old")]).await.unwrap();
    store.append(&[row(org, busy, 0, "busy")]).await.unwrap();
    fill(&store, org, busy, 45_000).await;
    let (position, filter) = (43_000, ListFilter::default());
    let mut page = ListPage { limit: 10, before: None };
    let mut pages = Vec::new();
    loop {
        let found = store.list_at(org, position, &filter, page).await.unwrap();
        pages.push(found.flows.iter().map(|flow| flow.flow_id).collect::<Vec<_>>());
        let Some(next) = found.next else { break };
        page.before = Some(next);
    }
    assert_eq!(pages, [vec![busy], vec![], vec![old]]);
}

#[tokio::test]
async fn texts_are_found_as_they_were() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow, other) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "50%_a")]).await.unwrap();
    store.append(&[row(org, other, 0, "501_a")]).await.unwrap();
    store.append(&[row(org, flow, 1, "later")]).await.unwrap();
    let page = ListPage { limit: 10, before: None };
    let found = async |text: &str, position: Option<i64>| {
        let filter = ListFilter { search: Some(text.to_owned()), ..ListFilter::default() };
        let flows = match position {
            Some(position) => store.list_at(org, position, &filter, page).await.unwrap().flows,
            None => listed(&store, org, &filter, page).await,
        };
        flows.iter().map(|flow| flow.flow_id).collect::<Vec<_>>()
    };
    assert_eq!(found("50", None).await, [other], "what a text was before is not found");
    assert!(found("0%_", None).await.is_empty(), "signs of patterns are taken for themselves");
    assert_eq!(found("1_", None).await, [other]);
    // Of flows whose text has changed since the caller looks into the documents.
    assert_eq!(found("later", Some(2)).await, [flow]);
    assert!(found("nowhere", Some(3)).await.is_empty());
}
