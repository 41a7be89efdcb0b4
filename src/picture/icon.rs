//! How each step type looks: the sign that its declaration gives it, in the colour of its family.

use crate::flow::document::schema::{Family, Sign};
use crate::flow::document::step_type;

/// The look of a step type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Icon {
    /// The class that a style sheet tells families apart by.
    pub family: &'static str,
    /// The colour where there is no style sheet.
    pub colour: &'static str,
    pub path: &'static str,
}

/// The sign of a step type that the format lacks.
const OTHER: Sign = Sign::new(Family::Ends, "M8 2a6 6 0 1 0 .1 0");

pub(super) fn of(kind: &str) -> Icon {
    let Sign { family, path } = step_type(kind).map_or(OTHER, |known| known.sign);
    let (family, colour) = match family {
        Family::Talks => ("talks", "#1f6feb"),
        Family::Decides => ("decides", "#8250df"),
        Family::Acts => ("acts", "#1a7f37"),
        Family::Waits => ("waits", "#9a6700"),
        Family::People => ("people", "#bc4c00"),
        Family::Ends => ("ends", "#57606a"),
    };
    Icon { family, colour, path }
}
