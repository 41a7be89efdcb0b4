//! Which flow is meant: by its id, by its name, or by a part of its name that only one has.

use std::cell::OnceCell;

use serde_json::Value;
use uuid::Uuid;

use super::flow::Flow;
use crate::cli::client::Client;
use crate::cli::failure::Failure;
use crate::cli::screen::{FAINT, STRONG, indented, paint, plain};
use crate::flow::text::fold;

/// How many of several that could be meant are named.
const CANDIDATES_MAX: usize = 20;

/// Which flows a name can mean. Deleted ones always count: what was deleted must not be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Deleted ones where no other has the name.
    LiveFirst,
    /// All alike: what follows changes something.
    All,
}

/// The flow that is meant.
#[derive(Debug)]
pub struct Found {
    id: Uuid,
    /// As it is now; where the id was typed, only once somebody asks. `None` where it cannot be had.
    flow: OnceCell<Option<Flow>>,
}

impl Found {
    /// A slash before and none behind it.
    pub fn path(&self) -> String {
        format!("/bot/flows/{}", self.id)
    }

    /// The flow as it is now, if the key may read it.
    pub fn flow(&self, client: &Client) -> Option<&Flow> {
        let read = || client.get(&self.path()).query("version", Some("draft")).answer()?.data();
        self.flow.get_or_init(|| read().ok()).as_ref()
    }

    /// Its name, or its id where nothing better is known. It may steer: it is not yet plain.
    pub fn name(&self, client: &Client) -> String {
        self.flow(client).map_or_else(|| self.id.to_string(), |flow| flow.name.clone())
    }

    /// The lines above what is told of the flow.
    pub fn heading(&self, client: &Client) -> String {
        let (flow, id) = (self.flow(client), self.id);
        let name = flow.map(|flow| paint(STRONG, indented("", &flow.name).trim_end()) + "\n");
        let deleted = if flow.is_some_and(Flow::is_deleted) { ", deleted" } else { "" };
        format!("{}{} {id}{deleted}\n", name.unwrap_or_default(), paint(FAINT, "id     "))
    }
}

/// An id need not exist; whatever is asked of it then tells.
pub fn find(client: &Client, meant: &str, among: Among) -> Result<Found, Failure> {
    if let Ok(id) = meant.parse() {
        return Ok(Found { id, flow: OnceCell::new() });
    }
    let call = client.get("/bot/flows").query("q", Some(meant)).query("view", Some("summary"));
    let found = call.query("include", Some("deleted")).answer()?.data()?;
    let flow = choose(meant, found, among)?;
    Ok(Found { id: flow.id, flow: OnceCell::from(Some(flow)) })
}

/// The name as it was typed goes before the same name in other letters, and both before names it is a part of.
fn choose(meant: &str, found: Vec<Flow>, among: Among) -> Result<Flow, Failure> {
    let folded = fold(meant);
    let nearness = |flow: &Flow| match fold(&flow.name) {
        _ if flow.name == meant => Some(0),
        name if name == folded && !folded.is_empty() => Some(1),
        name if name.contains(&folded) && !folded.is_empty() => Some(2),
        _ => None,
    };
    let nearest = found.iter().filter_map(nearness).min();
    let is_nearest = |flow: &Flow| nearest.is_some() && nearness(flow) == nearest;
    let mut candidates: Vec<Flow> = found.into_iter().filter(is_nearest).collect();
    if among == Among::LiveFirst && candidates.iter().any(|flow| !flow.is_deleted()) {
        candidates.retain(|flow| !flow.is_deleted());
    }
    match candidates.len() {
        0 => Err(Failure::NotFound(format!("no flow is named {}", Value::from(&*plain(meant))))),
        1 => Ok(candidates.remove(0)),
        _ => Err(ambiguous(meant, &candidates)),
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
            (Ok(flow), Ok(expected)) => assert_eq!(flow.id.as_u128(), expected, "{meant}"),
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
        // Letters and accents do not make another name, and a longer name is another one.
        check("onboarding", &["Onboarding (copia)", "Onboarding"], Among::All, Ok(2));
        check("cobro rapido", &["Cobro rápido 2", "¡Cobro  Rápido!"], Among::LiveFirst, Ok(2));
        check("Alta", &["alta", "Alta"], Among::All, Ok(2));
        check("ALTA", &["alta", "Alta"], Among::All, Err("could be any of these"));
        // A deleted flow is not taken for a live one that is only similar.
        check("alta", &["Alta nueva", "-Alta"], Among::LiveFirst, Ok(2));
        // The service also finds names by what is said in descriptions.
        check("alta", &["Citas"], Among::All, Err("no flow is named \"alta\""));
        check("?!", &["Citas"], Among::All, Err("no flow is named"));
    }
}
