//! Where browsers reach the console: which hosts are ours, and whether a cookie is safe on the way there. Only the setting
//! counts; what a proxy says of the way could be said by anybody.

use std::net::IpAddr;

/// The address of the service, as clients use it.
#[derive(Debug, Clone)]
pub struct ConsoleAddress {
    /// Without a slash at its end.
    url: String,
    /// Host and port, in lower case.
    authority: String,
    is_https: bool,
}

impl ConsoleAddress {
    pub fn new(public_url: &str) -> Self {
        let url = public_url.trim_end_matches('/').to_owned();
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", &url));
        let authority = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
        Self { authority, is_https: scheme.eq_ignore_ascii_case("https"), url }
    }

    /// The address of the API, without a slash at its end.
    pub fn api(&self) -> &str {
        &self.url
    }

    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether a request with this `Host` came to us by a name of ours: else a page of somebody else could have led a
    /// browser here (DNS rebinding).
    pub fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        without_default_port(&host, self.is_https) == without_default_port(&self.authority, self.is_https)
            || is_loopback(&host)
    }

    /// Whether `origin`, as a browser names where a form was, is the origin that was asked.
    pub fn is_same_origin(&self, origin: &str, host: &str) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let is_https = scheme == "https";
        let is_scheme_sound = is_https || (scheme == "http" && (!self.is_https || is_loopback(host)));
        is_scheme_sound
            && without_default_port(&authority.to_ascii_lowercase(), is_https)
                == without_default_port(&host.to_ascii_lowercase(), is_https)
    }

    /// How a browser that asked this `Host` keeps a cookie; `None` where anybody on the way could read it.
    pub fn cookie_way(&self, host: &str) -> Option<CookieWay> {
        match () {
            () if is_loopback(&host.to_ascii_lowercase()) && !self.is_https => Some(CookieWay::Loopback),
            () if self.is_https => Some(CookieWay::Https),
            () => None,
        }
    }
}

/// How cookies go to and fro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieWay {
    Https,
    /// On this machine alone, where browsers drop what is marked for https.
    Loopback,
}

fn without_default_port(authority: &str, is_https: bool) -> &str {
    let port = if is_https { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority)
}

/// A name or an address of this machine, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let public = ConsoleAddress::new("https://flows.example.com/");
        for host in
            ["flows.example.com", "FLOWS.example.com:443", "localhost:8080", "127.0.0.1", "[::1]:8080"]
        {
            assert!(public.is_ours(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "flows.example.com:80",
            "flows.example.com.evil.example",
            "127.0.0.1.evil.example",
        ] {
            assert!(!public.is_ours(host), "{host}");
        }
        assert!(ConsoleAddress::new("http://10.0.0.7:8080").is_ours("10.0.0.7:8080"));
    }

    #[test]
    fn origins() {
        let public = ConsoleAddress::new("https://flows.example.com");
        let check = |origin: &str, host: &str, expected: bool| {
            assert_eq!(public.is_same_origin(origin, host), expected, "{origin} {host}");
        };
        check("https://flows.example.com", "flows.example.com", true);
        check("https://flows.example.com:443", "flows.example.com", true);
        check("http://flows.example.com", "flows.example.com", false);
        check("http://localhost:8080", "localhost:8080", true);
        check("http://localhost:9090", "localhost:8080", false);
        check("https://evil.example", "flows.example.com", false);
        check("null", "flows.example.com", false);
    }

    #[test]
    fn cookies_go_no_open_way() {
        let way = |url: &str, host: &str| ConsoleAddress::new(url).cookie_way(host);
        assert_eq!(way("https://flows.example.com", "flows.example.com"), Some(CookieWay::Https));
        assert_eq!(way("http://127.0.0.1:8080", "127.0.0.1:8080"), Some(CookieWay::Loopback));
        assert_eq!(way("http://10.0.0.7:8080", "localhost:8080"), Some(CookieWay::Loopback));
        assert_eq!(way("http://10.0.0.7:8080", "10.0.0.7:8080"), None);
    }
}
