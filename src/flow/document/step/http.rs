//! `http`: call an address and read its answer.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::flow::document::{Duration, Expression, Target, Template};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Http {
    pub method: Method,
    /// https, with a literal host.
    pub url: Template,
    /// Names are literal; sent in byte order.
    pub headers: BTreeMap<String, Template>,
    pub query: BTreeMap<String, Template>,
    pub body: Option<HttpBody>,
    /// One to 30 seconds.
    pub timeout: Duration,
    /// 0–3.
    pub retries: u32,
    /// Gets the parsed body.
    pub save_to: Option<String>,
    pub extract: Vec<Extract>,
    pub on: Vec<OnStatus>,
    pub sample_response: Option<SampleResponse>,
}

impl Http {
    pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Method {
    #[default]
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum HttpBody {
    /// JSON whose strings are templates.
    Json(Value),
    /// The member `bodyText`.
    Text(Template),
}

/// An expression over `response`, and the variable it fills.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extract {
    pub variable: String,
    pub value: Expression,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnStatus {
    pub status: StatusMatch,
    pub next: Target,
}

/// Which statuses an exit takes: an exact one beats a class, a class beats the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum StatusMatch {
    /// `"404"`.
    Exact(u16),
    /// `"4xx"`, as 4.
    Class(u16),
    /// `"default"`.
    #[default]
    Default,
}

impl StatusMatch {
    /// Whether this exit takes an answer of that status.
    pub const fn takes(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => status == exact,
            Self::Class(class) => status / 100 == class,
            Self::Default => true,
        }
    }
}

/// What the sandbox answers when no mock does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleResponse {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// Null when absent.
    pub body: Value,
}
