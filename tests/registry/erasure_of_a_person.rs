//! Erasure of a person: every place that can hold a name, what is refused, crashes in the middle, and who acts meanwhile.

use std::collections::BTreeSet;

use flow_registry::evidence::ErasedContent;
use flow_registry::flow::event::{Actor, ActorKind};
use flow_registry::registry::access::{KeyMode, operator};
use flow_registry::registry::caller::{Caller, Intent};
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Person, Selection};
use flow_registry::registry::{RegistryError, Selector};
use flow_registry::store::{REACH, Reach, Store};
use serde_json::json;
use sqlx::PgPool;

use super::erasure::order;
use super::hand::{Hand, hand, sound};

fn person(texts: &[&str]) -> Selection {
    Selection::Person(Person::named(texts.iter().map(|&text| text.to_owned()).collect()).unwrap())
}

impl Hand {
    /// A command by somebody with a token.
    fn intent_of(&self, subject: &str) -> Intent {
        let actor =
            Actor { kind: ActorKind::User, id: subject.to_owned(), name: Some("Ana Pérez".to_owned()) };
        let caller = Caller { actor, key_prefix: None, ..self.caller.clone() };
        Intent { caller, on_behalf_of: None, ..self.intent() }
    }

    /// Whoever erases: not somebody who acts for a person that is erased.
    fn eraser(&self) -> Intent {
        operator(self.caller.org_id, "dpo")
    }

    async fn erase_person(&self, texts: &[&str]) -> Result<usize, RegistryError> {
        Ok(self.erasures().erase(&self.eraser(), &order(person(texts))).await?.batches)
    }
}

/// Every column of texts or bytes is one that erasure names, and it names no other.
#[tokio::test]
async fn erasure_knows_every_column_that_can_hold_a_name() {
    let hand = hand().await;
    let columns = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c \
         JOIN information_schema.tables t USING (table_schema, table_name) \
         WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type NOT IN ('uuid', 'bigint', \
             'smallint', 'integer', 'boolean', 'timestamp with time zone')";
    let stored: Vec<(String, String)> =
        sqlx::query_as(columns).fetch_all(hand.registry.store().pool()).await.unwrap();
    let stored: BTreeSet<(String, String)> = stored.into_iter().collect();
    let known = REACH.iter().flat_map(|(table, columns)| {
        columns.iter().map(|(column, _)| ((*table).to_owned(), (*column).to_owned()))
    });
    assert_eq!(known.collect::<BTreeSet<_>>(), stored);
    let never = |reach: &Reach| matches!(reach, Reach::Never(_));
    assert!(REACH.iter().flat_map(|(_, columns)| *columns).any(|(_, reach)| !never(reach)));
}

#[tokio::test]
async fn everything_that_names_a_person_goes() {
    let hand = hand().await;
    let keys = &hand.registry.keys;
    let named = json!({"name": "Ana Pérez, soporte"});
    let key = keys.create(hand.eraser(), KeyMode::Live, &named).await.unwrap().key;
    let gone = keys.create(hand.eraser(), KeyMode::Live, &json!({"name": "de Ana Pérez"})).await.unwrap().key;
    keys.revoke(hand.eraser(), gone.id).await.unwrap();
    let commands = &hand.registry.commands;
    let flow = commands.create(hand.intent_of("ana-17"), sound("Alta")).await.unwrap().flow.record.flow_id;
    let greets = json!({"description": "Escribe a Ana Pérez"});
    commands.update(hand.intent(), flow, greets, None).await.unwrap();
    let on_behalf =
        Intent { on_behalf_of: Some("Ana Pérez".to_owned()), ..hand.intent_with_key("Ana Pérez 1", "x") };
    let told = Intent { reason: Some("lo pide Ana Pérez".to_owned()), ..on_behalf };
    hand.registry.runs.run(told.clone(), flow, json!({"name": "de Ana Pérez"})).await.unwrap();
    let told = Intent { idempotency: None, ..told };
    commands.update(told, flow, json!({"name": "Alta 2"}), None).await.unwrap();
    sqlx::query(
        "INSERT INTO console_session (org_id, token_hash, key_id, scopes, numbers, name, created_at, seen_at, expires_at) \
         SELECT $1, sha256(name::bytea), gen_random_uuid(), '{}', '{}', name, now(), now(), now() + interval '1 hour' \
         FROM unnest(ARRAY['Ana Pérez', 'Anabel']) AS name",
    )
    .bind(hand.caller.org_id)
    .execute(hand.registry.store().pool())
    .await
    .unwrap();
    assert!(hand.rows_with("Ana Pérez").await > 7);

    let refused = hand.erase_person(&["Ana Pérez", "ana-17"]).await.unwrap_err();
    assert!(matches!(refused, RegistryError::ContentInUse(id) if id == flow), "{refused:?}");
    commands.update(hand.intent(), flow, json!({"description": "Escribe"}), None).await.unwrap();
    let texts = ["Ana Pérez", "ana-17"];
    let plan = hand.erasures().plan(hand.caller.org_id, &person(&texts)).await.unwrap();
    assert_eq!((plan.contexts.as_slice(), plan.payloads.as_slice()), (&[4, 6][..], &[1, 2, 3][..]));
    assert_eq!((plan.documents.len(), plan.rows.runs.len(), plan.rows.actors.len()), (2, 1, 1));
    assert_eq!((plan.rows.idempotency_keys.len(), plan.renamed_keys(), plan.rows.sessions.len()), (1, 2, 1));
    let versions: BTreeSet<i64> = plan.shared.iter().map(|(_, version)| *version).collect();
    assert_eq!(versions, BTreeSet::from([2, 3]));

    assert_eq!(hand.erase_person(&texts).await.unwrap(), 2);
    for text in ["Ana Pérez", "ana perez", "ana-17"] {
        assert_eq!(hand.rows_with(text).await, 0, "{text}");
    }
    assert!(hand.verdict().await.starts_with("end not proven"));
    assert_eq!(hand.erase_person(&texts).await.unwrap(), 0, "once is enough");
    assert_eq!(hand.rows_with("Anabel").await, 1, "somebody else stays signed in");

    // A key that was in use still works, without the name, and its row is held against the log as before.
    let kept = keys.list(&hand.caller).await.unwrap();
    assert_eq!(kept.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["(erased)"]);
    assert_eq!((kept[0].id, kept[0].version), (key.id, 2));
    let swap = "UPDATE api_key SET secret_hash = sha256('x') WHERE id = $1";
    sqlx::query(swap).bind(key.id).execute(hand.registry.store().pool()).await.unwrap();
    let mut walk = hand.registry.projections.walk(None).await.unwrap().unwrap();
    let drifts = walk.next().await.unwrap().unwrap().drifts().len();
    assert_eq!(drifts, 1);
}

#[tokio::test]
async fn what_would_tell_the_name_is_refused() {
    let hand = hand().await;
    hand.registry.commands.create(hand.intent_of("ana-17"), sound("Alta")).await.unwrap();
    for intent in
        [hand.intent_of("ana-17"), Intent { on_behalf_of: Some("ana-17".to_owned()), ..hand.eraser() }]
    {
        let refused = hand.erasures().erase(&intent, &order(person(&["ana-17"]))).await.unwrap_err();
        assert!(refused.to_string().contains("somebody else"), "{refused}");
    }
    let telling = ErasureOrder { reason: "ANA-17 asked for it".to_owned(), ..order(person(&["ana-17"])) };
    let refused = hand.erasures().erase(&hand.eraser(), &telling).await.unwrap_err();
    assert!(refused.to_string().contains("reason"), "{refused}");
    assert_eq!(hand.rows_with("content.erased").await, 0);
    // Nobody of that name, and another organization: nothing is there to go.
    assert_eq!(hand.erase_person(&["ana-1"]).await.unwrap(), 0);
    let elsewhere = operator(uuid::Uuid::new_v4(), "dpo");
    let erased = hand.erasures().erase(&elsewhere, &order(person(&["ana-17"]))).await.unwrap();
    assert_eq!(erased.batches, 0);
    assert!(hand.rows_with("ana-17").await > 0);
}

/// The record of an erasure that names somebody else goes with them, and what it says is said again.
#[tokio::test]
async fn what_an_earlier_erasure_said_is_said_again() {
    let hand = hand().await;
    for subject in ["ana-17", "luis-4"] {
        hand.registry.commands.create(hand.intent_of(subject), sound(subject)).await.unwrap();
    }
    hand.registry.commands.delete(hand.eraser(), hand.flow_at(1).await).await.unwrap();
    hand.registry.commands.delete(hand.eraser(), hand.flow_at(2).await).await.unwrap();
    let asked = ErasureOrder { reason: "asked for by luis-4".to_owned(), ..order(person(&["ana-17"])) };
    hand.erasures().erase(&hand.eraser(), &asked).await.unwrap();
    assert!(hand.rows_with("luis-4").await > 0 && hand.rows_with("ana-17").await == 0);
    hand.erase_person(&["luis-4"]).await.unwrap();
    assert_eq!(hand.rows_with("luis-4").await, 0);
    assert!(hand.verdict().await.starts_with("end not proven"));
}

impl Hand {
    async fn flow_at(&self, position: i64) -> uuid::Uuid {
        let query = sqlx::query_scalar("SELECT stream_id FROM event WHERE position = $1").bind(position);
        query.fetch_one(self.registry.store().pool()).await.unwrap()
    }
}

/// Whoever is erased acts on, others too, the erasure breaks off in the middle and is asked for again: at every instant what
/// is absent is on record, and in the end the person stands under another id.
#[tokio::test]
async fn it_goes_on_where_it_broke_off_while_all_act() {
    let hand = hand().await;
    let flow = hand.create(sound("Largo")).await;
    let update = async |n: i32, intent: Intent| {
        let name = json!({"name": format!("Largo {n}")});
        hand.registry.commands.update(intent, flow, name, None).await.unwrap();
    };
    for n in 0..2300 {
        update(n, hand.intent_of("ana-17")).await;
    }
    let actor = "SELECT id FROM actor WHERE subject = 'user:ana-17'";
    let pool = hand.registry.store().pool();
    let before: uuid::Uuid = sqlx::query_scalar(actor).fetch_one(pool).await.unwrap();
    let begun = async {
        let begun = "SELECT EXISTS (SELECT FROM event WHERE type = 'content.erased')";
        while !sqlx::query_scalar::<_, bool>(begun).fetch_one(pool).await.unwrap() {}
    };
    // As a process that ends: its connections go with it.
    let ending = PgPool::connect(&hand.url()).await.unwrap();
    let erasures = Erasures::new(Store::new(ending.clone()));
    let (eraser, first) = (hand.eraser(), order(person(&["ana-17"])));
    tokio::select! {
        done = erasures.erase(&eraser, &first) => panic!("it was done before it could break off: {done:?}"),
        () = begun => {}
    }
    ending.close().await;
    assert!(hand.rows_with("ana-17").await > 0);
    assert!(hand.verdict().await.starts_with("end not proven"));
    let writing = async {
        for n in 3000..3030 {
            update(n, hand.intent()).await;
        }
    };
    let (batches, ()) = tokio::join!(hand.erase_person(&["ana-17"]), writing);
    assert!(batches.unwrap() >= 1);
    assert_eq!(hand.rows_with("ana-17").await, 0);
    // The writer remembered the id until now.
    update(4000, hand.intent_of("ana-17")).await;
    let after: uuid::Uuid = sqlx::query_scalar(actor).fetch_one(pool).await.unwrap();
    assert_ne!(before, after);
    assert!(hand.verdict().await.starts_with("end not proven"));
    hand.erase_person(&["ana-17"]).await.unwrap();
    assert_eq!(hand.rows_with("ana-17").await, 0);
    assert!(hand.verdict().await.starts_with("end not proven"));
}

/// The record of an earlier erasure names the person, so it goes and what it says is said again. What was written anew
/// since stays.
#[tokio::test]
async fn what_was_written_again_outlives_the_record_of_its_erasure() {
    let hand = hand().await;
    let commands = &hand.registry.commands;
    let flow = hand.create(sound("Alta")).await;
    commands.update(hand.intent(), flow, json!({"name": "Baja"}), None).await.unwrap();
    let first = Selection::Versions { flow_id: flow, from: 1, to: 1 };
    let asked = ErasureOrder { reason: "lo pide Ana Pérez".to_owned(), ..order(first) };
    hand.erasures().erase(&hand.eraser(), &asked).await.unwrap();
    commands.update(hand.intent(), flow, json!({"name": "Alta"}), None).await.unwrap();
    assert_eq!(hand.erase_person(&["Ana Pérez"]).await.unwrap(), 1);
    assert_eq!(hand.rows_with("Ana Pérez").await, 0);
    let draft = hand.registry.reads.get(&hand.caller, flow, Selector::Current).await.unwrap();
    assert!(!draft.document.is_erased());
    assert_eq!(hand.verdict().await, "end not proven at position 5");
}

/// A document that was written again behind its erasure, and then blanked by hand, is not excused by the record that
/// repeats the first one.
#[tokio::test]
async fn a_record_that_is_said_again_excuses_no_more_than_it_did() {
    let hand = hand().await;
    let commands = &hand.registry.commands;
    let flow = hand.create(sound("Alta")).await;
    for name in ["Baja", "Cambio"] {
        commands.update(hand.intent(), flow, json!({"name": name}), None).await.unwrap();
    }
    let first_two = Selection::Versions { flow_id: flow, from: 1, to: 2 };
    let asked = ErasureOrder { reason: "lo pide Ana Pérez".to_owned(), ..order(first_two) };
    hand.erasures().erase(&hand.eraser(), &asked).await.unwrap();
    commands.update(hand.intent(), flow, json!({"name": "Alta"}), None).await.unwrap();
    let blank = "UPDATE document SET bytes = NULL WHERE digest = \
         (SELECT document_digest FROM event WHERE position = 5) RETURNING digest";
    let pool = hand.registry.store().pool();
    let blanked: Vec<u8> = sqlx::query_scalar(blank).fetch_one(pool).await.unwrap();
    assert_eq!(hand.verdict().await, "altered at position 5");
    assert_eq!(hand.erase_person(&["Ana Pérez"]).await.unwrap(), 1);
    let told = "SELECT payload FROM event WHERE position = 6";
    let told: Vec<u8> = sqlx::query_scalar(told).fetch_one(pool).await.unwrap();
    let told: ErasedContent = serde_json::from_slice(&told).unwrap();
    assert_eq!(told.documents.len(), 1, "the one that was not written again");
    assert_ne!(told.documents[0].as_bytes()[..], blanked);
    assert!(hand.verdict().await.starts_with("altered"));
}
