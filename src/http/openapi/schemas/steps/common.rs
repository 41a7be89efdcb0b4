//! Members that several types of step have.

use super::super::build::{Direction, Member, boolean, maybe};
use super::super::values::variable_name;

/// What steps have that wait for input.
pub fn waiting(direction: Direction) -> [Member; 3] {
    [
        maybe("retry", direction.reference("Retry"), "What happens to rejected inputs."),
        maybe("timeout", direction.reference("Timeout"), "What happens when no input comes."),
        maybe(
            "allowInterrupts",
            boolean(),
            "False: no interrupt is heard while the step waits. Default true.",
        ),
    ]
}

pub fn save_to(description: &str) -> Member {
    maybe("saveTo", variable_name(), description)
}
