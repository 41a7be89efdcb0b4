//! Cookies, as they are read and written. One holds a session of one organization: `<organization>.<token>`.

use axum::http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::console::address::CookieWay;

/// How a cookie of a session is called, with the beginning of its organization's id behind it. A browser takes a cookie with
/// the first prefix only over https, for this host alone.
const NAME_HTTPS: &str = "__Host-console_";
const NAME_LOOPBACK: &str = "console_";
const ORGANIZATION_CHARS: usize = 8;

/// Cookies of sessions that a browser may send; more are not looked at.
const SESSIONS_MAX: usize = 20;

/// The value of a cookie, the first of those with its name.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    all(headers).find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The sessions that a browser holds: organizations with their tokens.
pub fn sessions(headers: &HeaderMap, way: CookieWay) -> Vec<(Uuid, SecretString)> {
    let read = |(name, value): (&str, &str)| {
        let begin = name.strip_prefix(prefix(way))?;
        let (org_id, token) = value.split_once('.')?;
        let org_id =
            Uuid::try_parse(org_id).ok().filter(|_| org_id.len() == 36 && org_id.starts_with(begin))?;
        Some((org_id, SecretString::from(token)))
    };
    all(headers).filter_map(read).take(SESSIONS_MAX).collect()
}

/// Keeps a session in the browser until the browser is closed, or the session is over.
pub fn keep(way: CookieWay, org_id: Uuid, token: &SecretString) -> HeaderValue {
    written(way, org_id, &format!("{org_id}.{}", token.expose_secret()), "")
}

/// Takes a session from the browser.
pub fn drop(way: CookieWay, org_id: Uuid) -> HeaderValue {
    written(way, org_id, "", "; Max-Age=0")
}

fn written(way: CookieWay, org_id: Uuid, value: &str, more: &str) -> HeaderValue {
    let begin: String = org_id.to_string().chars().take(ORGANIZATION_CHARS).collect();
    let secure = if way == CookieWay::Https { "; Secure" } else { "" };
    let text = format!("{}{begin}={value}; HttpOnly{secure}; SameSite=Lax; Path=/{more}", prefix(way));
    HeaderValue::try_from(text).expect("ids and tokens are header text")
}

fn prefix(way: CookieWay) -> &'static str {
    match way {
        CookieWay::Https => NAME_HTTPS,
        CookieWay::Loopback => NAME_LOOPBACK,
    }
}

fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_kept_and_dropped() {
        let org_id = Uuid::from_u128(0x0192_f0c1_2d3e_7f4a_8b5c_6d7e_8f9a_0b1c);
        let token = SecretString::from("t0ken");
        let kept = keep(CookieWay::Https, org_id, &token);
        assert_eq!(
            kept,
            "__Host-console_0192f0c1=0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c.t0ken; HttpOnly; Secure; SameSite=Lax; Path=/"
        );
        assert_eq!(
            drop(CookieWay::Loopback, org_id),
            "console_0192f0c1=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"
        );
        let pair = kept.to_str().unwrap().split(';').next().unwrap();
        let sent = |cookies: &str| HeaderMap::from_iter([(header::COOKIE, cookies.parse().unwrap())]);
        let found = sessions(&sent(&format!("theme=dark; {pair}")), CookieWay::Https);
        assert_eq!((found.len(), found[0].0, found[0].1.expose_secret()), (1, org_id, "t0ken"));
        assert!(sessions(&sent(pair), CookieWay::Loopback).is_empty(), "another prefix");
        let other = pair.replacen("console_0192f0c1", "console_ffffffff", 1);
        assert!(sessions(&sent(&other), CookieWay::Https).is_empty(), "of another organization");
        assert!(sessions(&sent("__Host-console_0192f0c1=x"), CookieWay::Https).is_empty());
    }
}
