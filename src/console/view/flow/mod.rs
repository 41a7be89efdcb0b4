//! The page of a flow: how it stands, in words; its document as picture, outline or JSON; the panel of one step.

mod address;
mod document;
pub mod drawn;
mod fault;
pub mod head;
pub mod json;
mod members;
mod panel;
mod steps;

use askama::Template;
use axum::http::HeaderMap;

use self::address::{FlowAddress, ShownDocument, ShownVersion};
use self::document::ReadDocument;
use self::head::{FlowHead, FlowView};
use self::json::JsonView;
use self::panel::{StepPanel, panel};
use self::steps::{OutlineView, Painter, TargetView};
use super::change::done::DoneNotice;
use super::of_flow::OfFlow;
use super::picture::{self, PicturePart};
use super::said::{Markup, said};
use crate::console::changed::counted;
use crate::console::failure::PageResult;
use crate::console::form::AddressParameters;
use crate::console::page::{PageFrame, api_query};
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::flow::FlowTexts;
use crate::console::texts::picture::PictureTexts;
use crate::outline::member::Holds;
use crate::outline::sentence::{Piece, Sentence, number};
use crate::outline::trigger::trigger;

#[derive(Template)]
#[template(path = "flow.html")]
struct FlowPageView<'s> {
    page: PageFrame,
    head: FlowHead,
    t: &'static FlowTexts,
    map: &'static PictureTexts,
    done: Option<DoneNotice>,
    facts: Vec<Markup>,
    /// Where the findings stand in words, on pages that have but their number.
    findings: Option<String>,
    description: Option<String>,
    switch: Switch,
    is_erased: bool,
    picture: Option<PicturePart>,
    outline: Option<OutlineView>,
    json: Option<JsonView>,
    panel: Option<StepPanel<'s>>,
}

/// Which document is shown, and the others that can be.
struct Switch {
    shows: Markup,
    class: &'static str,
    draft: String,
    is_draft: bool,
    /// What is published, and what that is called; `None`: nothing is.
    in_force: Option<(&'static str, String)>,
    is_in_force: bool,
    /// The number of a version that is asked for.
    version: Option<i64>,
    newest: i64,
    /// Where the number of a version is sent, and what goes with it.
    action: String,
    kept: Vec<(&'static str, String)>,
}

pub async fn show(
    session: Session,
    headers: HeaderMap,
    OfFlow(flow_id): OfFlow,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    let address = FlowAddress::read(flow_id, &fields)?;
    let view = view(&headers, &address);
    let head = FlowHead::load(&session, flow_id, view).await?;
    let document = ShownDocument::find(&session, &head.state, &address.version).await?;
    let t = head.t;
    let read = ReadDocument::of(&session, &document)?;
    let (mut picture, mut outline, mut json, mut open) = (None, None, None, None);
    if let Some(read) = &read {
        let painter = Painter { session: &session, address: &address, canonical: &read.canonical };
        match view {
            // The panel alone needs nothing of what stands beside it.
            _ if part::is_asked(&headers, "step") => {}
            FlowView::Picture => {
                picture = Some(drawn::picture(&session, &address, &document, read).await?);
            }
            FlowView::Json => {
                json = Some(JsonView::new(&session, &address, &document, &read.canonical.value));
            }
            FlowView::Outline | FlowView::History => outline = Some(painter.outline(read.faults.clone())),
        }
        if !address.step.is_empty() {
            open = Some(panel(&painter, &document, &read.faults).await?);
        }
    }
    let shown = FlowPageView {
        page: page(&session, &head, &document),
        t,
        map: picture::texts(&session),
        done: DoneNotice::asked(&session, flow_id, &fields).await?,
        facts: facts(&session, t, read.as_ref()),
        findings: read.as_ref().filter(|read| !read.faults.is_empty() && view != FlowView::Outline).map(
            |_| {
                FlowAddress { view: "outline".to_owned(), step: String::new(), ..address.clone() }
                    .href(&session.links)
            },
        ),
        description: read.as_ref().and_then(|read| read.canonical.document.description.clone()),
        switch: switch(&session, &head, &address, &document),
        is_erased: read.is_none(),
        picture,
        outline,
        json,
        panel: open,
        head,
    };
    part::page_or_part(&headers, &shown)
}

/// The view that is asked for. Where none is, a small screen gets the outline, which reads better there.
fn view(headers: &HeaderMap, address: &FlowAddress) -> FlowView {
    let says = |name: &str, word: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
    };
    match address.view.as_str() {
        "json" => FlowView::Json,
        "outline" => FlowView::Outline,
        "" if says("sec-ch-ua-mobile", "?1") || says("user-agent", "Mobi") => FlowView::Outline,
        _ => FlowView::Picture,
    }
}

fn page(session: &Session, head: &FlowHead, document: &ShownDocument) -> PageFrame {
    let id = head.state.record.flow_id.to_string();
    let page = PageFrame::new(session, head.name()).below(head.t.flows, session.links.to("flows"));
    // What was in force then is a version of now.
    let version = match document.which {
        ShownVersion::Draft => "draft".to_owned(),
        ShownVersion::InForce if document.is_of_now => "published".to_owned(),
        ShownVersion::InForce | ShownVersion::Version(_) => document.version.to_string(),
    };
    let is_draft = document.which == ShownVersion::Draft;
    let as_of = session.links.as_of().filter(|_| is_draft);
    let asked = match as_of {
        Some(as_of) => ("asOf", as_of),
        None => ("version", version.as_str()),
    };
    let option = if is_draft { String::new() } else { format!(" --version {version}") };
    let cli = format!("flows show {id}{option}");
    page.with_command(
        session,
        as_of.is_none().then_some(&*cli),
        &api_query(&format!("bot/flows/{id}"), [asked]),
    )
}

/// The number, what starts it, how many steps and findings it has.
fn facts(session: &Session, t: &FlowTexts, read: Option<&ReadDocument>) -> Vec<Markup> {
    let Some(ReadDocument { canonical, faults }) = read else { return Vec::new() };
    let language = session.language();
    let number = match canonical.phone_number_id() {
        Some(number) => Sentence::of(t.number, &[("number", Piece::Written(number.to_owned()))]),
        None => Sentence::words(t.any_number),
    };
    let errors = faults.iter().filter(|fault| fault.is_error).count();
    let warnings = faults.len() - errors;
    let found: Vec<Sentence> = [(errors, t.one_error, t.errors), (warnings, t.one_warning, t.warnings)]
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, one, several)| counted(count, (one, several), language))
        .collect();
    let found = match found.is_empty() {
        true => Sentence::words(t.no_findings),
        false => Sentence::listed(found, ", "),
    };
    let steps = counted(canonical.document.steps.len(), (t.one_step, t.steps), language);
    let facts = [number, trigger(&canonical.document.trigger, language), steps, found];
    facts.iter().map(|fact| said(session, fact)).collect()
}

fn switch(session: &Session, head: &FlowHead, address: &FlowAddress, document: &ShownDocument) -> Switch {
    let (t, record) = (head.t, &head.state.record);
    let to = |version: &str| {
        let address = FlowAddress { version: version.to_owned(), at: String::new(), ..address.clone() };
        address.href(&session.links)
    };
    let (text, class) = match document.which {
        ShownVersion::Draft => (t.shows_draft, "draft"),
        ShownVersion::InForce => (t.shows_in_force, "in-force"),
        ShownVersion::Version(_) => (t.shows_version, "version"),
    };
    let places = [
        ("n", number(document.version, session.language())),
        ("when", Piece::Moment(document.answer.record.updated_at)),
    ];
    // What is paused is published and not in force.
    let published = if head.state.in_force() { t.in_force } else { t.published };
    let kept = [
        ("view", address.view.clone()),
        ("layer", address.layer.clone()),
        ("step", address.step.clone()),
        ("asOf", session.links.as_of().unwrap_or_default().to_owned()),
    ];
    Switch {
        shows: said(session, &Sentence::of(text, &places)),
        class,
        draft: to("draft"),
        is_draft: document.which == ShownVersion::Draft,
        in_force: record.published.is_some().then(|| (published, to("published"))),
        is_in_force: document.which == ShownVersion::InForce,
        version: match document.which {
            ShownVersion::Version(version) => Some(version),
            ShownVersion::Draft | ShownVersion::InForce => None,
        },
        newest: record.version,
        action: session.links.now(&address.path()),
        kept: kept.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
    }
}
