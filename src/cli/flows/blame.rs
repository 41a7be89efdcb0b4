//! `flows blame`.

use anstyle::Style;
use clap::Args;
use serde::Deserialize;

use super::Common;
use super::find::{self, Among};
use crate::cli::entry::Entry;
use crate::cli::failure::Failure;
use crate::cli::screen::{self, Column, NAME, Table, millisecond, plain};

#[derive(Debug, Args)]
pub struct BlameArgs {
    /// The flow's id, its name, or a part of its name that no other has
    flow: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Deserialize)]
struct Blamed {
    steps: Vec<BlamedStep>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlamedStep {
    step_id: String,
    event: Option<Entry>,
}

const COLUMNS: [Column; 6] = [
    Column::Wrapped("STEP"),
    Column::Kept("VERSION"),
    Column::Kept("WHEN"),
    Column::Wrapped("WHO"),
    Column::Wrapped("WHAT"),
    Column::Wrapped("WHY"),
];

impl BlameArgs {
    pub fn run(&self) -> Result<(), Failure> {
        let client = self.common.client()?;
        let flow = find::find(&client, &self.flow, Among::LiveFirst)?;
        let answer = client.get(&format!("{}/blame", flow.path())).answer()?;
        if self.common.json {
            return screen::print_json(answer.json());
        }
        let blamed: Blamed = answer.data()?;
        if blamed.steps.is_empty() {
            screen::note(&format!("{} has no steps.\n", plain(&flow.name(&client))));
            return Ok(());
        }
        let mut table = Table::new(&COLUMNS);
        for step in blamed.steps {
            let event = step.event.as_ref();
            let text = |read: fn(&Entry) -> String| (Style::new(), event.map(read).unwrap_or_default());
            table.row([
                (NAME, step.step_id),
                text(|event| event.version.to_string()),
                text(|event| millisecond(&event.at)),
                text(Entry::who),
                text(Entry::happened),
                text(|event| event.reason.clone().unwrap_or_default()),
            ]);
        }
        screen::print(&(flow.heading(&client) + &table.rendered()))
    }
}
