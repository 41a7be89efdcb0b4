//! Paths of pages, with their ids and parameters encoded. A page of a moment leads to pages of that moment.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use uuid::Uuid;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub const AS_OF: &str = "asOf";

pub fn encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// Paths in an organization.
#[derive(Debug, Clone)]
pub struct Links {
    org_id: Uuid,
    /// The moment that pages are of, as the address names it.
    as_of: Option<String>,
}

impl Links {
    pub fn new(org_id: Uuid, as_of: Option<String>) -> Self {
        Self { org_id, as_of }
    }

    /// The path of a page, `flows/{id}/history`, at the moment of the page it stands on.
    pub fn to(&self, rest: &str) -> String {
        self.with(rest, &[])
    }

    /// A path with parameters. Empty ones are left out.
    pub fn with(&self, rest: &str, parameters: &[(&str, &str)]) -> String {
        let as_of = self.as_of.as_deref().map(|moment| (AS_OF, moment));
        query(&format!("/console/{}/{rest}", self.org_id), parameters.iter().copied().chain(as_of))
    }

    /// The moment of the page, as its address names it.
    pub fn as_of(&self) -> Option<&str> {
        self.as_of.as_deref()
    }

    /// The path of a page as it is now.
    pub fn now(&self, rest: &str) -> String {
        format!("/console/{}/{rest}", self.org_id)
    }
}

/// A path with parameters. Empty ones are left out.
pub fn query<'p>(path: &str, parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let mut link = path.to_owned();
    let mut separator = '?';
    for (name, value) in parameters.into_iter().filter(|(_, value)| !value.is_empty()) {
        link.push(separator);
        link.push_str(name);
        link.push('=');
        link.extend(encode(value));
        separator = '&';
    }
    link
}

/// A path to lead back to, where it is one of the console: anything else could lead anywhere.
pub fn own_path(path: &str) -> Option<&str> {
    let is_own = path == "/console" || path.starts_with("/console/");
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Browsers take an encoded dot for a dot.
    let bare = path.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    let has_dots = bare.split('/').any(|part| part == ".." || part == ".");
    (is_own && is_plain && !has_dots && !path.contains("//")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_and_the_moment_stays() {
        let links = Links::new(Uuid::nil(), Some("position:7".to_owned()));
        let console = format!("/console/{}", Uuid::nil());
        assert_eq!(links.to("flows"), format!("{console}/flows?asOf=position%3A7"));
        assert_eq!(
            links.with("flows", &[("q", "a&b ñ"), ("state", "")]),
            format!("{console}/flows?q=a%26b%20%C3%B1&asOf=position%3A7")
        );
        assert_eq!(links.now("flows"), format!("{console}/flows"));
    }

    #[test]
    fn only_own_paths_lead_back() {
        for own in ["/console", "/console/x/flows?q=a%2Fb&x=1", "/console/x/flows#step"] {
            assert_eq!(own_path(own), Some(own));
        }
        for other in [
            "",
            "/",
            "/docs",
            "//evil.example",
            "/console//evil.example",
            "https://evil.example/console/",
            "/console/../docs",
            "/console/x/%2e%2e/%2E%2e/docs",
            "/console/\\evil",
            "/console/x\r\nSet-Cookie: a",
            "/consoles",
            "/console/ñ",
        ] {
            assert_eq!(own_path(other), None, "{other}");
        }
    }
}
