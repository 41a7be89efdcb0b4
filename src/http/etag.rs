//! Entity tags: `"<version>"` on one flow, and the lists that `If-Match` and `If-None-Match` bring (RFC 9110, 8.8.3 and 13.1).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::problem::Problem;
use crate::registry::caller::IfMatch;

/// The tag of a flow at a version.
pub fn of(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("a number between quotes is header text")
}

/// The versions of which one must be current. Weak tags match none: they promise equal meaning, not equal bytes.
pub fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    read(headers, &header::IF_MATCH, false)
}

/// The versions of which none may be current. Weak tags count here.
pub fn if_none_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    read(headers, &header::IF_NONE_MATCH, true)
}

fn read(headers: &HeaderMap, name: &HeaderName, weak: bool) -> Result<Option<IfMatch>, Problem> {
    let mut list = String::new();
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| malformed(name))?;
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(value);
    }
    match list.trim() {
        "" => Ok(None),
        "*" => Ok(Some(IfMatch::Any)),
        tags => versions(tags, weak).map(IfMatch::Versions).map(Some).ok_or_else(|| malformed(name)),
    }
}

fn malformed(name: &HeaderName) -> Problem {
    Problem::header(name.as_str(), "must be * or a list of entity tags such as \"3\"")
}

/// The versions named in a list of tags; a tag that is no version of ours matches nothing. `None`: not a list.
fn versions(list: &str, weak: bool) -> Option<Vec<i64>> {
    let mut versions = Vec::new();
    let mut rest = list.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (is_weak, tag) = match rest.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let (tag, after) = tag.strip_prefix('"')?.split_once('"')?;
        if !tag.bytes().all(|byte| byte == 0x21 || (0x23..=0x7e).contains(&byte)) {
            return None;
        }
        versions.extend(version(tag).filter(|_| weak || !is_weak));
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    Some(versions)
}

/// Only the exact text of a tag of ours: `"07"` is another tag than `"7"`.
fn version(tag: &str) -> Option<i64> {
    tag.parse().ok().filter(|version: &i64| version.to_string() == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tags: &[&str], strong: Option<&[i64]>, weak: Option<&[i64]>) {
        let mut headers = HeaderMap::new();
        for tag in tags {
            headers.append(header::IF_MATCH, tag.parse().unwrap());
            headers.append(header::IF_NONE_MATCH, tag.parse().unwrap());
        }
        let expected = |versions: Option<&[i64]>| versions.map(|v| Some(IfMatch::Versions(v.to_vec())));
        assert_eq!(if_match(&headers).ok(), expected(strong), "{tags:?}");
        assert_eq!(if_none_match(&headers).ok(), expected(weak), "{tags:?}");
    }

    #[test]
    fn lists() {
        check(&["\"3\""], Some(&[3]), Some(&[3]));
        check(&["\"1\", W/\"2\" ,,\"3\""], Some(&[1, 3]), Some(&[1, 2, 3]));
        check(&["\"1\"", "\"2\""], Some(&[1, 2]), Some(&[1, 2]));
        check(&["\"abc\""], Some(&[]), Some(&[]));
        check(&["\"07\""], Some(&[]), Some(&[]));
        for malformed in ["3", "\"3", "\"3\" \"4\"", "w/\"3\"", "*, \"3\"", "\"a b\""] {
            check(&[malformed], None, None);
        }
    }

    #[test]
    fn any_and_none() {
        let headers = HeaderMap::from_iter([(header::IF_MATCH, "*".parse().unwrap())]);
        assert_eq!(if_match(&headers).unwrap(), Some(IfMatch::Any));
        assert_eq!(if_none_match(&headers).unwrap(), None);
    }
}
