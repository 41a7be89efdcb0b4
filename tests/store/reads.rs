//! Reads: a flow now, after a version, before an instant; lists in the order of change.

use chrono::Duration;
use flow_registry::flow::digest::Digest;
use flow_registry::store::{
    Content, CurrentFlow, CurrentHead, Deleted, FlowAtVersion, FoundFlow, ListFilter, ListPage, Outcome,
    Reader, Store,
};
use futures_util::future::join_all;
use uuid::Uuid;

use super::rows::{listed, now, row, then, with_key};
use crate::support;

const PAGE: ListPage = ListPage { limit: 100, before: None };

#[tokio::test]
async fn a_flow_is_read_unless_it_is_known() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "v1")]).await.unwrap();
    store.append(&[row(org, flow, 1, "v2")]).await.unwrap();
    let (record, bytes) = now(&store, org, flow).await.unwrap();
    assert_eq!((record.version, record.position, bytes.as_deref()), (2, 2, Some(&b"v2"[..])));
    assert_eq!(record.phone_number_id.as_deref(), Some("phone of v2"));
    let wanted =
        |org_id, flow_id, version| CurrentFlow { org_id, flow_id, in_force: false, version, known: None };
    let all = [
        wanted(org, flow, Some(2)),
        wanted(org, flow, Some(1)),
        wanted(org, flow, Some(3)),
        wanted(Uuid::new_v4(), flow, None),
        wanted(org, Uuid::new_v4(), Some(2)),
        CurrentFlow { in_force: true, ..wanted(org, flow, None) },
    ];
    for reader in [Reader::start(&store), Reader::for_distributed(&store)] {
        let answers = join_all(all.map(|wanted| reader.ask(wanted))).await;
        let found: Vec<FoundFlow> = answers.into_iter().map(Result::unwrap).collect();
        assert!(matches!(found[0], FoundFlow::Unchanged));
        for behind in [1, 2] {
            assert!(
                matches!(&found[behind], FoundFlow::Stored(at, Content::Bytes(bytes)) if at.version == 2 && bytes == "v2")
            );
        }
        assert!(matches!(found[3], FoundFlow::Missing), "another organization's");
        assert!(matches!(found[4], FoundFlow::Missing), "one that was known is not there any more");
        assert!(matches!(&found[5], FoundFlow::Stored(_, Content::Erased)), "nothing is in force");
    }
}

#[tokio::test]
async fn many_organizations_ask_at_once_and_each_is_told_of_its_own() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let organizations: Vec<Uuid> = (0..8).map(|_| Uuid::new_v4()).collect();
    // The same flow id everywhere, and as many versions as the number of the organization says.
    let flow_id = Uuid::new_v4();
    for (versions, org_id) in organizations.iter().enumerate() {
        for version in 0..versions as i64 {
            let text = format!("{versions} at {version}");
            store.append(&[row(*org_id, flow_id, version, &text)]).await.unwrap();
        }
    }
    // In an order in which no two questions about an organization follow each other.
    let asked: Vec<usize> = (0..24).map(|n| n * 5 % 8).collect();
    for is_distributed in [false, true] {
        let (flows, versions, heads) = match is_distributed {
            false => (Reader::start(&store), Reader::start(&store), Reader::start(&store)),
            true => (
                Reader::for_distributed(&store),
                Reader::for_distributed(&store),
                Reader::for_distributed(&store),
            ),
        };
        let now = |n: &usize| {
            let org_id = organizations[*n];
            flows.ask(CurrentFlow { org_id, flow_id, in_force: false, version: None, known: None })
        };
        let first = |n: &usize| {
            let org_id = organizations[*n];
            versions.ask(FlowAtVersion { org_id, flow_id, version: 1, known: None, bound_to: None })
        };
        let head = |n: &usize| heads.ask(CurrentHead { org_id: organizations[*n] });
        let now = join_all(asked.iter().map(now)).await;
        let first = join_all(asked.iter().map(first)).await;
        let heads = join_all(asked.iter().map(head)).await;
        for (((n, now), first), head) in asked.iter().zip(now).zip(first).zip(heads) {
            assert_eq!(head.unwrap().position, *n as i64);
            match (n, now.unwrap(), first.unwrap()) {
                (0, FoundFlow::Missing, FoundFlow::Missing) => {}
                (n, FoundFlow::Stored(now, last), FoundFlow::Stored(then, first)) => {
                    assert_eq!((now.version, then.version), (*n as i64, 1));
                    assert_eq!(last, Content::Bytes(format!("{n} at {}", n - 1).into()));
                    assert_eq!(first, Content::Bytes(format!("{n} at 0").into()));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_version_is_read_unless_it_is_known_and_bound_as_it_was() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org_id, flow_id) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org_id, flow_id, 0, "v1")]).await.unwrap();
    store.append(&[row(org_id, flow_id, 1, "v2")]).await.unwrap();
    let wanted = |version, known: &str, bound_to: Option<&str>| FlowAtVersion {
        org_id,
        flow_id,
        version,
        known: Some(Digest::of(known.as_bytes())),
        bound_to: Some(bound_to.map(str::to_owned)),
    };
    // The first of them is known with its content, the second too, but the flow was bound to another number then.
    let all = [
        wanted(1, "v1", Some("phone of v2")),
        wanted(1, "v1", Some("phone of v1")),
        wanted(2, "v2", None),
        wanted(2, "v3", Some("phone of v2")),
        FlowAtVersion { bound_to: None, ..wanted(9, "v1", None) },
    ];
    let readers = [Reader::start(&store), Reader::for_distributed(&store)];
    for reader in &readers {
        let answers = join_all(all.iter().map(|wanted| reader.ask(wanted.clone()))).await;
        let found: Vec<FoundFlow> = answers.into_iter().map(Result::unwrap).collect();
        assert!(matches!(found[0], FoundFlow::Unchanged));
        for (index, version) in [(1, 1), (2, 2)] {
            assert!(matches!(&found[index], FoundFlow::Stored(at, Content::Known) if at.version == version
                    && at.phone_number_id.as_deref() == Some("phone of v2")));
        }
        assert!(
            matches!(&found[3], FoundFlow::Stored(at, Content::Bytes(bytes)) if at.version == 2 && bytes == "v2")
        );
        assert!(matches!(found[4], FoundFlow::Missing));
    }
    sqlx::query("UPDATE document SET bytes = NULL").execute(store.pool()).await.unwrap();
    for reader in &readers {
        let erased = reader.ask(wanted(1, "v1", Some("phone of v2"))).await.unwrap();
        assert!(matches!(erased, FoundFlow::Stored(_, Content::Erased)));
    }
}

#[tokio::test]
async fn the_past_is_read_by_version_and_by_instant() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let mut times = Vec::new();
    for version in 0..20 {
        match &store.append(&[row(org, flow, version, &format!("v{}", version + 1))]).await.unwrap()[0] {
            Outcome::Appended(places) => times.push(places[0].recorded_at),
            other => panic!("{other:?}"),
        }
    }
    for (index, at) in times.iter().enumerate() {
        let version = index as i64 + 1;
        let (by_version, bytes) = then(&store, org, flow, version).await.unwrap();
        assert_eq!(bytes.as_deref(), Some(format!("v{version}").as_bytes()));
        assert_eq!(
            (by_version.version, by_version.created_at, by_version.updated_at),
            (version, times[0], *at)
        );
        let after = *at + Duration::microseconds(1);
        let by_instant = store.version_before(org, flow, after).await.unwrap();
        assert_eq!(by_instant, Some(version));
    }
    assert!(store.version_before(org, flow, times[0]).await.unwrap().is_none());
    for missing in [0, -1, 21, i64::MAX] {
        assert!(then(&store, org, flow, missing).await.is_none());
    }
}

#[tokio::test]
async fn a_command_sees_flow_and_key_at_once() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[with_key(row(org, flow, 0, "v1"), "k", "r")]).await.unwrap();
    let read = store.read_for_command(org, flow, None, "k").await.unwrap();
    let (record, content) = read.flow.unwrap();
    assert_eq!((record.version, content), (1, Content::Bytes("v1".into())));
    let known = store.read_for_command(org, flow, Some(Digest::of(b"v1")), "k").await.unwrap();
    assert_eq!(known.flow.unwrap().1, Content::Known);
    assert_eq!(read.answered.unwrap().request, Digest::of(b"r"));
    let nothing = store.read_for_command(org, Uuid::new_v4(), None, "other").await.unwrap();
    assert!(nothing.flow.is_none() && nothing.answered.is_none());
    sqlx::query("UPDATE document SET bytes = NULL").execute(store.pool()).await.unwrap();
    let erased = store.read_for_command(org, flow, Some(Digest::of(b"v1")), "k").await.unwrap();
    assert_eq!(erased.flow.unwrap().1, Content::Erased);
}

#[tokio::test]
async fn lists_show_the_newest_change_first() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    let flows: Vec<Uuid> = (0..5).map(|_| Uuid::new_v4()).collect();
    for (n, flow) in flows.iter().enumerate() {
        store.append(&[row(org, *flow, 0, &format!("Flow {n}"))]).await.unwrap();
    }
    store.append(&[row(org, flows[1], 1, "Flow one")]).await.unwrap();
    let mut gone = row(org, flows[4], 1, "Flow 4");
    gone.events[0].state.deleted = true;
    store.append(&[gone]).await.unwrap();

    let ids = |filter: ListFilter, page: ListPage| {
        let store = store.clone();
        async move { listed(&store, org, &filter, page).await.iter().map(|flow| flow.flow_id).collect::<Vec<_>>() }
    };
    assert_eq!(ids(ListFilter::default(), PAGE).await, [flows[1], flows[3], flows[2], flows[0]]);
    let first = ids(ListFilter::default(), ListPage { limit: 2, before: None }).await;
    assert_eq!(first, [flows[1], flows[3]]);
    assert_eq!(
        ids(ListFilter::default(), ListPage { limit: 9, before: Some(4) }).await,
        [flows[2], flows[0]]
    );
    let only = ListFilter { deleted: Deleted::Only, ..ListFilter::default() };
    assert_eq!(ids(only, PAGE).await, [flows[4]]);
    let number = ListFilter { phone_number_id: Some("phone of Flow 2".into()), ..ListFilter::default() };
    assert_eq!(ids(number, PAGE).await, [flows[2]]);
    let text = ListFilter { search: Some("w one".into()), ..ListFilter::default() };
    assert_eq!(ids(text, PAGE).await, [flows[1]]);
    let confined = ListFilter { confined_to: vec!["phone of Flow 0".into()], ..ListFilter::default() };
    assert_eq!(ids(confined, PAGE).await, [flows[0]]);
}

#[tokio::test]
async fn a_read_outlives_the_connection_it_found_broken() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org_id, flow_id) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org_id, flow_id, 0, "v1")]).await.unwrap();
    let reader = Reader::start(&store);
    let wanted = CurrentFlow { org_id, flow_id, in_force: false, version: Some(1), known: None };
    assert!(matches!(reader.ask(wanted).await.unwrap(), FoundFlow::Unchanged));
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() OFFSET 0) AS ended",
    )
    .fetch_one(store.pool())
    .await
    .unwrap();
    assert!(ended > 0);
    assert!(matches!(reader.ask(wanted).await.unwrap(), FoundFlow::Unchanged));
}

/// Plans are made once for a connection, often while tables are new. An index that serves lists must not be taken to find
/// one flow then: the plan would read all flows of the organization when there are many.
#[tokio::test]
async fn one_flow_is_found_by_its_key_however_small_the_tables_were_when_that_was_planned() {
    let database = support::database().await;
    let mut transaction = database.pool.begin().await.unwrap();
    sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *transaction).await.unwrap();
    let ids = "org_id = '00000000-0000-0000-0000-000000000001'";
    for (query, index) in [
        ("AND flow_id = '00000000-0000-0000-0000-000000000002'", "flow_view_pkey"),
        (
            "AND flow_id = '00000000-0000-0000-0000-000000000002' AND published_version IS NOT NULL",
            "flow_view_pkey",
        ),
        ("AND position > 0 ORDER BY position DESC LIMIT 50", "flow_view_newest"),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "EXPLAIN SELECT version FROM flow_view WHERE {ids} {query}"
        )))
        .fetch_all(&mut *transaction)
        .await
        .unwrap();
        assert!(plan.concat().contains(index), "{query}: {plan:?}");
    }
}
