//! Erasure on record: what goes, what stays, what is refused, and that it says so at every instant.

use flow_registry::evidence::ErasedContent;
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Selection};
use flow_registry::registry::integrity::Look;
use flow_registry::registry::verification::LiveVerification;
use flow_registry::registry::{PublishOrder, Registry, RegistryError, Selector};
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::hand::{Hand, hand, sound};

fn all(flow_id: Uuid) -> Selection {
    Selection::Versions { flow_id, from: 1, to: i64::MAX }
}

pub(super) fn order(selection: Selection) -> ErasureOrder {
    ErasureOrder::new(selection, "art. 17, asked for in May")
}

impl Hand {
    pub(super) fn erasures(&self) -> Erasures {
        Erasures::new(self.registry.store().clone())
    }

    async fn erase(&self, selection: Selection, also_shared: bool) -> Result<usize, RegistryError> {
        let order = ErasureOrder { also_shared, ..order(selection) };
        Ok(self.erasures().erase(&self.intent(), &order).await?.batches)
    }

    pub(super) async fn verdict(&self) -> String {
        let mut live = LiveVerification::begin(self.registry.store(), Vec::new(), Vec::new()).await.unwrap();
        let verdict = live.log(self.caller.org_id, |_| {}).await.unwrap().to_string();
        let mut walk = self.registry.integrity.walk().await.unwrap();
        let mut failures = 0;
        while let Some(Look { failures: found, .. }) = walk.next().await.unwrap() {
            failures += found.len();
        }
        // The slow walk says the same.
        assert_eq!(failures > 0, verdict.starts_with("altered"), "{verdict}");
        verdict.split(':').next().unwrap().to_owned()
    }

    /// In how many rows of the database a text stands, whatever table and column.
    pub(super) async fn rows_with(&self, text: &str) -> i64 {
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' \
             AND table_type = 'BASE TABLE'";
        let pool = self.registry.store().pool();
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(pool).await.unwrap();
        let mut found = 0;
        for table in tables {
            // Bytes are shown in hexadecimal.
            let hex = hex::encode(text);
            let count = format!(
                "SELECT count(*) FROM {table} t WHERE t::text ILIKE '%{text}%' OR t::text LIKE '%{hex}%'"
            );
            found += sqlx::query_scalar::<_, i64>(AssertSqlSafe(count)).fetch_one(pool).await.unwrap();
        }
        found
    }
}

#[tokio::test]
async fn a_deleted_flow_is_erased_on_record() {
    let hand = hand().await;
    let flow = hand.create(sound("Secreto de Ana")).await;
    hand.registry
        .commands
        .update(hand.intent(), flow, json!({"description": "Secreto de Ana"}), None)
        .await
        .unwrap();
    hand.registry.runs.run(hand.intent(), flow, json!({"messages": ["Secreto de Ana"]})).await.unwrap();
    let other = hand.create(sound("Otro")).await;
    let refused = hand.erase(all(flow), false).await.unwrap_err().to_string();
    assert!(refused.contains("content_in_use") && refused.contains(&flow.to_string()), "{refused}");
    hand.registry.commands.delete(hand.intent(), flow).await.unwrap();
    assert!(hand.rows_with("Secreto de Ana").await > 0);

    let telling = ErasureOrder { reason: "Secreto de Ana wants it".to_owned(), ..order(all(flow)) };
    let told = hand.erasures().erase(&hand.intent(), &telling).await;
    assert!(matches!(told, Err(RegistryError::ErasureRefused(_))), "{told:?}");
    let plan = hand.erasures().plan(hand.caller.org_id, &all(flow)).await.unwrap();
    assert_eq!((&plan.contexts, &plan.payloads), (&vec![1, 2, 4], &vec![1, 2, 4]));
    assert_eq!((plan.documents.len(), plan.shared.len()), (2, 0));
    assert_eq!(hand.erase(all(flow), false).await.unwrap(), 1);

    assert_eq!(hand.rows_with("Secreto de Ana").await, 0);
    assert_eq!(hand.verdict().await, "end not proven at position 5");
    let event: (String, Vec<u8>) = sqlx::query_as("SELECT type, payload FROM event WHERE position = 5")
        .fetch_one(hand.registry.store().pool())
        .await
        .unwrap();
    let told: ErasedContent = serde_json::from_slice(&event.1).unwrap();
    assert_eq!((event.0.as_str(), &told.contexts), ("content.erased", &vec![1, 2, 4]));
    assert_eq!(told.documents.len(), 2);
    // Nothing is left to be erased, and others go on.
    assert_eq!(hand.erase(all(flow), false).await.unwrap(), 0);
    hand.registry.commands.update(hand.intent(), other, json!({"name": "Otro más"}), None).await.unwrap();
    assert_eq!(
        hand.registry.reads.get(&hand.caller, other, Selector::Current).await.unwrap().record.version,
        2
    );
    let nobody = hand.erase(all(Uuid::new_v4()), false).await;
    assert!(matches!(nobody, Err(RegistryError::FlowNotFound)));
}

#[tokio::test]
async fn a_shared_document_goes_only_where_that_is_meant() {
    let hand = hand().await;
    let (one, other) = (hand.create(sound("Alta")).await, hand.create(sound("Alta")).await);
    for flow in [one, other] {
        hand.registry.commands.update(hand.intent(), flow, json!({"name": "Baja"}), None).await.unwrap();
    }
    let first = Selection::Versions { flow_id: one, from: 1, to: 1 };
    let refused = hand.erase(first.clone(), false).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("version 1 of the flow {other}")), "{refused}");
    assert_eq!(hand.erase(first.clone(), true).await.unwrap(), 1);
    for flow in [one, other] {
        let then = hand.registry.reads.get(&hand.caller, flow, Selector::Version(1)).await.unwrap();
        assert!(then.document.is_erased());
    }
    // Written again, it is there again, and nothing is altered.
    hand.registry.commands.update(hand.intent(), one, json!({"name": "Alta"}), None).await.unwrap();
    assert_eq!(hand.verdict().await, "end not proven at position 6");
    let pool = hand.registry.store().pool();
    let blank = "UPDATE document d SET bytes = NULL FROM event e WHERE e.position = 6 AND d.digest = e.document_digest \
         RETURNING (SELECT bytes FROM document o WHERE o.org_id = d.org_id AND o.digest = d.digest)";
    let content: Vec<u8> = sqlx::query_scalar(blank).fetch_one(pool).await.unwrap();
    assert_eq!(hand.verdict().await, "altered at position 6", "the erasure was before it was written again");
    assert_eq!(hand.erase(Selection::Absent, false).await.unwrap(), 1);
    assert_eq!(hand.verdict().await, "end not proven at position 7");
    assert_eq!(hand.erase(Selection::Absent, false).await.unwrap(), 0, "once is enough");
    let put_back = "UPDATE document SET bytes = $1 WHERE bytes IS NULL AND digest = sha256($1)";
    sqlx::query(put_back).bind(content).execute(pool).await.unwrap();
    hand.registry.commands.publish(hand.intent(), one, PublishOrder::default()).await.unwrap();
    let in_use = hand.erase(first.clone(), true).await.unwrap_err().to_string();
    assert!(in_use.contains("content_in_use"), "{in_use}");
}

#[tokio::test]
async fn what_was_blanked_by_hand_is_altered_until_it_is_on_record() {
    for blank in [
        "UPDATE event SET context = NULL WHERE position = 2",
        "UPDATE event SET payload = NULL WHERE position = 2",
        "UPDATE document SET bytes = NULL WHERE digest = (SELECT document_digest FROM event WHERE position = 2)",
    ] {
        let hand = hand().await;
        let flow = hand.create(sound("Alta")).await;
        for name in ["Baja", "Cambio"] {
            hand.registry.commands.update(hand.intent(), flow, json!({"name": name}), None).await.unwrap();
        }
        sqlx::query(blank).execute(hand.registry.store().pool()).await.unwrap();
        assert_eq!(hand.verdict().await, "altered at position 2", "{blank}");
        assert_eq!(hand.erase(Selection::Absent, false).await.unwrap(), 1);
        assert_eq!(hand.verdict().await, "end not proven at position 4", "{blank}");
        assert_eq!(hand.erase(Selection::Absent, false).await.unwrap(), 0, "once is enough");
    }
}

/// A draft that was blanked by hand, and is on record since, stays usable in ways that write no document.
#[tokio::test]
async fn a_flow_goes_on_without_its_draft() {
    let hand = hand().await;
    let commands = &hand.registry.commands;
    let flow = hand.create(sound("Alta")).await;
    commands.update(hand.intent(), flow, json!({"name": "Baja"}), None).await.unwrap();
    let blank = "UPDATE document SET bytes = NULL WHERE digest = (SELECT document_digest FROM event WHERE position = 2)";
    sqlx::query(blank).execute(hand.registry.store().pool()).await.unwrap();
    assert_eq!(hand.erase(Selection::Absent, false).await.unwrap(), 1);
    assert_eq!(hand.verdict().await, "end not proven at position 3");
    let fresh = Registry::new(hand.registry.store().clone());
    let pinned = PublishOrder { version: Some(1), label: None };
    fresh.commands.publish(hand.intent(), flow, pinned).await.unwrap();
    assert_eq!(hand.verdict().await, "end not proven at position 4");
    let disabled = fresh.commands.update(hand.intent(), flow, json!({"enabled": false}), None).await;
    assert!(matches!(disabled, Err(RegistryError::Erased)), "{disabled:?}");
    fresh.commands.update(hand.intent(), flow, json!({"enabled": true}), None).await.unwrap();
    fresh.commands.unpublish(hand.intent(), flow).await.unwrap();
    fresh.commands.delete(hand.intent(), flow).await.unwrap();
    assert_eq!(hand.verdict().await, "end not proven at position 6");
}

/// Edits of the flow, and of others, go on while thousands of its events are erased.
#[tokio::test]
async fn writes_go_on_while_a_long_flow_is_erased() {
    let hand = hand().await;
    let flow = hand.create(sound("Largo 0")).await;
    for n in 1..1500 {
        let name = json!({"name": format!("Largo {n}")});
        hand.registry.commands.update(hand.intent(), flow, name, None).await.unwrap();
    }
    let other = hand.create(sound("Otro")).await;
    let old = Selection::Versions { flow_id: flow, from: 1, to: 1400 };
    let erasing = hand.erase(old, false);
    let writing = async {
        for n in 0..40 {
            for flow in [flow, other] {
                let name = json!({"name": format!("Durante {n}")});
                hand.registry.commands.update(hand.intent(), flow, name, None).await.unwrap();
            }
        }
    };
    // The last version is the draft: nothing is begun.
    let refused = hand.erase(all(flow), false).await;
    assert!(matches!(refused, Err(RegistryError::ContentInUse(_))), "{refused:?}");
    assert_eq!(hand.rows_with("content.erased").await, 0);
    let (batches, ()) = tokio::join!(erasing, writing);
    assert_eq!(batches.unwrap(), 2);
    assert!(hand.verdict().await.starts_with("end not proven"));
}
