//! `flow-registry cluster upgrade`: the data is copied into a new cluster beside the old one, verified there, and the two
//! exchange their places in one step. Nobody writes to the old one meanwhile.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::outcome::{existing_data_dir, not_done, tell_accounts, unless};
use super::proof::{Proven, prove};
use crate::app::database::{Database, cluster_options};
use crate::app::signing::KEY_FILE;
use crate::cli::{Failure, UpgradeOrder};
use crate::config::DatabaseConfig;
use crate::postgres::{Cluster, ClusterError, Compressed, DumpPrograms, Staging};
use crate::store;

const DOING: &str = "cannot upgrade the private Postgres";

pub(super) async fn upgrade(order: &UpgradeOrder, called_off: CancellationToken) -> anyhow::Result<()> {
    let config = &order.database;
    let data_dir = existing_data_dir(config)?;
    let (old, new) = programs(order, &data_dir)?;
    let staging = Staging::for_upgrade(&data_dir).map_err(|error| not_done(DOING, error))?;
    // A command that comes along as a guest of this server cannot write what would be missing in the new one.
    let reads_only = vec![("default_transaction_read_only".to_owned(), "on".to_owned())];
    let from = start(config, &old, &data_dir, reads_only).await?;
    let into = start(config, &new, staging.path(), Vec::new()).await?;
    let key_file = data_dir.join(KEY_FILE);
    let moved = fill(&from, &into, (old, new.clone()), &key_file, &called_off).await;
    into.close().await;
    let cluster = from.into_cluster().await.expect("it is a private one");
    // No service starts on it before the exchange.
    let held = cluster.stop_and_hold().await;
    let (proven, accounts) = moved?;
    proven.refuse_wrong("nothing was changed: see flow-registry audit verify and projections check")?;
    let kept = staging.replace().map_err(|error| not_done(DOING, error))?;
    drop(held);
    println!("The private Postgres in {} is of PostgreSQL {} now.", data_dir.display(), new.major);
    println!("Verified: {proven}");
    tell_accounts(&accounts);
    println!("What it was before is kept in {}: remove it when all is well.", kept.display());
    Ok(())
}

/// Of the version that made the cluster, and of the one to move to.
fn programs(order: &UpgradeOrder, data_dir: &Path) -> Result<(DumpPrograms, DumpPrograms), Failure> {
    let named = order.new_bin.as_deref().or(order.database.postgres_bin_dir.as_deref());
    let new = DumpPrograms::newest(named).map_err(|error| not_done(DOING, error))?;
    let old = DumpPrograms::of_cluster(order.old_bin.as_deref(), data_dir);
    let old = old.map_err(|error| {
        let doing =
            "an upgrade needs the programs of both versions, those that made the cluster too (--old-bin)";
        not_done(doing, error)
    })?;
    let (from, to) = (old.major, new.major);
    let place = data_dir.display();
    match from.cmp(&to) {
        std::cmp::Ordering::Less => Ok((old, new)),
        // Who names the programs wants the cluster made anew.
        std::cmp::Ordering::Equal if order.new_bin.is_some() => Ok((old, new)),
        std::cmp::Ordering::Equal => Err(Failure::Unusable(format!(
            "the cluster in {place} is of PostgreSQL {from}, and no newer one was found: name the directory of the newer \
             programs with --new-bin"
        ))),
        std::cmp::Ordering::Greater => Err(Failure::Unusable(format!(
            "the cluster in {place} is of PostgreSQL {from}, and the programs to move to are of {to}: there is no way back"
        ))),
    }
}

async fn start(
    config: &DatabaseConfig,
    programs: &DumpPrograms,
    data_dir: &Path,
    settings: Vec<(String, String)>,
) -> anyhow::Result<Database> {
    let config = DatabaseConfig { postgres_bin_dir: Some(programs.directory()), ..config.clone() };
    let options = cluster_options(&config, data_dir, settings);
    let cluster = Cluster::start(options).await.map_err(|error| not_done(DOING, error))?;
    Database::of_cluster(&config, cluster, data_dir.to_owned()).await
}

/// What was verified, and the accounts whose names came along.
async fn fill(
    from: &Database,
    into: &Database,
    (old_programs, new_programs): (DumpPrograms, DumpPrograms),
    key_file: &Path,
    called_off: &CancellationToken,
) -> anyhow::Result<(Proven, Vec<String>)> {
    let connection =
        |database: &Database| database.cluster().expect("it is a private one").connection().clone();
    let (old, new) = (connection(from), connection(into));
    let accounts = store::other_accounts(from.store.pool()).await?;
    store::make_accounts(into.store.pool(), &accounts).await?;
    tracing::info!("copying");
    // Programs know everything about the servers of their own release, and of older ones only what their minor release knew.
    let copied = tokio::task::spawn_blocking(move || {
        let dump = |out: &mut dyn Write| old_programs.dump(&old, Compressed::No, out);
        new_programs.restore(&new, dump).map_err(|error: ClusterError| not_done(DOING, error))
    });
    // What is called off while it is copied ends with the servers.
    unless(called_off, async { Ok(copied.await??) }).await?;
    unless(called_off, async {
        store::prepare(into.store.pool()).await.context("cannot bring the database's schema up to date")?;
        store::analyze(into.store.pool()).await.context("cannot take the statistics of the tables")?;
        tracing::info!("verifying");
        Ok((prove(&into.store, key_file).await?, accounts))
    })
    .await
}
