//! `flow-registry cluster dump`.

use std::io;

use chrono::{SecondsFormat, Utc};
use tokio_util::sync::CancellationToken;

use super::archive::{Contents, DATABASE, contents};
use super::archive_writer::ArchiveWriter;
use super::outcome::{existing_data_dir, not_done};
use super::signed::{self, Saved};
use crate::app::database::Database;
use crate::cli::{DumpOrder, Failure};
use crate::postgres::{ClusterError, Compressed, Connection, DumpPrograms};
use crate::store;

pub(super) async fn dump(order: &DumpOrder, called_off: CancellationToken) -> anyhow::Result<()> {
    let config = &order.database;
    let data_dir = existing_data_dir(config)?;
    let doing = "cannot dump the private Postgres";
    let programs = DumpPrograms::of_cluster(config.postgres_bin_dir.as_deref(), &data_dir)
        .map_err(|error| not_done(doing, error))?;
    let mut archive = ArchiveWriter::create(&order.to, called_off)?;
    let begun_at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let database = Database::open_to_read(config).await?;
    let accounts = store::other_accounts(database.store.pool()).await?;
    let connection = database.cluster().expect("it is a private one").connection().clone();
    let contents = contents(programs.major, accounts, begun_at);
    let written = tokio::task::spawn_blocking(move || {
        let saved = signed::save(&data_dir, &mut archive)
            .map_err(|error| archive.broken_off("cannot save the signing key and what was signed", error))?;
        write(&mut archive, &programs, &connection)?;
        let bytes = archive.bytes();
        archive.keep(contents.clone())?;
        Ok::<_, Failure>((saved, bytes, contents))
    });
    let written = written.await;
    database.close().await;
    let (saved, bytes, contents) = written??;
    tell(order, saved, bytes, &contents);
    Ok(())
}

fn write(
    archive: &mut ArchiveWriter,
    programs: &DumpPrograms,
    connection: &Connection,
) -> Result<(), Failure> {
    let added = archive
        .add(DATABASE, |out| programs.dump(connection, Compressed::Yes, out).map_err(NotWritten::Dump));
    added.map_err(|error| match error {
        NotWritten::File(error) | NotWritten::Dump(ClusterError::Copying(error)) => {
            archive.not_written(error)
        }
        NotWritten::Dump(error) => not_done("the dump broke off, and nothing is left of it", error),
    })
}

enum NotWritten {
    Dump(ClusterError),
    File(io::Error),
}

impl From<io::Error> for NotWritten {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

fn tell(order: &DumpOrder, saved: Saved, bytes: u64, contents: &Contents) {
    let (file, megabytes) = (order.to.display(), bytes as f64 / 1e6);
    println!("{file} is whole: {megabytes:.1} MB, as of {} or a moment later.", contents.begun_at);
    match saved {
        Saved { has_key: true, logs } => println!(
            "The signing key is in it, with the last checkpoints of {logs} logs. Keep it where few can read it."
        ),
        Saved { has_key: false, .. } => println!(
            "No signing key is in it, as the data directory has none: save the file that SIGNING_KEY_FILE names too."
        ),
    }
}
