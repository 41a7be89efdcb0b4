//! `flows diff`.

use clap::Args;
use serde::Deserialize;
use uuid::Uuid;

use super::changes::changes;
use super::{Common, find};
use crate::cli::failure::Failure;
use crate::cli::screen::{self, FAINT, paint};
use crate::flow::diff;

const JSON_PATCH: &str = "application/json-patch+json";

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The flow's id, its name, or a part of its name that no other has
    flow: String,
    /// A number, draft or published, or one of them behind another flow's id and `:` [default: published]
    from: Option<String>,
    /// What to compare it with: a number, draft or published, or one of them behind another flow's id and `:`
    /// [default: draft]
    to: Option<String>,
    /// Print a JSON Patch (RFC 6902) that makes the one of the other
    #[arg(long, conflicts_with = "json")]
    patch: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Deserialize)]
struct Compared {
    from: Side,
    to: Side,
    changes: diff::Diff,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Side {
    flow_id: Uuid,
    version: i64,
}

impl DiffArgs {
    pub fn run(&self) -> Result<(), Failure> {
        let client = self.common.client()?;
        let flow = find::find(&client, &self.flow, find::Among::LiveFirst)?;
        let call = client.get(&format!("{}/diff", flow.path()));
        let call = call.query("from", self.from.as_ref()).query("to", self.to.as_ref());
        if self.patch {
            return screen::print_json(&call.header("Accept", Some(JSON_PATCH)).text()?);
        }
        let answer = call.answer()?;
        if self.common.json {
            return screen::print_json(answer.json());
        }
        let Compared { from, to, changes: diff } = answer.data()?;
        let other = if from.flow_id == to.flow_id { String::new() } else { format!(" of {}", from.flow_id) };
        let head = format!("From version {}{other} to version {}\n\n", from.version, to.version);
        screen::print(&(flow.heading(&client) + &paint(FAINT, head) + &changes(&diff)))
    }
}
