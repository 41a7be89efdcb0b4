//! `flow-registry audit verify`: of an export, offline; of a running service, by an export of it; or of the database,
//! live. Each way comes to reports, and the worst of them is the exit status.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use uuid::Uuid;

use super::evidence;
use super::progress::{CountingReader, ProgressLine, percent};
use crate::cli::client::Client;
use crate::cli::failure::Failure;
use crate::cli::{from_environment, screen};
use crate::config::{ClientConfig, ConfigError, DatabaseConfig, SigningKeyFile};
use crate::registry::verification::{
    KeptNote, LiveVerification, PublicKey, Report, Store, Verdict, verify_as_of_now, verify_export,
};

pub const EXIT_STATUS: &str = "\
Exit status:
  0  intact
  1  altered
  2  the command line or what it names cannot be used
  3  end not proven: nothing is wrong, but nobody vouches for the end, or not all could be compared, or there is
     nothing to verify
  5  the verification could not be carried out";

/// Lines of an export are short, files are long.
const READ_BYTES: usize = 256 * 1024;

#[derive(Debug, Args)]
pub struct VerifyOrder {
    /// An export as NDJSON, `-` for standard input; without it the database is verified
    pub file: Option<PathBuf>,
    /// Verify an export that the service at FLOW_REGISTRY_URL sends of FLOW_REGISTRY_ORG, with FLOW_REGISTRY_KEY
    #[arg(long = "over-http", conflicts_with = "file")]
    pub over_http: bool,
    /// A public key whose signatures count, or a file of such keys. May be repeated [default for the database: the keys
    /// this machine signs with]
    #[arg(long = "key", value_name = "KEY|FILE")]
    pub keys: Vec<String>,
    /// A checkpoint or tree head that was kept elsewhere: the log must lead to it. May be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub checkpoints: Vec<PathBuf>,
    /// A witness who must have cosigned every checkpoint that was kept: its key, or a file of such keys. May be repeated
    #[arg(long = "witness", value_name = "KEY|FILE", requires = "checkpoints")]
    pub witnesses: Vec<String>,
    /// The organization whose log in the database is verified [default: all]
    #[arg(long, value_name = "UUID", conflicts_with = "file")]
    pub org: Option<Uuid>,
    /// A JSON object a line for each log
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub signing: SigningKeyFile,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

/// The worst answer so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verified {
    Intact,
    EndNotProven,
    Altered,
}

impl From<Verified> for ExitCode {
    fn from(verified: Verified) -> Self {
        Self::from(match verified {
            Verified::Intact => 0,
            Verified::Altered => 1,
            Verified::EndNotProven => 3,
        })
    }
}

impl VerifyOrder {
    /// The public keys that are given.
    fn given_keys(&self) -> Result<Vec<PublicKey>, ConfigError> {
        evidence::keys(&self.keys)
    }

    /// The checkpoints and tree heads that were kept, cosigned by every witness that is named.
    fn kept(&self, keys: &[PublicKey]) -> Result<Vec<KeptNote>, ConfigError> {
        let kept = evidence::kept_notes(&self.checkpoints, keys)?;
        evidence::demand_cosignatures(&self.checkpoints, &evidence::witnesses(&self.witnesses)?)?;
        Ok(kept)
    }

    /// An export brings no keys of its own that could be trusted.
    fn demanded_keys(&self) -> Result<Vec<PublicKey>, ConfigError> {
        match self.given_keys()? {
            keys if keys.is_empty() => {
                Err(ConfigError("an export proves nothing without a public key: give --key".to_owned()))
            }
            keys => Ok(keys),
        }
    }

    /// Verifies an export with nothing but what is given.
    pub fn verify_file(&self, file: &Path) -> anyhow::Result<Verified> {
        let keys = self.demanded_keys()?;
        let (reader, length): (Box<dyn BufRead>, _) = if file == Path::new("-") {
            (Box::new(io::stdin().lock()), None)
        } else {
            let opened = File::open(file);
            let opened =
                opened.map_err(|error| ConfigError(format!("cannot read {}: {error}", file.display())))?;
            let length = opened.metadata().ok().map(|metadata| metadata.len());
            (Box::new(BufReader::with_capacity(READ_BYTES, opened)), length)
        };
        let kept = self.kept(&keys)?;
        self.verify_export(reader, length, &file.display().to_string(), &keys, &kept)
    }

    /// Verifies the log of a running service by an export of it, which is not kept.
    pub fn verify_over_http(&self) -> anyhow::Result<Verified> {
        let keys = self.demanded_keys()?;
        let config: ClientConfig = from_environment();
        let config = ClientConfig { org: self.org.or(config.org), ..config };
        let kept = self.kept(&keys)?;
        config.org.map_or(Ok(()), |org| refuse_foreign(&kept, org))?;
        let client = Client::new(&config).map_err(not_a_verdict)?;
        let export = client.get("/audit/export").query("format", Some("ndjson")).stream();
        let export = export.map_err(not_a_verdict)?;
        let reader = BufReader::with_capacity(READ_BYTES, export);
        self.verify_export(reader, None, "the export", &keys, &kept)
    }

    fn verify_export(
        &self,
        reader: impl BufRead,
        length: Option<u64>,
        name: &str,
        keys: &[PublicKey],
        kept: &[KeptNote],
    ) -> anyhow::Result<Verified> {
        let mut line = ProgressLine::new();
        let reader = CountingReader::new(reader, |read| {
            line.show(|| match length {
                Some(length) => format!("{} of {name}", percent(read, length)),
                None => format!("{read} bytes"),
            });
        });
        let report = match self.over_http {
            true => verify_as_of_now(reader, keys, kept),
            false => verify_export(reader, keys, kept),
        };
        line.clear();
        match report {
            Err(error) if error.kind() == io::ErrorKind::InvalidData && !self.over_http => {
                bail!(ConfigError(format!("{name} is {error}")))
            }
            report => self.tell(&report.map_err(|error| failed(format!("cannot read {name}: {error}")))?),
        }
    }

    /// Verifies logs of the database, by the keys that are given or else by `own`.
    pub async fn verify_live(&self, store: &Store, own: Vec<PublicKey>) -> anyhow::Result<Verified> {
        let given = self.given_keys()?;
        let keys = if given.is_empty() { own } else { given };
        let kept = self.kept(&keys)?;
        self.org.map_or(Ok(()), |org| refuse_foreign(&kept, org))?;
        let mut live = LiveVerification::begin(store, keys, kept).await.map_err(failed)?;
        let organizations = match self.org {
            Some(org) if !live.knows(org).await.map_err(failed)? => {
                bail!(ConfigError(format!("--org: there is no log of organization {org}")));
            }
            Some(org) => vec![org],
            None => live.organizations().await.map_err(failed)?,
        };
        if organizations.is_empty() {
            screen::note("There is nothing to verify: the database holds no organization.\n");
            return Ok(Verified::EndNotProven);
        }
        let mut worst = Verified::Intact;
        let mut line = ProgressLine::new();
        for org in organizations {
            let report = live.log(org, |progress| {
                let (done, end) = (progress.position.unsigned_abs(), progress.end.unsigned_abs());
                line.show(|| format!("{} of {end} events of {org}", percent(done, end)));
            });
            let report = report.await.map_err(|error| failed(format!("organization {org}: {error}")))?;
            line.clear();
            worst = worst.max(self.tell(&report)?);
        }
        Ok(worst)
    }

    /// Prints a report.
    fn tell(&self, report: &Report) -> anyhow::Result<Verified> {
        let report_text = if self.json { serde_json::to_string(report)? + "\n" } else { text(report) };
        match screen::print(&report_text) {
            // The exit status is an answer too.
            Ok(()) | Err(Failure::ReaderGone) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(match report.verdict {
            Verdict::Intact { .. } => Verified::Intact,
            Verdict::Altered { .. } => Verified::Altered,
            Verdict::EndNotProven { .. } => Verified::EndNotProven,
        })
    }
}

/// A checkpoint of another log than the one that is verified would be held against nothing.
fn refuse_foreign(kept: &[KeptNote], org: Uuid) -> Result<(), ConfigError> {
    match kept.iter().find(|kept| kept.organization() != org) {
        Some(foreign) => {
            let of = foreign.organization();
            Err(ConfigError(format!("--checkpoint: one of them is of organization {of}, and not of {org}")))
        }
        None => Ok(()),
    }
}

/// What a service answers in place of its log is no word on it: here statuses that say "no" elsewhere are verdicts.
fn not_a_verdict(failure: Failure) -> Failure {
    match failure.exit_status() {
        2 => failure,
        4 => Failure::Unusable(failure.to_string()),
        _ => failed(failure),
    }
}

/// The verification could not be carried out, which says nothing about the log.
fn failed(why: impl Display) -> Failure {
    Failure::NoAnswer(format!("the verification could not be carried out: {why}"))
}

/// The verdict first, then what it rests on.
fn text(report: &Report) -> String {
    let counts = &report.counts;
    let log = report.organization.map_or("the log".to_owned(), |org| format!("the log of {org}"));
    let mut text = format!("{log}: {report}\n");
    if report.after > 0 {
        text +=
            &format!("  a part of it: of what lies before position {} nothing is said\n", report.after + 1);
    }
    if let Some(proof) = &report.proven {
        let time = proof.time.format("%Y-%m-%dT%H:%M:%SZ");
        text +=
            &format!("  proven up to position {} by a checkpoint of {time} ({})\n", proof.position, proof.by);
    }
    let seen = [
        (counts.events, "events"),
        (counts.omitted, "left out by a filter"),
        (counts.documents, "documents"),
        (counts.erased, "erased on record"),
        (counts.checkpoints, "checkpoints"),
        (counts.unknown_signers, "of them by unknown keys"),
        (counts.tree_heads, "tree heads"),
    ];
    let seen = seen.into_iter().filter(|(count, _)| *count > 0);
    let seen: Vec<String> = seen.map(|(count, what)| format!("{what}: {count}")).collect();
    if !seen.is_empty() {
        text += &format!("  {}\n", seen.join(", "));
    }
    text
}
