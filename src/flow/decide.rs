//! Decide: what an order does to a flow in a given state. One event, nothing, or a refusal.
//! The state after is always computed by `fold`, so the two cannot disagree.

use uuid::Uuid;

use super::digest::Digest;
use super::event::{EventType, Payload, RestoreMode, State};
use super::fold::{Fact, fold};

/// A flow as a command finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Current {
    pub version: i64,
    pub state: State,
    /// Digest of the document in force, if one is published.
    pub published_document: Option<Digest>,
}

/// A document somebody wants in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// A version of this flow to pin; `None` publishes the draft.
    pub version: Option<i64>,
    pub document: Digest,
    /// Whether validation found errors in it.
    pub has_errors: bool,
}

/// A document of the past that somebody wants back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    pub from_version: i64,
    pub document: Digest,
    pub mode: RestoreMode,
    /// Without errors, or in force at some time before.
    pub is_publishable: bool,
    pub changed: Vec<String>,
}

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Create { document: Digest },
    Duplicate { document: Digest, source_flow_id: Uuid, source_version: i64 },
    Update { document: Digest, enabled: Option<bool>, changed: Vec<String> },
    Publish(Candidate),
    Unpublish,
    Delete,
    Restore(Restoration),
}

/// Why an order is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such flow, or it is deleted")]
    NotFound,
    #[error("the document has errors and cannot be put in force")]
    NotPublishable,
}

/// The event an order leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedChange {
    pub version: i64,
    pub event_type: EventType,
    pub payload: Payload,
    pub after: State,
    /// Digest of the document in force after the event.
    pub published_document: Option<Digest>,
}

/// What an accepted order does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "short-lived, never stored in bulk")]
pub enum Decision {
    /// Everything is already as ordered: no event.
    Nothing,
    Event(DecidedChange),
}

/// Decides `order` on a flow (`None`: there is none yet).
pub fn decide(current: Option<&Current>, order: Order) -> Result<Decision, Refusal> {
    let (event_type, document, payload) = match order {
        Order::Create { document } => (EventType::FlowCreated, document, Payload::default()),
        Order::Duplicate { document, source_flow_id, source_version } => {
            let payload = Payload {
                source_flow_id: Some(source_flow_id),
                source_version: Some(source_version),
                ..Payload::default()
            };
            (EventType::FlowDuplicated, document, payload)
        }
        order => {
            let current = current.ok_or(Refusal::NotFound)?;
            match change(current, order)? {
                Some(change) => change,
                None => return Ok(Decision::Nothing),
            }
        }
    };
    let version = current.map_or(0, |current| current.version) + 1;
    let fact = Fact { version, event_type, payload: &payload, document };
    let after = fold(current.map(|current| current.state), fact);
    Ok(Decision::Event(DecidedChange {
        version,
        event_type,
        published_document: published_document(current, event_type, document, &after),
        payload,
        after,
    }))
}

type Event = (EventType, Digest, Payload);

/// What an order on an existing flow changes; `None` when it is so already.
fn change(current: &Current, order: Order) -> Result<Option<Event>, Refusal> {
    let state = &current.state;
    if state.deleted && !matches!(order, Order::Restore(_)) {
        return Err(Refusal::NotFound);
    }
    let draft = state.document.expect("a flow has a draft");
    Ok(match order {
        Order::Create { .. } | Order::Duplicate { .. } => unreachable!("they start a flow of their own"),
        Order::Update { document, enabled, mut changed } => {
            let enabled = enabled.filter(|enabled| *enabled != state.enabled);
            if Some(document) == state.document && enabled.is_none() {
                return Ok(None);
            }
            if enabled.is_some() {
                changed.push("enabled".to_owned());
            }
            let payload = Payload { enabled, ..Payload::default() }.with_changed(changed);
            Some((EventType::FlowUpdated, document, payload))
        }
        Order::Publish(candidate) => {
            let in_force = current.published_document == Some(candidate.document) && state.enabled;
            if in_force {
                return Ok(None);
            }
            if candidate.has_errors {
                return Err(Refusal::NotPublishable);
            }
            let published_version = candidate.version.unwrap_or(current.version + 1);
            let payload = Payload { published_version: Some(published_version), ..Payload::default() };
            // The draft stays as it is; the pinned version alone says what is in force.
            Some((EventType::FlowPublished, candidate.document, payload))
        }
        Order::Unpublish => {
            state.published_version.map(|_| (EventType::FlowUnpublished, draft, Payload::default()))
        }
        Order::Delete => Some((EventType::FlowDeleted, draft, Payload::default())),
        Order::Restore(Restoration { from_version, document, mode, is_publishable, changed }) => {
            let same_draft = !state.deleted && Some(document) == state.document;
            let same_live = mode == RestoreMode::Draft || current.published_document == Some(document);
            if same_draft && same_live {
                return Ok(None);
            }
            if mode == RestoreMode::Live && !is_publishable {
                return Err(Refusal::NotPublishable);
            }
            let payload =
                Payload { from_version: Some(from_version), mode: Some(mode), ..Payload::default() }
                    .with_changed(changed);
            Some((EventType::FlowRestored, document, payload))
        }
    })
}

fn published_document(
    current: Option<&Current>,
    event_type: EventType,
    document: Digest,
    after: &State,
) -> Option<Digest> {
    after.published_version?;
    let put_in_force = match event_type {
        EventType::FlowPublished => true,
        EventType::FlowRestored => {
            after.published_by_version != current.and_then(|c| c.state.published_by_version)
        }
        _ => false,
    };
    if put_in_force { Some(document) } else { current.and_then(|current| current.published_document) }
}

#[cfg(test)]
mod tests {
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
            Order::Restore(restoration) => {
                Order::Restore(Restoration { is_publishable: false, ..restoration })
            }
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
}
