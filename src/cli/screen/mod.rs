//! Standard output as people read it: colours where the terminal has them, tables as wide as it is, and no text of
//! others that could steer it.

mod moment;
mod style;
mod table;
mod text;

use std::io::{self, IsTerminal, Write};

use super::failure::Failure;
pub use moment::{millisecond, minute};
pub use style::{ADDED, FAINT, NAME, NOTE, REMOVED, STRONG, paint};
pub use table::{Column, Table};
pub use text::{hanging, indented, plain, plain_json};

/// Narrower than this nothing can be read anyway.
const WIDTH_MIN: usize = 40;

/// The columns of the terminal, or those that `COLUMNS` says; `None` where lines may be of any length.
pub fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || {
        let stdout = io::stdout();
        let size = stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(stdout).ok())??;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    };
    said.or_else(measured).map(|columns| columns.max(WIDTH_MIN))
}

/// Writes styled text; the styles go no further than a terminal that wants them.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes styled text to standard error, beside the output. A reader that is gone is no error.
pub fn note(text: &str) {
    // A closed standard error is nobody's loss.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Writes JSON as it is, and a line break. A terminal gets it with what could steer it escaped.
pub fn print_json(json: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let shown = if out.is_terminal() { plain_json(json) } else { json.into() };
    writeln!(out, "{shown}")?;
    Ok(out.flush()?)
}
