//! The log's hashes and exports as other programs see them: the Python ones in `scripts/`.

mod altered;
mod cases;
mod cosign;
mod erased;
mod kept;
mod process;
mod sample;
mod verify;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::support::{Scratch, run};

const CHAIN_VECTORS: &str = include_str!("../vectors/chain.json");

/// Runs Python with these arguments among the repository's scripts, and `input` on its standard input.
pub fn python(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("python3")
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A script that has seen enough may stop reading.
    let _ = writer.join().unwrap();
    output
}

/// What a program given as text prints; it can import the repository's scripts.
#[track_caller]
fn python_program(program: &str, input: &str) -> String {
    let output = python(&["-c", program], input.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
pub fn check_rows(rows: &str, expected: &str) {
    let output = python(&["recompute_chain.py"], rows.as_bytes());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(output.status.success(), expected.is_empty(), "{output:?}");
}

#[test]
fn python_recomputes_the_chain() {
    const LOG: &str = "03b8a5a7-03e9-43f8-b361-22e6426e45df";
    let wrong = |position: i64, column: &str| format!("{LOG} position {position}: {column} is wrong\n");
    check_rows(CHAIN_VECTORS, "");
    let edited = CHAIN_VECTORS.replace("flow.unpublished", "flow.published");
    check_rows(&edited, &(wrong(8, "event_hash") + &wrong(8, "chain_hash")));
    let lines: Vec<&str> = CHAIN_VECTORS.lines().filter(|line| !line.contains("flow.unpublished")).collect();
    let cut = lines.join("\n");
    check_rows(&cut, &(wrong(9, "position") + &wrong(9, "chain_hash")));
}

/// What both programs say of arguments, the service's first: status and everything that is printed.
fn both(arguments: &[&str]) -> [(Option<i32>, String); 2] {
    let ours = run(&[&["audit", "verify"], arguments].concat());
    let theirs = python(&[&["verify_export.py"], arguments].concat(), b"");
    [ours, theirs].map(|output| {
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(printed).unwrap())
    })
}

/// A mistake of whoever verifies never passes for an altered log, and no demand is dropped in silence.
#[test]
fn what_cannot_be_used_is_no_verdict() {
    let scratch = Scratch::new();
    let file = |name: &str, content: &[u8]| {
        let path = scratch.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let log = sample::Log::new(1);
    let key = sample::public_keys(1)[0].to_string();
    let other_key = sample::public_keys(9)[0].to_string();
    let export = file("export", &log.export());
    let (empty, error) = (file("empty", b""), file("error", b"{\"code\":\"missing_credentials\"}"));
    // A foreign file may have one line of any length.
    let first = log.export().iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let wide = file("wide", &[&log.export()[..first], &vec![b'x'; 5 << 20]].concat());
    let note = log.checkpoints[&12].as_str();
    let (kept, early) = (file("kept", note.as_bytes()), file("early", log.checkpoints[&5].as_bytes()));
    let (cut, crlf) =
        (file("cut", &note.as_bytes()[..99]), file("crlf", note.replace('\n', "\r\n").as_bytes()));
    let forged = log.tree_head(12);
    let forged = flow_registry::evidence::TreeHead { map_root: forged.event_root, ..forged };
    let forged = file("forged", forged.sign(&sample::keyring(1)).unwrap().as_bytes());
    let typo = format!("{}x", &key[..key.len() - 1]);
    for (arguments, status) in [
        (&[&*export, "--key", &key, "--checkpoint", &kept][..], 0),
        (&[&export, "--key", &other_key, "--key", &key], 0),
        (&[&export, "--key", &key, "--checkpoint", &early, "--checkpoint", &kept], 0),
        (&[&export, "--key", &key, "--checkpoint", &forged, "--checkpoint", &early], 1),
        (&[&export, "--key", &key, "--checkpoint", &early, "--checkpoint", &forged], 1),
        (&[&wide, "--key", &key], 1),
        (&[&export, "--key", "/no/such/file"], 2),
        (&[&export, "--key", &typo], 2),
        (&[&export, "--key", &empty], 2),
        (&[&export, "--key", &key, "--key", &error], 2),
        (&[&export, "--key", &key, "--checkpoint", &empty], 2),
        (&[&export, "--key", &key, "--checkpoint", &cut], 2),
        (&[&export, "--key", &key, "--checkpoint", &crlf], 2),
        (&[&export, "--key", &key, "--checkpoint", &error], 2),
        (&[&export, "--key", &key, "--checkpoint", "/no/such/file"], 2),
        (&[&export, "--key", &other_key, "--checkpoint", &kept], 2),
        (&[&export, "--key", &key, "--checkpoint", &kept, "--witness"], 2),
        (&[&export, "--key", &key, "--checkpoint", &kept, "--witness", ""], 2),
        (&[&export, "--key", &key, "--checkpoint", &kept, "--witness", &empty], 2),
        (&[&export, "--key", &key, "--checkpoint", &kept, "--witness", &key], 2),
        (&[&export, "--key", &key, "--witness", &key], 2),
        (&[&error, "--key", &key], 2),
        (&[&kept, "--key", &key], 2),
        (&["/no/such/file", "--key", &key], 2),
        (&[&export, "--key", &key, "--unknown"], 2),
        (&[&empty, "--key", &key], 3),
    ] {
        for (found, printed) in both(arguments) {
            assert_eq!(found, Some(status), "{arguments:?}\n{printed}");
            assert!(!printed.contains("Traceback"), "{printed}");
        }
    }
}

#[test]
fn the_verifier_answers_on_the_command_line() {
    let log = sample::Log::new(1);
    let key = sample::public_keys(1)[0].to_string();
    let run = |export: &[u8], key: &str| {
        let output = python(&["verify_export.py", "-", "--key", key], export);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let export = log.export();
    let newest = "log 00000000-0000-0000-0000-000000000001, newest signed head: position 12 at 2026-05-01T03:54:30.123541Z\n";
    assert_eq!(run(&export, &key), (Some(0), format!("intact up to position 12\n{newest}")));
    let (code, verdict) = run(&export[..export.len() - 1], &key);
    assert_eq!(
        (code, verdict),
        (Some(3), format!("end not proven at position 12: the file is cut\n{newest}"))
    );
    let edited = String::from_utf8(export.clone()).unwrap().replace("flow.published", "flow.unpublished");
    let (code, verdict) = run(edited.as_bytes(), &key);
    assert_eq!(code, Some(1));
    assert!(verdict.starts_with("altered at position 4: "), "{verdict}");
}
