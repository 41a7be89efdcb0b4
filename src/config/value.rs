//! How single values are read, and what is wrong with those that cannot be.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// May carry a password: neither printed nor logged.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// `http` or `https`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Where a client on this machine reaches a service that listens there.
    pub fn of(mut listen: SocketAddr) -> Self {
        if listen.ip().is_unspecified() {
            listen.set_ip(match listen {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        Self(format!("http://{listen}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host, port and path.
    pub fn without_scheme(&self) -> &str {
        self.0.split_once("://").map_or(&self.0, |(_, rest)| rest)
    }
}

/// An origin as browsers send it, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Takes anything: clap would print what it refuses, and with it the password.
pub(super) fn database_url(text: &str) -> Result<DatabaseUrl, Infallible> {
    Ok(DatabaseUrl::new(text))
}

/// An address that keys are fetched from: nobody on the way may replace them.
pub fn key_set_url(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").ok_or("must be an https address")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("must not carry credentials".to_owned());
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match scheme {
        _ if host.is_empty() => Err("names no host".to_owned()),
        "https" => Ok(text.to_owned()),
        "http" if is_here => Ok(text.to_owned()),
        "http" => Err("must be https: over http anybody on the way could replace the keys".to_owned()),
        _ => Err("must be an https address".to_owned()),
    }
}

/// One setting of a Postgres server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresSetting {
    pub name: String,
    pub value: String,
}

pub(super) fn postgres_setting(text: &str) -> Result<PostgresSetting, String> {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "_.".contains(sign))
    };
    match text.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
        Some((name, value)) if is_name(name) => {
            Ok(PostgresSetting { name: name.to_owned(), value: value.to_owned() })
        }
        _ => Err("write it like archive_mode=on".to_owned()),
    }
}

/// Takes anything, for the same reason.
pub(super) fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(text.to_owned().into())
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let hint = || "write it like 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080".to_owned();
    let mut addresses = text.to_socket_addrs().map_err(|_| hint())?;
    addresses.next().ok_or_else(hint)
}

/// Where metrics are served, if anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsListen(pub Option<SocketAddr>);

pub(super) fn metrics_listen(text: &str) -> Result<MetricsListen, String> {
    match text {
        "none" => Ok(MetricsListen(None)),
        text => listen(text).map(Some).map(MetricsListen),
    }
}

/// So many requests in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub requests: NonZeroU32,
    pub window: Duration,
}

pub(super) fn rate_limit(text: &str) -> Result<RateLimit, String> {
    let (requests, time) = text.split_once('/').unwrap_or((text, "min"));
    let seconds = match time {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        _ => 0,
    };
    match (requests.parse(), seconds) {
        (Ok(requests), 1..) => Ok(RateLimit { requests, window: Duration::from_secs(seconds) }),
        _ => Err("write it like 600, 600/min, 20/s or 10000/h".to_owned()),
    }
}

/// An address counts as the network of itself alone.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse());
    network.map_err(|_| "write it like 10.0.0.7, 10.0.0.0/8 or fd00::/8".to_owned())
}

pub(super) fn public_url(text: &str) -> Result<PublicUrl, String> {
    let text = text.trim_end_matches('/');
    host_of(text)?;
    match text.contains(['?', '#']) {
        true => Err("must not have a query or a fragment".to_owned()),
        false => Ok(PublicUrl(text.to_owned())),
    }
}

pub(super) fn origin(text: &str) -> Result<Origin, String> {
    if text != "*" && host_of(text)?.contains('/') {
        return Err("an origin has no path: https://app.example.com".to_owned());
    }
    Ok(Origin(text.to_owned()))
}

fn host_of(url: &str) -> Result<&str, String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.filter(|host| !host.is_empty() && !host.contains(char::is_whitespace));
    host.ok_or_else(|| "must begin with https:// or http://, followed by a host".to_owned())
}

/// More connections than work for the cores of a database like ours would only take turns.
pub(super) fn pool_size() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(2 * cores).unwrap_or(u32::MAX).clamp(4, 1000)
}

pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    match u64::from_str(text) {
        Ok(ms @ 1..=86_400_000) => Ok(Duration::from_millis(ms)),
        _ => Err("must be a whole number of milliseconds from 1 to 86400000".to_owned()),
    }
}

/// A supervisor that is told to wait for longer than some minutes would have to be told so too.
const SHUTDOWN_DELAY_MAX: Duration = Duration::from_secs(300);

/// A number alone counts seconds.
pub(super) fn shutdown_delay(text: &str) -> Result<Duration, String> {
    let hint = || format!("write it like 5s or 500ms, up to {}s", SHUTDOWN_DELAY_MAX.as_secs());
    let (digits, unit): (_, fn(u64) -> Duration) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(digits), _) => (digits, Duration::from_millis),
        (None, Some(digits)) => (digits, Duration::from_secs),
        (None, None) => (text, Duration::from_secs),
    };
    let delay = unit(digits.parse().map_err(|_| hint())?);
    if delay > SHUTDOWN_DELAY_MAX { Err(hint()) } else { Ok(delay) }
}

pub(super) fn log_level(text: &str) -> Result<Targets, String> {
    // A bare word that is no level would be taken for a module, and silence all others.
    let is_level = |directive: &str| directive.contains('=') || directive.parse::<LevelFilter>().is_ok();
    if let Some(word) = text.split(',').find(|directive| !is_level(directive.trim())) {
        return Err(format!("{word:?} is no level; write error, warn, info, debug or trace"));
    }
    text.parse().map_err(|error: tracing_subscriber::filter::ParseError| {
        format!("{error}; write error, warn, info, debug or trace")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_work_are_refused() {
        assert!(!database_url("mysql://localhost").unwrap().is_postgres());
        assert!(listen("8080").is_err());
        assert!(listen("127.0.0.1").is_err());
        assert!(listen("127.0.0.1:70000").is_err());
        assert!(public_url("api.example.com").is_err());
        assert!(public_url("https://").is_err());
        assert!(public_url("https://api.example.com?x=1").is_err());
        assert!(origin("https://app.example.com/path").is_err());
        assert!(origin("https://app.example.com/").is_err());
        assert!(milliseconds("0").is_err());
        assert!(milliseconds("1s").is_err());
        assert!(log_level("loud!").is_err());
        for setting in ["", "archive_mode", "=on", "archive mode=on", "-c=on"] {
            assert!(postgres_setting(setting).is_err(), "{setting}");
        }
        for delay in ["", "s", "-1s", "1.5s", "5 s", "5m", "301s", "99999999999999999999s"] {
            assert!(shutdown_delay(delay).is_err(), "{delay}");
        }
    }

    #[test]
    fn values_come_out_in_one_form() {
        assert_eq!(public_url("https://api.example.com/v1/").unwrap().as_str(), "https://api.example.com/v1");
        assert_eq!(public_url("http://h:1/a").unwrap().without_scheme(), "h:1/a");
        assert_eq!(origin("*").unwrap().as_str(), "*");
        assert_eq!(milliseconds("250").unwrap(), Duration::from_millis(250));
        assert_eq!(shutdown_delay("5s").unwrap(), shutdown_delay("5000ms").unwrap());
        assert_eq!(shutdown_delay("5").unwrap(), Duration::from_secs(5));
        let setting = postgres_setting("archive_command=test ! -f /a=%f").unwrap();
        assert_eq!((&*setting.name, &*setting.value), ("archive_command", "test ! -f /a=%f"));
        let everywhere = listen("0.0.0.0:80").unwrap();
        assert_eq!(PublicUrl::of(everywhere).as_str(), "http://127.0.0.1:80");
        let database = database_url("postgres://u:secret@h/d").unwrap();
        assert!(!format!("{database:?}").contains("secret"));
    }
}
