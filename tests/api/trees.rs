//! Proof by trees: signed heads over a log's Merkle trees, and exports of one flow that prove to have all of it.

use std::collections::BTreeMap;

use flow_registry::evidence::{Keyring, TreeBuilder, TreeHead, Verdict, stream_leaf};
use flow_registry::flow::digest::Digest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bundles::{bundle, key, verified, verified_against};
use super::{Api, api};

/// Two flows, changed in turns. Returns the first, which comes to three versions.
async fn two_flows(api: &Api) -> String {
    let (one, other) = (api.create_sound("Una").await, api.create_sound("Otra").await);
    for name in ["Dos", "Tres"] {
        for id in [&other, &one] {
            api.ask("PATCH", api.flow(id, "")).json(&json!({"name": name})).send().await.expect(200);
        }
    }
    one
}

#[tokio::test]
async fn a_tree_head_is_over_every_event_and_the_last_of_each_stream() {
    let api = api().await;
    two_flows(&api).await;
    let path = api.audit("/tree");
    let data = api.ask("GET", &path).send().await.expect(200).data();
    let note = data["note"].as_str().unwrap();
    let (head, _) = TreeHead::open(note, &[key().public_key()]).unwrap();
    assert_eq!((head.organization, head.size), (api.org_id, 7));
    assert_eq!((&data["eventRoot"], &data["mapRoot"]), (&json!(head.event_root), &json!(head.map_root)));
    let rows =
        "SELECT stream_id, version, event_hash, chain_hash FROM event WHERE org_id = $1 ORDER BY position";
    let rows: Vec<(Uuid, i64, Vec<u8>, Vec<u8>)> =
        sqlx::query_as(rows).bind(api.org_id).fetch_all(&api.database.pool).await.unwrap();
    let (mut events, mut streams, mut map) =
        (TreeBuilder::default(), BTreeMap::new(), TreeBuilder::default());
    for (stream, version, hash, _) in &rows {
        events.push(hash);
        streams.insert(*stream, (*version, Digest::from_slice(hash).unwrap()));
    }
    for (stream, (version, hash)) in streams {
        map.push(&stream_leaf(stream, version, &hash));
    }
    assert_eq!((head.event_root, head.map_root), (events.root(), map.root()));
    assert_eq!(head.chain_hash.as_bytes(), rows.last().unwrap().3.as_slice());

    let text = api.ask("GET", &path).header("accept", "text/plain").send().await.expect(200);
    assert_eq!(text.body, note.as_bytes(), "nothing has moved, and nothing is signed twice");
    let kept = sqlx::query("DELETE FROM tree_head").execute(&api.database.pool).await;
    assert!(kept.unwrap_err().to_string().contains("append-only"));
}

/// The lines, with the last one as it has to be behind them.
fn mended(mut lines: Vec<String>) -> Vec<u8> {
    let end: Value = serde_json::from_str(&lines.pop().unwrap()).unwrap();
    let before: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let digest = Digest::of(before.as_bytes());
    format!("{before}{{\"end\":{},\"digest\":\"{digest}\"}}\n", end["end"]).into_bytes()
}

/// An export of one flow without its third version, with a tree of streams that ends with the second.
fn without_the_last(lines: &[String], flow: &str, tree: usize, last: usize) -> Vec<String> {
    let event = |version: i64| {
        let start = format!("\"streamId\":\"{flow}\",\"version\":{version},");
        let index = lines.iter().position(|line| line.contains(&start)).unwrap();
        (index, serde_json::from_str::<Value>(&lines[index]).unwrap())
    };
    let ((_, second), (third, of_third)) = (event(2), event(3));
    let hash: Digest = serde_json::from_value(second["eventHash"].clone()).unwrap();
    let note: Value = serde_json::from_str(&lines[tree]).unwrap();
    let (genuine, _) = TreeHead::open(note["tree"].as_str().unwrap(), &[key().public_key()]).unwrap();
    let mut map = TreeBuilder::default();
    map.push(&stream_leaf(flow.parse().unwrap(), 2, &hash));
    let note = TreeHead { map_root: map.root(), ..genuine }.sign(&Keyring::of(key())).unwrap();
    let mut forged = lines.to_vec();
    forged[tree] = json!({"tree": note}).to_string();
    forged[last] = format!(
        "{{\"last\":\"{flow}\",\"version\":2,\"eventHash\":\"{hash}\",\"index\":0,\"streams\":1,\"path\":[]}}"
    );
    forged[third] =
        format!("{{\"omitted\":{},\"eventHash\":{}}}", of_third["position"], of_third["eventHash"]);
    forged.remove(third - 1);
    forged
}

#[tokio::test]
async fn an_export_of_one_flow_proves_to_have_all_of_it() {
    let api = api().await;
    let flow = two_flows(&api).await;
    let export = bundle(&api, &format!("&flow={flow}")).await;
    let report = verified(&export);
    let complete = format!("intact up to position 8, complete for flow {flow} up to version 3");
    let hidden = "; 5 of 8 events are shown by their hash alone";
    assert_eq!(report.to_string(), format!("{complete} by the signature of the service alone{hidden}"));
    assert_eq!((report.counts.events, report.counts.omitted), (3, 5));
    let text = String::from_utf8(export).unwrap();
    assert!(!text.contains("Otra"), "nothing of the others is shown");
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        verified(&mended(lines)).verdict
    };
    let at = |start: &str| lines.iter().position(|line| line.starts_with(start)).unwrap();
    let is_altered = |verdict: Verdict| assert!(matches!(verdict, Verdict::Altered { .. }), "{verdict:?}");
    let is_unproven =
        |verdict: Verdict| assert!(matches!(verdict, Verdict::EndNotProven { .. }), "{verdict:?}");

    assert_eq!(changed(&|_| {}), Verdict::Intact { up_to: 8 }, "the file itself");
    // One of the versions is left out, the last or another.
    for version in [1, 2, 3] {
        let of_flow = format!("\"streamId\":\"{flow}\",\"version\":{version},");
        let event = lines.iter().position(|line| line.contains(&of_flow)).unwrap();
        let read: Value = serde_json::from_str(&lines[event]).unwrap();
        let hash = read["eventHash"].as_str().unwrap();
        let omitted = format!("{{\"omitted\":{},\"eventHash\":\"{hash}\"}}", read["position"]);
        is_altered(changed(&|lines| {
            lines[event] = omitted.clone();
            lines.remove(event - 1);
        }));
    }
    let (tree, last) = (at("{\"tree\""), at("{\"last\""));
    let kept: Value = serde_json::from_str(&lines[tree]).unwrap();
    let kept = [kept["tree"].as_str().unwrap().to_owned()];
    let report = verified_against(text.as_bytes(), &kept);
    assert_eq!(report.to_string(), format!("{complete} by a kept tree head{hidden}"));
    // The last version is left out, under a tree of streams that whoever has the key signed for that.
    let forged = mended(without_the_last(&lines, &flow, tree, last));
    let told = verified(&forged).to_string();
    assert!(told.contains("up to version 2 by the signature of the service alone"), "{told}");
    is_altered(verified_against(&forged, &kept).verdict);
    // Every tree head that was kept counts, in whatever order they are given.
    let of_forgery = String::from_utf8(forged).unwrap();
    let other: Value = serde_json::from_str(of_forgery.lines().nth(tree - 1).unwrap()).unwrap();
    let [genuine, other] = [kept[0].clone(), other["tree"].as_str().unwrap().to_owned()];
    for both in [[genuine.clone(), other.clone()], [other, genuine]] {
        is_altered(verified_against(text.as_bytes(), &both).verdict);
        is_altered(verified_against(of_forgery.as_bytes(), &both).verdict);
    }
    is_altered(changed(&|lines| lines[last] = lines[last].replace("\"version\":3", "\"version\":2")));
    is_altered(changed(&|lines| lines[last] = lines[last].replace("\"index\":", "\"index\":1")));
    is_altered(changed(&|lines| {
        let mut line: Value = serde_json::from_str(&lines[last]).unwrap();
        let beside = line["path"][0].as_str().unwrap().to_owned();
        line["path"][0] = json!(Digest::of(b"another"));
        lines[last] = lines[last].replace(&beside, line["path"][0].as_str().unwrap());
    }));
    is_altered(changed(&|lines| _ = lines.remove(tree)));
    is_unproven(changed(&|lines| _ = lines.remove(last)));
    is_unproven(changed(&|lines| _ = lines.drain(tree..=last)));
    is_altered(changed(&|lines| _ = lines.remove(1)));

    // A proof of an earlier end, and a version that came later left out.
    api.ask("PATCH", api.flow(&flow, "")).json(&json!({"name": "Cuatro"})).send().await.expect(200);
    let later = String::from_utf8(bundle(&api, &format!("&flow={flow}")).await).unwrap();
    let of_flow = format!("\"streamId\":\"{flow}\",\"version\":4,");
    let mut spliced = Vec::new();
    for line in later.lines().filter(|line| !line.starts_with("{\"tree\"") && !line.starts_with("{\"last\""))
    {
        if line.contains(&of_flow) {
            spliced.pop();
            spliced.extend([lines[tree].clone(), lines[last].clone()]);
            let read: Value = serde_json::from_str(line).unwrap();
            spliced.push(format!("{{\"omitted\":{},\"eventHash\":{}}}", read["position"], read["eventHash"]));
        } else {
            spliced.push(line.to_owned());
        }
    }
    is_unproven(verified(&mended(spliced)).verdict);

    for refused in ["&after=1", "&resource=flow", "&dateFrom=2026-01-01"] {
        let path = api.audit(&format!("/export?format=ndjson&flow={flow}{refused}"));
        api.ask("GET", path).send().await.expect_problem(400, "invalid_parameter");
    }
    let nobody = api.audit(&format!("/export?format=ndjson&flow={}", Uuid::new_v4()));
    api.ask("GET", nobody).send().await.expect_problem(404, "flow_not_found");
}
