//! `flows list`.

use anstyle::Style;
use clap::{Args, ValueEnum};

use super::Common;
use super::flow::Flow;
use crate::cli::failure::Failure;
use crate::cli::screen::{self, ADDED, Column, FAINT, NOTE, Table, minute};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Flows whose name or description contains this
    #[arg(value_name = "TEXT")]
    search: Option<String>,
    /// Flows bound to this number
    #[arg(long = "phone-number-id", value_name = "ID")]
    phone_number_id: Option<String>,
    #[arg(long, conflicts_with = "deleted")]
    status: Option<Status>,
    /// What bots run: flows in force, with the documents in force
    #[arg(long = "in-force", conflicts_with_all = ["status", "deleted"])]
    in_force: bool,
    /// Deleted flows only
    #[arg(long)]
    deleted: bool,
    /// Deleted flows as well
    #[arg(long, conflicts_with = "deleted")]
    all: bool,
    /// As it was at an instant (2026-05-01T03:42:18Z) or at a position of the log (position:41)
    #[arg(long = "as-of", value_name = "MOMENT")]
    as_of: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    Draft,
    Published,
}

const COLUMNS: [Column; 8] = [
    Column::Wrapped("NAME"),
    Column::Wrapped("STATUS"),
    Column::Kept("VERSION"),
    Column::Kept("LIVE"),
    Column::Kept("ID"),
    Column::Spared("CHANGED (UTC)"),
    Column::Spared("BY"),
    Column::Spared("NUMBER"),
];

impl ListArgs {
    pub fn run(&self) -> Result<(), Failure> {
        let status = match self.status {
            Some(Status::Draft) => Some("draft"),
            Some(Status::Published) => Some("published"),
            None => self.deleted.then_some("deleted"),
        };
        let client = self.common.client()?;
        let call = client.get("/bot/flows");
        let call =
            call.query("q", self.search.as_ref()).query("phoneNumberId", self.phone_number_id.as_ref());
        let call = call.query("status", status).query("include", self.all.then_some("deleted"));
        let call = call.query("version", self.in_force.then_some("published"));
        let call = call.query("asOf", self.as_of.as_ref());
        if self.common.json {
            return screen::print_json(call.answer()?.json());
        }
        let flows: Vec<Flow> = call.query("view", Some("summary")).answer()?.data()?;
        if flows.is_empty() {
            screen::note("No flows.\n");
            return Ok(());
        }
        screen::print(&table(&flows))
    }
}

fn table(flows: &[Flow]) -> String {
    let mut table = Table::new(&COLUMNS);
    for flow in flows {
        let status = match flow.status.as_str() {
            "published" if !flow.enabled || flow.has_unpublished_changes => NOTE,
            "published" => ADDED,
            _ => FAINT,
        };
        table.row([
            (Style::new().bold(), flow.name.clone()),
            (status, flow.state()),
            (Style::new(), flow.version.to_string()),
            (Style::new(), flow.published_version.map(|version| version.to_string()).unwrap_or_default()),
            (FAINT, flow.id.to_string()),
            (Style::new(), minute(&flow.updated_at)),
            (Style::new(), flow.updated_by.as_str().to_owned()),
            (Style::new(), flow.phone_number_id.clone().unwrap_or_default()),
        ]);
    }
    table.rendered()
}
