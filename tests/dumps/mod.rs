//! A private Postgres dumped, restored and upgraded by the program as its users run it, and everything that goes wrong on
//! the way: what is there stays, and nothing half made looks whole.

mod installation;

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::{Scratch, program, run};
use installation::Installation;

/// The status, and what was said on both streams.
fn cluster(arguments: &[&str]) -> (Option<i32>, String) {
    said(&mut program(&[&["cluster"], arguments].concat()))
}

fn said(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn refused(arguments: &[&str], status: i32, says: &str) {
    let (code, said) = cluster(arguments);
    assert!(code == Some(status) && said.contains(says), "{arguments:?}: {code:?}, no {says:?} in\n{said}");
}

fn dump(data_dir: &Path, to: &Path) {
    let (status, said) =
        cluster(&["dump", "--data-dir", data_dir.to_str().unwrap(), "--to", to.to_str().unwrap()]);
    assert!(status == Some(0) && said.contains("is whole"), "{said}");
}

fn restore(from: &Path, data_dir: &Path) -> String {
    let arguments = ["restore", "--from", from.to_str().unwrap(), "--data-dir", data_dir.to_str().unwrap()];
    let (status, said) = cluster(&arguments);
    assert_eq!(status, Some(0), "{said}");
    said
}

fn verify(data_dir: &Path, checkpoint: &Path) -> String {
    let arguments = ["audit", "verify", "--data-dir", data_dir.to_str().unwrap(), "--checkpoint"];
    let (status, said) = said(program(&arguments).arg(checkpoint));
    assert!(status == Some(0) && said.contains("intact"), "{status:?} {said}");
    said
}

/// A directory with the programs of Postgres, of which a test can replace some.
fn programs_beside(bin: &Path, installation: &Installation) -> PathBuf {
    fs::create_dir(bin).unwrap();
    for name in ["postgres", "initdb", "pg_dump", "pg_restore"] {
        symlink(installation.programs().join(name), bin.join(name)).unwrap();
    }
    bin.to_owned()
}

/// In place of one that is a link.
fn write_program(path: &Path, script: &str) {
    let _ = fs::remove_file(path);
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Whether the planner knows all tables, and by an order.
async fn is_analyzed(connection: &mut PgConnection) -> bool {
    let query = "SELECT bool_and(last_analyze IS NOT NULL) FROM pg_stat_user_tables";
    sqlx::query_scalar(query).fetch_one(connection).await.unwrap()
}

/// What was signed last of the one log.
fn reached(data_dir: &Path) -> PathBuf {
    let organization = fs::read_dir(data_dir.join("signing-key.signed")).unwrap().next().unwrap();
    let reached = fs::read_dir(organization.unwrap().path().join("reached")).unwrap();
    let names = reached.map(|entry| entry.unwrap().path());
    names.filter(|path| !path.to_str().unwrap().contains("/tree-")).max().unwrap()
}

#[tokio::test]
async fn what_is_dumped_while_writes_go_on_comes_back_whole() {
    let scratch = Scratch::new();
    let (first, second) = (scratch.path().join("first"), scratch.path().join("second"));
    let file = scratch.path().join("registry.dump");
    let mut before = Installation::new(&first);
    let flows: Vec<String> = (0..20).map(|number| before.create(&format!("flow {number}"))).collect();
    let mut connection = before.connect().await;
    connection.execute("CREATE ROLE \"re'ader\" LOGIN; GRANT SELECT ON event TO \"re'ader\"").await.unwrap();
    connection.close().await.unwrap();
    before = before.next(&first);
    let paths: Vec<String> = flows.iter().map(|flow| format!("/bot/flows/{flow}")).collect();
    let answers: Vec<Value> = paths.iter().map(|path| before.get(path)).collect();
    let signed = scratch.path().join("signed");
    fs::copy(reached(&first), &signed).unwrap();

    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !ended.load(Ordering::Relaxed) {
                before.create(&format!("meanwhile {written}"));
                written += 1;
            }
            written
        });
        dump(&first, &file);
        ended.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 0, "nothing was written meanwhile");
    });
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let said = restore(&file, &second);
    assert!(said.contains("Verified: logs: 1") && said.contains("re'ader"), "{said}");
    assert_eq!(fs::read(first.join("signing-key")).unwrap(), fs::read(second.join("signing-key")).unwrap());

    let mut after = before.next(&second);
    for (path, answer) in paths.iter().zip(&answers) {
        assert_eq!(after.get(path), *answer);
    }
    let mut connection = after.connect().await;
    let rights = "SELECT has_table_privilege('re''ader', 'event', 'SELECT') \
         AND NOT has_function_privilege('re''ader', 'erase_recorded(uuid, bigint)', 'EXECUTE')";
    let kept: bool = sqlx::query_scalar(rights).fetch_one(&mut connection).await.unwrap();
    assert!(kept, "rights are what they were");
    assert!(is_analyzed(&mut connection).await);
    connection.close().await.unwrap();
    after.create("afterwards");
    after.stop();
    // What was signed before holds, and what came since is signed with the same key.
    let said = verify(&second, &signed);
    let keys = run(&["signing-key", "show", first.join("signing-key").to_str().unwrap()]).stdout;
    let keys = String::from_utf8(keys).unwrap();
    let name = keys.lines().last().unwrap().rsplit_once('+').unwrap().0;
    assert!(said.contains(name), "{name}\n{said}");
}

#[test]
fn a_dump_that_breaks_off_leaves_nothing_and_replaces_nothing() {
    let scratch = Scratch::new();
    let place = scratch.path().join("place");
    fs::create_dir(&place).unwrap();
    let mut installation = Installation::new(&scratch.path().join("data"));
    installation.create("kept");
    let data_dir = installation.data_dir.to_str().unwrap().to_owned();
    let file = place.join("registry.dump");
    let dump_to = |file: &Path| {
        let mut command = program(&["cluster", "dump", "--data-dir", &data_dir]);
        command.arg("--to").arg(file);
        command
    };
    let missing = scratch.path().join("missing");
    let (status, text) = said(&mut dump_to(&missing.join("registry.dump")));
    assert!(status == Some(2) && text.contains("cannot write") && !missing.exists(), "{text}");
    let nobodys = ["dump", "--data-dir", missing.to_str().unwrap(), "--to", file.to_str().unwrap()];
    refused(&nobodys, 4, "there is no private Postgres");
    let of_another = ["dump", "--database-url", "postgres://localhost/x", "--to", file.to_str().unwrap()];
    refused(&of_another, 2, "this is about the private Postgres");

    // `pg_dump` as it could be: killed, or slower than whoever takes the directory away.
    let bin = programs_beside(&scratch.path().join("bin"), &installation);
    let real = installation.programs().join("pg_dump").display().to_string();
    let removed = scratch.path().join("removed");
    for (script, to, says) in [
        (format!("{real} \"$@\" | head -c 20000; kill -9 $$"), &file, "pg_dump failed (signal: 9"),
        (format!("{real} --no-such-option"), &file, "no-such-option"),
        (format!("rm -r {}; exec {real} \"$@\"", removed.display()), &removed.join("a.dump"), "No such file"),
    ] {
        fs::create_dir_all(&removed).unwrap();
        write_program(&bin.join("pg_dump"), &script);
        let (status, text) = said(dump_to(to).env("POSTGRES_BIN_DIR", &bin));
        assert!(status == Some(5) && text.contains(says), "{script}: {status:?} {text}");
    }
    // A disk that takes no more than 16 KiB of a file.
    let shell = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
    let dumping = dump_to(&file);
    let mut limited = Command::new("bash");
    limited.args(["-c", shell, "bash"]).arg(dumping.get_program()).args(dumping.get_args());
    let (status, text) = said(limited.env_remove("DATABASE_URL"));
    assert!(
        status == Some(5) && text.contains("cannot write") && text.contains("too large"),
        "{status:?} {text}"
    );
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0, "nothing half made is left");

    fs::write(&file, "an earlier one").unwrap();
    let (status, text) = said(&mut dump_to(&file));
    assert!(status == Some(2) && text.contains("is there already"), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "an earlier one");
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    assert_eq!(installation.service.status("/health/ready"), 200);
    installation.stop();

    // Without the service, and with a server that does not start.
    let server = installation.programs().join("postgres").display().to_string();
    write_program(&bin.join("postgres"), &format!("[ \"$1\" = -V ] && exec {server} -V\nexit 3"));
    let (status, text) = said(dump_to(&place.join("another")).env("POSTGRES_BIN_DIR", &bin));
    assert!(status == Some(5) && text.contains("Postgres ended while starting"), "{status:?} {text}");
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
}

#[test]
fn a_damaged_dump_is_refused_and_a_restore_that_breaks_off_is_no_data_directory() {
    let scratch = Scratch::new();
    let (data, file) = (scratch.path().join("data"), scratch.path().join("registry.dump"));
    let mut installation = Installation::new(&data);
    installation.create("kept");
    installation.stop();
    dump(&data, &file);
    let (target, damaged) = (scratch.path().join("target"), scratch.path().join("damaged"));
    let arguments = ["restore", "--data-dir", target.to_str().unwrap(), "--from", damaged.to_str().unwrap()];
    let bytes = fs::read(&file).unwrap();
    for length in [0, 100, 512, 1500, bytes.len() / 2, bytes.len() - 2000] {
        fs::write(&damaged, &bytes[..length]).unwrap();
        refused(&arguments, 2, "is not a whole dump");
    }
    let mut places = Vec::new();
    for entry in tar::Archive::new(fs::File::open(&file).unwrap()).entries().unwrap() {
        let entry = entry.unwrap();
        places.push(entry.raw_header_position());
        places.push(entry.raw_file_position() + entry.size() / 2);
    }
    assert!(places.len() >= 8, "{places:?}");
    for place in places {
        fs::copy(&file, &damaged).unwrap();
        let mut opened = fs::OpenOptions::new().read(true).write(true).open(&damaged).unwrap();
        opened.seek(SeekFrom::Start(place)).unwrap();
        let mut byte = [0];
        opened.read_exact(&mut byte).unwrap();
        opened.seek(SeekFrom::Start(place)).unwrap();
        opened.write_all(&[byte[0] ^ 1]).unwrap();
        refused(&arguments, 2, "is not a whole dump");
    }
    assert!(!target.exists(), "nothing was made of them");
    let into_data = ["restore", "--from", file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    refused(&into_data, 2, "is not empty");

    // The program is killed in the middle; what fails by itself is taken away.
    let bin = programs_beside(&scratch.path().join("bin"), &installation);
    let whole = ["restore", "--data-dir", target.to_str().unwrap(), "--from", file.to_str().unwrap()];
    for (script, status) in [("exit 3", Some(5)), ("kill -9 $PPID", None)] {
        write_program(&bin.join("pg_restore"), script);
        let arguments = [&["cluster"], &whole[..]].concat();
        let (code, text) = said(program(&arguments).env("POSTGRES_BIN_DIR", &bin));
        assert_eq!(code, status, "{text}");
        assert_eq!(target.exists(), code.is_none(), "{text}");
    }
    refused(&whole, 2, "did not come to its end");
    let served = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", target.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&served.stderr).into_owned();
    assert!(served.status.code() == Some(1) && text.contains("did not come to its end"), "{text}");
    let org = "00000000-0000-7000-8000-000000000000";
    let read = run(&["keys", "list", "--org", org, "--data-dir", target.to_str().unwrap()]);
    assert_eq!(read.status.code(), Some(4), "{}", String::from_utf8_lossy(&read.stderr));
}

#[tokio::test]
async fn an_upgrade_moves_the_data_and_keeps_what_was_there() {
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    let mut installation = Installation::new(&data);
    let flow = format!("/bot/flows/{}", installation.create("kept"));
    let answer = installation.get(&flow);
    let mut connection = installation.connect().await;
    connection.execute("CREATE ROLE reader LOGIN PASSWORD 'secret'").await.unwrap();
    connection.close().await.unwrap();
    let bin = installation.programs();
    let (place, bin) = (data.to_str().unwrap(), bin.to_str().unwrap());
    let anew = ["upgrade", "--data-dir", place, "--new-bin", bin];
    refused(&anew, 2, "is in use by another flow-registry");
    installation.stop();
    refused(&["upgrade", "--data-dir", place, "--postgres-bin-dir", bin], 2, "no newer one was found");
    refused(&["upgrade", "--data-dir", place, "--new-bin", "/nowhere"], 2, "/nowhere");

    // Killed while it copies.
    let killing = programs_beside(&scratch.path().join("bin"), &installation);
    write_program(&killing.join("pg_restore"), "kill -9 $PPID");
    let killed = ["cluster", "upgrade", "--data-dir", place, "--new-bin", killing.to_str().unwrap()];
    let (code, text) = said(&mut program(&killed));
    assert!(code.is_none() && data.join("upgrading").exists(), "{code:?} {text}");
    installation = installation.next_after_stop(&data);
    assert_eq!(installation.get(&flow), answer);
    installation.create("after the kill");
    installation.stop();
    refused(&anew, 2, "from an upgrade that did not come to its end");
    let orphan = data.join("upgrading/postgres/postmaster.pid");
    let give_up = Instant::now() + Duration::from_secs(20);
    while orphan.exists() && Instant::now() < give_up {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fs::remove_dir_all(data.join("upgrading")).unwrap();

    let signed = scratch.path().join("signed");
    fs::copy(reached(&data), &signed).unwrap();
    if rustix::process::geteuid().is_root() {
        // As an ordinary user's service made it, which root upgrades.
        let given = Command::new("chown").args(["-R", "daemon:daemon"]).arg(data.join("postgres")).status();
        assert!(given.unwrap().success());
    }
    let owner = |directory: &Path| {
        let metadata = directory.metadata().unwrap();
        (metadata.uid(), metadata.gid())
    };
    let owned_by = owner(&data.join("postgres"));

    let (status, text) = cluster(&anew);
    assert!(status == Some(0) && text.contains("Verified: logs: 1"), "{text}");
    assert!(text.contains("cannot connect until you let them") && text.contains(": reader"), "{text}");
    let version = |directory: &Path| fs::read_to_string(directory.join("PG_VERSION")).unwrap();
    let made_by = version(&data.join("postgres"));
    let kept = data.join(format!("postgres-{}", made_by.trim()));
    assert_eq!(version(&kept), made_by);
    for directory in [&kept, &data.join("postgres"), &data.join("postgres/base")] {
        assert_eq!(owner(directory), owned_by, "{}", directory.display());
    }
    assert!(!data.join("upgrading").exists());
    verify(&data, &signed);
    installation = installation.next_after_stop(&data);
    assert_eq!(installation.get(&flow), answer);
    let mut connection = installation.connect().await;
    assert!(is_analyzed(&mut connection).await);
    connection.close().await.unwrap();
    installation.create("afterwards");
    installation.stop();
    refused(&anew, 2, "move it away");

    // Of a version whose programs are not there.
    fs::write(data.join("postgres/PG_VERSION"), "14\n").unwrap();
    refused(&["upgrade", "--data-dir", place], 2, "the programs of both versions");
    refused(&["upgrade", "--data-dir", place, "--old-bin", bin], 2, "made by PostgreSQL 14");
    refused(&["dump", "--data-dir", place, "--to", signed.to_str().unwrap()], 2, "made by PostgreSQL 14");
    let served = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", place]);
    let text = String::from_utf8_lossy(&served.stderr).into_owned();
    assert!(served.status.code() == Some(1) && text.contains("flow-registry cluster upgrade"), "{text}");
    assert!(!data.join("upgrading").exists());
}
