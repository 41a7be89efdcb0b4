//! `flow-registry projections`: what is computed from the log, held against it and put right, by whoever is at the
//! machine. Works beside running services, which go on meanwhile.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, IsTerminal as _};

use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::failure::Failure;
use super::screen;
use crate::config::DatabaseConfig;
use crate::registry::projections::{Drift, Projections, Trouble};

const EXIT_STATUS: &str = "\
Exit status:
  0  everything is what the log leads to, or was put right
  1  something is not, or cannot be put right
  2  the command line or a setting cannot be used
  4  there is no such organization
  5  the database cannot be reached or failed";

#[derive(Debug, Subcommand)]
pub enum ProjectionsOrder {
    /// Compare what flows and API keys are with what the log leads to; changes nothing
    #[command(after_help = EXIT_STATUS)]
    Check(ProjectionsScope),
    /// Put right what differs
    #[command(after_help = EXIT_STATUS)]
    Rebuild(ProjectionsScope),
}

#[derive(Debug, Args)]
pub struct ProjectionsScope {
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
    fn scope(&self) -> &ProjectionsScope {
        match self {
            Self::Check(scope) | Self::Rebuild(scope) => scope,
        }
    }

    pub fn database(&self) -> &DatabaseConfig {
        &self.scope().database
    }

    /// Whether it is content with looking.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::Check(_))
    }

    /// Carries the order out. What was found goes to stdout, progress and the outcome to stderr.
    pub async fn run(&self, projections: &Projections) -> Result<(), Failure> {
        let report = self.walk(projections).await?;
        if self.scope().json {
            let json = serde_json::to_string(&report).expect("a report is JSON");
            shown(screen::print_json(&json))?;
        }
        let Report { organizations, streams, events, drifted, left } = &report;
        screen::note(&format!(
            "{streams} flows and keys of {organizations} organizations, {events} events.\n"
        ));
        match (self, drifted.len(), left.len()) {
            (_, 0, _) => screen::note("Everything is what the log leads to.\n"),
            (Self::Rebuild(_), found, 0) => screen::note(&format!("{found} drifted and were put right.\n")),
            (Self::Check(_), found, _) => {
                return Err(Failure::Refused(format!(
                    "{found} are not what the log leads to; see flow-registry projections rebuild"
                )));
            }
            (Self::Rebuild(_), found, left) => {
                return Err(Failure::Refused(format!(
                    "{found} drifted, and {left} of them cannot be put right from the log"
                )));
            }
        }
        Ok(())
    }

    async fn walk(&self, projections: &Projections) -> Result<Report, Failure> {
        let scope = self.scope();
        let Some(mut walk) = projections.walk(scope.org).await.map_err(failed)? else {
            let org = scope.org.unwrap_or_default();
            return Err(Failure::NotFound(format!("there is no organization {org}")));
        };
        let mut report = Report::default();
        let mut organizations = BTreeSet::new();
        while let Some(batch) = walk.next().await.map_err(failed)? {
            organizations.insert(batch.organization_id());
            report.organizations = organizations.len();
            report.streams += batch.streams();
            report.events += batch.events();
            if !scope.json {
                shown(screen::print(&batch.drifts().iter().map(said).collect::<String>()))?;
            }
            report.drifted.extend_from_slice(batch.drifts());
            match self {
                Self::Check(_) => report.left.extend_from_slice(batch.drifts()),
                Self::Rebuild(_) => report.left.extend(projections.mend(batch).await.map_err(failed)?),
            }
            show_progress(&report);
        }
        if io::stderr().is_terminal() {
            screen::note("\r\x1b[K");
        }
        Ok(report)
    }
}

/// The exit status is an answer too, and a rebuild goes on: nothing of it hangs on who reads along.
fn shown(printed: Result<(), Failure>) -> Result<(), Failure> {
    match printed {
        Err(Failure::ReaderGone) => Ok(()),
        printed => printed,
    }
}

/// The database failed, which says nothing about what is in it.
fn failed(error: impl Display) -> Failure {
    Failure::NoAnswer(format!("the projections could not be compared to their end: {error}"))
}

fn show_progress(report: &Report) {
    if io::stderr().is_terminal() {
        screen::note(&format!("\r{} flows and keys, {} events", report.streams, report.events));
    }
}

/// A line, or several where a row differs in several columns.
fn said(drift: &Drift) -> String {
    let name = format!("{} {} of {}", drift.resource, drift.id, drift.organization_id);
    match &drift.trouble {
        Trouble::Differs { differences } => {
            let lines = differences.iter().map(|it| {
                let erased = if it.erased { ", as it was erased" } else { "" };
                format!("{name}: {} is {}, not {}{erased}\n", it.column, it.stored, it.computed)
            });
            lines.collect()
        }
        trouble => format!("{name}: {trouble}\n"),
    }
}
