//! Documents as data: one file in `tests/flows` is one case, with a snapshot of what is found in it.
//! `changes/` holds changes to a flow, `neighbours/` flows among other flows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use flow_registry::flow::document::{Canonical, FlowVersion, Patch, Texts};
use flow_registry::flow::finding::Finding;
use flow_registry::flow::json;
use flow_registry::flow::validation::{self, CalledDocument, Neighbours};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Every code of the format's validation section.
pub const CODES: &[&str] = &[
    "INVALID_JSON",
    "UNKNOWN_FIELD",
    "MISSING_FIELD",
    "WRONG_TYPE",
    "INVALID_VALUE",
    "UNKNOWN_STEP_TYPE",
    "LIMIT_EXCEEDED",
    "DUPLICATE_STEP_ID",
    "DUPLICATE_VARIABLE",
    "DUPLICATE_OPTION",
    "DUPLICATE_EDGE",
    "RESERVED_NAME",
    "MISSING_TRIGGER_CONFIG",
    "EMPTY_FLOW",
    "DANGLING_NEXT",
    "UNDEFINED_VARIABLE",
    "UNKNOWN_NAMESPACE_FIELD",
    "UNKNOWN_FILTER",
    "UNKNOWN_FUNCTION",
    "EXPR_SYNTAX",
    "BAD_REGEX",
    "BAD_DATE_FORMAT",
    "SAVE_TYPE_MISMATCH",
    "CHANNEL_LIMIT",
    "HTTP_URL",
    "HTTP_HEADER",
    "INPUTLESS_LOOP",
    "NO_END_REACHABLE",
    "FLOW_REF_NOT_FOUND",
    "FLOW_REF_NOT_PUBLISHED",
    "RECURSION",
    "BAD_FLOW_MAPPING",
    "UNREACHABLE_STEP",
    "LOOP_MAY_NOT_WAIT",
    "FALLTHROUGH_INTO_BRANCH",
    "ENV_SHADOWED",
    "UNUSED_VARIABLE",
    "NEVER_ASSIGNED",
    "MAYBE_UNSET",
    "NO_RETRY_EXIT",
    "NO_TIMEOUT",
    "NO_ERROR_EXIT",
    "DEAD_CASE",
    "DEAD_MATCH",
    "MIXED_COMPARISON",
    "DUPLICATE_TITLE_FOLDED",
    "AMBIGUOUS_MATCH",
    "DISPLAY_DOWNGRADE",
    "SECRET_IN_LITERAL",
    "MISSING_TRANSLATION",
    "UNKNOWN_TRANSLATION_PATH",
    "KEYWORD_CONFLICT",
    "TRIGGER_CONFLICT",
    "OUTSIDE_SERVICE_WINDOW",
    "NOTHING_TO_RESUME",
];

/// Cases that are sound: nothing in them blocks publishing.
const SOUND: &[&str] = &["onboarding", "appointment", "order-status", "nps-survey", "every-member"];

/// The files of a folder by name, read.
fn cases(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.is_file())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect()
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/flows"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

/// What a document's bytes come to: its findings, shape first.
fn judge(body: &[u8]) -> Vec<Finding> {
    let body = match json::parse(body) {
        Ok(body) => body,
        Err(error) => {
            return vec![Finding::error("INVALID_JSON", error.pointer.unwrap_or_default(), error.message)];
        }
    };
    match Canonical::create(body) {
        Ok(flow) => validation::findings(&flow),
        Err(findings) => findings,
    }
}

/// Findings one below the other.
fn written(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let severity = if finding.is_error() { "error" } else { "warning" };
        let step = finding.step_id.as_ref().map(|id| format!(" [{id}]")).unwrap_or_default();
        let position =
            finding.position.map(|at| format!(" @{}+{}", at.offset, at.length)).unwrap_or_default();
        let hint = finding.hint.as_ref().map(|hint| format!("\n    {hint}")).unwrap_or_default();
        let Finding { code, pointer, message, .. } = finding;
        format!("{severity} {code} {pointer}{step}{position}\n    {message}{hint}\n")
    });
    let text: String = lines.collect();
    if text.is_empty() { "nothing found\n".to_owned() } else { text }
}

fn check_findings(folder: &str, judge: impl Fn(&[u8]) -> Vec<Finding>) {
    for (name, body) in cases(folder) {
        let name = if folder.is_empty() { name } else { format!("{folder}-{name}") };
        snapshot(&name, &written(&judge(&body)));
    }
}

#[test]
fn documents() {
    check_findings("", judge);
}

#[test]
fn sound_documents_block_nothing() {
    let cases = cases("");
    for name in SOUND {
        let findings = judge(&cases[*name]);
        assert!(!findings.iter().any(Finding::is_error), "{name}:\n{}", written(&findings));
    }
}

/// A flow among others, each named by a short id of its own.
#[derive(Deserialize)]
struct Neighbourhood {
    id: Option<Uuid>,
    flow: Value,
    others: Vec<Other>,
}

#[derive(Deserialize)]
struct Other {
    id: Uuid,
    /// By version; the last one is in force when `published`.
    versions: Vec<Value>,
    published: bool,
}

fn judge_among_others(case: &[u8]) -> Vec<Finding> {
    let case: Neighbourhood = serde_json::from_slice(case).unwrap();
    let sound =
        |body: &Value| Canonical::create(body.clone()).unwrap_or_else(|found| panic!("{}", written(&found)));
    let others: BTreeMap<Uuid, (Vec<Canonical>, bool)> = case
        .others
        .iter()
        .map(|other| (other.id, (other.versions.iter().map(sound).collect(), other.published)))
        .collect();
    let resolve = |id: Uuid, version: FlowVersion| {
        let Some((versions, published)) = others.get(&id) else { return CalledDocument::NoFlow };
        let found = match version {
            FlowVersion::Published if !published => return CalledDocument::NotPublished,
            FlowVersion::Published => versions.last(),
            FlowVersion::Number(number) => {
                usize::try_from(number - 1).ok().and_then(|index| versions.get(index))
            }
        };
        found.map_or(CalledDocument::NoVersion, |flow| CalledDocument::Found(Arc::clone(&flow.document)))
    };
    let in_force = others.iter().filter(|(_, (_, published))| *published);
    let published: Vec<_> =
        in_force.map(|(id, (versions, _))| (*id, Arc::clone(&versions.last().unwrap().document))).collect();
    let neighbours = Neighbours { resolve: &resolve, published: &published };
    validation::references(&sound(&case.flow), case.id, &neighbours)
}

#[test]
fn flows_among_others() {
    check_findings("neighbours", judge_among_others);
}

/// A flow, and what is sent to change it.
#[derive(Deserialize)]
struct ChangeCase {
    flow: Value,
    change: Value,
}

fn change(case: &[u8]) -> Result<(Canonical, Option<bool>), Vec<Finding>> {
    let case: ChangeCase = serde_json::from_value(json::parse(case).unwrap()).unwrap();
    let flow = Canonical::create(case.flow).unwrap_or_else(|found| panic!("{}", written(&found)));
    let patch = Patch::read(case.change)?;
    let applied = patch.apply(&Texts::of(&flow.bytes).unwrap())?;
    Ok((Canonical::read(applied.bytes).unwrap(), patch.enabled))
}

#[test]
fn changes() {
    for (name, case) in cases("changes") {
        let text = match change(&case) {
            Ok((flow, enabled)) => {
                format!("enabled: {enabled:?}\n{}\n", serde_json::to_string_pretty(&*flow.value).unwrap())
            }
            Err(findings) => written(&findings),
        };
        snapshot(&format!("changes-{name}"), &text);
    }
}

#[test]
fn every_code_has_a_case() {
    let codes = |folder: &str, judge: &dyn Fn(&[u8]) -> Vec<Finding>| -> BTreeSet<&'static str> {
        cases(folder).values().flat_map(|case| judge(case)).map(|finding| finding.code).collect()
    };
    let mut found = codes("", &judge);
    found.extend(codes("neighbours", &judge_among_others));
    found.extend(codes("changes", &|case| change(case).err().unwrap_or_default()));
    assert_eq!(found, CODES.iter().copied().collect());
}
