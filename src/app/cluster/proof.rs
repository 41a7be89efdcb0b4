//! What can be said of a database that was just made of another: whether its logs are whole, lead to what was signed of
//! them, and to what readers are shown.

use std::fmt;
use std::path::Path;

use crate::app::signing;
use crate::cli::Failure;
use crate::registry::checkpoints::SignatureMemory;
use crate::registry::projections::Projections;
use crate::registry::verification::{KeptNote, LiveVerification, Verdict};
use crate::store::Store;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Proven {
    logs: usize,
    events: u64,
    documents: u64,
    checkpoints: u64,
    /// Of what was signed, kept outside the database.
    kept: usize,
    streams: usize,
    open_ended: usize,
    wrong: Vec<String>,
}

/// Goes over everything. `key_file` is the signing key, with what was signed beside it.
pub(super) async fn prove(store: &Store, key_file: &Path) -> anyhow::Result<Proven> {
    let mut proven = Proven::default();
    let keys = signing::keys_in(key_file)?;
    let kept = kept(key_file)?;
    proven.kept = kept.len();
    let mut live = LiveVerification::begin(store, keys, kept).await?;
    for organization in live.organizations().await? {
        let report = live.log(organization, |_| {}).await?;
        proven.logs += 1;
        proven.events += report.counts.events;
        proven.documents += report.counts.documents;
        proven.checkpoints += report.counts.checkpoints;
        match report.verdict {
            Verdict::Intact { .. } => {}
            Verdict::EndNotProven { .. } => proven.open_ended += 1,
            Verdict::Altered { .. } => proven.wrong.push(format!("the log of {organization}: {report}")),
        }
    }
    let projections = Projections::new(store.clone());
    if let Some(mut walk) = projections.walk(None).await? {
        while let Some(batch) = walk.next().await? {
            proven.streams += batch.streams();
            let drifts = batch.drifts().iter().filter(|drift| !drift.is_of_folding());
            proven.wrong.extend(drifts.map(|it| format!("{} {}: {}", it.resource, it.id, it.trouble)));
        }
    }
    Ok(proven)
}

/// The last checkpoint of each log that was kept outside the database.
fn kept(key_file: &Path) -> anyhow::Result<Vec<KeptNote>> {
    if !SignatureMemory::is_beside(key_file) {
        return Ok(Vec::new());
    }
    let memory = SignatureMemory::beside(key_file)?;
    let reached = memory.organizations()?.into_iter().map(|organization| memory.reached(organization));
    let reached = reached.collect::<Result<Vec<_>, _>>()?;
    Ok(reached.into_iter().flatten().map(|reached| reached.checkpoint.into()).collect())
}

impl Proven {
    /// Refused where anything is wrong; `what` says what was done with the data.
    pub fn refuse_wrong(&self, what: &str) -> Result<(), Failure> {
        match &self.wrong[..] {
            [] => Ok(()),
            wrong => {
                let first = wrong.iter().take(10).map(|wrong| format!("\n  {wrong}")).collect::<String>();
                Err(Failure::Refused(format!(
                    "{} things are not what they should be; {what}{first}",
                    wrong.len()
                )))
            }
        }
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { logs, events, documents, checkpoints, kept, streams, open_ended, .. } = self;
        write!(
            f,
            "logs: {logs}, events: {events}, documents: {documents}, checkpoints: {checkpoints}, and {kept} that were \
             kept outside the database; flows and keys: {streams}"
        )?;
        match open_ended {
            0 => Ok(()),
            _ => write!(f, ". Logs whose last events no checkpoint covers: {open_ended}"),
        }
    }
}
