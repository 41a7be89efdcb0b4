//! `flow-registry projections`: what is computed from the log, held against it and put right, by whoever is at the
//! machine. Works beside running services, which go on meanwhile.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use crate::config::DatabaseConfig;
use crate::registry::projections::{Drift, Projections, Trouble};

#[derive(Debug, Subcommand)]
pub enum ProjectionsOrder {
    /// Compare what flows and API keys are with what the log leads to; status 1 when anything differs
    Check(Scope),
    /// Put right what differs; status 1 when something cannot be
    Rebuild(Scope),
}

#[derive(Debug, Args)]
pub struct Scope {
    /// One organization only [default: all]
    #[arg(long, value_name = "UUID")]
    org: Option<Uuid>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

/// What a walk has come to so far.
#[derive(Debug, Default, Serialize)]
struct Report {
    organizations: usize,
    streams: usize,
    events: usize,
    drifted: Vec<Drift>,
    /// Of those, what a rebuild could not put right; what it put right for a check is none.
    left: Vec<Drift>,
}

impl ProjectionsOrder {
    fn scope(&self) -> &Scope {
        match self {
            Self::Check(scope) | Self::Rebuild(scope) => scope,
        }
    }

    pub fn database(&self) -> &DatabaseConfig {
        &self.scope().database
    }

    /// Carries the order out. What was found goes to stdout, progress and the outcome to stderr.
    pub async fn run(&self, projections: &Projections) -> anyhow::Result<()> {
        let scope = self.scope();
        let report = self.walk(projections).await?;
        if scope.json {
            println!("{}", serde_json::to_string(&report)?);
        }
        let Report { organizations, streams, events, drifted, left } = &report;
        eprintln!("{streams} flows and keys of {organizations} organizations, {events} events.");
        match (self, drifted.len(), left.len()) {
            (_, 0, _) => eprintln!("Everything is what the log leads to."),
            (Self::Rebuild(_), found, 0) => eprintln!("{found} drifted and were put right."),
            (Self::Check(_), found, _) => {
                anyhow::bail!("{found} are not what the log leads to; see flow-registry projections rebuild")
            }
            (Self::Rebuild(_), found, left) => {
                anyhow::bail!("{found} drifted, and {left} of them cannot be put right from the log")
            }
        }
        Ok(())
    }

    async fn walk(&self, projections: &Projections) -> anyhow::Result<Report> {
        let scope = self.scope();
        let Some(mut walk) = projections.walk(scope.org).await? else {
            anyhow::bail!("there is no organization {}", scope.org.unwrap_or_default());
        };
        let mut report = Report::default();
        let mut organizations = BTreeSet::new();
        while let Some(batch) = walk.next().await? {
            organizations.insert(batch.organization_id());
            report.organizations = organizations.len();
            report.streams += batch.streams();
            report.events += batch.events();
            if !scope.json {
                say(batch.drifts())?;
            }
            report.drifted.extend_from_slice(batch.drifts());
            match self {
                Self::Check(_) => report.left.extend_from_slice(batch.drifts()),
                Self::Rebuild(_) => report.left.extend(projections.mend(batch).await?),
            }
            show_progress(&report);
        }
        if io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
        Ok(report)
    }
}

fn show_progress(report: &Report) {
    if io::stderr().is_terminal() {
        eprint!("\r{} flows and keys, {} events", report.streams, report.events);
    }
}

fn say(drifts: &[Drift]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for drift in drifts {
        let name = format!("{} {} of {}", drift.resource, drift.id, drift.organization_id);
        match &drift.trouble {
            Trouble::Differs { differences } => {
                for it in differences {
                    writeln!(out, "{name}: {} is {}, not {}", it.column, it.stored, it.computed)?;
                }
            }
            trouble => writeln!(out, "{name}: {trouble}")?,
        }
    }
    Ok(())
}
