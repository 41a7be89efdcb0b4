//! Entity tags: `"<version>"` on one flow, and the lists that `If-Match` and `If-None-Match` bring (RFC 9110, 8.8.3 and 13.1).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::problem::Problem;
use crate::flow::digest::Digest;
use crate::registry::caller::IfMatch;

/// The tag of a flow at a version.
pub fn of(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("a number between quotes is header text")
}

/// The tag of a list, by what is asked, the numbers of the flows its reader may see, and the position of the log up to which
/// it is known. It is weak: lists of one tag say the same of what they are asked for, in bytes that may differ.
pub fn of_list(asked: &str, numbers: &[String], position: i64, repairs: i64) -> HeaderValue {
    let lists = [asked, "\n", &numbers.join("\n"), "\n", env!("CARGO_PKG_VERSION")].concat();
    let digest = hex::encode(&Digest::of(lists.as_bytes()).as_bytes()[..8]);
    let tag = format!("W/\"{position}.{repairs}-{digest}\"");
    HeaderValue::try_from(tag).expect("digits, letters and quotes are header text")
}

/// Whether `If-None-Match` names this weak tag, or any.
pub fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let tag = tag.to_str().unwrap_or_default().trim_start_matches("W/");
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(','));
    tags.any(|known| known.trim() == "*" || known.trim().trim_start_matches("W/") == tag)
}

/// The positions of the tags of lists that `If-None-Match` names.
pub fn list_positions(headers: &HeaderMap) -> impl Iterator<Item = i64> {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tags = values.flat_map(|value| value.split(','));
    tags.filter_map(|tag| tag.trim().strip_prefix("W/\"")?.split_once('.')?.0.parse().ok())
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
    fn lists_have_tags_by_all_that_decides_what_is_in_them() {
        let numbers = ["+34".to_owned(), "+52".to_owned()];
        let tag = of_list("q=a", &numbers, 41, 0);
        assert!(tag.to_str().unwrap().starts_with("W/\"41.0-"), "{tag:?}");
        let others = [
            of_list("q=b", &numbers, 41, 0),
            of_list("q=a", &numbers[..1], 41, 0),
            of_list("q=a", &numbers, 42, 0),
            of_list("q=a", &numbers, 41, 1),
        ];
        let known = |tags: &[&HeaderValue]| {
            let mut headers = HeaderMap::new();
            for tag in tags {
                headers.append(header::IF_NONE_MATCH, (*tag).clone());
            }
            is_known(&headers, &tag)
        };
        assert!(!known(&[]) && known(&[&tag]) && known(&[&others[0], &tag]));
        assert!(others.iter().all(|other| !known(&[other])));
        let headers = [&tag, &others[2]].map(|tag| (header::IF_NONE_MATCH, tag.clone()));
        assert_eq!(list_positions(&HeaderMap::from_iter(headers)).max(), Some(42));
        let text = tag.to_str().unwrap();
        for written in [format!("\"3\" , {text}"), text.trim_start_matches("W/").to_owned(), "*".to_owned()] {
            assert!(known(&[&written.parse().unwrap()]), "{written}");
        }
    }

    #[test]
    fn any_and_none() {
        let headers = HeaderMap::from_iter([(header::IF_MATCH, "*".parse().unwrap())]);
        assert_eq!(if_match(&headers).unwrap(), Some(IfMatch::Any));
        assert_eq!(if_none_match(&headers).unwrap(), None);
    }
}
