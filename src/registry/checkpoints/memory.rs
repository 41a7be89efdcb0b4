//! What was signed, kept outside the database: whoever rewrites the log and the checkpoints beside it does not reach this.
//! Every checkpoint is `<organization>/<position>.checkpoint`, in `<organization>/series-2` since another log was accepted;
//! the last one is `<organization>/reached/<series>-<position>` too, and beside a key nothing else is kept. Tree heads lie
//! beside the checkpoints of their places, as `<position>.tree`, the last one as `reached/tree-<series>-<position>`.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::evidence::{Checkpoint, TreeHead};

const REACHED: &str = "reached";
const ENDING: &str = ".checkpoint";
const TREE_ENDING: &str = ".tree";
const REACHED_TREE: &str = "tree-";
/// A last checkpoint can give way to a later one between finding its name and reading it.
const READS_MAX: usize = 16;

/// The first to create a name wins, the others compare with it. No file is ever written to again.
#[derive(Debug, Clone)]
pub struct SignatureMemory {
    root: PathBuf,
    keeps_all: bool,
    /// Where it was kept before.
    earlier: Option<PathBuf>,
}

/// The last checkpoint that was signed of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// One more each time somebody accepted a log that does not extend what was signed.
    pub series: u32,
    pub checkpoint: Checkpoint,
}

/// What came of keeping a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// There is one of this very place: this one, or one that another process made before.
    Note(String),
    /// Another process has signed meanwhile.
    Moved,
    /// Another chain was signed at this place.
    Otherwise(Checkpoint),
}

/// What came of keeping a tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RememberedTree {
    /// There is one of this very place over the same trees: this one, or one that was made before.
    Note(String),
    /// Other trees were signed at this place.
    Otherwise(TreeHead),
}

impl SignatureMemory {
    /// A directory of checkpoints, made where it is missing. Proves that it can be written to. What it does not know is
    /// looked up where it was kept before it was used.
    pub fn directory(path: &Path) -> io::Result<Self> {
        Self::open(path, true)
    }

    /// The last checkpoint of each log, in a directory beside the file of the keys.
    pub fn beside(key_file: &Path) -> io::Result<Self> {
        Self::open(&path_beside(key_file), false)
    }

    /// Whether there is one beside the file of the keys.
    pub fn is_beside(key_file: &Path) -> bool {
        path_beside(key_file).exists()
    }

    /// What this memory does not know is looked up beside the file of the keys, where it was kept before.
    pub fn after_that_beside(mut self, key_file: &Path) -> Self {
        self.earlier = Some(path_beside(key_file));
        self
    }

    fn open(path: &Path, keeps_all: bool) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let trial = path.join(format!(".{}", Uuid::now_v7()));
        File::create_new(&trial)?;
        fs::remove_file(&trial)?;
        Ok(Self { root: path.to_owned(), keeps_all, earlier: None })
    }

    /// Of which organizations anything was signed.
    pub fn organizations(&self) -> io::Result<Vec<Uuid>> {
        let names = fs::read_dir(&self.root)?;
        names
            .filter_map(|entry| entry.map(|entry| entry.file_name().to_str()?.parse().ok()).transpose())
            .collect()
    }

    /// The last checkpoint that was signed of a log.
    pub fn reached(&self, org_id: Uuid) -> io::Result<Option<Reached>> {
        let roots = [Some(&self.root), self.earlier.as_ref()];
        for root in roots.into_iter().flatten() {
            if let Some(reached) = reached_in(&root.join(org_id.to_string()), org_id)? {
                return Ok(Some(reached));
            }
        }
        Ok(None)
    }

    /// Keeps a checkpoint that goes on from `from`, on the disk before this returns. Whoever looks sees the whole file
    /// or none, also after a crash.
    pub fn keep(&self, from: Option<&Reached>, new: &Reached, note: &str) -> io::Result<Remembered> {
        let org_id = new.checkpoint.organization;
        let directory = self.root.join(org_id.to_string());
        make_directory(&directory)?;
        // Others wait here; on a file system without locks the names alone decide.
        let locked = File::open(&directory)?;
        let _ = locked.lock();
        if self.reached(org_id)?.as_ref() != from {
            return Ok(Remembered::Moved);
        }
        let unfinished = Unfinished::write(&directory, note)?;
        let position = new.checkpoint.position;
        let mut kept = note.to_owned();
        if self.keeps_all {
            let series = series_directory(&directory, new.series);
            make_directory(&series)?;
            let name = series.join(format!("{position}{ENDING}"));
            if !unfinished.name(&name)? {
                kept = fs::read_to_string(&name)?;
                let other = read_checkpoint(&kept, org_id, position, &name)?;
                if other.chain_hash != new.checkpoint.chain_hash {
                    return Ok(Remembered::Otherwise(other));
                }
            }
            sync(&series)?;
        }
        let reached = directory.join(REACHED);
        make_directory(&reached)?;
        let name = format!("{}-{position}", new.series);
        unfinished.name(&reached.join(&name))?;
        sync(&reached)?;
        for (place, earlier) in places(&reached)? {
            if place < (new.series, position) {
                fs::remove_file(earlier)?;
            }
        }
        Ok(Remembered::Note(kept))
    }

    /// The last tree head that was signed of a log, in this series of its checkpoints.
    pub fn reached_tree(&self, org_id: Uuid, series: u32) -> io::Result<Option<TreeHead>> {
        let reached = self.root.join(org_id.to_string()).join(REACHED);
        for _ in 0..READS_MAX {
            let of_series = tree_places(&reached)?.into_iter().filter(|((found, _), _)| *found == series);
            let Some(((_, position), path)) = of_series.max() else { return Ok(None) };
            match fs::read_to_string(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                note => return read_tree(&note?, org_id, position, &path).map(Some),
            }
        }
        Err(io::Error::other(format!("{} keeps changing", reached.display())))
    }

    /// Keeps a tree head in this series, on the disk before this returns.
    pub fn keep_tree(&self, series: u32, new: &TreeHead, note: &str) -> io::Result<RememberedTree> {
        let (org_id, position) = (new.organization, new.size);
        let directory = self.root.join(org_id.to_string());
        make_directory(&directory)?;
        let (all, reached) = (series_directory(&directory, series), directory.join(REACHED));
        let unfinished = Unfinished::write(&directory, note)?;
        let mut kept = note.to_owned();
        let of_all = self.keeps_all.then(|| (&all, format!("{position}{TREE_ENDING}")));
        let of_last = (&reached, format!("{REACHED_TREE}{series}-{position}"));
        for (directory, name) in of_all.into_iter().chain([of_last]) {
            make_directory(directory)?;
            let name = directory.join(name);
            if !unfinished.name(&name)? {
                kept = fs::read_to_string(&name)?;
                let head = read_tree(&kept, org_id, position, &name)?;
                if !head.is_over_the_trees_of(new) {
                    return Ok(RememberedTree::Otherwise(head));
                }
            }
            sync(directory)?;
        }
        for (_, earlier) in
            tree_places(&reached)?.into_iter().filter(|(place, _)| *place < (series, position))
        {
            remove(&earlier)?;
        }
        Ok(RememberedTree::Note(kept))
    }
}

/// The directory beside the file of the keys.
pub fn path_beside(key_file: &Path) -> PathBuf {
    let mut path = key_file.as_os_str().to_owned();
    path.push(".signed");
    path.into()
}

/// A file without a name that counts; gone with this value.
struct Unfinished(PathBuf);

impl Unfinished {
    fn write(directory: &Path, note: &str) -> io::Result<Self> {
        let unfinished = Self(directory.join(format!(".{}", Uuid::now_v7())));
        let mut file = File::create_new(&unfinished.0)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        Ok(unfinished)
    }

    /// Gives it this name too, and says whether that was free. A rename would replace what is there.
    fn name(&self, name: &Path) -> io::Result<bool> {
        match fs::hard_link(&self.0, name) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // A full disk must not fill up with what was begun.
        let _ = fs::remove_file(&self.0);
    }
}

fn series_directory(directory: &Path, series: u32) -> PathBuf {
    match series {
        1 => directory.to_owned(),
        _ => directory.join(format!("series-{series}")),
    }
}

fn reached_in(directory: &Path, org_id: Uuid) -> io::Result<Option<Reached>> {
    for _ in 0..READS_MAX {
        let mut places = places(&directory.join(REACHED))?;
        if places.is_empty() {
            // Written by a release that kept checkpoints and did not look at them.
            places = checkpoints(directory)?;
        }
        let Some(((series, position), path)) = places.into_iter().max() else { return Ok(None) };
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            note => {
                let checkpoint = read_checkpoint(&note?, org_id, position, &path)?;
                return Ok(Some(Reached { series, checkpoint }));
            }
        }
    }
    Err(io::Error::other(format!("{} keeps changing", directory.display())))
}

fn read_checkpoint(note: &str, org_id: Uuid, position: i64, path: &Path) -> io::Result<Checkpoint> {
    match Checkpoint::unverified(note) {
        Ok(checkpoint) if (checkpoint.organization, checkpoint.position) == (org_id, position) => {
            Ok(checkpoint)
        }
        _ => {
            let what = format!("{} is not the checkpoint that its name says", path.display());
            Err(io::Error::new(ErrorKind::InvalidData, what))
        }
    }
}

fn read_tree(note: &str, org_id: Uuid, position: i64, path: &Path) -> io::Result<TreeHead> {
    match TreeHead::unverified(note) {
        Ok(head) if (head.organization, head.size) == (org_id, position) => Ok(head),
        _ => {
            let what = format!("{} is not the tree head that its name says", path.display());
            Err(io::Error::new(ErrorKind::InvalidData, what))
        }
    }
}

type Places = Vec<((u32, i64), PathBuf)>;

fn places(reached: &Path) -> io::Result<Places> {
    listed(reached, |name| {
        let (series, position) = name.split_once('-')?;
        Some((series.parse().ok()?, position.parse().ok()?))
    })
}

fn checkpoints(directory: &Path) -> io::Result<Places> {
    listed(directory, |name| Some((1, name.strip_suffix(ENDING)?.parse().ok()?)))
}

fn tree_places(reached: &Path) -> io::Result<Places> {
    listed(reached, |name| {
        let (series, position) = name.strip_prefix(REACHED_TREE)?.split_once('-')?;
        Some((series.parse().ok()?, position.parse().ok()?))
    })
}

/// Another process may have removed it as well.
fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The files of a directory whose names say a place; none where there is no directory.
fn listed(directory: &Path, place: impl Fn(&str) -> Option<(u32, i64)>) -> io::Result<Places> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Places::new()),
        entries => entries?,
    };
    let mut places = Places::new();
    for entry in entries {
        let entry = entry?;
        if let Some(place) = entry.file_name().to_str().and_then(&place) {
            places.push((place, entry.path()));
        }
    }
    Ok(places)
}

/// Makes a directory in one that is there; where it is new, its name is on the disk.
fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
