//! Projections against the log: what appends keep is what the log leads to, and whatever was altered is found.

use flow_registry::flow::event::RestoreMode;
use flow_registry::registry::access::{KeyMode, operator};
use flow_registry::registry::caller::Intent;
use flow_registry::registry::projections::{Drift, Projections, Trouble};
use flow_registry::registry::{
    DuplicateOrder, PublishOrder, RegistryError, RestoreOrder, RestoreSource, Written,
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::hand::{Hand, hand, sound};

/// The same numbers every time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

impl Hand {
    /// Something that may be done to one of the flows, or refused.
    pub(super) async fn do_something(&self, dice: &mut Dice, flows: &mut Vec<Uuid>) {
        let (flow, what, number) = (flows[dice.roll(flows.len())], dice.roll(12), dice.roll(4) as i64);
        let intent = Intent { reason: Some("porque sí".into()), ..self.intent() };
        let registry = &self.registry;
        let update = |body| registry.commands.update(intent.clone(), flow, body, None);
        let restore = |mode| {
            let order = RestoreOrder { source: RestoreSource::Version(number + 1), mode };
            registry.commands.restore(intent.clone(), flow, order)
        };
        let done: Result<Written, RegistryError> = match what {
            0 => registry.commands.create(intent, sound(&format!("Flujo {number}"))).await,
            1 => update(json!({"name": format!("  Año {number} "), "description": "¿Qué tal?"})).await,
            2 => update(json!({"phoneNumberId": format!("{number}"), "description": null})).await,
            3 => update(json!({"enabled": number % 2 == 0, "name": "Otro"})).await,
            4 | 5 => registry.commands.publish(intent, flow, PublishOrder::default()).await,
            6 => {
                let order = PublishOrder { version: Some(number + 1), label: None };
                registry.commands.publish(intent, flow, order).await
            }
            7 => registry.commands.unpublish(intent, flow).await,
            8 => registry.commands.duplicate(intent, flow, DuplicateOrder::default()).await,
            9 => registry.commands.delete(intent, flow).await,
            10 => restore(RestoreMode::Draft).await,
            _ => restore(RestoreMode::Live).await,
        };
        match done {
            Ok(written) if !flows.contains(&written.flow.record.flow_id) => {
                flows.push(written.flow.record.flow_id);
            }
            Err(RegistryError::Store(error)) => panic!("{error}"),
            _ => {}
        }
    }

    /// Some flows with a past, and a key that was changed and one that was revoked.
    pub(super) async fn with_a_past(&self, seed: u64) -> Vec<Uuid> {
        let (mut dice, mut flows) = (Dice(seed), vec![self.create(sound("Uno")).await]);
        for _ in 0..150 {
            self.do_something(&mut dice, &mut flows).await;
        }
        let keys = &self.registry.keys;
        for n in 0..2 {
            let intent = operator(self.caller.org_id, "ana");
            let body =
                json!({"name": "llave", "phoneNumberIds": ["7"], "expiresAt": "2999-01-01T00:00:00.5Z"});
            let key = keys.create(intent.clone(), KeyMode::Live, &body).await.unwrap().key.id;
            keys.change(intent.clone(), key, &json!({"name": "otra", "scopes": ["auditor"]})).await.unwrap();
            if n == 1 {
                keys.revoke(intent, key).await.unwrap();
            }
        }
        flows
    }

    pub(super) fn projections(&self) -> Projections {
        Projections::new(self.registry.store().clone())
    }

    pub(super) async fn check(&self) -> Vec<Drift> {
        let mut walk = self.projections().walk(None).await.unwrap().expect("all organizations");
        let mut drifts = Vec::new();
        while let Some(batch) = walk.next().await.unwrap() {
            drifts.extend_from_slice(batch.drifts());
        }
        drifts
    }

    /// What could not be put right.
    pub(super) async fn rebuild(&self) -> Vec<Drift> {
        let mut walk =
            self.projections().walk(Some(self.caller.org_id)).await.unwrap().expect("it has a log");
        let mut left = Vec::new();
        while let Some(batch) = walk.next().await.unwrap() {
            left.extend(self.projections().mend(batch).await.unwrap());
        }
        left
    }

    pub(super) async fn execute(&self, sql: impl Into<String>) {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(self.registry.store().pool()).await;
        done.unwrap();
    }

    /// Every row of both projections, as Postgres writes it in JSON.
    pub(super) async fn rows(&self) -> Vec<Value> {
        let rows = "SELECT to_jsonb(v) FROM flow_view v UNION ALL SELECT to_jsonb(k) FROM api_key k \
             UNION ALL SELECT to_jsonb(s) - 'since_position' FROM flow_search s \
             UNION ALL SELECT to_jsonb(r) - 'since_version' FROM flow_reference r ORDER BY 1";
        sqlx::query_scalar(rows).fetch_all(self.registry.store().pool()).await.unwrap()
    }
}

#[tokio::test]
async fn appends_keep_what_a_rebuild_makes_of_nothing() {
    for seed in 0..3 {
        let hand = hand().await;
        hand.with_a_past(seed).await;
        assert_eq!(hand.check().await, [], "seed {seed}");
        let before = hand.rows().await;
        hand.execute("TRUNCATE flow_view").await;
        let found = hand.check().await;
        assert!(found.iter().all(|drift| drift.trouble == Trouble::Missing) && !found.is_empty());
        assert_eq!(hand.rebuild().await, []);
        assert_eq!(hand.rows().await, before, "seed {seed}");
    }
}

#[tokio::test]
async fn every_altered_column_is_found_and_put_right() {
    let hand = hand().await;
    hand.with_a_past(7).await;
    let mut listening = sound("Palabras");
    listening["triggerType"] = json!("KEYWORD");
    listening["triggerConfig"] = json!({"keywords": ["Hola"]});
    let listening = hand.create(listening).await;
    hand.registry.commands.publish(hand.intent(), listening, PublishOrder::default()).await.unwrap();
    let before = hand.rows().await;
    let flow = "flow_view SET";
    let key = "api_key SET";
    for (table, column, value) in [
        (flow, "version", "version - 1"),
        (flow, "position", "position + 1000"),
        (flow, "document_digest", "sha256('x')"),
        (flow, "phone_number_id", "coalesce(phone_number_id, '') || '9'"),
        ("flow_search SET", "search", "text || 'x'"),
        (flow, "enabled", "NOT enabled"),
        (flow, "deleted", "NOT deleted"),
        (flow, "published_version", "coalesce(published_version, 0) + 1"),
        (flow, "published_by_version", "coalesce(published_by_version, 0) + 1"),
        (flow, "published_at", "now()"),
        (flow, "published_digest", "sha256('x')"),
        (flow, "published_phone_number_id", "'x'"),
        ("flow_search SET", "published_search", "text || 'x'"),
        ("flow_search SET", "folding", "0"),
        ("flow_reference SET", "references", "value || 'x'"),
        (flow, "created_at", "now()"),
        (flow, "created_by", "'{}'"),
        (flow, "updated_at", "now()"),
        (flow, "created_at", "'infinity'"),
        (flow, "updated_by", "'{}'"),
        (flow, "duplicated_from_flow", "gen_random_uuid()"),
        (flow, "duplicated_from_version", "77"),
        (flow, "restored_from", "77"),
        (key, "version", "version + 1"),
        (key, "prefix", "'mk_live_x'"),
        (key, "name", "'x'"),
        (key, "scopes", "'{keys:manage}'"),
        (key, "phone_number_ids", "'{}'"),
        (key, "created_at", "now()"),
        (key, "created_at", "'-infinity'"),
        (key, "expires_at", "NULL"),
        (key, "revoked_at", "CASE WHEN revoked_at IS NULL THEN now() END"),
    ] {
        let set = match column {
            "search" => format!("text = {value} WHERE NOT in_force"),
            "published_search" => format!("text = {value} WHERE in_force"),
            "references" => format!("value = {value}"),
            column => format!("{column} = {value}"),
        };
        hand.execute(format!("UPDATE {table} {set}")).await;
        let found = hand.check().await;
        assert!(!found.is_empty(), "{table} {column}");
        for drift in &found {
            let Trouble::Differs { differences } = &drift.trouble else { panic!("{drift:?}") };
            assert_eq!((differences.len(), differences[0].column), (1, column), "{differences:?}");
        }
        assert_eq!(hand.rebuild().await, []);
        assert_eq!(hand.rows().await, before, "{table} {column}");
    }
}

#[tokio::test]
async fn rows_that_nobody_recorded_go_and_lost_secrets_are_named() {
    let hand = hand().await;
    hand.with_a_past(8).await;
    let before = hand.rows().await;
    hand.execute(
        "INSERT INTO flow_view (org_id, flow_id, version, position, document_digest, enabled, deleted, created_at, \
           created_by, updated_at, updated_by) \
         SELECT org_id, gen_random_uuid(), version, position, document_digest, true, false, now(), '{}', now(), '{}' \
         FROM flow_view LIMIT 1; \
         INSERT INTO api_key SELECT org_id, gen_random_uuid(), 1, 'mk_live_0000000000', secret_hash, 'planted', \
         '{keys:manage}', '{}', now(), NULL, NULL, NULL FROM api_key LIMIT 1",
    )
    .await;
    let planted = hand.check().await;
    assert_eq!(planted.len(), 2);
    assert!(planted.iter().all(|drift| drift.trouble == Trouble::Unrecorded));
    assert_eq!(hand.rebuild().await, []);
    assert_eq!(hand.rows().await, before);
    hand.execute("DELETE FROM api_key").await;
    let lost = hand.rebuild().await;
    assert_eq!(lost.len(), 2);
    assert!(lost.iter().all(|drift| drift.resource == "api_key" && drift.trouble == Trouble::Missing));
}

#[tokio::test]
async fn what_is_wrong_with_the_log_is_told_and_left_alone() {
    let hand = hand().await;
    let flow = hand.create(sound("Uno")).await;
    hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    let alter = |sql: &str| {
        hand.execute(format!(
            "ALTER TABLE event DISABLE TRIGGER ALL; {sql}; ALTER TABLE event ENABLE TRIGGER ALL"
        ))
    };
    alter("UPDATE event SET enabled = false WHERE version = 2").await;
    let found = hand.rebuild().await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].trouble, Trouble::Broken { version: 2 });
    alter("UPDATE event SET type = 'flow.renamed' WHERE version = 2").await;
    let found = hand.rebuild().await;
    let event_type = "flow.renamed".to_owned();
    assert_eq!(found[0].trouble, Trouble::Unknown { version: 2, event_type });
    hand.execute(format!(
        "INSERT INTO actor VALUES ('{}', gen_random_uuid(), 'user:eva')",
        hand.caller.org_id
    ))
    .await;
    alter(
        "UPDATE event SET type = 'flow.published', enabled = true, \
           actor = (SELECT id FROM actor WHERE subject = 'user:eva') WHERE version = 2",
    )
    .await;
    let found = hand.rebuild().await;
    assert_eq!((found.len(), found[0].resource, found[0].position), (1, "flow", Some(2)));
    let said = found[0].trouble.to_string();
    assert!(said.starts_with("version 2 is listed under user:eva, and its context says "), "{said}");
}

/// Neither for the streams that are looked at together with it, nor for organizations that come later.
#[tokio::test]
async fn what_cannot_be_read_ends_no_walk() {
    let hand = hand().await;
    let flows =
        [hand.create(sound("Uno")).await, hand.create(sound("Dos")).await, hand.create(sound("Tres")).await];
    hand.execute(format!(
        "ALTER TABLE event DISABLE TRIGGER ALL; \
         UPDATE event SET stream_kind = 77 WHERE stream_id = '{}'; \
         UPDATE event SET document_digest = 'x' WHERE stream_id = '{}'; \
         INSERT INTO flow_view (org_id, flow_id, version, position, document_digest, enabled, deleted, created_at, \
           created_by, updated_at, updated_by) SELECT 'ffffffff-ffff-ffff-ffff-ffffffffffff', flow_id, version, \
           position, document_digest, true, false, now(), '{{}}', now(), '{{}}' FROM flow_view WHERE flow_id = '{}'; \
         UPDATE flow_view SET enabled = false WHERE flow_id = '{}'; \
         INSERT INTO flow_view (org_id, flow_id, version, position, document_digest, enabled, deleted, created_at, \
           created_by, updated_at, updated_by) SELECT '00000000-0000-0000-0000-000000000000', \
           '00000000-0000-0000-0000-000000000000', version, position, document_digest, true, false, now(), '{{}}', now(), \
           '{{}}' FROM flow_view WHERE flow_id = '{}' LIMIT 1",
        flows[0], flows[1], flows[2], flows[2], flows[2]
    ))
    .await;
    let found = hand.check().await;
    let of = |id: Uuid| found.iter().filter(move |drift| drift.id == id).collect::<Vec<_>>();
    let unreadable = |id: Uuid, says: &str| {
        let Trouble::Unreadable { why } = &of(id)[0].trouble else { panic!("{found:?}") };
        assert!(why.contains(says), "{why}");
    };
    unreadable(flows[0], "no event of such a stream");
    unreadable(flows[1], "not 32 bytes");
    assert_eq!(of(flows[2]).len(), 2, "that of its own organization, and a planted one: {found:?}");
    assert_eq!(found[0].organization_id, Uuid::nil(), "the first of all ids is none to skip");
    assert_eq!((of(Uuid::nil()).len(), found.len()), (1, 5), "{found:?}");
}
