//! Every run case, held against its snapshot.

use std::collections::BTreeSet;
use std::path::Path;

use flow_registry::flow::digest::Digest;
use serde_json::{Value, json};

use super::case::{files, read};

fn name(file: &Path) -> String {
    file.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_case_runs_as_its_snapshot_says() {
    for file in files() {
        let case = read(&file);
        let told = match case.run() {
            Err(findings) => json!({ "findings": findings }),
            Ok((bytes, checks)) => {
                let trace: Value = serde_json::from_slice(&bytes).unwrap();
                let canonical = serde_json_canonicalizer::to_vec(&trace).unwrap();
                assert_eq!(String::from_utf8(bytes).unwrap(), String::from_utf8(canonical.clone()).unwrap());
                json!({ "digest": Digest::of(&canonical), "expectations": checks, "trace": trace })
            }
        };
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/runs"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_json_snapshot!(name(&file), told);
        });
    }
}

#[test]
fn every_snapshot_has_its_case() {
    let cases: BTreeSet<String> = files().iter().map(|file| name(file)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/runs");
    let snapshots: BTreeSet<String> =
        folder.read_dir().unwrap().map(|entry| name(&entry.unwrap().path())).collect();
    assert_eq!(cases, snapshots);
}
