//! Snapshots: the same as long as nothing was committed, and another one as soon as anything was.

use flow_registry::store::{CurrentFlow, CurrentHead, CurrentSnapshot, FlowAtVersion, Reader, Store};
use uuid::Uuid;

use super::rows::row;
use crate::support;

#[tokio::test]
async fn every_commit_is_another_snapshot_for_all_readers() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (snapshots, flows) = (Reader::start(&store), Reader::start(&store));
    let (heads, versions) = (Reader::start(&store), Reader::start(&store));
    let (org_id, flow_id) = (Uuid::new_v4(), Uuid::new_v4());
    let mut before = snapshots.ask(CurrentSnapshot).await.unwrap();
    for version in 0..20 {
        store.append(&[row(org_id, flow_id, version, "a")]).await.unwrap();
        let now = snapshots.ask(CurrentSnapshot).await.unwrap();
        assert_ne!(now, before);
        before = now;
    }
    // Commits to other databases of the server count too, and may come at any time.
    for _ in 0..10_000 {
        let now = snapshots.ask(CurrentSnapshot).await.unwrap();
        let at_version = FlowAtVersion { org_id, flow_id, version: 7, known: None, bound_to: None };
        let seen = [
            flows.ask(CurrentFlow { org_id, flow_id, in_force: false, version: Some(20), known: None }).await.unwrap().1,
            heads.ask(CurrentHead { org_id }).await.unwrap().1,
            versions.ask(at_version).await.unwrap().1,
            store.latest_snapshot(),
        ];
        if seen == [now; 4] {
            return;
        }
    }
    panic!("no two statements ever saw the same");
}
