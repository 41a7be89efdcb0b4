//! What is under `deploy/` is held against the program: queries against its metrics, settings against its flags.

mod metrics;
mod queries;
mod settings;
mod systemd;

use std::fs;
use std::path::Path;

/// The text of a file under `deploy/`.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
