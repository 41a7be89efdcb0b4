//! Checkpoints as they are kept, and which logs are due for one.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use flow_registry::store::{Store, StoredCheckpoint};
use uuid::Uuid;

use super::rows::{row, two_organizations};
use crate::support;

fn checkpoint(position: i64, note: &str, signed_at: DateTime<Utc>) -> StoredCheckpoint {
    StoredCheckpoint { position, note: note.to_owned(), signed_at }
}

#[tokio::test]
async fn a_checkpoint_stays_and_only_gains_signatures() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, other) = two_organizations();
    let now = DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).unwrap();
    let put = async |org, position, note: &str| {
        store.put_checkpoint(org, &checkpoint(position, note, now)).await.unwrap()
    };
    assert!(put(org, 3, "text\nold\n").await);
    assert!(put(org, 3, "text\nold\n").await);
    assert!(!put(org, 3, "text\nother\n").await);
    assert!(put(org, 3, "text\nold\nnew\n").await);
    assert!(!put(org, 3, "text\nold\n").await);
    assert!(put(org, 7, "seven\n").await && put(org, 5, "five\n").await && put(other, 6, "foreign\n").await);

    let kept = checkpoint(3, "text\nold\nnew\n", now);
    let (five, seven) = (checkpoint(5, "five\n", now), checkpoint(7, "seven\n", now));
    assert_eq!(store.latest_checkpoint(org).await.unwrap().as_ref(), Some(&seven));
    assert_eq!(store.latest_checkpoint(Uuid::new_v4()).await.unwrap(), None);
    assert_eq!(store.checkpoints(org, 0, i64::MAX).await.unwrap(), [kept, five.clone(), seven]);
    assert_eq!(store.checkpoints(org, 3, 5).await.unwrap(), [five]);
}

#[tokio::test]
async fn a_log_is_due_when_its_checkpoint_is_old_or_far_back() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (quiet, busy) = two_organizations();
    let flow = Uuid::new_v4();
    store.append(&[row(quiet, flow, 0, "a"), row(busy, flow, 0, "a")]).await.unwrap();
    let minute = Duration::from_secs(60);
    let due = async |within| {
        let mut due = store.checkpoints_due(within, 3, minute).await.unwrap();
        due.sort();
        due
    };
    assert_eq!(due(None).await, [(quiet, false), (busy, false)]);
    assert_eq!(due(Some(minute)).await.len(), 2);
    assert_eq!(due(Some(Duration::ZERO)).await, []);
    let now = Utc::now();
    for (org, signed_at) in [(quiet, now - TimeDelta::seconds(61)), (busy, now)] {
        assert!(store.put_checkpoint(org, &checkpoint(1, "note\n", signed_at)).await.unwrap());
    }
    // Nothing has moved since, however old the checkpoint.
    assert_eq!(due(None).await, []);
    store.append(&[row(quiet, flow, 1, "b"), row(busy, flow, 1, "b")]).await.unwrap();
    assert_eq!(due(None).await, [(quiet, false)]);
    for (expected, text) in [(2, "c"), (3, "d")] {
        store.append(&[row(busy, flow, expected, text)]).await.unwrap();
    }
    assert_eq!(due(None).await, [(quiet, false), (busy, true)]);
}

#[tokio::test]
async fn events_are_read_with_all_that_is_hashed() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    for version in 0..5 {
        store.append(&[row(org, flow, version, &format!("v{version}"))]).await.unwrap();
    }
    let mut reading = store.reading().await.unwrap();
    let events = reading.events(org, 1, 2).await.unwrap();
    assert_eq!(events.iter().map(|event| event.position).collect::<Vec<_>>(), [2, 3]);
    for event in reading.events(org, 0, 100).await.unwrap() {
        assert_eq!(event.hash(org), Some(event.event_hash));
    }
    for statement in [
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "UPDATE event SET recorded_at = 'infinity', event_hash = 'x' WHERE position = 2",
    ] {
        sqlx::query(statement).execute(store.pool()).await.unwrap();
    }
    let strange = &store.reading().await.unwrap().events(org, 1, 1).await.unwrap()[0];
    assert_eq!((strange.recorded_at_us, strange.event_hash.0), (i64::MAX, [0; 32]));
}
