//! `flows history`.

use anstyle::Style;
use clap::Args;
use serde::Deserialize;

use super::Common;
use super::find::{self, Among};
use crate::cli::entry::{Entry, event_types};
use crate::cli::failure::Failure;
use crate::cli::screen::{self, ADDED, Column, NAME, NOTE, REMOVED, Table, millisecond, plain};
use crate::flow::event::{DraftChange, EventType, InForce, StreamKind};

#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The flow's id, its name, or a part of its name that no other has
    flow: String,
    /// Events of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = event_types(&[StreamKind::Flow]))]
    event_type: Option<String>,
    /// Events by this key or person, by id
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// From this day or instant on
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Until this day or instant, itself included
    #[arg(long, value_name = "MOMENT")]
    to: Option<String>,
    /// Events at once, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Where the events shown before ended
    #[arg(long)]
    cursor: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// A part of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    data: Vec<Entry>,
    page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

const COLUMNS: [Column; 5] = [
    Column::Kept("VERSION"),
    Column::Kept("WHEN"),
    Column::Wrapped("WHO"),
    Column::Wrapped("WHAT"),
    Column::Wrapped("WHY"),
];

impl HistoryArgs {
    pub fn run(&self) -> Result<(), Failure> {
        let client = self.common.client()?;
        let flow = find::find(&client, &self.flow, Among::LiveFirst)?;
        let call = client.get(&format!("{}/events", flow.path()));
        let call = call.query("type", self.event_type.as_ref()).query("actor", self.actor.as_ref());
        let call = call.query("from", self.from.as_ref()).query("to", self.to.as_ref());
        let answer = call.query("limit", Some(self.limit)).query("cursor", self.cursor.as_ref()).answer()?;
        if self.common.json {
            return screen::print_json(answer.json());
        }
        let page: Page = answer.data()?;
        match (page.data.is_empty(), page.page_info.has_next_page) {
            (true, false) => screen::note(&format!("No such events of {}.\n", plain(&flow.name(&client)))),
            (true, true) => screen::note("No such events among the newest ones that were looked at.\n"),
            (false, _) => screen::print(&(flow.heading(&client) + &table(&page.data)))?,
        }
        if let (true, Some(cursor)) = (page.page_info.has_next_page, &page.page_info.end_cursor) {
            screen::note(&format!("There are older events: --cursor {cursor}\n"));
        }
        Ok(())
    }
}

fn table(entries: &[Entry]) -> String {
    let mut table = Table::new(&COLUMNS);
    for entry in entries {
        let event = EventType::parse(&entry.event_type);
        let style = match event.and_then(EventType::in_force) {
            Some(InForce::Puts) => ADDED,
            Some(InForce::Ends) => REMOVED,
            _ if event.and_then(EventType::draft) == Some(DraftChange::TakesBack) => NOTE,
            _ => Style::new(),
        };
        table.row([
            (NAME, entry.version.to_string()),
            (Style::new(), millisecond(&entry.at)),
            (Style::new(), entry.who()),
            (style, entry.what()),
            (Style::new(), entry.reason.clone().unwrap_or_default()),
        ]);
    }
    table.rendered()
}
