//! `flows test`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value};

use super::Common;
use super::find::{self, Among};
use super::flow::Flow;
use super::transcript::ShownRun;
use crate::cli::failure::Failure;
use crate::cli::screen::{self, plain};

#[derive(Debug, Args)]
pub struct TestArgs {
    /// The flow's id, its name, or a part of its name that no other has
    flow: String,
    /// A number, draft or published [default: draft]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// What the person writes, in this order. May be repeated
    #[arg(long = "message", value_name = "TEXT", conflicts_with = "file")]
    messages: Vec<String>,
    /// A whole request as the API takes it, with inputs, mocks and expectations; - reads standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl TestArgs {
    /// Succeeds when the expectations hold and the run did not fail.
    pub fn run(&self) -> Result<ExitCode, Failure> {
        let request = self.request()?;
        let client = self.common.client()?;
        let flow = find::find(&client, &self.flow, Among::LiveFirst)?;
        let call = client.post(&format!("{}/test-run", flow.path()), &request).once();
        let answer = call.answer().map_err(|failure| match flow.flow(&client) {
            Some(flow) if flow.is_deleted() && failure.exit_status() == 4 && !request["version"].is_i64() => {
                deleted(flow)
            }
            _ => failure,
        })?;
        let run: ShownRun = answer.data()?;
        match self.common.json {
            true => screen::print_json(answer.json())?,
            false => screen::print(&run.shown(&flow.name(&client)))?,
        }
        Ok(if run.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn request(&self) -> Result<Value, Failure> {
        let mut request = match &self.file {
            Some(file) => read(file)?,
            None if self.messages.is_empty() => Map::new(),
            None => Map::from_iter([("messages".to_owned(), Value::from(self.messages.clone()))]),
        };
        if let Some(version) = &self.version {
            let version = version.parse::<i64>().map_or_else(|_| Value::from(version.as_str()), Value::from);
            request.insert("version".to_owned(), version);
        }
        Ok(Value::Object(request))
    }
}

/// Versions of a deleted flow can be tried, its draft cannot.
fn deleted(flow: &Flow) -> Failure {
    let name = Value::from(&*plain(&flow.name));
    Failure::NotFound(format!("{name} is deleted: restore it, or try one of its versions with --version"))
}

fn read(file: &Path) -> Result<Map<String, Value>, Failure> {
    let name = || file.display().to_string();
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => io::stdin().lock().read_to_string(&mut text).map(|_| ()),
        _ => std::fs::read_to_string(file).map(|read| text = read),
    };
    read.map_err(|error| Failure::File(name(), error))?;
    serde_json::from_str(&text).map_err(|error| Failure::Unusable(format!("{}: {error}", name())))
}
