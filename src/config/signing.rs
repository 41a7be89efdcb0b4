//! With which keys checkpoints are signed, and where they are kept beside the database.

use std::path::PathBuf;

use clap::Args;

use super::ConfigError;
use crate::registry::checkpoints::{Keyring, SignatureMemory, read_key_file};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Evidence")]
pub struct SigningConfig {
    #[command(flatten)]
    pub key_file: SigningKeyFile,

    /// A directory to write every checkpoint to as a file too, so that it can be kept elsewhere. What was signed is
    /// remembered there; replicas may share it [default: the last checkpoint of each log beside the signing key]
    #[arg(long, env = "CHECKPOINT_DIR", value_name = "DIR")]
    pub checkpoint_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Evidence")]
pub struct SigningKeyFile {
    /// The keys to sign checkpoints with, as `flow-registry signing-key create` writes them; nobody else may read the
    /// file [default: with DATABASE_URL none, else `signing-key` in the data directory, made at the first start]
    #[arg(long, env = "SIGNING_KEY_FILE", value_name = "FILE")]
    pub signing_key_file: Option<PathBuf>,
}

impl SigningKeyFile {
    /// The keys of the file that is named; `None` without one.
    pub fn load(&self) -> Result<Option<Keyring>, ConfigError> {
        let keyring = self.signing_key_file.as_deref().map(read_key_file).transpose();
        keyring.map_err(|error| ConfigError(format!("--signing-key-file: {error}")))
    }
}

impl SigningConfig {
    /// Makes the directory where it is missing.
    pub fn open_directory(&self) -> Result<Option<SignatureMemory>, ConfigError> {
        let Some(path) = &self.checkpoint_dir else { return Ok(None) };
        let opened = SignatureMemory::directory(path);
        let opened = opened.map_err(|error| {
            ConfigError(format!("--checkpoint-dir: cannot write to {}: {error}", path.display()))
        });
        opened.map(Some)
    }
}
