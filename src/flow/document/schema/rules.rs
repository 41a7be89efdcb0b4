//! What names of the format consist of.

use super::part::NameRule;

/// The id of a step: it stands in targets and expressions.
pub const STEP_ID: NameRule = NameRule {
    pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
    words: "a letter or digit followed by up to 63 letters, digits, \"_\" and \"-\"",
    chars_max: 64,
    allows: |index, c| c.is_ascii_alphanumeric() || (index > 0 && matches!(c, '_' | '-')),
};

/// The name of a variable, declared or not.
pub const VARIABLE: NameRule = NameRule {
    pattern: "^[a-z][A-Za-z0-9_]{0,63}$",
    words: "a lower-case letter followed by up to 63 letters, digits and \"_\"",
    chars_max: 64,
    allows: |index, c| {
        if index == 0 { c.is_ascii_lowercase() } else { c.is_ascii_alphanumeric() || c == '_' }
    },
};

/// An id that is unique among its neighbours: of an option, a path, an outcome.
pub const EXIT_ID: NameRule = NameRule {
    pattern: "^[A-Za-z0-9_-]{1,64}$",
    words: "1 to 64 letters, digits, \"_\" and \"-\"",
    chars_max: 64,
    allows: |_, c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'),
};

pub const ACTION: NameRule = NameRule {
    pattern: "^[A-Za-z0-9._:/-]{1,128}$",
    words: "1 to 128 letters, digits, \".\", \"_\", \"-\", \":\" and \"/\"",
    chars_max: 128,
    allows: |_, c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/'),
};

/// The name of a business event.
pub const EVENT: NameRule = NameRule {
    pattern: "^[a-z0-9._-]{1,80}$",
    words: "1 to 80 lower-case letters, digits, \".\", \"_\" and \"-\"",
    chars_max: 80,
    allows: |_, c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'),
};

/// What an `end` calls the way the run went.
pub const OUTCOME: NameRule = NameRule {
    pattern: "^[a-z0-9_]{1,64}$",
    words: "1 to 64 lower-case letters, digits and \"_\"",
    chars_max: 64,
    allows: |_, c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
};

/// The name of an approved message template.
pub const TEMPLATE: NameRule = NameRule {
    pattern: "^[a-z0-9_]{1,512}$",
    words: "1 to 512 lower-case letters, digits and \"_\"",
    chars_max: 512,
    allows: OUTCOME.allows,
};

/// The language of an approved message template.
pub const TEMPLATE_LANGUAGE: NameRule = NameRule {
    pattern: "^[A-Za-z0-9_]{1,16}$",
    words: "a language such as es_MX",
    chars_max: 16,
    allows: |_, c| c.is_ascii_alphanumeric() || c == '_',
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn holds(rule: &NameRule, text: &str) -> bool {
        !text.is_empty()
            && text.len() <= rule.chars_max
            && text.chars().enumerate().all(|(index, c)| (rule.allows)(index, c))
    }

    proptest! {
        #[test]
        fn patterns_say_what_the_rules_do(text in "[a-cX0-9._:/ñ -]{0,5}|[ab]{60,70}|[ab]{510,514}") {
            for rule in [&STEP_ID, &VARIABLE, &EXIT_ID, &ACTION, &EVENT, &OUTCOME, &TEMPLATE, &TEMPLATE_LANGUAGE] {
                let is_match = Regex::new(rule.pattern).unwrap().is_match(&text);
                prop_assert_eq!(is_match, holds(rule, &text), "{} {:?}", rule.pattern, text);
            }
        }
    }
}
