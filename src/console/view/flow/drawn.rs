//! The picture of the document that is shown, with the layer that is asked for; and the picture alone as a file.

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use chrono::{DateTime, TimeDelta, Utc};

use super::address::{FlowAddress, ShownDocument, ShownVersion};
use super::document::ReadDocument;
use crate::console::drawings::{DrawingOrder, DrawnLayer};
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::AddressParameters;
use crate::console::found::FoundFault;
use crate::console::session::Session;
use crate::console::view::of_flow::OfFlow;
use crate::console::view::picture::{LayerChoice, PicturePart, texts};
use crate::console::view::told::teller;
use crate::picture::{BlamedBox, StepFaults};
use crate::registry::caller::Scope;
use crate::registry::{RegistryError, Selector};

/// Until when a change is of an age, in days; the last age has no end.
const AGES_DAYS: [i64; 4] = [1, 7, 31, 366];
/// Letters that stand for a person.
const INITIALS_MAX: usize = 2;

/// A layer by its name in an address.
const PLAIN: &str = "plain";
const BLAME: &str = "blame";
const FINDINGS: &str = "findings";

/// The picture as a part of the page.
pub async fn picture(
    session: &Session,
    address: &FlowAddress,
    document: &ShownDocument,
    read: &ReadDocument,
) -> Result<PicturePart, PageFailure> {
    let t = texts(session);
    let mut order = order(session, address, document, read).await?;
    // On its own page the path goes without saying, four hundred times.
    order.step_link = order.step_link.replacen(&session.links.now(&address.path()), "", 1);
    let chosen = match order.layer {
        DrawnLayer::Blame(_) => BLAME,
        DrawnLayer::Plain => PLAIN,
        _ => FINDINGS,
    };
    let layers = [(t.findings, FINDINGS), (t.blame, BLAME), (t.plain, PLAIN)];
    let offered = layers.into_iter().filter(|(_, name)| *name != BLAME || is_blamed(document));
    let choices = offered.map(|(label, name)| {
        let address = FlowAddress { layer: name.to_owned(), ..address.clone() };
        LayerChoice { label, href: address.href(&session.links), is_chosen: name == chosen }
    });
    let choices = choices.collect();
    let (number, path) = (document.version.to_string(), format!("{}/picture.svg", address.path()));
    let download = session.links.with(&path, &[("version", &number), ("layer", chosen)]);
    Ok(PicturePart::new(session, order, &address.step, choices, Some(download)).await)
}

/// Who changed each step last is known of the draft as it is now.
fn is_blamed(document: &ShownDocument) -> bool {
    document.which == ShownVersion::Draft && document.is_of_now
}

async fn order(
    session: &Session,
    address: &FlowAddress,
    document: &ShownDocument,
    read: &ReadDocument,
) -> Result<DrawingOrder, PageFailure> {
    let layer = match address.layer.as_str() {
        PLAIN => DrawnLayer::Plain,
        BLAME if is_blamed(document) => DrawnLayer::Blame(blamed(session, address).await?),
        _ => DrawnLayer::Findings(faults(&read.faults)),
    };
    let page = FlowAddress { step: String::new(), at: String::new(), ..address.clone() };
    let page = page.href(&session.links);
    let separator = if page.contains('?') { '&' } else { '?' };
    Ok(DrawingOrder {
        flow: read.canonical.clone(),
        layer,
        words: texts(session).words,
        step_link: format!("{page}{separator}step="),
    })
}

fn faults(found: &[FoundFault]) -> Vec<StepFaults> {
    let mut faults: Vec<StepFaults> = Vec::new();
    for fault in found {
        let known = faults.iter().position(|known| known.step == fault.step_id);
        let at = known.unwrap_or_else(|| {
            faults.push(StepFaults { step: fault.step_id.clone(), errors: 0, warnings: 0 });
            faults.len() - 1
        });
        match fault.is_error {
            true => faults[at].errors += 1,
            false => faults[at].warnings += 1,
        }
    }
    faults
}

async fn blamed(session: &Session, address: &FlowAddress) -> Result<Vec<BlamedBox>, RegistryError> {
    let blame = session.registry().history.blame(session.caller(), address.flow_id).await?;
    let told = blame.steps.into_iter().filter_map(|step| Some((step.id, step.event?)));
    let boxes = told.map(|(step, entry)| {
        let told = teller(session).told(&entry);
        let who = told.who.plain();
        let when = session.when(told.at).text();
        let words = [who.as_str(), &when, told.reason.as_deref().unwrap_or_default()];
        let words: Vec<&str> = words.into_iter().filter(|part| !part.is_empty()).collect();
        let (number, next) = (told.version.to_string(), (told.version + 1).to_string());
        let history = format!("{}/history", address.path());
        let link = session.links.with(&history, &[("before", &next), ("open", &number)]);
        BlamedBox {
            step,
            initials: initials(told.person.as_deref().unwrap_or_default()),
            age: age(told.at, session.now),
            words: words.join(", "),
            link: Some(format!("{link}#v{number}")),
        }
    });
    Ok(boxes.collect())
}

fn initials(name: &str) -> String {
    let words = name.split(|sign: char| !sign.is_alphanumeric()).filter_map(|word| word.chars().next());
    words.take(INITIALS_MAX).flat_map(char::to_uppercase).collect()
}

fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> usize {
    let is_younger = |days: &i64| now - at < TimeDelta::days(*days);
    AGES_DAYS.iter().position(is_younger).unwrap_or(AGES_DAYS.len())
}

/// The picture alone, as a file.
pub async fn download(
    session: Session,
    OfFlow(flow_id): OfFlow,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    session.needs(Scope::FlowsRead)?;
    let address = FlowAddress::read(flow_id, &fields)?;
    let selector = session.as_of.map_or(Selector::Draft, Selector::AsOf);
    let state = session.registry().reads.get(session.caller(), flow_id, selector).await?;
    let document = ShownDocument::find(&session, &state, &address.version).await?;
    let read = ReadDocument::of(&session, &document)?.ok_or(PageFailure::Erased)?;
    let order = order(&session, &address, &document, &read).await?;
    let drawing = session.console.drawings.get(order).await.ok_or(PageFailure::Internal)?;
    let name = format!("attachment; filename=\"flow-{flow_id}-v{}.svg\"", document.version);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(|_| PageFailure::Internal)?),
    ];
    Ok((headers, drawing.svg(None)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_ages_in_few_signs() {
        let check = |name: &str, expected: &str| assert_eq!(initials(name), expected);
        check("Ana", "A");
        check("ana maría pérez", "AM");
        check("first-admin key", "FA");
        check("  ", "");
        let now: DateTime<Utc> = "2026-05-03T10:00:00Z".parse().unwrap();
        let ages = [0, 1, 8, 40, 400].map(|days| age(now - TimeDelta::days(days), now));
        assert_eq!(ages, [0, 1, 2, 3, 4]);
    }
}
