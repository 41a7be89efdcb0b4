//! Secrets that stand in files, in place of variables of the environment.

use std::fs;

use crate::process::check_refused;
use crate::support::{Scratch, Service, database};

#[test]
fn secrets_are_read_from_files_or_refused_with_their_paths() {
    let scratch = Scratch::new();
    let file = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let serve = &["serve"][..];
    check_refused(
        serve,
        &[("DATABASE_URL_FILE", "/no/such")],
        2,
        &["--database-url-file", "/no/such", "cannot read"],
    );
    let empty = file("empty", " \n");
    check_refused(serve, &[("DATABASE_URL_FILE", &empty)], 2, &["--database-url-file", &empty, "empty"]);
    let wrong = file("wrong", "mysql://u:hunter2@h/d\n");
    check_refused(serve, &[("DATABASE_URL_FILE", &wrong)], 2, &["DATABASE_URL", "postgres://"]);
    let url = "postgres://u:hunter2@h/d";
    let both = [("DATABASE_URL_FILE", &*wrong), ("DATABASE_URL", url)];
    check_refused(serve, &both, 2, &["--database-url-file", "--database-url"]);
    let elsewhere = [("DATABASE_URL_FILE", &*wrong), ("DATA_DIR", "/d")];
    check_refused(serve, &elsewhere, 2, &["--database-url-file", "--data-dir"]);
    let owners = [("MIGRATE_DATABASE_URL_FILE", &*wrong), ("MIGRATE_DATABASE_URL", url)];
    check_refused(&["migrate"], &owners, 2, &["--migrate-database-url-file", "--migrate-database-url"]);
    check_refused(
        &["migrate"],
        &[("MIGRATE_DATABASE_URL_FILE", &wrong)],
        2,
        &["DATABASE_URL", "postgres://"],
    );
    let key = file("key", "hunter2 hunter2\n");
    let asks = &["flows", "list"][..];
    check_refused(asks, &[("FLOW_REGISTRY_KEY_FILE", &key)], 2, &["FLOW_REGISTRY_KEY", "spaces"]);
    let both = [("FLOW_REGISTRY_KEY_FILE", &*key), ("FLOW_REGISTRY_KEY", "hunter2")];
    check_refused(asks, &both, 2, &["--key-file", "--key"]);
}

/// A secret in a file ends with a line break, as editors leave it.
#[tokio::test]
async fn a_database_is_reached_by_the_url_in_a_file() {
    let (scratch, database) = (Scratch::new(), database().await);
    let file = scratch.path().join("url");
    fs::write(&file, format!("{}\n", database.url())).unwrap();
    let service =
        Service::start(&["--database-url-file", file.to_str().unwrap(), "--allow-unsafe-durability"]);
    assert_eq!(service.status("/health/ready"), 200);
}
