//! Which flow is meant: by its id, by its exact name, or by a part of its name that only one has.

use serde_json::Value;
use uuid::Uuid;

use super::flow::Flow;
use crate::cli::client::Client;
use crate::cli::failure::Failure;
use crate::cli::screen::plain;
use crate::flow::text::fold;

/// How many of several that could be meant are named.
const CANDIDATES_MAX: usize = 20;

/// Which flows a name can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    Live,
    /// Deleted ones where no other has the name.
    LiveFirst,
    /// All alike: what follows changes something.
    All,
}

/// The path of the flow that is meant, with a slash before and none behind it.
pub fn path(client: &Client, meant: &str, among: Among) -> Result<String, Failure> {
    Ok(format!("/bot/flows/{}", id(client, meant, among)?))
}

/// An id need not exist; whatever is asked of it then tells.
fn id(client: &Client, meant: &str, among: Among) -> Result<Uuid, Failure> {
    if let Ok(id) = meant.parse() {
        return Ok(id);
    }
    let call = client.get("/bot/flows").query("q", Some(meant)).query("view", Some("summary"));
    let call = call.query("include", (among != Among::Live).then_some("deleted"));
    let found: Vec<Flow> = call.answer()?.data()?;
    choose(meant, found, among)
}

fn choose(meant: &str, found: Vec<Flow>, among: Among) -> Result<Uuid, Failure> {
    let (exact, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|flow| flow.name == meant);
    let part = fold(meant);
    let similar = others.into_iter().filter(|flow| !part.is_empty() && fold(&flow.name).contains(&part));
    let mut candidates = if exact.is_empty() { similar.collect() } else { exact };
    if among == Among::LiveFirst && candidates.iter().any(|flow| !flow.is_deleted()) {
        candidates.retain(|flow| !flow.is_deleted());
    }
    match candidates.as_slice() {
        [] => Err(Failure::NotFound(format!("no flow is named {}", Value::from(&*plain(meant))))),
        [flow] => Ok(flow.id),
        several => Err(ambiguous(meant, several)),
    }
}

fn ambiguous(meant: &str, candidates: &[Flow]) -> Failure {
    let mut message = format!("{} could be any of these; give the id:", Value::from(&*plain(meant)));
    for flow in candidates.iter().take(CANDIDATES_MAX) {
        message.push_str(&format!("\n  {}  {} ({})", flow.id, plain(&flow.name), plain(&flow.status)));
    }
    match candidates.len().saturating_sub(CANDIDATES_MAX) {
        0 => {}
        more => message.push_str(&format!("\n  and {more} more")),
    }
    Failure::Unusable(message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Flows of these names, the first with the id 1; those that begin with - are deleted.
    fn check(meant: &str, names: &[&str], among: Among, expected: Result<u128, &str>) {
        let flow = |(name, id): (&&str, u128)| -> Flow {
            let status = if name.starts_with('-') { "deleted" } else { "draft" };
            let flow = json!({
                "id": Uuid::from_u128(id), "name": name.trim_start_matches('-'), "status": status, "enabled": true,
                "inForce": false, "hasUnpublishedChanges": false, "version": 1, "updatedAt": "",
                "updatedBy": {"id": "x"},
            });
            serde_json::from_value(flow).unwrap()
        };
        let chosen = choose(meant, names.iter().zip(1..).map(flow).collect(), among);
        match (chosen, expected) {
            (Ok(id), Ok(expected)) => assert_eq!(id.as_u128(), expected, "{meant}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{meant}: {error}"),
            (chosen, _) => panic!("{meant}: {chosen:?}"),
        }
    }

    #[test]
    fn names_mean_one_flow_or_none() {
        check("Alta", &["Alta nueva", "Alta"], Among::All, Ok(2));
        check("alta", &["¡Alta nueva!", "Citas"], Among::All, Ok(1));
        check("alta", &["Alta nueva", "Alta vieja"], Among::LiveFirst, Err("could be any of these"));
        check("Alta", &["-Alta", "Alta"], Among::LiveFirst, Ok(2));
        check("Alta", &["-Alta", "Alta"], Among::All, Err("Alta (deleted)"));
        check("Alta", &["-Alta"], Among::LiveFirst, Ok(1));
        // The service also finds names by what is said in descriptions.
        check("alta", &["Citas"], Among::All, Err("no flow is named \"alta\""));
        check("?!", &["Citas"], Among::All, Err("no flow is named"));
    }
}
