//! Text as people type it: forms in which it is compared or read as a value, and the nearest known name for a hint.
//! What is kept of a text is what was written; these forms are for comparing only.

mod cut;
mod digits;
mod fold;
mod signs;
mod written;

pub use cut::{beginning, cut};
pub use digits::{decimal_digit, has_other_digits};
pub use fold::{fold, search_text, spaced};
pub use signs::{entity, escaped, is_blank, is_control, is_hidden, is_invisible, name_fault};
pub use written::{composed, plain, plain_and_written, same_title, typed_forms};

/// The number of the rules of [`fold`], and of what else views keep of documents. What is stored under a lower number is
/// computed again.
pub const FOLDING: i16 = 6;

/// Names further away than this are not worth a hint.
const HINT_DISTANCE_MAX: usize = 2;

/// The candidate nearest to `name`, if one is near enough to be meant.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= HINT_DISTANCE_MAX)
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| {
            distance <= HINT_DISTANCE_MAX && distance < candidate.chars().count()
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// A remark as a sentence: it begins with a capital letter and ends with a full stop.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let full_stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{full_stop}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_stay_near() {
        assert_eq!(nearest("plna", ["plan", "plane"]), Some("plan"));
        assert_eq!(nearest("pide_empreza", ["pide_empresa", "empresa"]), Some("pide_empresa"));
        assert_eq!(nearest("x", ["y", "ab"]), None);
        assert_eq!(nearest("total", ["precio"]), None);
    }
}
