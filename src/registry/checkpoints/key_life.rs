//! What a key file goes through after it was made: a further key that signs, and the end of one. The file is replaced as a
//! whole; running services read it when they start.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::key_file::{failed, new_key, secret_lines};
use super::{KeyFileError, PublicKey, read_key_file};
use crate::evidence::{Keyring, SigningKey};

/// Adds a new secret key to a file. From the next start on it signs beside those that are there.
pub fn add_key(path: &Path, name: &str) -> Result<PublicKey, KeyFileError> {
    read_key_file(path)?;
    let text = fs::read_to_string(path).map_err(failed("read", path))?;
    let key = new_key(name)?;
    let end = if text.ends_with('\n') { "" } else { "\n" };
    replace(path, &format!("{text}{end}{}", secret_lines(&key)))?;
    Ok(key.public_key())
}

/// Puts the public half of a key in place of the secret one, valid until then. From the next start on it does not sign.
pub fn retire_key(path: &Path, id: &str, until: DateTime<Utc>) -> Result<PublicKey, KeyFileError> {
    read_key_file(path)?;
    let text = fs::read_to_string(path).map_err(failed("read", path))?;
    let mut retired = None;
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        match SigningKey::parse(line.trim()).map(|key| key.public_key()) {
            Ok(mut key) if key.id() == id => {
                key.validity.until = Some(until);
                // What is said above it of its beginning stays there.
                lines += &key.published();
                retired = Some(key);
            }
            _ => lines += &format!("{line}\n"),
        }
    }
    let retired =
        retired.ok_or_else(|| KeyFileError::NoSuchKey { path: path.to_owned(), id: id.to_owned() })?;
    // An end before the beginning, or a second one, is refused.
    Keyring::parse(&lines).map_err(|error| KeyFileError::Keys { path: path.to_owned(), error })?;
    replace(path, &lines)?;
    Ok(retired)
}

fn replace(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let unfinished = path.with_file_name(format!(".{}", Uuid::now_v7()));
    let file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(failed("write", path))
}
