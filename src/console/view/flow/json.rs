//! The document as JSON: in lines that findings lead to, and as a file.

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use serde_json::Value;

use super::address::{FlowAddress, ShownDocument};
use super::fault::line_id;
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::AddressParameters;
use crate::console::json_lines::{JsonLine, json_lines};
use crate::console::session::Session;
use crate::console::texts::flow::{EN, ES};
use crate::console::view::of_flow::OfFlow;
use crate::console::view::said::{Markup, said};
use crate::flow::pointer;
use crate::outline::sentence::{Piece, Sentence, number};
use crate::registry::Selector;
use crate::registry::caller::Scope;

/// Lines of a page.
const LINES_MAX: usize = 4_000;

/// The JSON of a document, or of a part of one that is larger than a page.
pub struct JsonView {
    pub lines: Vec<PlacedLine>,
    /// What of it is not shown, or not there.
    pub notes: Vec<Markup>,
    /// The whole of it, where a part is shown.
    pub whole: Option<String>,
    pub download: String,
}

/// A line with the id of its element.
pub struct PlacedLine {
    pub id: Option<String>,
    pub text: String,
    pub is_wanted: bool,
}

impl JsonView {
    pub fn new(session: &Session, address: &FlowAddress, document: &ShownDocument, value: &Value) -> Self {
        let t = session.texts(&ES, &EN);
        let mut notes = Vec::new();
        let at = address.at.as_str();
        let written = |text: &str| {
            let place = ("place", Piece::Written(at.to_owned()));
            said(session, &Sentence::of(text, &[place]))
        };
        if value.pointer(at).is_none() {
            notes.push(written(t.no_such_place));
        }
        let mut lines = json_lines(value, "");
        let total = lines.len();
        let is_behind = |lines: &[JsonLine]| {
            let at_line = lines.iter().position(|line| line.pointer.as_deref() == Some(at));
            at_line.is_some_and(|line| line >= LINES_MAX)
        };
        let part = part_around(at);
        let is_part = total > LINES_MAX && is_behind(&lines);
        if let (true, Some(inner)) = (is_part, value.pointer(&part)) {
            lines = json_lines(inner, &part);
            let place = [("place", Piece::Written(part))];
            notes.push(said(session, &Sentence::of(t.part_shown, &place)));
        }
        if lines.len() > LINES_MAX {
            let count = |count: usize| number(i64::try_from(count).unwrap_or(i64::MAX), session.language());
            let places = [("n", count(LINES_MAX)), ("total", count(lines.len()))];
            notes.push(said(session, &Sentence::of(t.too_long, &places)));
            lines.truncate(LINES_MAX);
        }
        let is_wanted = |line: &JsonLine| !at.is_empty() && line.pointer.as_deref() == Some(at);
        let placed = |line: JsonLine| PlacedLine {
            is_wanted: is_wanted(&line),
            id: line.pointer.map(|pointer| line_id(&pointer)),
            text: line.text,
        };
        let whole = FlowAddress { at: String::new(), ..address.clone() };
        let path = format!("{}/document.json", address.path());
        let number = document.version.to_string();
        Self {
            lines: lines.into_iter().map(placed).collect(),
            notes,
            whole: is_part.then(|| whole.href(&session.links)),
            download: session.links.with(&path, &[("version", &number)]),
        }
    }
}

/// The entry of a list of the document that a place is in: a step, a variable.
fn part_around(at: &str) -> String {
    let mut part = String::new();
    pointer::tokens(at).take(2).for_each(|token| pointer::push(&mut part, &token));
    part
}

/// The document of a version as a file, in its canonical form.
pub async fn download(
    session: Session,
    OfFlow(flow_id): OfFlow,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    session.needs(Scope::FlowsRead)?;
    let selector = session.as_of.map_or(Selector::Draft, Selector::AsOf);
    let state = session.registry().reads.get(session.caller(), flow_id, selector).await?;
    let document = ShownDocument::find(&session, &state, fields.get("version").trim()).await?;
    if document.answer.document.is_erased() {
        return Err(PageFailure::Erased);
    }
    let name = format!("attachment; filename=\"flow-{flow_id}-v{}.json\"", document.version);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(|_| PageFailure::Internal)?),
    ];
    Ok((headers, document.answer.document.bytes()).into_response())
}
