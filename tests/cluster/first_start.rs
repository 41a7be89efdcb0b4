//! What a first start finds in its way: what an earlier one left is done over, and everything else stays.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use flow_registry::postgres::{Cluster, ClusterError, Options};

use super::{options, refusal, remember, remembers, start};
use crate::support::Scratch;

#[tokio::test]
async fn an_interrupted_first_start_is_done_over() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    cluster.stop().await;
    // What a crash in the middle of initdb leaves behind.
    fs::write(scratch.path().join("postgres.initializing"), "").unwrap();
    fs::remove_file(scratch.path().join("postgres/global/pg_control")).unwrap();

    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    remembers(cluster.connection()).await;
    assert!(!scratch.path().join("postgres.initializing").exists());
}

#[tokio::test]
async fn what_is_put_where_a_first_start_failed_stays() {
    let backup = Scratch::new();
    let cluster = start(backup.path()).await;
    remember(&cluster).await;
    cluster.stop().await;
    let called = fs::read_to_string(backup.path().join("postgres/postmaster.opts")).unwrap();
    let programs = Path::new(called.split_whitespace().next().unwrap()).parent().unwrap();

    // The cluster is made, and not acknowledged.
    let scratch = Scratch::new();
    let bin_dir = scratch.path().join("bin");
    fs::create_dir(&bin_dir).unwrap();
    for program in programs.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        symlink(&program, bin_dir.join(program.file_name().unwrap())).unwrap();
    }
    let initdb = bin_dir.join("initdb");
    fs::remove_file(&initdb).unwrap();
    fs::write(&initdb, format!("#!/bin/sh\n{} \"$@\" && exit 1\n", programs.join("initdb").display()))
        .unwrap();
    fs::set_permissions(&initdb, fs::Permissions::from_mode(0o755)).unwrap();
    let data_dir = scratch.path().join("data");
    let refused = Cluster::start(Options { bin_dir: Some(bin_dir), ..options(&data_dir) }).await;
    assert!(matches!(refused, Err(ClusterError::InitFailed { .. })), "{refused:?}");

    fs::rename(backup.path().join("postgres"), data_dir.join("postgres")).unwrap();
    remembers(start(&data_dir).await.connection()).await;
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    let scratch = Scratch::new();
    let thesis = scratch.path().join("postgres/thesis.txt");
    fs::create_dir(thesis.parent().unwrap()).unwrap();
    fs::write(&thesis, "years of work").unwrap();
    let refused = refusal(scratch.path()).await;
    assert!(matches!(refused, ClusterError::ForeignContent { .. }), "{refused}");
    assert_eq!(fs::read_to_string(thesis).unwrap(), "years of work");
}

/// As root sees it: nothing is closed to it, but not everything opens.
#[tokio::test]
async fn what_cannot_be_looked_into_is_not_taken_for_a_half_made_cluster() {
    let scratch = Scratch::new();
    let (pgdata, marker) = (scratch.path().join("postgres"), scratch.path().join("postgres.initializing"));
    symlink("postgres", &pgdata).unwrap();
    let refused = refusal(scratch.path()).await;
    assert!(matches!(refused, ClusterError::File { action: "open", .. }), "{refused}");
    assert!(!marker.exists() && pgdata.is_symlink());

    fs::remove_file(&pgdata).unwrap();
    fs::write(&pgdata, "a file").unwrap();
    let refused = refusal(scratch.path()).await;
    assert!(matches!(refused, ClusterError::File { action: "open", .. }), "{refused}");
    assert!(!marker.exists() && pgdata.is_file());
}

#[tokio::test]
async fn a_cluster_that_is_closed_to_us_outlives_the_attempt() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    cluster.stop().await;
    let close = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(scratch.path().join("postgres"), permissions).unwrap();
    };
    close(0o000);
    let refused = refusal(scratch.path()).await;
    close(0o700);
    assert!(matches!(refused, ClusterError::File { action: "open", .. }), "{refused}");
    remembers(start(scratch.path()).await.connection()).await;
}
