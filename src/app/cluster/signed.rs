//! The files of a data directory beside its cluster that a restore needs: the signing key, and the last checkpoint and
//! tree head of each log, by which the service tells an older log from the present one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::archive_writer::ArchiveWriter;
use crate::app::signing::KEY_FILE;

/// Beside the key, as `<organization>/reached/<what>`.
pub(super) const SIGNED: &str = "signing-key.signed";
const REACHED: &str = "reached";
/// A last checkpoint can give way to a later one between finding its name and reading it.
const READS_MAX: usize = 16;

/// What was saved beside the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Saved {
    pub has_key: bool,
    pub logs: usize,
}

/// Before the database is read: what was signed later is of a log that goes on from it.
pub(super) fn save(data_dir: &Path, archive: &mut ArchiveWriter) -> io::Result<Saved> {
    let mut saved = Saved { has_key: false, logs: 0 };
    match fs::read(data_dir.join(KEY_FILE)) {
        Ok(key) => {
            archive.add(KEY_FILE, |out| out.write_all(&key))?;
            saved.has_key = true;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut organizations = names(&data_dir.join(SIGNED))?;
    organizations.sort();
    for organization in organizations.iter().filter(|name| !name.starts_with('.')) {
        let reached = data_dir.join(SIGNED).join(organization).join(REACHED);
        for (name, note) in read_steadily(&reached)? {
            archive.add(&format!("{SIGNED}/{organization}/{REACHED}/{name}"), |out| out.write_all(&note))?;
        }
        saved.logs += 1;
    }
    Ok(saved)
}

/// Puts a file of an archive where it belongs.
pub(super) fn put(data_dir: &Path, name: &str, content: &mut dyn Read) -> io::Result<()> {
    let path = data_dir.join(name);
    let directory = path.parent().unwrap_or(data_dir);
    DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    io::copy(content, &mut file)?;
    file.sync_all()?;
    let mut below = directory.ancestors().take_while(|above| above.starts_with(data_dir));
    below.try_for_each(|above| File::open(above)?.sync_all())
}

/// The files of a directory, all of one moment.
fn read_steadily(directory: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let read = || -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut names = names(directory)?;
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names.into_iter().map(|name| fs::read(directory.join(&name)).map(|note| (name, note))).collect()
    };
    for _ in 0..READS_MAX {
        match read() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => return read,
        }
    }
    Err(io::Error::other(format!("{} keeps changing", directory.display())))
}

/// None where there is no directory.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_str().map(str::to_owned)));
    names.filter_map(Result::transpose).collect()
}
