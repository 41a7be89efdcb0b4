//! `flow-registry cluster restore`.

use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::archive::{DATABASE, WholeArchive};
use super::outcome::{called_off, data_dir, not_done, tell_accounts, unless};
use super::proof::{Proven, prove};
use super::signed::{self, SIGNED};
use crate::app::database::{Database, cluster_options};
use crate::app::signing::KEY_FILE;
use crate::cli::{Failure, RestoreFromDumpOrder};
use crate::config::DatabaseConfig;
use crate::postgres::{Cluster, ClusterError, Connection, DumpPrograms, Staging};
use crate::store;

const DOING: &str = "cannot restore";

pub(super) async fn restore(
    order: &RestoreFromDumpOrder,
    called_off: CancellationToken,
) -> anyhow::Result<()> {
    let config = &order.database;
    let data_dir = data_dir(config)?;
    let (from, token) = (order.from.clone(), called_off.clone());
    let archive = tokio::task::spawn_blocking(move || WholeArchive::open(&from, &token)).await??;
    let staging = Staging::for_restore(&data_dir).map_err(|error| not_done(DOING, error))?;
    let programs = programs(config, &archive, staging.path())?;
    let options = cluster_options(
        &DatabaseConfig { postgres_bin_dir: Some(programs.directory()), ..config.clone() },
        staging.path(),
        Vec::new(),
    );
    let cluster = Cluster::start(options).await.map_err(|error| not_done(DOING, error))?;
    let database = Database::of_cluster(config, cluster, staging.path().to_owned()).await?;
    let archive = Arc::new(archive);
    let proven = fill(&database, Arc::clone(&archive), programs, staging.path(), &called_off).await;
    database.close().await;
    let proven = proven?;
    staging.settle(&[KEY_FILE, SIGNED]).map_err(|error| not_done(DOING, error))?;
    tell(&archive, &data_dir, &proven);
    Ok(proven.refuse_wrong(
        "the dump was restored as it is: look into it before you serve it (flow-registry audit verify)",
    )?)
}

/// Those that can read what their like wrote.
fn programs(config: &DatabaseConfig, archive: &WholeArchive, place: &Path) -> Result<DumpPrograms, Failure> {
    let found = DumpPrograms::of_cluster(config.postgres_bin_dir.as_deref(), place);
    let needed = archive.contents.postgres_major;
    match found {
        Ok(found) if found.major >= needed => Ok(found),
        Ok(found) => match DumpPrograms::newest(config.postgres_bin_dir.as_deref()) {
            Ok(newest) if newest.major >= needed => Ok(newest),
            _ => Err(Failure::Unusable(format!(
                "the dump was made with PostgreSQL {needed}, and only {} was found; install PostgreSQL {needed} or later, \
                 or name the directory of its programs with --postgres-bin-dir",
                found.major
            ))),
        },
        Err(error) => Err(not_done(DOING, error)),
    }
}

async fn fill(
    database: &Database,
    archive: Arc<WholeArchive>,
    programs: DumpPrograms,
    place: &Path,
    called_off: &CancellationToken,
) -> anyhow::Result<Proven> {
    let pool = database.store.pool();
    store::make_accounts(pool, &archive.contents.accounts).await?;
    let connection = database.cluster().expect("it is a private one").connection().clone();
    let (beside, token) = (place.to_owned(), called_off.clone());
    tracing::info!("restoring");
    tokio::task::spawn_blocking(move || unpack(&archive, &programs, &connection, beside, &token)).await??;
    unless(called_off, async {
        store::prepare(pool).await.context("cannot bring the database's schema up to date")?;
        store::analyze(pool).await.context("cannot take the statistics of the tables")?;
        tracing::info!("verifying");
        prove(&database.store, &place.join(KEY_FILE)).await
    })
    .await
}

fn unpack(
    archive: &WholeArchive,
    programs: &DumpPrograms,
    into: &Connection,
    beside: PathBuf,
    token: &CancellationToken,
) -> Result<(), Failure> {
    let unpacked = archive.read(|name, content| match name {
        DATABASE => programs.restore(into, |out| {
            let mut content = Interruptible { content, token };
            let mut out = io::BufWriter::with_capacity(256 * 1024, out);
            let copied = io::copy(&mut content, &mut out).and_then(|_| out.flush());
            copied.map_err(ClusterError::Copying)
        }),
        name => signed::put(&beside, name, content).map_err(ClusterError::Copying),
    });
    unpacked.map_err(|error| match token.is_cancelled() {
        true => called_off(),
        false => not_done(DOING, error),
    })
}

struct Interruptible<'a> {
    content: &'a mut dyn Read,
    token: &'a CancellationToken,
}

impl Read for Interruptible<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.token.is_cancelled() {
            true => Err(io::Error::other("called off")),
            false => self.content.read(into),
        }
    }
}

fn tell(archive: &WholeArchive, data_dir: &Path, proven: &Proven) {
    let contents = &archive.contents;
    println!("{} holds what was dumped as of {}.", data_dir.display(), contents.begun_at);
    println!("Verified: {proven}");
    if !contents.files.iter().any(|file| file.name == KEY_FILE) {
        println!("The dump has no signing key: start the service with SIGNING_KEY_FILE.");
    }
    tell_accounts(&contents.accounts);
}
