//! A request put together piece by piece, and its answer in a form that can be asserted on and pinned.

use std::fmt::Write as _;
use std::io::Read as _;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;
use regex::{Captures, Regex};
use serde_json::Value;
use tower::ServiceExt as _;

use super::description;

#[derive(Clone)]
pub struct Request {
    router: Router,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    pub fn new(router: Router, method: &str, path: &str) -> Self {
        let method = method.parse().unwrap();
        Self { router, method, path: path.to_owned(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Sends it to another replica.
    pub fn to(self, router: Router) -> Self {
        Self { router, ..self }
    }

    /// Replaces a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    pub fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    /// A body that says it is JSON.
    pub fn text(self, body: impl Into<Bytes>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        let mut request = request::Builder::new().method(self.method).uri(&self.path);
        request.headers_mut().unwrap().extend(self.headers);
        let (method, path, sent) =
            (request.method_ref().unwrap().to_string(), self.path.clone(), self.body.clone());
        let sent_type = request.headers_ref().unwrap().get(header::CONTENT_TYPE);
        let sent_type = sent_type.and_then(|it| it.to_str().ok()?.split(';').next()).unwrap_or("").to_owned();
        let response = self.router.oneshot(request.body(Body::from(self.body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        // A feed has no end.
        let body = match parts.headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "text/event-stream") {
            true => Bytes::new(),
            false => body.collect().await.unwrap().to_bytes(),
        };
        let bytes_sent = body.len();
        let coding = parts.headers.get(header::CONTENT_ENCODING).map_or("", |it| it.to_str().unwrap());
        let body = match coding {
            "gzip" if bytes_sent > 0 => unzipped(&body),
            "zstd" if bytes_sent > 0 => zstd::decode_all(&*body).unwrap().into(),
            _ => body,
        };
        let media_type = parts.headers.get(header::CONTENT_TYPE).map_or("", |it| it.to_str().unwrap());
        description::check(&method, &path, (&sent_type, &sent), parts.status.as_u16(), media_type, &body);
        Answer { status: parts.status, headers: parts.headers, body, bytes_sent }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// As it is, however it was encoded.
    pub body: Bytes,
    /// How many bytes of a body went out.
    pub bytes_sent: usize,
}

fn unzipped(file: &[u8]) -> Bytes {
    let mut text = Vec::new();
    GzDecoder::new(file).read_to_end(&mut text).unwrap();
    text.into()
}

impl Answer {
    /// The same answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The same answer, if it is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.json()["code"], code, "{}", answer.shown());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        answer
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// What the envelope holds.
    pub fn data(&self) -> Value {
        self.json()["data"].take()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// Status, headers and body as text in which everything that differs from run to run has a name.
    pub fn shown(&self) -> String {
        let mut text = format!("{}\n", self.status);
        let mut headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        headers.sort_by_key(|(name, _)| *name);
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
            writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(json) => writeln!(text, "\n{}", serde_json::to_string_pretty(&json).unwrap()).unwrap(),
            Err(_) => writeln!(text, "\n{}", String::from_utf8_lossy(&self.body)).unwrap(),
        }
        named(&text)
    }
}

/// Ids are numbered in order of appearance, so that a snapshot still tells which ones are the same.
pub fn named(text: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    let id = Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
    let text = id.replace_all(text, |found: &Captures<'_>| {
        let index = ids.iter().position(|id| *id == found[0]).unwrap_or_else(|| {
            ids.push(found[0].to_owned());
            ids.len() - 1
        });
        format!("[id {}]", index + 1)
    });
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z", "[time]"),
        (r"mk_(live|test)_[0-9A-Za-z]{10}\.[0-9A-Za-z]{49}", "mk_${1}_[key]"),
        (r"mk_(live|test)_[0-9A-Za-z]{10}\b", "mk_${1}_[prefix]"),
        (r#"W/"(\d+\.\d+)-[0-9a-f]{16}""#, r#"W/"$1-[digest]""#),
        (r"cursor=[0-9A-Za-z_-]+", "cursor=[cursor]"),
        (r#""endCursor": "[0-9A-Za-z_-]+""#, r#""endCursor": "[cursor]""#),
    ]
    .into_iter()
    .fold(text.into_owned(), |text, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&text, name).into_owned()
    })
}
