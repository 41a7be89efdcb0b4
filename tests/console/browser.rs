//! A browser that keeps its cookies and sends what browsers send; and pages as they can be asserted on and pinned.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt as _;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use tower::ServiceExt as _;

use crate::access::tokens::api_with_tokens;
use crate::api::{Api, api, api_at, named};

pub const HOST: &str = "flows.example.com";

/// Somebody's browser, and the service it is pointed at.
pub struct Browser {
    pub api: Api,
    pub cookies: BTreeMap<String, String>,
    /// What it says of languages.
    pub language: &'static str,
    /// What stands in its address bar.
    pub host: &'static str,
}

/// A page, or where a form led.
#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub html: String,
}

impl Browser {
    /// Nobody is signed in.
    pub async fn stranger() -> Self {
        Self { api: api().await, cookies: BTreeMap::new(), language: "en", host: HOST }
    }

    /// Nobody is signed in to a service that takes tokens of an issuer.
    pub async fn with_tokens() -> Self {
        Self { api: api_with_tokens().await, cookies: BTreeMap::new(), language: "en", host: HOST }
    }

    /// Nobody is signed in to a service with this address.
    pub async fn at(public_url: &str) -> Self {
        Self { api: api_at(public_url).await, cookies: BTreeMap::new(), language: "en", host: HOST }
    }

    /// Ana, signed in with the admin key of the organization.
    pub async fn admin() -> Self {
        let mut browser = Self::stranger().await;
        let key = browser.api.key.clone();
        browser.sign_in(&key, "Ana").await;
        browser
    }

    /// Somebody signed in with a key that has these scopes.
    pub async fn with_scopes(scopes: &[&str]) -> Self {
        let mut browser = Self::stranger().await;
        let key = browser.api.key_with(scopes).await;
        browser.sign_in(&key, "Luis").await;
        browser
    }

    /// Signs in to the organization, or to it instead of as somebody else.
    pub async fn sign_in(&mut self, key: &str, name: &str) {
        let organization = self.api.org_id.to_string();
        let fields = [("organization", organization.as_str()), ("credential", key), ("name", name)];
        let seen = self.post("/console/session", &fields).await.expect(303);
        assert_eq!(seen.location(), self.path("flows"));
    }

    /// The path of a page of the organization.
    pub fn path(&self, rest: &str) -> String {
        format!("/console/{}/{rest}", self.api.org_id)
    }

    pub async fn get(&mut self, path: impl AsRef<str>) -> Seen {
        self.send(Request::get(path.as_ref()).header("sec-fetch-site", "same-origin"), String::new()).await
    }

    /// The beginning of an answer that has no end.
    pub async fn peek(&mut self, path: impl AsRef<str>) -> Seen {
        let answer = self.answered(Request::get(path.as_ref()), String::new()).await;
        let (parts, _) = answer.into_parts();
        Seen { status: parts.status, headers: parts.headers, html: String::new() }
    }

    /// Sends a form of a page of ours.
    pub async fn post(&mut self, path: impl AsRef<str>, fields: &[(&str, &str)]) -> Seen {
        let request = Request::post(path.as_ref())
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request, encoded(fields)).await
    }

    /// Sends any request with the cookies, and keeps those that come back.
    pub async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Seen {
        let response = self.answered(request, body).await;
        let (parts, body) = response.into_parts();
        let html = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let (pair, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match rest.contains("Max-Age=0") {
                true => _ = self.cookies.remove(name),
                false => _ = self.cookies.insert(name.to_owned(), value.to_owned()),
            }
        }
        Seen { status: parts.status, headers: parts.headers, html }
    }

    async fn answered(&self, request: axum::http::request::Builder, body: String) -> Response {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request.header(header::ACCEPT_LANGUAGE, self.language);
        if request.headers_ref().is_some_and(|headers| !headers.contains_key(header::HOST)) {
            request = request.header(header::HOST, self.host);
        }
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        self.api.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }
}

/// Fields as a form sends them.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let fields = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    fields.collect::<Vec<_>>().join("&")
}

impl Seen {
    /// The same page, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.html);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    /// The value of a hidden field of the page's forms.
    #[track_caller]
    pub fn hidden(&self, name: &str) -> String {
        let field =
            Regex::new(&format!("<input type=\"hidden\" name=\"{name}\" value=\"([^\"]*)\"")).unwrap();
        field.captures(&self.html).unwrap_or_else(|| panic!("no field {name}: {}", self.html))[1].to_owned()
    }

    /// Whether the page says something, as it stands in its HTML.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.html.contains(text), "{text:?} is not on the page:\n{}", self.html);
        self
    }

    #[track_caller]
    pub fn says_nothing_of(&self, text: &str) -> &Self {
        assert!(!self.html.contains(text), "{text:?} is on the page:\n{}", self.html);
        self
    }

    /// What the page shows between header and footer, in which everything that differs from run to run has a name.
    pub fn shown(&self) -> String {
        let title = Regex::new("(?s)<title>.*?</title>").unwrap();
        let main = Regex::new("(?s)<main.*</main>").unwrap();
        let parts = [&title, &main].map(|part| part.find(&self.html).map_or("", |found| found.as_str()));
        let text = [&self.status.to_string(), parts[0], parts[1]].join("\n");
        let text = [
            (r"\d{1,2} [A-Za-z]{3} 20\d\d, \d\d:\d\d", "[date]"),
            (r"[0-9a-f]{64}", "[session]"),
            (r"/console/assets/[0-9a-f]{16}/", "/console/assets/[digest]/"),
            (r"[ \t]*\n\s*", "\n"),
        ]
        .iter()
        .fold(text, |text, (pattern, name)| {
            Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
        });
        named(&text)
    }
}

/// Holds a page against the snapshot of this name in `snapshots/console/<language>`.
pub fn pin(language: &str, name: &str, seen: &Seen) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/console").join(language);
    insta::with_settings!(
        {snapshot_path => folder, prepend_module_to_snapshot => false, omit_expression => true},
        { insta::assert_snapshot!(name, seen.shown()) }
    );
}
