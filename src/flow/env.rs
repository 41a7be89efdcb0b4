//! Values of an organization that all its flows read as `env.<NAME>`: what their names and they may be.

use std::collections::BTreeMap;

use serde_json::Value;

use super::finding::Finding;
use super::pointer;

/// Values by name, as they are kept.
pub type Env = BTreeMap<String, String>;

/// Values of an organization, at most.
pub const VALUES_MAX: usize = 200;
/// Bytes of a value, at most.
pub const VALUE_BYTES_MAX: usize = 2 * 1024;
const NAME_LENGTH_MAX: usize = 64;
const NAME_RULE: &str =
    "must have a name of 1 to 64 capital letters A-Z, digits and \"_\" that begins with a letter";

/// Whether a value can have this name.
pub fn is_name(name: &str) -> bool {
    let is_sound = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.len() <= NAME_LENGTH_MAX
        && name.chars().next().is_some_and(|first| first.is_ascii_uppercase())
        && name.chars().all(is_sound)
}

/// Reads values by name, at a place in a body. What is wrong with them is told together.
pub fn read(body: &Value, place: &str) -> Result<Env, Vec<Finding>> {
    let Value::Object(members) = body else {
        // PHP cannot tell an empty object from an empty list.
        return match body.as_array().is_some_and(Vec::is_empty) {
            true => Ok(Env::new()),
            false => Err(vec![Finding::error("WRONG_TYPE", place, "must be an object")]),
        };
    };
    let mut findings = Vec::new();
    if members.len() > VALUES_MAX {
        let message = format!("must have at most {VALUES_MAX} values, has {}", members.len());
        findings.push(Finding::error("LIMIT_EXCEEDED", place, message));
    }
    for (name, value) in members {
        let mut tell = |code, message: String| {
            let mut at = place.to_owned();
            pointer::push(&mut at, name);
            findings.push(Finding::error(code, at, message));
        };
        if !is_name(name) {
            tell("INVALID_VALUE", NAME_RULE.to_owned());
        }
        match value {
            Value::String(text) if text.len() > VALUE_BYTES_MAX => {
                tell(
                    "LIMIT_EXCEEDED",
                    format!("must have at most {VALUE_BYTES_MAX} bytes, has {}", text.len()),
                );
            }
            Value::String(_) => {}
            _ => tell("WRONG_TYPE", "must be a text".to_owned()),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(members.iter().map(|(name, value)| (name.clone(), text(value))).collect())
}

/// The host of an https origin, with its port where it names one: `https://api.example.com`, and nothing behind it.
pub fn origin_host(value: &str) -> Option<&str> {
    value.strip_prefix("https://").filter(|host| is_literal_host(host))
}

/// A host name, an IPv4 address or an IPv6 address in brackets, and optionally a port.
pub fn is_literal_host(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "443"),
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let is_name = |host: &str| host.strip_suffix('.').unwrap_or(host).split('.').all(is_label);
    let is_ipv6 = |host: &str| host.parse::<std::net::Ipv6Addr>().is_ok();
    let host_is_sound = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => is_ipv6(address),
        None => is_name(host),
    };
    host_is_sound
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The name whose value is the origin of an address, where the address begins with `{{ env.NAME }}`.
pub fn origin_name(url: &str) -> Option<&str> {
    let (inside, rest) = url.strip_prefix("{{")?.split_once("}}")?;
    let name = inside.trim().strip_prefix("env.")?;
    (is_name(name) && (rest.is_empty() || rest.starts_with(['/', '?', '#']))).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_strictly() {
        let read = |body: Value| {
            read(&body, "").map_err(|findings| {
                findings.iter().map(|it| format!("{} {}", it.code, it.pointer)).collect::<Vec<_>>().join(", ")
            })
        };
        assert_eq!(read(json!([])), Ok(Env::new()));
        let sound = json!({"API": "https://a.example", "X_1": ""});
        assert_eq!(
            read(sound).unwrap().into_iter().collect::<Vec<_>>(),
            [("API".to_owned(), "https://a.example".to_owned()), ("X_1".to_owned(), String::new())]
        );
        assert_eq!(read(json!({"A": "é".repeat(1024)})).unwrap()["A"].len(), VALUE_BYTES_MAX);
        for (body, told) in [
            (json!(5), "WRONG_TYPE "),
            (
                json!({"api": "x", "": "x", "1A": "x", "A-B": "x", "Á": "x"}),
                "INVALID_VALUE /, INVALID_VALUE /1A, \
                INVALID_VALUE /A-B, INVALID_VALUE /api, INVALID_VALUE /Á",
            ),
            (json!({"A": 1, "B": null, "C": ["x"]}), "WRONG_TYPE /A, WRONG_TYPE /B, WRONG_TYPE /C"),
            (json!({"A": "x".repeat(2049)}), "LIMIT_EXCEEDED /A"),
            (json!({"A".repeat(65): "x"}), &*format!("INVALID_VALUE /{}", "A".repeat(65))),
            ((0..201).map(|n| (format!("A{n}"), json!(""))).collect::<Value>(), "LIMIT_EXCEEDED "),
        ] {
            assert_eq!(read(body), Err(told.to_owned()));
        }
    }

    #[test]
    fn origins_have_a_host_and_nothing_else() {
        for (value, host) in [
            ("https://api.example.com", Some("api.example.com")),
            ("https://api.example.com:8443", Some("api.example.com:8443")),
            ("https://[2001:db8::1]", Some("[2001:db8::1]")),
            ("https://api.example.com/", None),
            ("https://api.example.com/v1", None),
            ("http://api.example.com", None),
            ("https://ana@api.example.com", None),
            ("https://api.example.com?x", None),
            ("https://api.example.com.", Some("api.example.com.")),
            ("https://", None),
            ("https://.", None),
            ("https://..", None),
            ("https://api..example.com", None),
            ("https://.example.com", None),
            ("api.example.com", None),
            ("", None),
        ] {
            assert_eq!(origin_host(value), host, "{value}");
        }
        for (url, name) in [
            ("{{ env.API }}/v1/{{ x }}", Some("API")),
            ("{{env.API}}", Some("API")),
            ("{{ env.API }}?q=1", Some("API")),
            ("{{ env.API }}.example.com/x", None),
            ("{{ env.API }}:8443/x", None),
            ("{{ env.api }}/x", None),
            ("{{ env.API | lower }}/x", None),
            ("{{ x }}/x", None),
            ("https://{{ env.API }}/x", None),
        ] {
            assert_eq!(origin_name(url), name, "{url}");
        }
    }
}
