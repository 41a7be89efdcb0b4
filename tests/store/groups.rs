//! Appends of several rows that are written whole or not at all, and such as depend on what is in force.

use flow_registry::flow::event::EventType;
use flow_registry::store::{Append, InForceChange, Outcome};
use uuid::Uuid;

use super::known_heads::{Two, memories, two_logs};
use super::rows::{change, place, row, wrong_hashes};

#[tokio::test]
async fn a_group_is_written_whole_or_not_at_all() {
    for memory in memories() {
        let Two { store, mut memory, first, a, _database, .. } = two_logs(memory).await;
        let group = |rows: Vec<Append>, key: Option<&str>| {
            let answer =
                rows.iter().map(|row| (row.events[0].stream_id, row.events[0].expected + 1)).collect();
            let key = key.map(|key| flow_registry::store::KeyAnswer {
                idempotency: super::rows::idempotency(key, "r"),
                answer,
            });
            Append {
                org_id: first,
                events: rows.into_iter().flat_map(|row| row.events).collect(),
                key,
                in_force_at: None,
            }
        };
        let (b, c) = (Uuid::new_v4(), Uuid::new_v4());
        let stopped =
            group(vec![row(first, b, 0, "b1"), row(first, a, 0, "late"), row(first, c, 0, "c1")], Some("k"));
        let alone = row(first, Uuid::new_v4(), 0, "alone");
        let outcomes = store.append_with(&mut memory, &[stopped, alone]).await.unwrap();
        assert_eq!(outcomes[0], Outcome::Conflict { event: 1, version: 1 });
        assert_eq!(place(&outcomes[1]).position, 2, "nothing of the group is in the log");
        let whole =
            group(vec![row(first, b, 0, "b1"), row(first, a, 1, "a2"), row(first, c, 0, "c1")], Some("k"));
        let outcomes = store.append_with(&mut memory, std::slice::from_ref(&whole)).await.unwrap();
        let Outcome::Appended(places) = &outcomes[0] else { panic!("{outcomes:?}") };
        let places: Vec<_> = places.iter().map(|place| (place.version, place.position)).collect();
        assert_eq!(places, [(1, 3), (2, 4), (1, 5)]);
        let again = store.append_with(&mut memory, &[whole]).await.unwrap();
        assert_eq!(again, outcomes, "a group that is sent again is the same group");
        let other = group(vec![row(first, Uuid::new_v4(), 0, "d1")], Some("k"));
        let replayed = store.append_with(&mut memory, &[other]).await.unwrap();
        assert_eq!(replayed, [Outcome::Replayed(vec![(b, 1), (a, 2), (c, 1)])]);
        assert_eq!(wrong_hashes(&store).await, 0);
    }
}

/// A row that puts the flow in force.
fn put_in_force(org_id: Uuid, flow: Uuid, expected: i64) -> Append {
    let mut row = row(org_id, flow, expected, "in force");
    change(&mut row).in_force = Some(InForceChange::Kept);
    row
}

#[tokio::test]
async fn what_depends_on_what_is_in_force_is_written_while_that_stays() {
    for memory in memories() {
        let Two { store, mut memory, first, a, _database, .. } = two_logs(memory).await;
        let depending = |row: Append, position| Append { in_force_at: Some(position), ..row };
        store.append_with(&mut memory, &[put_in_force(first, a, 1)]).await.unwrap();
        assert_eq!(store.in_force_position(first).await.unwrap(), 2);
        // What changes nothing that is in force does not matter, nor who else wrote it.
        store.append(&[row(first, a, 2, "a3")]).await.unwrap();
        let sent = depending(put_in_force(first, Uuid::new_v4(), 0), 2);
        let written = store.append_with(&mut memory, std::slice::from_ref(&sent)).await.unwrap();
        assert_eq!(place(&written[0]).position, 4);
        let again = store.append_with(&mut memory, &[sent]).await.unwrap();
        assert_eq!(again, written, "a row that is sent again is the same row");
        let late = [depending(row(first, a, 3, "a4"), 2), row(first, Uuid::new_v4(), 0, "alone")];
        let outcomes = store.append_with(&mut memory, &late).await.unwrap();
        assert_eq!(outcomes[0], Outcome::InForceMoved);
        assert_eq!(place(&outcomes[1]).position, 5, "it keeps no other row from its place");
        // Of two in one call the second finds what the first did.
        let mut together =
            [depending(put_in_force(first, a, 3), 4), depending(row(first, Uuid::new_v4(), 0, "c"), 4)];
        together.sort_by_key(|row| row.events[0].event_type != EventType::FlowUpdated);
        let outcomes = store.append_with(&mut memory, &together).await.unwrap();
        assert_eq!((place(&outcomes[0]).position, &outcomes[1]), (6, &Outcome::InForceMoved));
        assert_eq!(wrong_hashes(&store).await, 0);
    }
}
