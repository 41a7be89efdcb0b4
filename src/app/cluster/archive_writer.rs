//! What `cluster dump` writes, while it is written: under a name of its own until it is whole, and never over another file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryWriter, Header};
use tokio_util::sync::CancellationToken;

use super::archive::{ArchivedFile, Contents, contents_name};
use super::outcome::called_off;
use crate::cli::Failure;

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
        give_name(&self.part, &self.whole).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => taken(&self.whole),
            _ => self.not_written(error),
        })?;
        let directory = self.whole.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|error| self.not_written(error))
    }

    pub fn not_written(&self, error: io::Error) -> Failure {
        self.broken_off(&format!("cannot write {}", self.whole.display()), error)
    }

    /// What came of it, unless somebody called it off.
    pub fn broken_off(&self, doing: &str, error: io::Error) -> Failure {
        match self.called_off.is_cancelled() {
            true => called_off(),
            false => Failure::NoAnswer(format!("{doing}: {error}")),
        }
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
        Ok(_) => Err(taken(file)),
        Err(_) => Ok(()),
    }
}

fn taken(file: &Path) -> Failure {
    Failure::Unusable(format!(
        "{} is there already, and is not overwritten: name another file with --to",
        file.display()
    ))
}

/// Fails where another file has the name. A file system that does not tell so in the same step is asked before.
fn give_name(part: &Path, whole: &Path) -> io::Result<()> {
    match renameat_with(CWD, part, CWD, whole, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if whole.symlink_metadata().is_ok() => {
            Err(ErrorKind::AlreadyExists.into())
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::rename(part, whole),
        named => Ok(named?),
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

#[cfg(test)]
mod tests {
    use super::super::archive::{DATABASE, WholeArchive, contents};
    use super::*;

    /// A directory that is gone after the test, and a file in it.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("flow-registry-archive-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("registry.dump")
        }

        fn names(&self) -> Vec<String> {
            let entries = self.0.read_dir().unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_that_got_the_name_meanwhile_stays() {
        let place = Place::new("taken");
        let writer = ArchiveWriter::create(&place.file(), CancellationToken::new()).unwrap();
        fs::write(place.file(), "of another").unwrap();
        let refused = writer.keep(contents(15, Vec::new(), String::new())).unwrap_err();
        assert!(
            matches!(&refused, Failure::Unusable(says) if says.contains("is there already")),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(place.file()).unwrap(), "of another");
        assert_eq!(place.names(), ["registry.dump"]);
    }

    #[test]
    fn what_is_called_off_did_not_fail() {
        let place = Place::new("called-off");
        let token = CancellationToken::new();
        let mut writer = ArchiveWriter::create(&place.file(), token.clone()).unwrap();
        token.cancel();
        let error = writer.add(DATABASE, |out| out.write_all(b"rows")).unwrap_err();
        assert!(writer.not_written(error).to_string().starts_with("called off"));
        drop(writer);
        assert!(place.names().is_empty());

        fs::write(place.file(), [0; 4096]).unwrap();
        let refused = WholeArchive::open(&place.file(), &CancellationToken::new()).unwrap_err();
        assert!(refused.to_string().contains("its end is missing"), "{refused}");
        let refused = WholeArchive::open(&place.file(), &token).unwrap_err();
        assert!(refused.to_string().starts_with("called off"), "{refused}");
    }
}
