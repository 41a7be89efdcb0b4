//! `flow-registry audit verifier`: the Python program that verifies exports and shares no code with this one.

use crate::cli::failure::Failure;
use crate::cli::screen;

const PROGRAM: &str = include_str!("../../../scripts/verify_export.py");

/// Prints it byte for byte, as its digest is published.
pub fn print_verifier() -> Result<(), Failure> {
    screen::print(PROGRAM)
}
