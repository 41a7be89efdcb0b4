//! What every request to the console must be before anything looks at it: sent to a name of ours and, if it may change
//! something, sent by a page of ours. Browsers say so in headers that no page can set.

use axum::http::request::Parts;
use axum::http::{HeaderName, Method, header};

use super::address::ConsoleAddress;
use super::failure::PageFailure;

/// Fetch Metadata: where a request was made, seen from where it goes.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub fn check(parts: &Parts, address: &ConsoleAddress) -> Result<(), PageFailure> {
    let host = host(parts).filter(|host| address.is_ours(host)).ok_or(PageFailure::OtherHost)?;
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let is_own = match only(parts, &SEC_FETCH_SITE) {
        Some(site) => site == Some("same-origin"),
        None => match only(parts, &header::ORIGIN) {
            Some(Some(origin)) => address.is_same_origin(origin, host),
            Some(None) | None => false,
        },
    };
    if is_own { Ok(()) } else { Err(PageFailure::Forged) }
}

fn host(parts: &Parts) -> Option<&str> {
    only(parts, &header::HOST)?
}

/// The value of a header: `None` where there is none, and nothing in it where it stands there twice or is no text.
fn only<'p>(parts: &'p Parts, name: &HeaderName) -> Option<Option<&'p str>> {
    let mut values = parts.headers.get_all(name).iter();
    let first = values.next()?;
    Some(if values.next().is_some() { None } else { first.to_str().ok() })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn only_pages_of_ours_change_anything() {
        let address = ConsoleAddress::new("https://flows.example.com");
        let check = |method: &str, headers: &[(&str, &str)], expected: Option<&str>| {
            let mut request = Request::builder().method(method).uri("/console");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let refused = check(&parts, &address).err().map(|failure| match failure {
                PageFailure::Forged => "forged",
                PageFailure::OtherHost => "host",
                other => panic!("{other:?}"),
            });
            assert_eq!(refused, expected, "{method} {headers:?}");
        };
        let host = ("host", "flows.example.com");
        let own = "https://flows.example.com";
        check("GET", &[host], None);
        check("HEAD", &[host], None);
        check("GET", &[], Some("host"));
        check("GET", &[("host", "evil.example")], Some("host"));
        check("GET", &[host, ("host", "evil.example")], Some("host"));
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            check(method, &[host], Some("forged"));
            check(method, &[host, ("sec-fetch-site", "same-origin")], None);
            check(method, &[host, ("origin", own)], None);
            for site in ["cross-site", "same-site", "none", "", "Same-Origin"] {
                check(method, &[host, ("sec-fetch-site", site)], Some("forged"));
                check(method, &[host, ("sec-fetch-site", site), ("origin", own)], Some("forged"));
            }
            let twice = [host, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")];
            check(method, &twice, Some("forged"));
            check(method, &[host, ("origin", "https://evil.example")], Some("forged"));
            check(method, &[host, ("origin", "null")], Some("forged"));
            check(method, &[host, ("origin", own), ("origin", own)], Some("forged"));
            check(method, &[host, ("referer", "https://flows.example.com/console")], Some("forged"));
        }
    }
}
