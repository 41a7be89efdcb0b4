//! Ids as addresses and bodies write them.

use uuid::Uuid;

/// Reads an id of 36 characters, with hyphens. The parser of the crate also takes forms without hyphens, in braces and as URN.
pub fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() == uuid::fmt::Hyphenated::LENGTH { Uuid::try_parse(text).ok() } else { None }
}
