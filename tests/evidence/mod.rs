//! The log's hashes and exports as other programs see them: the Python ones in `scripts/`.

mod altered;
mod cases;
mod cosign;
mod process;
mod sample;
mod verify;

use std::io::Write;
use std::process::{Command, Output, Stdio};

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

#[test]
fn the_verifier_answers_on_the_command_line() {
    let log = sample::Log::new(1);
    let key = sample::public_keys(1)[0].to_string();
    let run = |export: &[u8], key: &str| {
        let output = python(&["verify_export.py", "-", "--key", key], export);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let export = log.export();
    assert_eq!(run(&export, &key), (Some(0), "intact up to position 12\n".to_owned()));
    let (code, verdict) = run(&export[..export.len() - 1], &key);
    assert_eq!((code, verdict.as_str()), (Some(3), "end not proven at position 12: the file is cut\n"));
    let edited = String::from_utf8(export.clone()).unwrap().replace("flow.published", "flow.unpublished");
    let (code, verdict) = run(edited.as_bytes(), &key);
    assert_eq!(code, Some(1));
    assert!(verdict.starts_with("altered at position 4: "), "{verdict}");
}
