//! `flow-registry audit export`: the log as a file. It has its name only once it is whole.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::progress::ProgressLine;
use crate::cli::client::{Call, Client};
use crate::cli::entry::event_types;
use crate::cli::failure::Failure;
use crate::cli::screen::{self, plain_json};
use crate::config::ClientConfig;
use crate::flow::event::StreamKind;

/// What the API calls what is typed as options here.
const OPTIONS: [(&str, &str); 3] =
    [("dateFrom", "--from"), ("dateTo", "--to"), ("actorUserId", "--actor-user-id")];

const CHUNK_BYTES: usize = 256 * 1024;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// ndjson can be verified, csv is for spreadsheets
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// Where to; written beside it until it is whole [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file where there is one already
    #[arg(long, requires = "output")]
    force: bool,
    /// Events of this type
    #[arg(long, value_name = "TYPE", value_parser = event_types(StreamKind::ALL))]
    action: Option<String>,
    /// Events of these
    #[arg(long, value_name = "KIND", value_parser = resources())]
    resource: Option<String>,
    /// Events by this person, as their tokens name them
    #[arg(long = "actor-user-id", value_name = "ID")]
    actor_user_id: Option<String>,
    /// From this day or instant on
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Until this day or instant, itself included
    #[arg(long, value_name = "MOMENT")]
    to: Option<String>,
    /// Behind this position of the log
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    #[command(flatten)]
    client: ClientConfig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Ndjson,
    Csv,
}

impl ExportArgs {
    pub fn run(&self) -> Result<(), Failure> {
        let client = Client::new(&self.client)?;
        let format = if self.format == Format::Csv { "csv" } else { "ndjson" };
        let call = client.get("/audit/export").query("format", Some(format));
        let call = call.query("action", self.action.as_ref()).query("resource", self.resource.as_ref());
        let call = call.query("actorUserId", self.actor_user_id.as_ref()).query("after", self.after);
        let call = call.query("dateFrom", self.from.as_ref()).query("dateTo", self.to.as_ref());
        match &self.output {
            Some(file) if file != Path::new("-") => {
                let mut part = Part::create(file, self.force)?;
                part.fill(export(&call)?)?;
                part.keep()
            }
            _ if io::stdout().is_terminal() => show(export(&call)?),
            _ => copy(export(&call)?, io::stdout().lock()),
        }
    }
}

fn resources() -> PossibleValuesParser {
    StreamKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().into()
}

/// A refusal names what was typed.
fn export(call: &Call<'_>) -> Result<impl Read + use<>, Failure> {
    call.stream().map_err(|failure| failure.naming(&OPTIONS))
}

fn cut(error: &io::Error) -> Failure {
    Failure::NoAnswer(format!("the export was cut: {error}"))
}

/// Copies to the end; failing to read and failing to write are told apart.
fn copy(mut export: impl Read, mut out: impl Write) -> Result<(), Failure> {
    let mut progress = ProgressLine::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut copied = 0;
    loop {
        let read = export.read(&mut chunk).map_err(|error| cut(&error))?;
        if read == 0 {
            progress.clear();
            return Ok(out.flush()?);
        }
        out.write_all(&chunk[..read])?;
        copied += read as u64;
        progress.show(|| format!("{:.1} MB", copied as f64 / 1e6));
    }
}

/// On a terminal nothing of it may steer.
fn show(export: impl Read) -> Result<(), Failure> {
    for line in BufReader::new(export).split(b'\n') {
        let line = line.map_err(|error| cut(&error))?;
        screen::print(&format!("{}\n", plain_json(&String::from_utf8_lossy(&line))))?;
    }
    Ok(())
}

/// What has come so far, beside the file that it will be once it is whole. Gone with this value.
struct Part<'f> {
    whole: &'f Path,
    path: PathBuf,
    replaces: bool,
    out: BufWriter<File>,
}

impl<'f> Part<'f> {
    fn create(whole: &'f Path, replaces: bool) -> Result<Self, Failure> {
        check_free(whole, replaces)?;
        let mut path = whole.as_os_str().to_owned();
        path.push(format!(".{}.part", std::process::id()));
        let path = PathBuf::from(path);
        let out = File::create(&path).map_err(|error| not_written(whole, error))?;
        Ok(Self { whole, path, replaces, out: BufWriter::with_capacity(CHUNK_BYTES, out) })
    }

    fn fill(&mut self, export: impl Read) -> Result<(), Failure> {
        copy(export, &mut self.out).map_err(|failure| match failure {
            Failure::File(_, error) => not_written(self.whole, error),
            failure => failure,
        })
    }

    /// Gives it its name, once it is safe on the disk.
    fn keep(self) -> Result<(), Failure> {
        check_free(self.whole, self.replaces)?;
        let kept = self.out.get_ref().sync_all().and_then(|()| fs::rename(&self.path, self.whole));
        kept.map_err(|error| not_written(self.whole, error))
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        // Under this name there is nothing any more where it was kept.
        let _ = fs::remove_file(&self.path);
    }
}

/// An earlier export may be all the evidence there is.
fn check_free(file: &Path, replaces: bool) -> Result<(), Failure> {
    if replaces || file.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::Unusable(format!("{} is there already: --force replaces it", file.display())))
}

fn not_written(file: &Path, error: io::Error) -> Failure {
    Failure::File(format!("cannot write {}", file.display()), error)
}
