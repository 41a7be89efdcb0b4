//! Instants of answers, which are UTC, as people read them.

/// `2026-05-01 03:42`, of an instant in UTC.
pub fn minute(instant: &str) -> String {
    instant.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// To the millisecond: fine enough to be given to `--as-of`.
pub fn millisecond(instant: &str) -> String {
    let cut: String = instant.trim_end_matches('Z').chars().take(23).collect();
    cut + "Z"
}
