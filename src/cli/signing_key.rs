//! `flow-registry signing-key`: keys to sign checkpoints with, made and shown by whoever is at the machine.
//! Needs no database.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use crate::registry::checkpoints::{PublicKey, create_key_file, default_key_name, read_key_file};

/// As secret keys are written (C2SP signed notes).
const SECRET_BEGINS: &str = "PRIVATE+KEY+";

#[derive(Debug, Subcommand)]
pub enum SigningKeyOrder {
    /// Make a key in a new file that nobody else can read, and print its public half
    Create(CreateSigningKey),
    /// Print the public halves of a file's keys, one a line, as verifiers take them
    Show(ShowSigningKeys),
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
                    println!("{public_key}");
                }
            }
        }
        Ok(())
    }
}

/// A file without a secret key may be open to everybody, and its lines are judged as public keys.
fn public_keys(file: &Path) -> anyhow::Result<Vec<PublicKey>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().map(str::trim).enumerate();
    let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    if keys.clone().any(|(_, key)| key.starts_with(SECRET_BEGINS)) {
        return Ok(read_key_file(file)?.public_keys());
    }
    keys.map(|(index, key)| {
        let place = || format!("line {} of {} is not a public key", index + 1, file.display());
        key.parse::<PublicKey>().with_context(place)
    })
    .collect()
}
