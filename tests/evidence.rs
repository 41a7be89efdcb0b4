//! The log's hashes and exports as other programs see them: the Python ones in `scripts/`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const CHAIN_VECTORS: &str = include_str!("vectors/chain.json");

/// Runs a script of the repository with `input` on its standard input.
fn python(script: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("python3")
        .arg(format!("{}/scripts/{script}", env!("CARGO_MANIFEST_DIR")))
        .args(arguments)
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

#[track_caller]
fn check_rows(rows: &str, expected: &str) {
    let output = python("recompute_chain.py", &[], rows.as_bytes());
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
