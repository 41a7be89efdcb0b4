//! Keys and tokens written into a document, where everybody who may read it reads them.

use super::collect::Findings;
use crate::flow::document::{Document, StepKind};
use crate::flow::finding::Finding;
use crate::flow::pointer;

/// Headers that carry credentials.
const CREDENTIAL_HEADERS: &[&str] = &["authorization", "cookie", "proxy-authorization", "x-api-key"];
/// Parts of header names that say the same.
const CREDENTIAL_WORDS: &[&str] = &["api-key", "apikey", "auth-key", "password", "secret", "token"];
/// How well-known keys begin.
const KEY_PREFIXES: &[&str] = &[
    "AKIA",
    "AIza",
    "EAA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "mk_live_",
    "mk_test_",
    "pk_live_",
    "rk_live_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "xoxb-",
    "xoxp-",
    "eyJ",
];
/// Shorter values are placeholders rather than keys.
const SECRET_LENGTH_MIN: usize = 8;

pub fn check(document: &Document, findings: &mut Findings) {
    for (index, step) in document.steps.iter().enumerate() {
        let StepKind::Http(http) = &step.kind else { continue };
        for (name, value) in http.headers.iter().filter(|(name, value)| looks_like_a_secret(name, value)) {
            let mut place = format!("/steps/{index}/headers");
            pointer::push(&mut place, name);
            let message = format!("The header \"{name}\" looks like a key or token in plain text.");
            let length = value.chars().count();
            let finding = Finding::warning("SECRET_IN_LITERAL", place, message).at(0, length);
            findings.push(finding.hint("Keep it as a secret and write \"{{ secrets.NAME }}\"."));
        }
    }
}

fn looks_like_a_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if value.contains("{{") || value.contains("{%") {
        return false;
    }
    let bare =
        ["Bearer ", "Basic ", "Token "].iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value);
    let is_credential = CREDENTIAL_HEADERS.contains(&name.as_str())
        || CREDENTIAL_WORDS.iter().any(|word| name.contains(word));
    let is_long = |least: usize| bare.trim().len() >= least;
    (is_credential && is_long(SECRET_LENGTH_MIN))
        || KEY_PREFIXES
            .iter()
            .any(|prefix| bare.starts_with(prefix) && is_long(prefix.len() + SECRET_LENGTH_MIN))
        || (is_long(32) && is_random(bare))
}

/// Whether a long word mixes letters and digits as only generated keys do.
fn is_random(value: &str) -> bool {
    let is_key_character =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '.' | '+' | '/');
    let digits = value.chars().filter(char::is_ascii_digit).count();
    value.chars().all(is_key_character) && digits * 8 >= value.len() && digits < value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_ordinary_values() {
        for (name, value) in [
            ("Authorization", "Bearer abcdefgh"),
            ("X-Api-Key", "0123456789"),
            ("X-Shop-Token", "tiendatoken"),
            ("X-Trace", "sk_live_4eC39HqLyjWD"),
            ("X-Any", "9f86d081884c7d659a2feaa0c55ad015"),
        ] {
            assert!(looks_like_a_secret(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("Authorization", "Bearer {{ secrets.KEY }}"),
            ("Authorization", "none"),
            ("Content-Type", "application/vnd.company.product.resource+json"),
            ("Accept", "text/html, application/xhtml+xml, application/xml;q=0.9"),
            ("X-Request-Source", "flow"),
        ] {
            assert!(!looks_like_a_secret(name, value), "{name}: {value}");
        }
    }
}
