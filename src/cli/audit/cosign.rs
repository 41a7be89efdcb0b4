//! `flow-registry audit cosign`: a witness, elsewhere than the service, verifies an export against the checkpoint that it
//! cosigned last, and cosigns the export's last one. Prints it as it is to be kept.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use chrono::Utc;
use clap::Args;
use serde_json::Value;

use super::evidence;
use crate::cli::failure::Failure;
use crate::cli::screen;
use crate::config::ConfigError;
use crate::registry::checkpoints::read_key_file;
use crate::registry::verification::{Report, Verdict, WitnessKey, verify_export};

#[derive(Debug, Args)]
pub struct CosignOrder {
    /// An export as NDJSON, of the whole log or of what followed the checkpoint that was cosigned last
    #[arg(required_unless_present = "show_key")]
    pub export: Option<PathBuf>,
    /// The witness's own key, as `flow-registry signing-key create` makes it; used for nothing else
    #[arg(long, value_name = "FILE")]
    pub witness_key: PathBuf,
    /// A public key of the log, or a file of such keys. May be repeated
    #[arg(long = "key", value_name = "KEY|FILE")]
    pub keys: Vec<String>,
    /// The checkpoint that was cosigned last: the log must lead to it. Left out the first time only
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Only print the public key of the witness, as verifiers take it
    #[arg(long)]
    pub show_key: bool,
}

impl CosignOrder {
    /// Verifies and cosigns. Nothing is printed where the log is not intact.
    pub fn run(&self) -> anyhow::Result<()> {
        let secret = read_key_file(&self.witness_key)?;
        let [secret] = secret.signing_keys() else {
            bail!(ConfigError("--witness-key: a witness has one key".to_owned()));
        };
        let Some(export) = self.export.as_ref().filter(|_| !self.show_key) else {
            return Ok(screen::print(&format!("{}\n", WitnessKey::of(secret)))?);
        };
        let keys = evidence::keys(&self.keys)?;
        let cosigned_last: Vec<PathBuf> = self.checkpoint.iter().cloned().collect();
        let kept = evidence::kept_notes(&cosigned_last, &keys)?;
        let own = WitnessKey::of(secret);
        evidence::demand_cosignatures(&cosigned_last, &[own])?;
        let opened = File::open(export);
        let mut file = BufReader::new(opened.with_context(|| format!("cannot read {}", export.display()))?);
        let report = verify_export(&mut file, &keys, &kept)?;
        if !is_whole(&report, !kept.is_empty()) {
            return Err(Failure::Refused(format!("not cosigned: {report}")).into());
        }
        file.seek(SeekFrom::Start(0))?;
        let mut note = None;
        for line in file.lines() {
            let line = line?;
            if line.starts_with("{\"checkpoint\"") {
                note = serde_json::from_str::<Value>(&line)?["checkpoint"].as_str().map(str::to_owned);
            }
        }
        let note = note.context("the export has no checkpoint")?;
        Ok(screen::print(&secret.cosign(&note, Utc::now())?)?)
    }
}

/// Whether there is nothing between what was cosigned before, or the beginning of the log, and the end.
fn is_whole(report: &Report, has_kept: bool) -> bool {
    matches!(report.verdict, Verdict::Intact { .. }) && (has_kept || report.after == 0)
}
