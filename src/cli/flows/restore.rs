//! `flows restore`: shows what would happen, asks, and then does that and nothing else.

use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Common;
use super::changes::changes;
use super::find::{self, Among, Found};
use super::flow::{Flow, in_force};
use super::show::findings;
use crate::cli::client::{AnswerData, Client};
use crate::cli::failure::Failure;
use crate::cli::member::ShownFinding;
use crate::cli::screen::{self, STRONG, paint, plain};
use crate::flow::diff::Diff;

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The flow's id, its name, or a part of its name that no other has
    flow: String,
    /// The version to bring back: a number, or published to discard what the draft has beyond it
    #[arg(value_parser = version)]
    version: Value,
    /// Why, in 3 to 500 characters; kept in the log
    #[arg(long, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// The person for whom you do it; kept in the log
    #[arg(long = "on-behalf-of", value_name = "NAME")]
    on_behalf_of: Option<String>,
    /// Put it in force as well, not into the draft only
    #[arg(long)]
    live: bool,
    /// Show what would happen, and change nothing
    #[arg(long = "dry-run", conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    common: Common,
}

/// What a restore would do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rehearsal {
    restored_from: i64,
    /// Absent where everything is so already.
    version: Option<i64>,
    refused: bool,
    published_version: Option<i64>,
    in_force: bool,
    diff: Diff,
    findings: Vec<ShownFinding>,
}

impl RestoreArgs {
    pub fn run(&self) -> Result<(), Failure> {
        let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
        if !self.dry_run && !self.yes && !can_ask {
            let message = "this changes the flow: say --yes, or --dry-run to see what it would do";
            return Err(Failure::Unusable(message.to_owned()));
        }
        let client = self.common.client()?;
        let flow = find::find(&client, &self.flow, Among::All)?;
        if self.yes {
            return self.carry_out(&client, &flow, None);
        }
        let answer = client.post(&path(&flow), &self.order(true)).answer()?;
        let rehearsal: Rehearsal = answer.data()?;
        let text = flow.heading(&client) + &rehearsed(&rehearsal);
        match (self.dry_run, self.common.json) {
            (true, true) => screen::print_json(answer.json())?,
            (true, false) => screen::print(&text)?,
            (false, _) => screen::note(&text),
        }
        match rehearsal.version {
            _ if rehearsal.refused => {
                Err(Failure::Refused("the version has errors and was never in force".to_owned()))
            }
            _ if self.dry_run => Ok(()),
            None => Ok(()),
            Some(_) if !confirmed()? => Err(Failure::Refused("nothing was changed".to_owned())),
            // Whatever happened since must be seen before it is replaced.
            Some(version) => self.carry_out(&client, &flow, Some(version - 1)),
        }
    }

    fn order(&self, dry_run: bool) -> Value {
        let mode = if self.live { "live" } else { "draft" };
        // What is only rehearsed needs no reason of its own.
        let reason = self.reason.as_deref().unwrap_or("dry run");
        json!({"version": self.version, "reason": reason, "mode": mode, "dryRun": dry_run})
    }

    fn carry_out(&self, client: &Client, found: &Found, seen: Option<i64>) -> Result<(), Failure> {
        // That nothing changed is only told by the version before.
        let before = if self.common.json { None } else { found.flow(client).map(|flow| flow.version) };
        let call = client.post(&path(found), &self.order(false)).once();
        let call = call.header("If-Match", seen.map(|version| format!("\"{version}\"")));
        let answer: AnswerData = call.header("X-On-Behalf-Of", self.on_behalf_of.as_ref()).answer()?;
        if self.common.json {
            return screen::print_json(answer.json());
        }
        let flow: Flow = answer.data()?;
        let live = in_force(flow.published_version, flow.in_force);
        let name = plain(&flow.name);
        if before == Some(flow.version) {
            let was = self.version.as_str().map_or_else(|| self.version.to_string(), str::to_owned);
            let head = format!("{name} is already as version {was} was: nothing was changed or recorded.");
            return screen::print(&format!("{head} {live}\n"));
        }
        screen::print(&format!("{name} is at version {}, {}. {live}\n", flow.version, flow.state()))
    }
}

fn path(flow: &Found) -> String {
    flow.path() + "/restore"
}

fn rehearsed(rehearsal: &Rehearsal) -> String {
    let Rehearsal { restored_from, version, published_version, in_force: is_in_force, diff, .. } = rehearsal;
    let live = in_force(*published_version, *is_in_force);
    let head = match version {
        _ if rehearsal.refused => format!("Version {restored_from} cannot be put in force: it has errors."),
        None => format!(
            "It is already as version {restored_from} was: there is nothing to restore or record. {live}"
        ),
        Some(version) => {
            format!("Version {restored_from} would come back as version {version}. Then: {live}")
        }
    };
    format!("{}\n\n{}{}", paint(STRONG, head), changes(diff), findings(&rehearsal.findings))
}

fn confirmed() -> Result<bool, Failure> {
    screen::note("\nRestore it? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn version(text: &str) -> Result<Value, String> {
    match text {
        "published" => Ok(Value::from(text)),
        number => match number.parse::<i64>() {
            Ok(number) if number > 0 => Ok(Value::from(number)),
            _ => Err("must be a positive integer or published".to_owned()),
        },
    }
}
