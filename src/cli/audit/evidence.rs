//! What a verification rests on: public keys that are known, and checkpoints that were kept.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::registry::verification::{Checkpoint, Keyring, PublicKey};

/// Keys, each a text or a file of them as `/.well-known/flow-registry-keys` gives it.
pub fn keys(given: &[String]) -> Result<Vec<PublicKey>, ConfigError> {
    let mut keys = Vec::new();
    for given in given {
        match given.parse() {
            Ok(key) => keys.push(key),
            Err(_) => keys.extend(keys_of(given)?),
        }
    }
    Ok(keys)
}

fn keys_of(file: &str) -> Result<Vec<PublicKey>, ConfigError> {
    let unusable = |why: &dyn Display| ConfigError(format!("--key {file}: {why}"));
    let text = fs::read_to_string(file)
        .map_err(|error| unusable(&format!("no public key, and no file: {error}")))?;
    let keys = Keyring::parse(&text).map_err(|error| unusable(&error))?.public_keys();
    if keys.is_empty() { Err(unusable(&"there is no key in it")) } else { Ok(keys) }
}

/// Checkpoints from files of one signed note each. One that no known key signed would prove nothing.
pub fn checkpoints(files: &[PathBuf], keys: &[PublicKey]) -> Result<Vec<Checkpoint>, ConfigError> {
    files.iter().map(|file| checkpoint(file, keys)).collect()
}

fn checkpoint(file: &Path, keys: &[PublicKey]) -> Result<Checkpoint, ConfigError> {
    let unusable = |why: &dyn Display| ConfigError(format!("--checkpoint {}: {why}", file.display()));
    let note = fs::read_to_string(file).map_err(|error| unusable(&error))?;
    let (checkpoint, _) = Checkpoint::open(&note, keys).map_err(|error| unusable(&error))?;
    Ok(checkpoint)
}
