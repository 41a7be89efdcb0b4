//! `flows show`.

use bytes::Bytes;
use clap::Args;
use serde::Deserialize;

use super::flow::{Flow, in_force, was_in_force};
use super::{Common, find, outline};
use crate::cli::failure::Failure;
use crate::cli::member::ShownFinding;
use crate::cli::screen::{self, FAINT, NOTE, REMOVED, STRONG, indented, millisecond, paint, plain};
use crate::flow::document::Canonical;

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The flow's id, its name, or a part of its name that no other has
    flow: String,
    /// A number or published [default: the draft]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// As it was at an instant (2026-05-01T03:42:18Z) or at a position of the log (position:41)
    #[arg(long = "as-of", value_name = "MOMENT", conflicts_with = "version")]
    as_of: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Deserialize)]
struct Shown {
    #[serde(flatten)]
    flow: Flow,
    description: Option<String>,
    #[serde(default)]
    findings: Vec<ShownFinding>,
}

impl ShowArgs {
    pub fn run(&self) -> Result<(), Failure> {
        let client = self.common.client()?;
        let flow = find::find(&client, &self.flow, find::Among::LiveFirst)?;
        // Asked for by name, the draft of a deleted flow is shown too.
        let version = self.version.as_deref().or(if self.as_of.is_some() { None } else { Some("draft") });
        let call = client.get(&flow.path()).query("version", version);
        let answer = call.query("asOf", self.as_of.as_ref()).answer()?;
        if self.common.json {
            return screen::print_json(answer.json());
        }
        let shown: Shown = answer.data()?;
        // The members of a document are among those of the flow.
        let canonical = Canonical::read(Bytes::copy_from_slice(answer.json().as_bytes()));
        let canonical =
            canonical.map_err(|error| Failure::NoAnswer(format!("the flow cannot be read: {error}")))?;
        let is_past = !matches!(version, Some("draft" | "published"));
        let now = if is_past { flow.flow(&client) } else { None };
        let now = now.filter(|now| now.version != shown.flow.version);
        let text = [head(&shown, now), outline::outline(&canonical), findings(&shown.findings)].concat();
        screen::print(&text)
    }
}

/// `now` is the flow as it is, where another state of it is shown.
fn head(Shown { flow, description, .. }: &Shown, now: Option<&Flow>) -> String {
    let mut head = format!("{}\n", paint(STRONG, plain(&flow.name)));
    head += &description.as_deref().map(|text| indented("", text)).unwrap_or_default();
    head += &format!("{} {}\n", paint(FAINT, "id     "), flow.id);
    head += &format!("{} {}, {}\n", paint(FAINT, "version"), flow.version, flow.state());
    let (when, who) = (millisecond(&flow.updated_at), plain(flow.updated_by.as_str()));
    head += &format!("{} {when} by {who}\n", paint(FAINT, "changed"));
    let (published, is_in_force) = (flow.published_version, flow.in_force);
    let Some(now) = now else {
        return head + &format!("{} {}\n", paint(FAINT, "live   "), in_force(published, is_in_force));
    };
    head += &format!("{} {}\n", paint(FAINT, "live   "), was_in_force(published, is_in_force));
    let state = format!("version {}, {}.", now.version, now.state());
    head + &format!("{} {state} {}\n", paint(FAINT, "now    "), in_force(now.published_version, now.in_force))
}

/// What validation says, the errors in red.
pub fn findings(findings: &[ShownFinding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let style = if finding.is_error() { REMOVED } else { NOTE };
        let place = format!("{} {}", paint(style, plain(&finding.severity)), plain(&finding.pointer));
        text += &format!("{place}\n{}", indented("    ", &finding.sentence()));
    }
    if text.is_empty() { text } else { format!("\n{}\n{text}", paint(STRONG, "Findings")) }
}
