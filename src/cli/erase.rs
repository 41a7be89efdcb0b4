//! `flow-registry erase`: content taken away on legal demand, on record. Works beside running services.

use clap::Args;
use uuid::Uuid;

use super::failure::Failure;
use super::operator::operator_name;
use super::screen;
use crate::config::{ConfigError, DatabaseConfig, OwnerConfig};
use crate::registry::RegistryError;
use crate::registry::access::operator;
use crate::registry::caller::Intent;
use crate::registry::erasure::{ErasureOrder, ErasurePlan, Erasures, Person, Selection};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["flow", "person", "absent"]))]
pub struct EraseOrder {
    /// The organization whose content it is
    #[arg(long, value_name = "UUID")]
    org: Uuid,
    /// Erase what this flow held: its documents, what changed, who did it and for whom
    #[arg(long, value_name = "UUID")]
    flow: Option<Uuid>,
    /// Of the flow these versions only, as in 1-4 or 3 [default: all]
    #[arg(long, value_name = "FROM-TO", requires = "flow", value_parser = versions)]
    versions: Option<(i64, i64)>,
    /// Erase everything that names a person: a token's subject, a key's name, whom somebody acted for, as it is written. May be
    /// repeated for one who is named in several ways
    #[arg(long, value_name = "TEXT")]
    person: Vec<String>,
    /// Put on record what is absent already, erased by hand before there was such a record
    #[arg(long)]
    absent: bool,
    /// Also where other versions, of this flow or another, lose the very same document
    #[arg(long, requires = "flow")]
    also_shared: bool,
    /// Why; it stays in the log, and must not say what is erased
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub owner: OwnerConfig,
}

fn versions(text: &str) -> Result<(i64, i64), String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if 1 <= from && from <= to => Ok((from, to)),
        _ => Err("versions are given as 3 or as 1-4".to_owned()),
    }
}

impl EraseOrder {
    /// What can be said before the database is opened.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.person().map_err(|why| ConfigError(format!("--person: {why}")))?;
        match &self.reason {
            Some(reason) if !(3..=500).contains(&reason.trim().chars().count()) => {
                Err(ConfigError("--reason: say why, in 3 to 500 characters".to_owned()))
            }
            _ => self.database.check(),
        }
    }

    fn person(&self) -> Result<Option<Person>, String> {
        match self.person.is_empty() {
            true => Ok(None),
            false => Person::named(self.person.clone()).map(Some),
        }
    }

    pub async fn run(&self, erasures: &Erasures) -> Result<(), Failure> {
        let selection = match (self.flow, self.person()) {
            (Some(flow_id), _) => {
                let (from, to) = self.versions.unwrap_or((1, i64::MAX));
                Selection::Versions { flow_id, from, to }
            }
            (None, Ok(Some(person))) => Selection::Person(person),
            (None, _) => Selection::Absent,
        };
        let plan = erasures.plan(self.org, &selection).await.map_err(failure)?;
        screen::print(&text(&plan, matches!(selection, Selection::Person(_))))?;
        let Some(reason) = self.reason.as_deref().filter(|_| !self.dry_run) else { return Ok(()) };
        let reason = reason.trim();
        let intent = Intent { reason: Some(reason.to_owned()), ..operator(self.org, &operator_name()) };
        let order = ErasureOrder { also_shared: self.also_shared, ..ErasureOrder::new(selection, reason) };
        let (erased, remaining) = erasures.erase_to_the_end(&intent, &order).await.map_err(failure)?;
        if remaining > 0 {
            let still = format!(
                "{remaining} events or rows were added meanwhile: the person still acts; run it again"
            );
            return Err(Failure::Refused(still));
        }
        let what = if self.absent { "On record" } else { "Erased, and on record" };
        screen::note(&format!("{what}: {} events of erasure {}.\n", erased.batches, erased.erasure));
        Ok(())
    }
}

fn text(plan: &ErasurePlan, is_of_person: bool) -> String {
    let (contexts, payloads, documents) = (plan.contexts.len(), plan.payloads.len(), plan.documents.len());
    let events = plan.positions().len();
    let mut text =
        format!("events: {events}, contexts: {contexts}, payloads: {payloads}, documents: {documents}\n");
    let rows = [
        ("test runs", plan.rows.runs.len()),
        ("idempotency keys", plan.rows.idempotency_keys.len()),
        ("actors", plan.rows.actors.len()),
        ("sessions of the console", plan.rows.sessions.len()),
        ("names of keys", plan.renamed_keys()),
    ];
    for (what, count) in rows.iter().filter(|(_, count)| *count > 0) {
        text += &format!("{what}: {count}\n");
    }
    for (flow, version) in &plan.shared {
        text += &format!(
            "{}version {version} of flow {flow}\n",
            if is_of_person { "content of " } else { "shared with " }
        );
    }
    text
}

fn failure(error: RegistryError) -> Failure {
    match error {
        RegistryError::FlowNotFound => Failure::NotFound("the organization has no such versions".to_owned()),
        RegistryError::ErasureRefused(_) | RegistryError::ContentInUse(_) => {
            Failure::Refused(error.to_string())
        }
        error => Failure::NoAnswer(error.to_string()),
    }
}
