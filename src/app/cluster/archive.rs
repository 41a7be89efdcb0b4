//! What `cluster dump` writes: a tar file of the files of a data directory and the database, and at its end what is in it,
//! with a digest of each. Without that end it is not whole.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tar::{Archive, Entry};
use tokio_util::sync::CancellationToken;

use super::outcome::called_off;
use crate::cli::Failure;
use crate::postgres::ClusterError;

pub(super) const DATABASE: &str = "database.dump";
/// Its digest stands between, as `contents.<sha256>.json`.
const CONTENTS: (&str, &str) = ("contents.", ".json");
const FORMAT: u32 = 1;
const CHUNK_BYTES: usize = 256 * 1024;
/// Of the list of what is in it: three files of each of a million organizations.
const CONTENTS_BYTES_MAX: u64 = 1 << 30;

/// What an archive says is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contents {
    pub format: u32,
    pub program_version: String,
    pub postgres_major: u32,
    /// In RFC 3339: nothing that came before it is missing.
    pub begun_at: String,
    /// Accounts of the cluster beside its own, which may have rights.
    pub accounts: Vec<String>,
    pub files: Vec<ArchivedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ArchivedFile {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// An archive that is whole: every file was read, and is what the end says.
#[derive(Debug)]
pub(super) struct WholeArchive {
    path: PathBuf,
    pub contents: Contents,
}

impl WholeArchive {
    /// Reads all of it.
    pub fn open(path: &Path, token: &CancellationToken) -> Result<Self, Failure> {
        let file = File::open(path);
        let file = file.map_err(|error| Failure::File(format!("cannot read {}", path.display()), error))?;
        match examine(file, token) {
            Ok(contents) => Ok(Self { path: path.to_owned(), contents }),
            Err(_) if token.is_cancelled() => Err(called_off()),
            Err(error) => Err(Failure::Unusable(format!(
                "{} is not a whole dump of `flow-registry cluster dump`: {error}; nothing was restored",
                path.display()
            ))),
        }
    }

    /// Goes over its files, in the order in which they were added.
    pub fn read(
        &self,
        mut file: impl FnMut(&str, &mut dyn Read) -> Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        let opened = File::open(&self.path).map_err(ClusterError::Copying)?;
        for entry in Archive::new(opened).entries().map_err(ClusterError::Copying)? {
            let mut entry = entry.map_err(ClusterError::Copying)?;
            let name = name(&entry).map_err(ClusterError::Copying)?;
            if !is_contents(&name) {
                file(&name, &mut entry)?;
            }
        }
        Ok(())
    }
}

fn examine(file: File, called_off: &CancellationToken) -> io::Result<Contents> {
    let (mut seen, mut contents) = (Vec::new(), None);
    for entry in Archive::new(file).entries()? {
        let mut entry = entry?;
        let name = name(&entry)?;
        if contents.is_some() {
            return Err(invalid(format!("{name} follows what should be its end")));
        }
        if is_contents(&name) {
            let mut text = String::new();
            entry.take(CONTENTS_BYTES_MAX).read_to_string(&mut text)?;
            let read: Option<Contents> =
                serde_json::from_str(&text).ok().filter(|_| name == contents_name(&text));
            contents = Some(read.ok_or_else(|| invalid("the list of what is in it is damaged".to_owned()))?);
        } else {
            seen.push(measure(name, &mut entry, called_off)?);
        }
    }
    let contents = contents.ok_or_else(|| invalid("its end is missing".to_owned()))?;
    if contents.format != FORMAT {
        let format = contents.format;
        return Err(invalid(format!("it is of format {format}, and this release reads format {FORMAT}")));
    }
    let differing = contents.files.iter().zip(&seen).find(|(said, seen)| said != seen);
    match differing.map(|(said, _)| said.name.as_str()) {
        Some(name) => Err(invalid(format!("{name} is damaged"))),
        None if contents.files.len() != seen.len() => Err(invalid("files are missing".to_owned())),
        None if !seen.iter().any(|file| file.name == DATABASE) => {
            Err(invalid(format!("{DATABASE} is missing")))
        }
        None => Ok(contents),
    }
}

pub(super) fn contents_name(text: &str) -> String {
    format!("{}{}{}", CONTENTS.0, hex::encode(Sha256::digest(text)), CONTENTS.1)
}

fn is_contents(name: &str) -> bool {
    name.starts_with(CONTENTS.0)
}

fn measure(name: String, from: &mut impl Read, called_off: &CancellationToken) -> io::Result<ArchivedFile> {
    let (mut digest, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK_BYTES]);
    loop {
        let read = from.read(&mut chunk)?;
        if called_off.is_cancelled() {
            return Err(io::Error::other("called off"));
        }
        if read == 0 {
            return Ok(ArchivedFile { name, bytes, sha256: hex::encode(digest.finalize()) });
        }
        digest.update(&chunk[..read]);
        bytes += read as u64;
    }
}

/// Leads nowhere but down from where it is unpacked.
fn name(entry: &Entry<'_, impl Read>) -> io::Result<String> {
    let path = entry.path()?;
    let leads_down = path.components().all(|part| matches!(part, Component::Normal(_)));
    match path.to_str() {
        Some(name) if leads_down && entry.header().entry_type().is_file() => Ok(name.to_owned()),
        _ => Err(invalid(format!("{} is no file of a dump", path.display()))),
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// What an archive begins with saying.
pub(super) fn contents(postgres_major: u32, accounts: Vec<String>, begun_at: String) -> Contents {
    let program_version = env!("CARGO_PKG_VERSION").to_owned();
    Contents { format: FORMAT, program_version, postgres_major, begun_at, accounts, files: Vec::new() }
}
