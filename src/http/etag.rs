//! Entity tags: `"<version>"` on one flow, and the lists that `If-Match` and `If-None-Match` bring (RFC 9110, 8.8.3 and 13.1).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::problem::Problem;
use crate::registry::caller::IfMatch;

/// The tag of a flow at a version.
pub fn of(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("a number between quotes is header text")
}

/// What `If-Match` and `If-None-Match` together ask of the current version; `None`: nothing.
pub fn precondition(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    let if_match = if_match(headers)?;
    let Some(seen) = read(headers, &header::IF_NONE_MATCH)? else { return Ok(if_match) };
    Ok(Some(match (if_match, seen.all()) {
        // Whatever the version is, it is one that must not be.
        (_, None) => IfMatch::Versions(Vec::new()),
        (None | Some(IfMatch::Any), Some(seen)) => IfMatch::Except(seen),
        (Some(IfMatch::Versions(mut wanted)), Some(seen)) => {
            wanted.retain(|version| !seen.contains(version));
            IfMatch::Versions(wanted)
        }
        (Some(IfMatch::Except(_)), Some(_)) => unreachable!("If-Match never excludes"),
    }))
}

/// The versions of which one must be current. Weak tags match none: they promise equal meaning, not equal bytes.
pub fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    Ok(read(headers, &header::IF_MATCH)?.map(|tags| match tags {
        Tags::Any => IfMatch::Any,
        Tags::Some { strong, .. } => IfMatch::Versions(strong),
    }))
}

/// The versions a reader has already. Weak tags count here.
pub fn if_none_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    let seen = read(headers, &header::IF_NONE_MATCH)?;
    Ok(seen.map(|tags| tags.all().map_or(IfMatch::Any, IfMatch::Versions)))
}

/// What a list of tags names.
enum Tags {
    Any,
    Some { strong: Vec<i64>, weak: Vec<i64> },
}

impl Tags {
    /// The versions under strong and weak tags; `None` for `*`.
    fn all(self) -> Option<Vec<i64>> {
        match self {
            Self::Any => None,
            Self::Some { mut strong, weak } => {
                strong.extend(weak);
                Some(strong)
            }
        }
    }
}

fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
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
        "*" => Ok(Some(Tags::Any)),
        tags => versions(tags).map(Some).ok_or_else(|| malformed(name)),
    }
}

fn malformed(name: &HeaderName) -> Problem {
    Problem::header(name.as_str(), "must be * or a list of entity tags such as \"3\"")
}

/// The versions named in a list of tags; a tag that is no version of ours matches nothing. `None`: not a list.
fn versions(list: &str) -> Option<Tags> {
    let (mut strong, mut weak) = (Vec::new(), Vec::new());
    let mut rest = list.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (tag, versions) = match rest.strip_prefix("W/") {
            Some(tag) => (tag, &mut weak),
            None => (rest, &mut strong),
        };
        let (tag, after) = tag.strip_prefix('"')?.split_once('"')?;
        if !tag.bytes().all(|byte| byte == 0x21 || (0x23..=0x7e).contains(&byte)) {
            return None;
        }
        versions.extend(version(tag));
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    Some(Tags::Some { strong, weak })
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
        check(&["\"1\", W/\"2\" ,,\"3\""], Some(&[1, 3]), Some(&[1, 3, 2]));
        check(&["\"1\"", "\"2\""], Some(&[1, 2]), Some(&[1, 2]));
        check(&["\"abc\""], Some(&[]), Some(&[]));
        check(&["\"07\""], Some(&[]), Some(&[]));
        for malformed in ["3", "\"3", "\"3\" \"4\"", "w/\"3\"", "*, \"3\"", "\"a b\""] {
            check(&[malformed], None, None);
        }
    }

    #[test]
    fn preconditions() {
        let check = |if_match: &str, if_none_match: &str, expected: Option<IfMatch>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, if_match.parse().unwrap());
            headers.insert(header::IF_NONE_MATCH, if_none_match.parse().unwrap());
            assert_eq!(precondition(&headers).unwrap(), expected, "{if_match} {if_none_match}");
        };
        check("", "", None);
        check("\"1\"", "", Some(IfMatch::Versions(vec![1])));
        check("", "W/\"1\"", Some(IfMatch::Except(vec![1])));
        check("*", "\"1\"", Some(IfMatch::Except(vec![1])));
        check("\"1\", \"2\"", "\"1\"", Some(IfMatch::Versions(vec![2])));
        check("", "*", Some(IfMatch::Versions(vec![])));
        check("\"1\"", "*", Some(IfMatch::Versions(vec![])));
    }

    #[test]
    fn any_and_none() {
        let headers = HeaderMap::from_iter([(header::IF_MATCH, "*".parse().unwrap())]);
        assert_eq!(if_match(&headers).unwrap(), Some(IfMatch::Any));
        assert_eq!(if_none_match(&headers).unwrap(), None);
    }
}
