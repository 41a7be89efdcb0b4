//! What a verification rests on: public keys that are known, and checkpoints that were kept.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::registry::verification::{KeptNote, Keyring, PublicKey, WitnessKey};

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

/// Checkpoints and tree heads from files of one signed note each. One that no known key signed would prove nothing.
pub fn kept_notes(files: &[PathBuf], keys: &[PublicKey]) -> Result<Vec<KeptNote>, ConfigError> {
    files.iter().map(|file| kept_note(file, keys)).collect()
}

fn kept_note(file: &Path, keys: &[PublicKey]) -> Result<KeptNote, ConfigError> {
    let unusable = |why: &dyn Display| ConfigError(format!("--checkpoint {}: {why}", file.display()));
    let note = fs::read_to_string(file).map_err(|error| unusable(&error))?;
    KeptNote::open(&note, keys).map_err(|error| unusable(&error))
}

/// Witnesses, each a key as text or a file of such lines.
pub fn witnesses(given: &[String]) -> Result<Vec<WitnessKey>, ConfigError> {
    let mut witnesses = Vec::new();
    for given in given {
        if let Ok(witness) = given.parse() {
            witnesses.push(witness);
            continue;
        }
        let unusable = |why: &dyn Display| ConfigError(format!("--witness {given}: {why}"));
        let text = fs::read_to_string(given)
            .map_err(|error| unusable(&format!("no key of a witness, and no file: {error}")))?;
        let before = witnesses.len();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            witnesses.push(line.parse().map_err(|error| unusable(&error))?);
        }
        if witnesses.len() == before {
            return Err(unusable(&"there is no key in it"));
        }
    }
    Ok(witnesses)
}

/// Holds notes that were kept against the witnesses who should have cosigned them.
pub fn demand_cosignatures(files: &[PathBuf], witnesses: &[WitnessKey]) -> Result<(), ConfigError> {
    for file in files {
        let unusable = |why: &dyn Display| ConfigError(format!("--checkpoint {}: {why}", file.display()));
        let note = fs::read_to_string(file).map_err(|error| unusable(&error))?;
        for witness in witnesses {
            if witness.cosigned(&note).map_err(|error| unusable(&error))?.is_none() {
                return Err(unusable(&format!("{witness} did not cosign it")));
            }
        }
    }
    Ok(())
}
