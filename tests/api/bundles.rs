//! The export that proves itself: taken over HTTP, and given to both verifiers.

use flow_registry::evidence::{KeptNote, Report, SigningKey, Verdict, verify};
use flow_registry::http::router;
use flow_registry::registry::access::operator;
use flow_registry::registry::checkpoints::Signer;
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Selection};
use flow_registry::registry::{AuditFilter, ExportOrder};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sqlx::Executor as _;
use uuid::Uuid;

use super::exports::{begun, fill, story};
use super::{Api, api, sound, state_with};
use crate::evidence::python;
use crate::support::Scratch;

pub fn key() -> SigningKey {
    SigningKey::new("flows.example.com", &[1; 32]).unwrap()
}

pub async fn bundle(api: &Api, query: &str) -> Vec<u8> {
    let answer = api.ask("GET", api.audit(&format!("/export?format=ndjson{query}"))).send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    answer.body.to_vec()
}

/// What our verifier finds; the other one must come to the same.
#[track_caller]
pub fn verified(bundle: &[u8]) -> Report {
    verified_against(bundle, &[])
}

/// Like [`verified`], where somebody kept these notes.
#[track_caller]
pub fn verified_against(bundle: &[u8], kept: &[String]) -> Report {
    let keys = [key().public_key()];
    let (key, scratch) = (keys[0].to_string(), Scratch::new());
    let mut arguments = vec!["verify_export.py".to_owned(), "-".to_owned(), "--key".to_owned(), key];
    for (index, note) in kept.iter().enumerate() {
        let file = scratch.path().join(index.to_string());
        std::fs::write(&file, note).unwrap();
        arguments.extend(["--checkpoint".to_owned(), file.to_str().unwrap().to_owned()]);
    }
    let kept: Vec<KeptNote> = kept.iter().map(|note| KeptNote::open(note, &keys).unwrap()).collect();
    let report = verify(bundle, &keys, &kept).unwrap();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = python(&arguments, bundle);
    let (ours, theirs) = (report.to_string(), String::from_utf8_lossy(&output.stdout).into_owned());
    let head =
        |verdict: &str| verdict.lines().next().and_then(|line| line.split(':').next()).map(str::to_owned);
    assert_eq!(head(&ours), head(&theirs), "{ours} / {theirs}");
    report
}

#[track_caller]
pub fn assert_intact(bundle: &[u8], up_to: i64) -> Report {
    let report = verified(bundle);
    assert_eq!(report.verdict, Verdict::Intact { up_to });
    report
}

fn lines(bundle: &[u8]) -> Vec<Value> {
    bundle.split_inclusive(|byte| *byte == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect()
}

#[tokio::test]
async fn a_bundle_proves_what_is_in_it_and_what_is_left_out() {
    let api = api().await;
    story(&api).await;
    let answer = api.ask("GET", api.audit("/export?format=ndjson")).send().await.expect(200);
    assert!(answer.header("content-disposition").unwrap().ends_with("-5.ndjson\""));
    let counts = assert_intact(&answer.body, 5).counts;
    assert_eq!((counts.events, counts.omitted, counts.documents, counts.checkpoints), (5, 0, 2, 1));

    let filtered = bundle(&api, "&action=flow.updated").await;
    let counts = assert_intact(&filtered, 6).counts;
    assert_eq!((counts.events, counts.omitted, counts.documents), (1, 5, 1));
    let own = &api.ask("GET", api.audit("?limit=1")).send().await.data()["data"][0];
    let (filter, metadata) = (json!({"action": "flow.updated"}), &own["metadata"]);
    assert_eq!((&metadata["format"], &metadata["filter"]), (&json!("ndjson"), &filter));

    let rest = bundle(&api, "&after=3").await;
    let counts = assert_intact(&rest, 7).counts;
    assert_eq!((lines(&rest)[0]["after"].as_i64(), counts.events, counts.omitted), (Some(3), 4, 0));
    let past = bundle(&api, "&dateTo=2020-01-01").await;
    assert_eq!((assert_intact(&past, 8).counts.events, lines(&past)[0]["after"].as_i64()), (0, Some(0)));
    let future = bundle(&api, "&dateFrom=2100-01-01").await;
    assert_eq!((assert_intact(&future, 9).counts.omitted, lines(&future)[0]["after"].as_i64()), (1, Some(8)));
}

#[tokio::test]
async fn checkpoints_stand_where_they_were_made() {
    let api = api().await;
    story(&api).await;
    api.registry.checkpoints.sign_head(api.org_id).await.unwrap();
    api.create_sound("Baja").await;
    let bundle = bundle(&api, "").await;
    assert_eq!(assert_intact(&bundle, 6).counts.checkpoints, 2);
    let lines = lines(&bundle);
    let first = lines.iter().position(|line| line.get("checkpoint").is_some()).unwrap();
    assert_eq!(lines[first - 1]["position"], 4);
}

#[tokio::test]
async fn where_nobody_signs_the_end_is_not_proven() {
    let mut api = api().await;
    let silent = state_with(api.database.store().await, Signer::default());
    (api.registry, api.router) = (silent.registry.clone(), router(silent));
    story(&api).await;
    let report = verified(&bundle(&api, "").await);
    assert!(matches!(report.verdict, Verdict::EndNotProven { end: 5, .. }), "{:?}", report.verdict);
}

#[tokio::test]
async fn what_was_erased_is_exported_as_erased() {
    let api = api().await;
    story(&api).await;
    let pool = &api.database.pool;
    pool.execute("UPDATE event SET payload = NULL, context = NULL WHERE position = 3").await.unwrap();
    pool.execute("UPDATE document SET bytes = NULL").await.unwrap();
    let blanked = verified(&bundle(&api, "").await);
    assert!(matches!(blanked.verdict, Verdict::Altered { .. }), "{:?}", blanked.verdict);
    let intent = operator(api.org_id, "ana");
    let erasures = Erasures::new(api.registry.store().clone());
    erasures.erase(&intent, &ErasureOrder::new(Selection::Absent, "erased in May")).await.unwrap();
    assert_eq!(assert_intact(&bundle(&api, "").await, 7).counts.erased, 4);
    // Whatever a filter leaves out, the record of what is absent is there.
    for filter in ["&action=flow.updated", "&dateTo=2020-01-01", "&resource=api_key"] {
        let bundle = bundle(&api, filter).await;
        assert!(matches!(verified(&bundle).verdict, Verdict::Intact { .. }), "{filter}");
        assert!(String::from_utf8_lossy(&bundle).contains("content.erased"), "{filter}");
    }
    let table = api.ask("GET", api.audit("/export?format=csv&after=2")).send().await.expect(200);
    let rows = super::exports::table(&table.body);
    let erased = &rows[0];
    assert_eq!(
        (&erased["actorType"], &erased["reason"], &erased["changed"]),
        (&json!("erased"), &json!(""), &json!(""))
    );
    let actor: Uuid =
        sqlx::query_scalar("SELECT actor FROM event WHERE position = 3").fetch_one(pool).await.unwrap();
    assert_eq!(erased["actorId"], json!(actor), "the opaque id stays");
}

/// What is erased while an export is written is on record in it, also where it was written again since.
#[tokio::test]
async fn an_export_reaches_to_the_record_of_what_went_meanwhile() {
    for (is_of_one_flow, is_written_again) in [(false, false), (false, true), (true, false), (true, true)] {
        let api = api().await;
        let flow = api.create_sound("Alta").await;
        let rename = async |name: &str| {
            api.ask("PATCH", api.flow(&flow, "")).json(&json!({"name": name})).send().await.expect(200);
        };
        rename("Baja").await;
        let (intent, flow_id): (_, Uuid) = (operator(api.org_id, "ana"), flow.parse().unwrap());
        let filter = AuditFilter { stream_id: is_of_one_flow.then_some(flow_id), ..AuditFilter::default() };
        let order = ExportOrder { filter, ..ExportOrder::default() };
        let mut export = api.registry.exports.bundle(&intent, &order).await.unwrap();
        let first_end = export.coverage().up_to;
        let first = Selection::Versions { flow_id, from: 1, to: 1 };
        let erasures = Erasures::new(api.registry.store().clone());
        erasures.erase(&intent, &ErasureOrder::new(first, "erased in May")).await.unwrap();
        let mut bundle = export.next_chunk().await.unwrap().unwrap().to_vec();
        if is_written_again {
            rename("Alta").await;
        }
        while let Some(chunk) = export.next_chunk().await.unwrap() {
            bundle.extend_from_slice(&chunk);
        }
        let report = verified(&bundle);
        let up_to = first_end + 1 + i64::from(is_written_again);
        match report.verdict {
            Verdict::EndNotProven { end, why } if is_of_one_flow && is_written_again => {
                assert_eq!((end, why.contains("is the last")), (up_to, true), "{why}");
            }
            verdict => {
                assert!(!(is_of_one_flow && is_written_again), "{verdict:?}");
                assert_eq!(verdict, Verdict::Intact { up_to });
            }
        }
    }
}

/// More and larger documents than are held at once, some of them more than once.
#[tokio::test]
async fn large_documents_come_a_few_at_a_time() {
    let api = api().await;
    let mut ids = Vec::new();
    for n in 0..8 {
        let mut document = sound(&format!("Largo {n}"));
        document["steps"] = (0..100)
            .map(|step| json!({"id": format!("s{step}"), "type": "message", "text": "ñ".repeat(1000)}))
            .collect();
        ids.push(api.create(document).await["id"].as_str().unwrap().to_owned());
    }
    for id in &ids {
        api.ask("POST", api.flow(id, "/publish")).send().await.expect(201);
    }
    let mut body = begun(&api, &api.audit("/export?format=ndjson")).await;
    let (mut whole, mut frame_max) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.unwrap().into_data().unwrap();
        frame_max = frame_max.max(frame.len());
        whole.extend_from_slice(&frame);
    }
    let counts = assert_intact(&whole, 18).counts;
    assert_eq!((counts.events, counts.documents), (18, 8));
    assert!(whole.len() > 1_600_000 && frame_max < 1_300_000, "{frame_max}");
}

/// Of flows it may not see, a key has the hashes of events alone.
#[tokio::test]
async fn a_confined_key_has_the_rest_as_hashes() {
    let api = api().await;
    let confined = json!({"name": "línea 1", "phoneNumberIds": ["1"]});
    let confined = api.new_key(api.org_id, confined).await;
    for (number, name) in [("1", "Propio"), ("2", "Ajeno")] {
        let mut document = sound(name);
        document["phoneNumberId"] = json!(number);
        api.create(document).await;
    }
    let request = api.ask("GET", api.audit("/export?format=ndjson")).key(&confined);
    let bundle = request.send().await.expect(200).body;
    let counts = assert_intact(&bundle, 5).counts;
    assert_eq!((counts.events, counts.omitted, counts.documents), (1, 4, 1));
    let text = String::from_utf8_lossy(&bundle);
    assert!(text.contains("Propio") && !text.contains("Ajeno"), "{text}");
}

/// What the database cannot give is found by whoever reads the file, not hidden from them.
#[tokio::test]
async fn what_was_removed_or_altered_shows_at_its_place() {
    for (tampering, position) in [
        ("DELETE FROM document WHERE digest = (SELECT document_digest FROM event WHERE position = 3)", 3),
        ("DELETE FROM event WHERE position = 3", 3),
        ("UPDATE event SET recorded_at = 'infinity' WHERE position = 2", 2),
        ("UPDATE event SET event_hash = '\\x00' WHERE position = 4", 4),
    ] {
        let api = api().await;
        story(&api).await;
        let mut session = api.database.pool.acquire().await.unwrap();
        session.execute("ALTER TABLE event DISABLE TRIGGER ALL").await.unwrap();
        session.execute("ALTER TABLE document DISABLE TRIGGER ALL").await.unwrap();
        session.execute(tampering).await.unwrap();
        let verdict = verified(&bundle(&api, "").await).verdict;
        assert!(
            matches!(verdict, Verdict::Altered { position: at, .. } if at == position),
            "{tampering}: {verdict:?}"
        );
    }
}

#[tokio::test]
async fn a_bundle_that_was_cut_says_so() {
    let api = api().await;
    fill(&api, 1100).await;
    let mut body = begun(&api, &api.audit("/export?format=ndjson")).await;
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    drop(body);
    let Verdict::EndNotProven { end, why } = verified(&first).verdict else { panic!("it has no end") };
    assert_eq!((end, why.as_str()), (250, "the file is cut: its last line is missing"));
    assert_intact(&bundle(&api, "").await, 1103);
}
