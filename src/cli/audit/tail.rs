//! `flow-registry audit tail`: the log as it grows, for as long as somebody watches. Each event once: after a break it
//! goes on behind the last one seen.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::events::{Block, Events};
use crate::cli::client::Client;
use crate::cli::entry::Entry;
use crate::cli::failure::Failure;
use crate::cli::screen::{self, FAINT, NAME, millisecond, paint, plain};
use crate::config::ClientConfig;

/// Between two tries to come back; twice as long after each that failed.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub struct TailOrder {
    /// Begin behind this position of the log; 0 shows all of it [default: its end]
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// Print each event as the API sends it, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientConfig,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    action: String,
    resource_id: String,
    metadata: Entry,
}

impl TailOrder {
    /// Ends when it is stopped, when its output is, or when the service refuses.
    pub fn run(&self) -> Result<(), Failure> {
        let client = Client::new(&self.client)?;
        let mut seen = self.after.map(|position| position.to_string());
        // Who cannot be reached at first is not waited for: the address may be wrong.
        let mut feed = open(&client, seen.as_deref())?;
        let mut pause = PAUSE;
        loop {
            let before = seen.clone();
            self.follow(feed, &mut seen)?;
            if seen != before {
                pause = PAUSE;
            }
            screen::note("The connection is gone; coming back.\n");
            feed = loop {
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
                match open(&client, seen.as_deref()) {
                    Err(failure) if failure.may_pass() => {}
                    opened => break opened?,
                }
            };
        }
    }

    /// Shows what comes until the connection ends.
    fn follow(&self, feed: impl BufRead, seen: &mut Option<String>) -> Result<(), Failure> {
        for block in Events::new(feed) {
            let Ok(Block { id, data }) = block else { return Ok(()) };
            if let Some(data) = data {
                match self.json {
                    true => screen::print_json(&data)?,
                    false => screen::print(&line(&data)?)?,
                }
            }
            *seen = id.or(seen.take());
        }
        Ok(())
    }
}

fn open(client: &Client, seen: Option<&str>) -> Result<impl BufRead + use<>, Failure> {
    let call = client.get("/audit/stream").header("Accept", Some("text/event-stream"));
    Ok(BufReader::new(call.header("Last-Event-ID", seen).stream()?))
}

fn line(data: &str) -> Result<String, Failure> {
    let told: Told = serde_json::from_str(data).map_err(|error| {
        Failure::NoAnswer(format!("the service tells of an event this command does not know: {error}"))
    })?;
    let Told { action, resource_id, metadata } = &told;
    let mut line = format!("{:>7}  {}  ", metadata.position, paint(FAINT, millisecond(&metadata.at)));
    line += &format!("{:16}  {}", paint(NAME, plain(action)), plain(resource_id));
    let why = metadata.reason.as_ref().map(|reason| format!("({reason})")).unwrap_or_default();
    for part in
        [metadata.who(), metadata.details(), metadata.changes(), why].iter().filter(|part| !part.is_empty())
    {
        line += &format!("  {}", plain(part));
    }
    Ok(line + "\n")
}
