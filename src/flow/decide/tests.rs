//! What orders come to, one by one and one after the other.

use proptest::prelude::*;

use super::*;

fn digest(n: u8) -> Digest {
    Digest::of(&[n])
}

/// Runs orders one after the other; refusals and no-ops leave the flow as it was.
fn play(orders: &[Order]) -> Vec<DecidedChange> {
    let mut current = None;
    let mut changes = Vec::new();
    for order in orders {
        if let Ok(Decision::Event(change)) = decide(current.as_ref(), order.clone()) {
            current = Some(Current {
                version: change.version,
                state: change.after,
                published_document: change.published_document,
            });
            changes.push(change);
        }
    }
    changes
}

fn created() -> Order {
    Order::Create { document: digest(0) }
}

fn update(n: u8) -> Order {
    Order::Update { document: digest(n), enabled: None, changed: vec!["steps.a.text".into()] }
}

fn publish(version: Option<i64>, n: u8) -> Order {
    Order::Publish(Candidate { version, document: digest(n), has_errors: false })
}

fn restore(from_version: i64, n: u8, mode: RestoreMode) -> Order {
    let changed = vec![];
    Order::Restore(Restoration { from_version, document: digest(n), mode, is_publishable: true, changed })
}

#[test]
fn publish_pins_its_own_version_and_later_edits_leave_it() {
    let changes = play(&[created(), publish(None, 0), update(1)]);
    let last = changes.last().unwrap();
    assert_eq!(
        (last.version, last.after.published_version, last.after.published_by_version),
        (3, Some(2), Some(2))
    );
    assert_eq!(last.published_document, Some(digest(0)));
    assert_eq!(last.after.document, Some(digest(1)));
}

#[test]
fn publishing_an_earlier_version_leaves_the_draft() {
    let changes = play(&[created(), update(1), publish(Some(1), 0)]);
    let last = changes.last().unwrap();
    assert_eq!(last.after.document, Some(digest(1)));
    assert_eq!((last.after.published_version, last.after.published_by_version), (Some(1), Some(3)));
    assert_eq!(last.published_document, Some(digest(0)));
}

#[test]
fn what_is_so_already_is_no_event() {
    assert_eq!(play(&[created(), publish(None, 0), publish(None, 0)]).len(), 2);
    assert_eq!(play(&[created(), Order::Unpublish]).len(), 1);
    assert_eq!(play(&[created(), update(0)]).len(), 1);
    let off = Order::Update { document: digest(0), enabled: Some(false), changed: vec![] };
    let changes = play(&[created(), publish(None, 0), off.clone(), off, publish(None, 0)]);
    assert_eq!(changes.len(), 4, "publishing a disabled flow enables it again");
    assert!(changes[3].after.enabled && !changes[2].after.enabled);
}

#[test]
fn a_deleted_flow_only_takes_a_restore() {
    let mut orders = vec![created(), publish(None, 0), Order::Delete];
    assert_eq!(play(&orders)[2].after.published_version, None);
    orders.extend([update(3), publish(None, 0), Order::Unpublish, Order::Delete]);
    assert_eq!(play(&orders).len(), 3);
    orders.push(restore(1, 0, RestoreMode::Live));
    let last = play(&orders).pop().unwrap();
    assert!(!last.after.deleted);
    assert_eq!(
        (last.version, last.after.published_version, last.published_document),
        (4, Some(4), Some(digest(0)))
    );
}

#[test]
fn errors_block_publishing() {
    let current = Current { version: 1, state: play(&[created()])[0].after, published_document: None };
    let order = Order::Publish(Candidate { version: None, document: digest(0), has_errors: true });
    assert_eq!(decide(Some(&current), order), Err(Refusal::NotPublishable));
}

#[test]
fn errors_block_a_restore_to_live_that_would_change_anything() {
    let blocked = |n, mode| match restore(1, n, mode) {
        Order::Restore(restoration) => Order::Restore(Restoration { is_publishable: false, ..restoration }),
        other => other,
    };
    let last = play(&[created(), publish(None, 0), update(1)]).pop().unwrap();
    let current =
        Current { version: last.version, state: last.after, published_document: last.published_document };
    let decide = |order| decide(Some(&current), order);
    assert_eq!(decide(blocked(2, RestoreMode::Live)), Err(Refusal::NotPublishable));
    assert!(matches!(decide(blocked(2, RestoreMode::Draft)), Ok(Decision::Event(_))));
    assert_eq!(decide(blocked(1, RestoreMode::Draft)), Ok(Decision::Nothing));
}

fn any_order() -> impl Strategy<Value = Order> {
    prop_oneof![
        (0..4u8, proptest::option::of(any::<bool>())).prop_map(|(n, enabled)| Order::Update {
            document: digest(n),
            enabled,
            changed: vec![]
        }),
        (0..4u8).prop_map(|n| publish(None, n)),
        (0..4u8, 1..5i64).prop_map(|(n, version)| publish(Some(version), n)),
        Just(Order::Unpublish),
        Just(Order::Delete),
        (1..5i64, 0..4u8, any::<bool>()).prop_map(|(from_version, n, live)| {
            restore(from_version, n, if live { RestoreMode::Live } else { RestoreMode::Draft })
        }),
    ]
}

proptest! {
    #[test]
    fn deciding_twice_is_a_no_op(orders in proptest::collection::vec(any_order(), 0..20), order in any_order()) {
        let mut script = vec![created()];
        script.extend(orders);
        script.push(order.clone());
        let once = play(&script).len();
        script.push(order);
        prop_assert_eq!(play(&script).len(), once);
    }

    #[test]
    fn versions_have_no_holes_and_published_goes_with_its_document(orders in proptest::collection::vec(any_order(), 0..20)) {
        let mut script = vec![created()];
        script.extend(orders);
        for (index, change) in play(&script).iter().enumerate() {
            prop_assert_eq!(change.version, index as i64 + 1);
            prop_assert_eq!(change.published_document.is_some(), change.after.published_version.is_some());
            prop_assert!(!(change.after.deleted && change.after.published_version.is_some()));
        }
    }
}
