//! Addresses that are called, and headers: what keeps a request from being sent.

use super::channel::URL_CHARS_MAX;
use super::env::origin_name;
use super::language::is_template;

/// Why an address cannot be called, as the end of a sentence about it.
pub fn fault(url: &str) -> Option<&'static str> {
    if url.chars().count() > URL_CHARS_MAX {
        return Some("is longer than 2000 characters");
    }
    let Some(rest) = url.strip_prefix("https://") else { return Some("does not begin with https://") };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains('@') {
        return Some("has no host, or credentials before it");
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some("has a space or a line break in it");
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let has_dots = path.split(['/', '\\']).skip(1).any(is_dotted);
    has_dots.then_some("has a segment . or .. in its path")
}

/// What is wrong with an address before it is rendered, as far as what is written down already decides it.
pub fn literal_fault(source: &str) -> Option<&'static str> {
    // The organization says the host of such an address; the rest is written down.
    let source = match origin_name(source).and_then(|_| source.split_once("}}")) {
        Some((_, rest)) => format!("https://host{rest}"),
        None => source.to_owned(),
    };
    if !is_template(&source) {
        return fault(&source);
    }
    // What stands before the last slash before the first template.
    let literal = ["{{", "{%", "{#"].iter().filter_map(|mark| source.find(mark)).min().unwrap_or_default();
    let whole = source[..literal].rfind('/').map_or("", |slash| &source[..slash]);
    if whole.len() > "https://".len() { fault(whole) } else { None }
}

/// Why a header cannot have a value, as the end of a sentence about it. A line break would end the header and begin
/// another: RFC 9110, section 5.5.
pub fn header_fault(value: &str) -> Option<&'static str> {
    value.contains(['\r', '\n', '\0']).then_some("has a line break in its value")
}

/// Whether a segment of a path is one that clients resolve before they call: `.` or `..`, however it is written.
fn is_dotted(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_judged_before_a_run() {
        for source in [
            "https://a.com/../x",
            "https://a.com/a/%2E%2e",
            "https://a.com/./{{ t }}",
            "https://a.com/a b/{{ t }}",
            "https://a.com/x\r\ny",
            "{{ env.API }}/../x",
        ] {
            assert!(literal_fault(source).is_some(), "{source}");
        }
        for source in [
            "https://a.com/..{{ t }}",
            "https://a.com/{{ t }}/../x",
            "https://a.com/{% if a %}b c{% endif %}",
            "https://{{ t }}",
            "{{ env.API }}",
            "{{ env.API }}/{{ t }}",
            "https://a.com/x?p=../y",
            "https://a.com",
        ] {
            assert_eq!(literal_fault(source), None, "{source}");
        }
    }
}
