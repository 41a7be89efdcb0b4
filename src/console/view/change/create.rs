//! A new flow: by its name, of JSON or a graph that was pasted, or the example.

use askama::Template;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::done::DONE;
use super::example::example;
use super::unknown;
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::{Change, FormFields};
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::change::{ChangeTexts, EN, ES};
use crate::console::texts::{findings, frame};
use crate::console::view::said::{Markup, said};
use crate::flow::document::{Canonical, Patch, Texts};
use crate::flow::finding::Finding;
use crate::flow::json;
use crate::outline::sentence::{Piece, Sentence};
use crate::outline::words;
use crate::registry::RegistryError;
use crate::registry::caller::Scope;

/// Findings that the page shows.
const FINDINGS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "create.html")]
struct CreatePage<'p> {
    page: PageFrame,
    t: &'static ChangeTexts,
    entered: &'p FormFields,
    trouble: CreateTrouble,
    action: String,
    once: String,
    once_of_example: String,
    cancel: String,
}

/// What stood in the way of a form that was sent.
#[derive(Default)]
struct CreateTrouble {
    status: StatusCode,
    reason: bool,
    name: bool,
    json: Option<Markup>,
    findings: Vec<ShownFault>,
}

/// What is wrong with what was pasted.
struct ShownFault {
    pointer: String,
    words: String,
    message: String,
}

pub async fn show(session: Session) -> PageResult {
    check(&session)?;
    shown(&session, &FormFields::default(), CreateTrouble::default())
}

fn check(session: &Session) -> Result<(), PageFailure> {
    session.needs(Scope::FlowsRead)?;
    session.needs(Scope::FlowsWrite)
}

fn shown(session: &Session, entered: &FormFields, trouble: CreateTrouble) -> PageResult {
    let t = session.texts(&ES, &EN);
    let flows = session.links.now("flows");
    let page = PageFrame::new(session, t.create_title)
        .below(session.texts(&frame::ES, &frame::EN).flows, flows.clone());
    let status = trouble.status;
    let view = CreatePage {
        page,
        t,
        entered,
        trouble,
        action: session.links.now("flows/new"),
        once: session.once(),
        once_of_example: session.once(),
        cancel: flows,
    };
    part::page_with(status, &view)
}

pub async fn send(change: Change) -> PageResult {
    let (session, fields) = (&change.session, &change.fields);
    check(session)?;
    let t = session.texts(&ES, &EN);
    let is_example = fields.get("from") == "example";
    let reason = match is_example {
        true => Some(t.example_reason.to_owned()),
        false => fields.reason(),
    };
    let body = if is_example { Ok(example(session.language())) } else { body(session, t, fields) };
    let (body, trouble) = match body {
        Ok(body) => (Some(body), CreateTrouble::default()),
        Err(BodyFault::NoName) => (None, CreateTrouble { name: true, ..CreateTrouble::default() }),
        Err(BodyFault::Json(json)) => (None, CreateTrouble { json: Some(json), ..CreateTrouble::default() }),
        Err(BodyFault::Findings(found)) => (None, faults(session, &found)),
    };
    let (Some(body), Some(reason)) = (body, reason.clone()) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return shown(session, fields, CreateTrouble { status, reason: reason.is_none(), ..trouble });
    };
    let intent = change.intent_without_version(Some(reason))?;
    match session.registry().commands.create(intent, body).await {
        Ok(written) => {
            let record = &written.flow.record;
            let path = session.links.now(&format!("flows/{}", record.flow_id));
            let version = record.version.to_string();
            Ok(part::see_other(&crate::console::link::query(&path, [(DONE, version.as_str())])))
        }
        Err(error) if unknown::is_unknown(&error) => {
            unknown::show(session, &session.links.now("flows"), fields)
        }
        Err(RegistryError::Invalid(found)) => shown(session, fields, faults(session, &found)),
        Err(error) => Err(error.into()),
    }
}

/// Why there is no body.
enum BodyFault {
    NoName,
    Json(Markup),
    Findings(Vec<Finding>),
}

/// The body of a request to create what the form says.
fn body(session: &Session, t: &ChangeTexts, fields: &FormFields) -> Result<Value, BodyFault> {
    let (name, pasted) = (fields.get("name").trim(), fields.get("json").trim());
    if pasted.is_empty() {
        return if name.is_empty() { Err(BodyFault::NoName) } else { Ok(json!({ "name": name })) };
    }
    let refused = |text: &str, message: String| {
        BodyFault::Json(said(session, &Sentence::of(text, &[("message", Piece::Written(message))])))
    };
    let parsed =
        json::parse(pasted.as_bytes()).map_err(|error| refused(t.json_refused, error.to_string()))?;
    let Value::Object(mut members) = parsed else { return Err(refused(t.json_no_object, String::new())) };
    if !name.is_empty() {
        members.insert("name".to_owned(), Value::from(name));
    }
    if !members.contains_key("name") {
        return Err(BodyFault::NoName);
    }
    match members.contains_key("nodes") {
        true => drawn(members).map_err(BodyFault::Findings),
        false => Ok(Value::Object(members)),
    }
}

/// The document of a graph: of a flow that has no more than its name, changed as the graph says.
fn drawn(mut graph: Map<String, Value>) -> Result<Value, Vec<Finding>> {
    let begun = Canonical::create(json!({ "name": graph.remove("name") }))?;
    let inside = |finding: Finding| {
        let pointer = finding.pointer.strip_prefix("/json").unwrap_or(&finding.pointer).to_owned();
        Finding { pointer, ..finding }
    };
    let change = Patch::read(json!({ "json": graph }));
    let change = change.map_err(|findings| findings.into_iter().map(inside).collect::<Vec<_>>())?;
    let texts = Texts::of(&begun.bytes).expect("a document that was just made is one");
    let document =
        Canonical::read(change.apply(&texts)?.bytes).expect("a change makes a document of a document");
    Ok(Value::clone(&document.value))
}

/// What the registry found in it: a fault of the name alone stands at the name.
fn faults(session: &Session, found: &[Finding]) -> CreateTrouble {
    let language = session.language();
    let is_of_name = found.iter().all(|finding| finding.pointer == "/name");
    let shown = found.iter().take(FINDINGS_MAX).map(|finding| ShownFault {
        pointer: finding.pointer.clone(),
        words: findings::finding(finding.code)
            .map_or_else(|| finding.code.to_owned(), |both| words::pick(both, language).to_owned()),
        message: finding.message.clone(),
    });
    CreateTrouble {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        name: is_of_name,
        findings: if is_of_name { Vec::new() } else { shown.collect() },
        json: (!is_of_name).then(|| said(session, &Sentence::words(session.texts(&ES, &EN).json_findings))),
        ..CreateTrouble::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(graph: Value) -> Result<Value, Vec<String>> {
        let Value::Object(members) = graph else { unreachable!("an object was given") };
        drawn(members).map_err(|found| found.into_iter().map(|finding| finding.pointer).collect())
    }

    #[test]
    fn a_graph_becomes_a_document() {
        let nodes = json!([{ "id": "a", "type": "message", "data": { "text": "Hola" } }, { "id": "b", "type": "end" }]);
        let edges = json!([{ "source": "a", "target": "b" }]);
        let document = graph(json!({ "name": "g", "nodes": nodes, "edges": edges })).unwrap();
        assert_eq!((&document["name"], &document["steps"][0]["next"]), (&json!("g"), &json!("b")));
        assert_eq!(
            graph(json!({ "name": "g", "nodes": [{ "id": "a" }] })),
            Err(vec!["/nodes/0/type".to_owned()])
        );
        assert_eq!(graph(json!({ "name": 3, "nodes": [] })), Err(vec!["/name".to_owned()]));
    }
}
