//! The file of a process's keys: made once, closed to everybody else, read at each start.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chrono::{SubsecRound as _, Utc};
use rand::TryRng;
use rand::rngs::SysRng;
use rustix::process::geteuid;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::evidence::{Error, Keyring, PublicKey, SigningKey};

/// A key file that cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot {doing} {path}: {error}")]
    File { doing: &'static str, path: PathBuf, error: io::Error },
    #[error("{path} has mode {mode:04o}, and others may read the secret keys in it: chmod 600 {path}")]
    Open { path: PathBuf, mode: u32 },
    #[error("{path}: {error}")]
    Keys { path: PathBuf, error: Error },
    #[error("{path} is there already: a key is not overwritten")]
    Exists { path: PathBuf },
    #[error("{0}")]
    Name(Error),
    #[error(
        "the signing key {path} is missing: put it back from where it is kept; where it is lost, make another with \
         `flow-registry signing-key create {path}`, and tell your auditors"
    )]
    Missing { path: PathBuf },
    #[error("{path} has no secret key {id}")]
    NoSuchKey { path: PathBuf, id: String },
}

/// Reads a key file that nobody but its owner may read.
pub fn read_key_file(path: &Path) -> Result<Keyring, KeyFileError> {
    let file = File::open(path).map_err(failed("read", path))?;
    let metadata = file.metadata().map_err(failed("read", path))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if !is_closed(mode, metadata.uid(), geteuid().as_raw()) {
        return Err(KeyFileError::Open { path: path.to_owned(), mode });
    }
    let text = io::read_to_string(file).map_err(failed("read", path))?;
    Keyring::parse(&text).map_err(|error| KeyFileError::Keys { path: path.to_owned(), error })
}

/// Whether nobody but its owner may read the file. Where root owns it, and the process is not root, its group may: so
/// Kubernetes mounts a secret for an account that is not root.
fn is_closed(mode: u32, owner: u32, own: u32) -> bool {
    let of_others = if owner == 0 && own != 0 { 0o037 } else { 0o077 };
    mode & of_others == 0
}

/// Makes a file of one new key, with mode 0600. It appears whole or not at all, and only where none was.
pub fn create_key_file(path: &Path, name: &str) -> Result<PublicKey, KeyFileError> {
    let key = new_key(name)?;
    let text = format!(
        "# Signs checkpoints of the log. Whoever reads the last line can sign in its place: keep it secret.\n{}",
        secret_lines(&key)
    );
    let unfinished = path.with_file_name(format!(".{}", Uuid::now_v7()));
    let written =
        File::options().write(true).create_new(true).mode(0o600).open(&unfinished).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // A rename would replace a key; a second name for the file does not.
            fs::hard_link(&unfinished, path)
        });
    let _ = fs::remove_file(&unfinished);
    match written {
        Ok(()) => Ok(key.public_key()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(KeyFileError::Exists { path: path.to_owned() })
        }
        Err(error) => Err(failed("write", path)(error)),
    }
}

/// Reads a key file, made before where it is missing.
pub fn read_or_create_key_file(path: &Path, name: &str) -> Result<Keyring, KeyFileError> {
    match read_key_file(path) {
        Err(KeyFileError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    match create_key_file(path, name) {
        // Another process may have been quicker.
        Ok(_) | Err(KeyFileError::Exists { .. }) => read_key_file(path),
        Err(error) => Err(error),
    }
}

/// What a key is called where nothing better is known: this machine, and what runs on it.
pub fn default_key_name() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_fit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let host: String = host.chars().filter(is_fit).collect();
    format!("{}/flow-registry", if host.is_empty() { "localhost" } else { &host })
}

/// Valid from now on.
pub(super) fn new_key(name: &str) -> Result<SigningKey, KeyFileError> {
    let mut seed = [0; 32];
    SysRng.try_fill_bytes(&mut seed).expect("the operating system gives randomness");
    let mut key = SigningKey::new(name, &seed).map_err(KeyFileError::Name)?;
    key.validity.from = Some(Utc::now().trunc_subsecs(0));
    Ok(key)
}

/// A secret key as it stands in a file.
pub(super) fn secret_lines(key: &SigningKey) -> String {
    format!("{}{}\n", key.validity.lines(), key.secret_text().expose_secret())
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    let path = path.to_owned();
    move |error| KeyFileError::File { doing, path, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_only_where_nobody_else_can() {
        let (root, service) = (0, 65_532);
        for mode in [0o400, 0o600] {
            assert!([root, service].into_iter().all(|owner| is_closed(mode, owner, service)));
            assert!(is_closed(mode, root, root));
        }
        for mode in [0o440, 0o640] {
            assert!(is_closed(mode, root, service), "{mode:o}: a secret that Kubernetes mounts");
            assert!(!is_closed(mode, root, root) && !is_closed(mode, service, service), "{mode:o}");
        }
        for mode in [0o444, 0o604, 0o660, 0o601, 0o450, 0o777] {
            assert!(!is_closed(mode, root, service), "{mode:o}");
        }
    }
}
