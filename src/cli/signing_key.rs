//! `flow-registry signing-key`: keys to sign checkpoints with, made and shown by whoever is at the machine.
//! Needs no database.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use crate::registry::checkpoints::{
    PublicKey, add_key, create_key_file, default_key_name, parse_public_keys, read_key_file, retire_key,
};

/// As secret keys are written (C2SP signed notes).
const SECRET_BEGINS: &str = "PRIVATE+KEY+";

#[derive(Debug, Subcommand)]
pub enum SigningKeyOrder {
    /// Make a key in a new file that nobody else can read, and print its public half
    Create(CreateSigningKey),
    /// Print the public halves of a file's keys, one a line, as verifiers take them
    Show(ShowSigningKeys),
    /// Add a new key to a file, beside those that sign already; services read it when they start
    Add(CreateSigningKey),
    /// End a key: it signs no more, and what it signs later than that counts for nothing
    Retire(RetireSigningKey),
}

#[derive(Debug, Args)]
pub struct CreateSigningKey {
    /// Where the key is to be; a file that is there already is left alone
    file: PathBuf,
    /// What auditors know the signer by: best the service's address without https://, as in flows.example.com
    /// [default: the machine's name]
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub struct RetireSigningKey {
    /// The key file
    file: PathBuf,
    /// The eight digits between the plus signs of its public half
    id: String,
    /// The first instant at which its signatures do not count, as in 2027-01-31T00:00:00Z: for a key that leaked, one
    /// before that [default: now]
    #[arg(long, value_name = "INSTANT")]
    since: Option<DateTime<Utc>>,
}

#[derive(Debug, Args)]
pub struct ShowSigningKeys {
    /// The key file
    file: PathBuf,
}

impl SigningKeyOrder {
    /// Carries the order out. Only what was asked for goes to stdout.
    pub fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Create(order) => {
                let name = order.name.clone().unwrap_or_else(default_key_name);
                let public_key = create_key_file(&order.file, &name)?;
                eprintln!(
                    "{} signs checkpoints when SIGNING_KEY_FILE names it. Its public key:",
                    order.file.display()
                );
                println!("{public_key}");
            }
            Self::Show(order) => {
                for public_key in public_keys(&order.file)? {
                    print!("{}", public_key.published());
                }
            }
            Self::Add(order) => {
                let name = order.name.clone().unwrap_or_else(default_key_name);
                let public_key = add_key(&order.file, &name)?;
                eprintln!("Restart the services that read {}. Its public key:", order.file.display());
                print!("{}", public_key.published());
            }
            Self::Retire(order) => {
                let until = order.since.unwrap_or_else(Utc::now);
                let public_key = retire_key(&order.file, &order.id, until)?;
                eprintln!("Restart the services that read {}. Its public key:", order.file.display());
                print!("{}", public_key.published());
            }
        }
        Ok(())
    }
}

/// A file without a secret key may be open to everybody, and its lines are judged as public keys.
fn public_keys(file: &Path) -> anyhow::Result<Vec<PublicKey>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    if text.lines().any(|line| line.trim().starts_with(SECRET_BEGINS)) {
        return Ok(read_key_file(file)?.public_keys());
    }
    parse_public_keys(&text).with_context(|| format!("{} holds what is not a public key", file.display()))
}
