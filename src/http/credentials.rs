//! Which credential a request carries, if it carries exactly one. Whose it is, the registry says.

use axum::http::{HeaderMap, HeaderName, header};
use secrecy::SecretString;

use super::headers::API_KEY;
use super::problem::{Code, Problem};
use crate::registry::access::Credential;

/// The one credential of a request. A header without a value is as if it were not there.
pub fn read(headers: &HeaderMap) -> Result<Credential, Problem> {
    let values = |name: &HeaderName| headers.get_all(name).iter().filter(|value| !value.is_empty()).count();
    match (values(&API_KEY), values(&header::AUTHORIZATION)) {
        (0, 0) => {
            let detail = "Send an API key as X-Api-Key, or a key or token as Authorization: Bearer.";
            Err(Problem::new(Code::MissingCredentials, detail))
        }
        (1, 0) => Ok(Credential::ApiKey(value(headers, &API_KEY)?.into())),
        (0, 1) => bearer(value(headers, &header::AUTHORIZATION)?),
        _ => Err(Problem::new(Code::AmbiguousCredentials, "The request carries more than one credential.")),
    }
}

/// The answer to every credential that leads nowhere, so that nothing can be learned by trying.
pub fn refused() -> Problem {
    Problem::new(Code::InvalidCredentials, "The credential is not valid.")
}

/// The answer to an address that has sent too many of them.
pub fn guessed(wait_s: u32) -> Problem {
    let detail = "Too many credentials from this address were not valid.";
    Problem::retry(Code::RateLimited, wait_s, detail)
}

fn value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, Problem> {
    let value = headers.get_all(name).iter().find(|value| !value.is_empty());
    value.and_then(|value| value.to_str().ok()).ok_or_else(refused)
}

/// How API keys begin.
const KEY_BEGINNINGS: [&str; 2] = ["mk_live_", "mk_test_"];

fn bearer(value: &str) -> Result<Credential, Problem> {
    // Said of any text of this form, so nothing is learned of keys by it.
    if KEY_BEGINNINGS.iter().any(|beginning| value.starts_with(beginning)) {
        let detail = "The credential comes without a scheme. Send a key as X-Api-Key: <key>, or as Authorization: \
                      Bearer <key>.";
        return Err(Problem::new(Code::InvalidCredentials, detail));
    }
    let (scheme, token) = value.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused());
    }
    Ok(Credential::Bearer(SecretString::from(token.trim())))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn check(headers: &[(&str, &str)], expected: Result<&str, Code>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
            .collect();
        let read = read(&headers).map_err(|problem| problem.code).map(|credential| match credential {
            Credential::ApiKey(text) => format!("key {}", text.expose_secret()),
            Credential::Bearer(text) => format!("bearer {}", text.expose_secret()),
        });
        assert_eq!(read, expected.map(str::to_owned), "{headers:?}");
    }

    #[test]
    fn exactly_one() {
        check(&[("x-api-key", "k")], Ok("key k"));
        check(&[("authorization", "Bearer t")], Ok("bearer t"));
        check(&[("authorization", "bEARER  t")], Ok("bearer t"));
        check(&[("x-api-key", ""), ("authorization", "Bearer t")], Ok("bearer t"));
        check(&[], Err(Code::MissingCredentials));
        check(&[("x-api-key", "")], Err(Code::MissingCredentials));
        check(&[("x-api-key", "k"), ("authorization", "Bearer t")], Err(Code::AmbiguousCredentials));
        check(&[("x-api-key", "k"), ("x-api-key", "k")], Err(Code::AmbiguousCredentials));
        check(&[("authorization", "Basic dXNlcjpwYXNz")], Err(Code::InvalidCredentials));
        check(&[("authorization", "Bearer")], Err(Code::InvalidCredentials));
        check(&[("authorization", "k")], Err(Code::InvalidCredentials));
    }

    #[test]
    fn a_key_without_a_scheme_gets_a_hint() {
        let headers = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        let refusal = read(&headers("mk_live_0123456789.x")).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidCredentials);
        assert!(refusal.detail.contains("Bearer <key>"), "{}", refusal.detail);
        assert_eq!(read(&headers("xyz")).unwrap_err().detail, refused().detail);
    }
}
