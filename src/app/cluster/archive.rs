//! What `cluster dump` writes: a tar file of the files of a data directory and the database, and at its end what is in it,
//! with a digest of each. Without that end it is not whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tar::{Archive, Builder, Entry, EntryWriter, Header};
use tokio_util::sync::CancellationToken;

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

/// An archive that is being written, beside the file that it will be once it is whole. Gone with this value.
pub(super) struct ArchiveWriter {
    whole: PathBuf,
    part: PathBuf,
    builder: Builder<File>,
    files: Vec<ArchivedFile>,
    called_off: CancellationToken,
}

impl ArchiveWriter {
    pub fn create(whole: &Path, called_off: CancellationToken) -> Result<Self, Failure> {
        check_free(whole)?;
        let mut part = whole.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let file = file.map_err(|error| Failure::File(format!("cannot write {}", part.display()), error))?;
        Ok(Self { whole: whole.to_owned(), part, builder: Builder::new(file), files: Vec::new(), called_off })
    }

    /// Adds a file that `write` writes.
    pub fn add<E: From<io::Error>>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut header = Header::new_gnu();
        header.set_mode(0o600);
        let entry = self.builder.append_writer(&mut header, name)?;
        let mut entry = Measured { entry, digest: Sha256::new(), bytes: 0, called_off: &self.called_off };
        write(&mut entry)?;
        let Measured { entry, digest, bytes, .. } = entry;
        entry.finish()?;
        self.files.push(ArchivedFile {
            name: name.to_owned(),
            bytes,
            sha256: hex::encode(digest.finalize()),
        });
        Ok(())
    }

    /// Of all files so far.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Says what is in it, and gives it its name once it is safe on the disk.
    pub fn keep(mut self, contents: Contents) -> Result<(), Failure> {
        let contents = Contents { files: std::mem::take(&mut self.files), ..contents };
        let text = serde_json::to_string_pretty(&contents).expect("contents are JSON");
        let name = contents_name(&text);
        self.add(&name, |out| out.write_all(text.as_bytes())).map_err(|error| self.not_written(error))?;
        let synced = self.builder.finish().and_then(|()| self.builder.get_ref().sync_all());
        synced.map_err(|error| self.not_written(error))?;
        check_free(&self.whole)?;
        let directory = self.whole.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let named = fs::rename(&self.part, &self.whole).and_then(|()| File::open(directory)?.sync_all());
        named.map_err(|error| self.not_written(error))
    }

    pub fn not_written(&self, error: io::Error) -> Failure {
        Failure::NoAnswer(format!("cannot write {}: {error}", self.whole.display()))
    }
}

impl Drop for ArchiveWriter {
    fn drop(&mut self) {
        // Under this name there is nothing any more where it was kept.
        let _ = fs::remove_file(&self.part);
    }
}

/// An earlier dump may be all that is left.
fn check_free(file: &Path) -> Result<(), Failure> {
    match file.symlink_metadata() {
        Ok(_) => Err(Failure::Unusable(format!(
            "{} is there already, and is not overwritten: name another file with --to",
            file.display()
        ))),
        Err(_) => Ok(()),
    }
}

struct Measured<'a> {
    entry: EntryWriter<'a>,
    digest: Sha256,
    bytes: u64,
    called_off: &'a CancellationToken,
}

impl Write for Measured<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.called_off.is_cancelled() {
            return Err(io::Error::other("called off"));
        }
        let written = self.entry.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.entry.flush()
    }
}

/// An archive that is whole: every file was read, and is what the end says.
#[derive(Debug)]
pub(super) struct WholeArchive {
    path: PathBuf,
    pub contents: Contents,
}

impl WholeArchive {
    /// Reads all of it.
    pub fn open(path: &Path, called_off: &CancellationToken) -> Result<Self, Failure> {
        let file = File::open(path);
        let file = file.map_err(|error| Failure::File(format!("cannot read {}", path.display()), error))?;
        match examine(file, called_off) {
            Ok(contents) => Ok(Self { path: path.to_owned(), contents }),
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

fn contents_name(text: &str) -> String {
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
