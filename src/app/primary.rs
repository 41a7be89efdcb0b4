//! Follows the database server that takes writes, and its standbys, tells which one is in use, and remembers its timeline across restarts, so
//! that a primary that was replaced is not used when it comes back alone.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::{DatabaseConfig, SigningConfig};
use crate::registry::Registry;
use crate::registry::checkpoints::path_beside;
use crate::store::{Timeline, UsedServer};

const FILE: &str = "database-timeline";

/// The newest timeline that was used, in a file beside what was signed: the database itself cannot know that it is old.
#[derive(Debug)]
pub(super) struct TimelineMemory {
    directory: Option<PathBuf>,
}

impl TimelineMemory {
    /// Where neither a key nor a directory of checkpoints is configured there is no place for it. A private Postgres is
    /// never replaced by a standby.
    pub fn of(database: &DatabaseConfig, signing: &SigningConfig) -> Self {
        if database.urls().is_empty() {
            return Self { directory: None };
        }
        let beside_key = || Some(path_beside(signing.key_file.signing_key_file.as_deref()?));
        Self { directory: signing.checkpoint_dir.clone().or_else(beside_key) }
    }

    /// The timeline that was used last, if one is remembered.
    pub fn read(&self) -> anyhow::Result<Option<Timeline>> {
        let Some(path) = self.path() else { return Ok(None) };
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let timeline = parse(&text).with_context(|| {
            let path = path.display();
            format!("{path} does not say a system identifier and a timeline: remove it if the database is the right one")
        });
        timeline.map(Some)
    }

    /// None as long as nothing was signed: then there is no place for it either.
    fn path(&self) -> Option<PathBuf> {
        let directory = self.directory.as_ref().filter(|directory| directory.is_dir());
        directory.map(|directory| directory.join(FILE))
    }

    /// Remembers a timeline, unless a newer one of the same cluster is remembered already.
    fn keep(&self, timeline: Timeline) -> anyhow::Result<()> {
        let Some(path) = self.path() else { return Ok(()) };
        let is_newer = self.read()?.is_none_or(|known| {
            known.system_identifier != timeline.system_identifier || known.number < timeline.number
        });
        match is_newer {
            true => replace(&path, &format!("{} {}\n", timeline.system_identifier, timeline.number))
                .with_context(|| format!("cannot write {}", path.display())),
            false => Ok(()),
        }
    }

    fn keep_or_say(&self, timeline: Timeline) {
        if let Err(error) = self.keep(timeline) {
            tracing::warn!(error = format!("{error:#}"), "the database's timeline was not remembered");
        }
    }
}

fn parse(text: &str) -> Option<Timeline> {
    let (system_identifier, number) = text.trim().split_once(' ')?;
    Some(Timeline { system_identifier: system_identifier.parse().ok()?, number: number.parse().ok()? })
}

/// Replaces a file as a whole: a reader finds its old text or the new one, also after a crash.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Replicas in containers share directories, and often the number of their process.
    let unfinished = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let mut file = File::create(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Runs until it is aborted: a service that is stopping still finishes what was begun, on whichever server that takes.
pub(super) async fn follow(registry: Registry, memory: TimelineMemory) {
    let store = registry.store();
    tokio::join!(store.follow_primary(), store.follow_standbys(), tell(&registry, &memory));
}

async fn tell(registry: &Registry, memory: &TimelineMemory) {
    let store = registry.store();
    let Some(mut used) = store.used_server() else { return };
    memory.keep_or_say(used.timeline);
    tracing::info!(server = &*used.name, timeline = used.timeline.number, "the database server in use");
    count(&used, 1.0);
    loop {
        let next = store.server_changed(&used).await;
        // What was acknowledged without a synchronous standby may be missing there.
        registry.forget_reads();
        memory.keep_or_say(next.timeline);
        let (from, server, timeline) = (&*used.name, &*next.name, next.timeline.number);
        tracing::warn!(
            from,
            server,
            timeline,
            "another database server takes writes, and is used from now on"
        );
        metrics::counter!("database_failovers_total").increment(1);
        count(&used, 0.0);
        count(&next, 1.0);
        used = next;
    }
}

fn count(server: &UsedServer, is_used: f64) {
    metrics::gauge!("database_primary", "server" => server.name.to_string()).set(is_used);
    metrics::gauge!("database_timeline").set(server.timeline.number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_timeline_of_the_same_cluster_is_not_remembered() {
        let directory = std::env::temp_dir().join(format!("flow-registry-timeline-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let memory = TimelineMemory { directory: Some(directory.clone()) };
        assert_eq!(memory.read().unwrap(), None);
        let timeline = |system_identifier, number| Timeline { system_identifier, number };
        for (seen, remembered) in [
            (timeline(7, 1), timeline(7, 1)),
            (timeline(7, 3), timeline(7, 3)),
            (timeline(7, 2), timeline(7, 3)),
            (timeline(8, 1), timeline(8, 1)),
        ] {
            memory.keep(seen).unwrap();
            assert_eq!(memory.read().unwrap(), Some(remembered));
        }
        fs::write(directory.join(FILE), "seven").unwrap();
        assert!(format!("{:#}", memory.read().unwrap_err()).contains("remove it"));
        fs::remove_dir_all(directory).unwrap();
    }
}
