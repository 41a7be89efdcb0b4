//! What a first start finds in its way: what an earlier one left is done over, and everything else stays.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use flow_registry::postgres::ClusterError;

use super::{refusal, remember, remembers, start};
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
