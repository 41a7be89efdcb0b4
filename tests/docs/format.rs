//! `docs/flow-format.md`: every example is run, every list is compared with the program's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use flow_registry::flow::document::schema::{Field, Part, Presence};
use flow_registry::flow::document::{Canonical, Patch, STEP_TYPES, Texts};
use flow_registry::flow::finding::Finding;
use flow_registry::flow::language::{FILTERS, FUNCTIONS, RESERVED, TESTS};
use flow_registry::flow::validation;
use flow_registry::interpreter::RunRequest;
use regex::Regex;
use serde_json::{Value, json};

use super::page::{self, Block, difference};
use crate::flows::CODES;
use crate::interpreter::case::Case;

const PAGE: &str = "flow-format.md";
const ACTIONS: &str = "actions.md";
/// Pages with flows and runs beside the format's own.
const GUIDES: [&str; 2] = ["guides/flows.md", "guides/test-runs.md"];

/// What an example that is a part of a flow cannot help: its targets, variables and other steps are elsewhere.
const OF_A_PART: [&str; 5] =
    ["DANGLING_NEXT", "UNDEFINED_VARIABLE", "EMPTY_FLOW", "NO_END_REACHABLE", "INPUTLESS_LOOP"];

/// The blocks of the format and of the guides.
fn blocks() -> impl Iterator<Item = Block> {
    [PAGE].into_iter().chain(GUIDES).flat_map(page::blocks)
}

fn findings(block: &Block, document: Value) -> Vec<Finding> {
    match Canonical::create(document) {
        Ok(canonical) => validation::findings(&canonical),
        Err(findings) => panic!("{}: {findings:#?}", block.place),
    }
}

/// A document with a name.
fn named(members: &Value) -> Value {
    let mut document = json!({ "name": "Example" });
    document.as_object_mut().unwrap().extend(members.as_object().expect("an object").clone());
    document
}

#[test]
fn documents_have_no_errors() {
    for block in blocks().chain(page::blocks(ACTIONS)) {
        let (document, excused): (Value, &[&str]) = match &*block.kind {
            "flow" => (block.json(), &[]),
            "part" => (named(&block.json()), &OF_A_PART),
            "step" => (json!({ "name": "Example", "steps": [block.json()] }), &OF_A_PART),
            _ => continue,
        };
        let mut found = findings(&block, document);
        found.retain(|finding| finding.is_error() && !excused.contains(&finding.code));
        assert!(found.is_empty(), "{}: {found:#?}", block.place);
    }
}

/// A heading of the catalogue names the action of the step below it, which runs by its sample.
#[test]
fn actions_answer_by_their_samples() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(ACTIONS)).unwrap();
    let headings = Regex::new("(?m)^### `([a-z_.]+)`$").unwrap();
    let named: Vec<String> = headings.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let steps: Vec<Value> = page::blocks(ACTIONS).iter().map(Block::json).collect();
    let called: Vec<&str> = steps.iter().map(|step| step["action"].as_str().unwrap()).collect();
    assert_eq!(called, named);
    for step in steps {
        let data = run(&json!({ "flow": { "steps": [step] } }));
        assert_eq!(data["status"], "completed", "{}: {}", step["action"], data["error"]);
    }
}

#[test]
fn whole_examples_are_those_that_are_tested() {
    let names = ["onboarding", "appointment", "order-status", "nps-survey"];
    for name in names {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/flows/{name}.json"));
        let tested: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        assert_eq!(flows()[name], tested, "{name}");
    }
}

/// The flows that examples of runs refer to.
fn flows() -> BTreeMap<String, Value> {
    let flows = blocks().filter(|block| block.kind == "flow");
    flows.filter_map(|block| Some((block.attribute("as")?.to_owned(), block.json()))).collect()
}

/// Each block of a kind, and the block behind it, which says what comes out.
fn with_results(kind: &str, result: &str) -> Vec<(Block, Block)> {
    let mut pairs = Vec::new();
    let mut blocks = blocks();
    while let Some(block) = blocks.next() {
        if block.kind == kind {
            let behind = blocks.next().filter(|behind| behind.kind == result);
            let behind = behind.unwrap_or_else(|| panic!("{}: no {result} behind it", block.place));
            pairs.push((block, behind));
        }
    }
    assert!(!pairs.is_empty(), "no {kind}");
    pairs
}

#[test]
fn graphs_become_the_steps_shown() {
    for (graph, steps) in with_results("graph", "steps") {
        let flow = Canonical::create(json!({ "name": "Example" })).unwrap();
        let applied = Patch::read(json!({ "json": graph.json() }))
            .and_then(|patch| patch.apply(&Texts::of(&flow.bytes).unwrap()))
            .unwrap_or_else(|findings| panic!("{}: {findings:#?}", graph.place));
        let changed = Canonical::read(applied.bytes).unwrap();
        assert_eq!(changed.value["steps"], steps.json(), "{}", steps.place);
        let errors: Vec<_> =
            validation::findings(&changed).into_iter().filter(|finding| finding.is_error()).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", graph.place);
    }
}

#[test]
fn findings_are_those_shown() {
    for (document, shown) in with_results("broken", "findings") {
        let found = json!(findings(&document, document.json()));
        assert_eq!(found, shown.json(), "{}", shown.place);
    }
}

/// The `data` of a run: its trace, and what it says of expectations.
fn run(case: &Value) -> Value {
    let (bytes, checks) = Case::new(case).run().unwrap_or_else(|findings| panic!("{findings:#?}"));
    let mut data: Value = serde_json::from_slice(&bytes).unwrap();
    let passed = checks.as_array().map(|checks| checks.iter().all(|check| check["passed"] == true));
    data["passed"] = json!(passed);
    data["expectations"] = checks;
    data
}

#[test]
fn runs_give_what_is_shown() {
    let flows = flows();
    for (request, trace) in with_results("run", "trace") {
        let flow = &flows[request.attribute("flow").expect("the flow it runs")];
        let mut case = json!({ "flow": flow, "request": request.json() });
        if let Some(version) = request.attribute("version") {
            case["version"] = json!(version.parse::<i64>().unwrap());
        }
        if let Some(called) = request.attribute("calls") {
            let steps = flow["steps"].as_array().unwrap();
            let id = steps.iter().find_map(|step| step.get("flowId")).expect("a step that calls");
            case["called"] = json!([{ "id": id, "version": 1, "flow": flows[called] }]);
        }
        let differs = difference(&trace.json(), &run(&case), "");
        assert_eq!(differs, None, "{}", trace.place);
    }
}

#[test]
fn requests_are_read() {
    for block in page::blocks(PAGE).into_iter().filter(|block| block.kind == "request") {
        let read = RunRequest::read(&block.json());
        assert!(read.is_ok(), "{}: {:#?}", block.place, read.err());
    }
}

/// Runs a flow and compares what `found` finds in its trace, or the code of its error, with what is shown.
fn check(place: &str, shown: &str, case: &Value, found: &str) {
    let trace = run(case);
    let (code, value) = (&trace["error"]["code"], trace.pointer(found).unwrap_or(&Value::Null));
    let is_code = shown.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if is_code || !code.is_null() {
        assert_eq!(code, shown, "{place}: {value}");
        return;
    }
    let wanted: Value = serde_json::from_str(shown).unwrap_or_else(|error| panic!("{place}: {error}"));
    let differs = difference(&wanted, value, "").or(difference(value, &wanted, ""));
    assert_eq!(differs, None, "{place}: {value}");
}

#[test]
fn expressions_and_templates_give_what_is_shown() {
    let blocks = page::blocks(PAGE);
    let variables = blocks.iter().find(|block| block.language == "variables").unwrap().json();
    let declared = variables.as_object().unwrap().iter();
    let mut declared: Vec<Value> =
        declared.map(|(name, value)| json!({ "name": name, "type": "any", "default": value })).collect();
    declared.push(json!({ "name": "result", "type": "any" }));
    let case = |step: Value| json!({ "flow": { "variables": declared, "steps": [step] } });
    let mut checked = 0;
    for block in &blocks {
        for (source, shown) in match &*block.language {
            "expressions" | "templates" => block.pairs(),
            _ => continue,
        } {
            let (step, found) = if block.language == "expressions" {
                let extract = json!([{ "variable": "result", "value": source }]);
                let step = json!({ "type": "http", "url": "https://example.com/", "sampleResponse": {}, "extract": extract });
                (step, "/finalVariables/result")
            } else {
                (json!({ "type": "message", "text": source }), "/transcript/0/text")
            };
            check(&format!("{}: {source}", block.place), shown, &case(step), found);
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn answers_are_read_as_shown() {
    for block in page::blocks(PAGE).into_iter().filter(|block| block.language == "answers") {
        let step = json!({ "type": "ask", "input": block.attribute("input").unwrap(), "saveTo": "result" });
        let flow = json!({ "variables": [{ "name": "result", "type": "any" }], "steps": [step] });
        for (text, shown) in block.pairs() {
            let request = json!({
                "messages": [text], "locale": block.attribute("locale"),
                "clock": { "start": "2025-01-02T12:00:00Z" },
            });
            let trace = run(&json!({ "flow": flow, "request": request }));
            let value = match trace["steps"][0]["attempts"][0]["accepted"] == true {
                true => trace["finalVariables"]["result"].clone(),
                false => json!("rejected"),
            };
            let wanted = serde_json::from_str(shown).unwrap_or_else(|_| json!(shown));
            assert_eq!(difference(&wanted, &value, ""), None, "{}: {text}", block.place);
        }
    }
}

fn listed(name: &str, pattern: &str) -> BTreeSet<String> {
    page::quoted(&page::marked(PAGE, name), pattern)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn names_of_the_language_are_those_of_the_program() {
    for (name, table) in
        [("reserved", RESERVED), ("filters", FILTERS), ("tests", TESTS), ("functions", FUNCTIONS)]
    {
        assert_eq!(listed(name, "[a-z_]+"), set(table), "{name}");
    }
}

/// Every text that a pattern captures in the sources of the interpreter.
fn in_sources(pattern: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    let mut found = BTreeSet::new();
    let mut left = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/interpreter")];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let text = fs::read_to_string(path).unwrap();
            found.extend(pattern.captures_iter(&text).map(|found| found[1].to_owned()));
        }
    }
    found
}

#[test]
fn codes_are_those_of_the_program() {
    let code = "[A-Z_]+";
    let mut findings = listed("errors", code);
    findings.extend(listed("warnings", code));
    assert_eq!(findings, set(CODES), "findings");
    assert_eq!(listed("step errors", code), in_sources(r#"pub const ([A-Z_]+): &str = "[A-Z_]+";"#));
    let warned = in_sources(r#"(?:warn\(|code: )"([A-Z_]+)""#);
    assert_eq!(listed("run warnings", code), warned, "warnings of a run");
}

/// A table of members that is being made.
#[derive(Default)]
struct MemberTable {
    rows: Vec<[String; 4]>,
    /// The objects whose members are listed already, and where.
    listed: BTreeMap<&'static str, String>,
}

impl MemberTable {
    /// A member, and those below it; `before` is the path that leads to it.
    fn list(&mut self, kind: &str, field: &Field, before: &str) {
        let path = format!("{before}{}", field.name);
        let names = |all: &[&str]| all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let given = match field.presence {
            Presence::Required => "always".to_owned(),
            Presence::Optional => String::new(),
            Presence::OneOf(all) => format!("one of {}", names(all)),
            Presence::UpToOneOf(all) => format!("at most one of {}", names(all)),
        };
        self.rows.push([format!("`{kind}`"), format!("`{path}`"), given, field.docs.to_owned()]);
        let row = self.rows.len() - 1;
        let elsewhere = self.list_below(kind, field.part, &path);
        for place in elsewhere {
            self.rows[row][3] += &format!(" Members: {place}.");
        }
    }

    /// The members of an object; where they are listed already, the place.
    fn list_below(&mut self, kind: &str, part: Part, path: &str) -> Vec<String> {
        match part {
            Part::Either(parts) => parts.iter().flat_map(|part| self.list_below(kind, *part, path)).collect(),
            Part::List { item, .. } | Part::Keyed(item) => self.list_below(kind, *item, path),
            Part::Object(object) | Part::Open(object) => match self.listed.get(object.name) {
                Some(place) => vec![place.clone()],
                None => {
                    self.listed.insert(object.name, format!("as of `{path}` in `{kind}`"));
                    object.fields.iter().for_each(|field| self.list(kind, field, &format!("{path}.")));
                    Vec::new()
                }
            },
            _ => Vec::new(),
        }
    }
}

#[test]
fn every_member_of_every_step_is_listed() {
    let mut table = MemberTable::default();
    for known in STEP_TYPES {
        known.fields.iter().for_each(|field| table.list(known.name, field, ""));
    }
    page::check_made(PAGE, "members", &page::table(["type", "member", "given", "what it is"], table.rows));
}

/// Comments cite the page by section: `docs/flow-format.md, 4.2`.
#[test]
fn sections_that_comments_cite_are_there() {
    let cited = in_sources(r"docs/flow-format\.md, ((?:\d+(?:\.\d+)?)(?: and \d+(?:\.\d+)?)?)");
    let cited: BTreeSet<&str> = cited.iter().flat_map(|sections| sections.split(" and ")).collect();
    assert!(cited.len() > 5, "{cited:?}");
    let text = page::read(PAGE);
    for section in cited {
        let headings = [format!("\n## {section}. "), format!("\n### {section} "), format!("\n**{section} ")];
        assert!(headings.iter().any(|heading| text.contains(heading)), "there is no section {section}");
    }
}
