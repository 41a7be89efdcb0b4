//! `flow-registry keys`: API keys made, listed and revoked by whoever is at the machine. Works beside a running
//! service, and starts the private Postgres itself when none runs.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;
use uuid::Uuid;

use super::failure::Failure;
use super::operator::operator_name;
use crate::config::DatabaseConfig;
use crate::registry::RegistryError;
use crate::registry::access::{ApiKeys, KeyMode, KeyRecord, operator};
use crate::registry::caller::{Scope, Scopes};

#[derive(Debug, Subcommand)]
pub enum KeysOrder {
    /// Make a key and print it: it is shown this once
    Create(CreateKey),
    /// List the keys that are not revoked
    List(ListKeys),
    /// End a key for good
    Revoke(RevokeKey),
}

#[derive(Debug, Args)]
pub struct CreateKey {
    /// The organization the key is for
    #[arg(long, value_name = "UUID", required_unless_present = "new_organization")]
    org: Option<Uuid>,
    /// Begin a new organization with this key: that of `--org`, else one with an id of its own. Where there is no
    /// private Postgres yet, that begins too
    #[arg(long)]
    new_organization: bool,
    /// What people call the key, 2 to 80 characters
    #[arg(long)]
    name: String,
    /// What the key may do: a scope such as flows:read, or a set: consumer, auditor, support, admin. May be repeated
    /// [default: all that its kind can have]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = Scopes::parse)]
    scopes: Vec<Scopes>,
    /// Confine the key to flows of this number. May be repeated
    #[arg(long = "phone-number-id", value_name = "ID")]
    phone_number_ids: Vec<String>,
    /// When the key ends, as in 2027-01-31T00:00:00Z [default: never]
    #[arg(long = "expires-at", value_name = "INSTANT")]
    expires_at: Option<DateTime<Utc>>,
    /// A test key: it may read and test-run only
    #[arg(long)]
    test: bool,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

#[derive(Debug, Args)]
pub struct ListKeys {
    /// The organization whose keys are listed
    #[arg(long, value_name = "UUID")]
    org: Uuid,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

#[derive(Debug, Args)]
pub struct RevokeKey {
    /// The organization the key belongs to
    #[arg(long, value_name = "UUID")]
    org: Uuid,
    /// The key's id, as `keys list` shows it
    #[arg(long, value_name = "UUID")]
    id: Uuid,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

impl KeysOrder {
    pub fn database(&self) -> &DatabaseConfig {
        match self {
            Self::Create(order) => &order.database,
            Self::List(order) => &order.database,
            Self::Revoke(order) => &order.database,
        }
    }

    /// Whether the order may begin a database.
    pub fn begins(&self) -> bool {
        matches!(self, Self::Create(CreateKey { new_organization: true, .. }))
    }

    /// Carries the order out. Only what was asked for goes to stdout.
    pub async fn run(&self, keys: &ApiKeys) -> anyhow::Result<()> {
        match self {
            Self::Create(order) => order.run(keys).await,
            Self::List(order) => order.run(keys).await,
            Self::Revoke(order) => order.run(keys).await,
        }
    }
}

impl CreateKey {
    async fn run(&self, keys: &ApiKeys) -> anyhow::Result<()> {
        let scopes: Scopes = self.scopes.iter().flat_map(|scopes| scopes.iter()).collect();
        let mode = if self.test { KeyMode::Test } else { KeyMode::Live };
        let scopes: Vec<_> = scopes.iter().map(Scope::as_str).collect();
        let body = json!({
            "name": self.name,
            "scopes": Some(scopes).filter(|scopes| !scopes.is_empty()),
            "phoneNumberIds": self.phone_number_ids,
            "expiresAt": self.expires_at.map(|at| at.to_rfc3339()),
        });
        let org = self.organization(keys).await?;
        let created = keys.create(operator(org, &operator_name()), mode, &body).await.map_err(explain)?;
        eprintln!("Key {} of organization {org}. It is shown this once:", created.key.id);
        println!("{}", created.secret.expose_secret());
        Ok(())
    }

    /// The organization the key is for. A new one is begun only by who says so: the id may be mistyped.
    async fn organization(&self, keys: &ApiKeys) -> anyhow::Result<Uuid> {
        let org = self.org.unwrap_or_else(Uuid::new_v4);
        match (keys.knows(org).await?, self.new_organization) {
            (true, false) | (false, true) => Ok(org),
            (false, false) => {
                let message = format!("there is no organization {org}; --new-organization begins it");
                Err(Failure::NotFound(message).into())
            }
            (true, true) => {
                let message = format!("there is an organization {org} already; leave out --new-organization");
                Err(Failure::Unusable(message).into())
            }
        }
    }
}

impl ListKeys {
    async fn run(&self, keys: &ApiKeys) -> anyhow::Result<()> {
        let listed = keys.list(&operator(self.org, &operator_name()).caller).await.map_err(explain)?;
        let mut out = io::stdout().lock();
        writeln!(out, "{:36}  {:18}  {:20}  {:24}  SCOPES", "ID", "PREFIX", "LAST USED", "NAME")?;
        for key in &listed {
            writeln!(out, "{}", line(key))?;
        }
        Ok(())
    }
}

fn line(key: &KeyRecord) -> String {
    let used = key.last_used_at.map_or("never".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    format!("{}  {:18}  {used:20}  {:24}  {}", key.id, key.prefix, key.name, key.scopes.join(" "))
}

impl RevokeKey {
    async fn run(&self, keys: &ApiKeys) -> anyhow::Result<()> {
        keys.revoke(operator(self.org, &operator_name()), self.id).await.map_err(explain)?;
        eprintln!("Key {} is revoked; running services refuse it within 5 seconds.", self.id);
        Ok(())
    }
}

/// A refusal with its reasons, one a line. What cannot be made as it was asked for has to be asked for otherwise.
fn explain(error: RegistryError) -> anyhow::Error {
    match error {
        RegistryError::KeyNotFound => Failure::NotFound(error.to_string()).into(),
        RegistryError::Invalid(findings) => {
            let reasons: Vec<_> =
                findings.iter().map(|finding| format!("{}: {}", finding.pointer, finding.message)).collect();
            Failure::Unusable(format!("the key cannot be made\n{}", reasons.join("\n"))).into()
        }
        error => error.into(),
    }
}
