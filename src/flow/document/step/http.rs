//! `http`: call an address and read its answer.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::flow::channel::URL_CHARS_MAX;
use crate::flow::document::names::names;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leads, Leaves, LocalNames, ObjectType, Part, StepType};
use crate::flow::document::schema::{Family, Sign};
use crate::flow::document::{Duration, Expression, Target, Template};
use crate::flow::env::{is_literal_host, origin_name};
use crate::flow::limits::HTTP_BODY_BYTES_MAX;

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

/// The body: at most one of these members.
const BODIES: &[&str] = &["body", "bodyText"];
const TIMEOUT_RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30);
const TEXTS: Part = Part::Keyed(&Part::TEMPLATE);

const EXTRACT: Part = Part::Object(&ObjectType {
    name: "Extract",
    docs: "A part of the answer for a variable.",
    fields: &[
        Field::required("variable", Part::Written, "The variable that is filled."),
        Field::required("value", Part::Expression, "What it is filled with."),
    ],
});

const ON_STATUS: Part = Part::Object(&ObjectType {
    name: "StatusExit",
    docs: "Where answers of a status lead.",
    fields: &[
        Field::required(
            "status",
            Part::Status,
            "A status such as `404`, a class such as `4xx`, or `default`.",
        ),
        Field::required("next", Part::Target(Leads::Status), "Where such an answer leads."),
    ],
});

const SAMPLE: Part = Part::Object(&ObjectType {
    name: "SampleResponse",
    docs: "What a test run gets when no mock answers.",
    fields: &[
        Field::optional("status", Part::Integer { least: 100, most: 599 }, "The status; 200 when absent."),
        Field::optional("headers", Part::Keyed(&Part::text(0, usize::MAX)), "The headers."),
        Field::optional("body", Part::Data, "The body."),
    ],
});

impl Http {
    pub(super) const TYPE: StepType = StepType {
        name: "http",
        docs: "Calls an address and takes values out of the answer.",
        words: ["llamada web", "web call"],
        sign: Sign::new(Family::Acts, "M8 2a6 6 0 1 0 .1 0M2 8h12M8 2c-4 4-4 8 0 12c4-4 4-8 0-12"),
        example: r#"{ "type": "http", "method": "GET", "url": "https://api.example/orders/{{ input.text }}",
            "headers": { "Authorization": "Bearer {{ secrets.SHOP }}" }, "retries": 1,
            "extract": [{ "variable": "state", "value": "response.body.state" }],
            "on": [{ "status": "404", "next": "$end" }],
            "sampleResponse": { "status": 200, "body": { "state": "sent" } } }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::optional("method", Part::OneOf(Method::WRITTEN), "The method; `GET` when absent.")
                .called("Método", "Method"),
            Field::required(
                "url",
                Part::Address,
                "The https address: its host is literal or a value of `env`, its path and query may be templates.",
            ),
            Field::optional("headers", TEXTS, "The headers, by their literal names; at most 30.")
                .seeing(LocalNames::SECRETS),
            Field::optional("query", TEXTS, "The parameters of the query, by their names; at most 30.")
                .called("Parámetros de la consulta", "Query parameters")
                .seeing(LocalNames::SECRETS),
            Field::up_to_one_of("body", BODIES, Part::Json, "The body as JSON.").seeing(LocalNames::SECRETS),
            Field::up_to_one_of("bodyText", BODIES, Part::TEMPLATE, "The body as a text.")
                .called("Cuerpo como texto", "Body as text")
                .seeing(LocalNames::SECRETS),
            Field::optional(
                "timeout",
                Part::Duration(&TIMEOUT_RANGE),
                "How long one try may take; `PT10S` when absent.",
            ),
            Field::optional(
                "retries",
                Part::Integer { least: 0, most: 3 },
                "Further tries after one that failed; 0 when absent.",
            )
            .called("Intentos de más", "Further tries"),
            Field::optional("saveTo", Part::Written, "The variable that gets the body of the answer."),
            Field::optional(
                "extract",
                Part::list(&EXTRACT, 0, 30),
                "Variables that are filled from `response`.",
            )
            .called("Variables que se llenan", "Variables that are filled")
            .seeing(LocalNames::RESPONSE),
            Field::optional(
                "on",
                Part::list(&ON_STATUS, 0, 10),
                "Where answers lead; others leave by `next`.",
            )
            .called("Según la respuesta", "By the answer"),
            Field::optional("sampleResponse", SAMPLE, "What a test run gets when no mock answers.")
                .called("Respuesta de prueba", "Sample response"),
        ],
    };

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

names! {
    Method { Get = "GET", Post = "POST", Put = "PUT", Patch = "PATCH", Delete = "DELETE" }
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

impl Http {
    pub(super) fn read(o: &Object<'_>) -> Self {
        let name_length = 1..=256;
        Self {
            method: o.or_default("method", |method| method.one_of(Method::NAMES)),
            url: o.need("url", url),
            headers: o.or_default("headers", headers),
            query: o.or_default("query", |query| {
                check_count(query, 30);
                let members = query.keyed(|name, value| {
                    if !name_length.contains(&name.len()) {
                        value.invalid("must have a name of 1 to 256 bytes");
                    }
                    value.text()
                });
                members.into_iter().collect()
            }),
            body: match o.only_one_of(BODIES) {
                Some("bodyText") => o.optional("bodyText", |text| HttpBody::Text(text.text())),
                _ => o.optional("body", |body| {
                    body.check_bytes(HTTP_BODY_BYTES_MAX);
                    HttpBody::Json(body.json())
                }),
            },
            timeout: o.optional("timeout", Cursor::duration).unwrap_or(Self::TIMEOUT_DEFAULT),
            retries: o.or_default("retries", Cursor::small),
            save_to: o.optional("saveTo", Cursor::name),
            extract: o.or_default("extract", |extract| extract.list(Extract::read)),
            on: o.or_default("on", |on| on.list(OnStatus::read)),
            sample_response: o.optional("sampleResponse", SampleResponse::read),
        }
    }
}

/// An https address with a literal host, so that no text of a person chooses where a request goes.
fn url(node: Cursor<'_>) -> Template {
    let url = node.text();
    if !node.value.is_string() {
        return url;
    }
    // A value of the organization may be the origin; whether it is one is known when it is read.
    if origin_name(&url).is_some() {
        return url;
    }
    let Some(rest) = url.strip_prefix("https://") else {
        node.invalid("must begin with https://, or with {{ env.NAME }} and then a path");
        return url;
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if authority.contains('@') {
        node.invalid("must not carry credentials");
    } else if !is_literal_host(authority) {
        node.invalid("must have a literal host before the first \"/\" of the path");
    } else if !url.contains("{{") && !url.contains("{%") && url.chars().count() > URL_CHARS_MAX {
        node.limit(format!("must have at most {URL_CHARS_MAX} characters"));
    }
    url
}

/// At most 30 headers; names are tokens of RFC 9110.
fn headers(node: Cursor<'_>) -> BTreeMap<String, Template> {
    check_count(node, 30);
    let members = node.keyed(|name, value| {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || name.len() > 256 || !name.chars().all(is_token) {
            value.invalid("must have a literal header name");
        }
        value.text()
    });
    members.into_iter().collect()
}

fn check_count(node: Cursor<'_>, most: usize) {
    if let Some(members) = node.value.as_object().filter(|members| members.len() > most) {
        node.limit(format!("must have at most {most} members, has {}", members.len()));
    }
}

impl Extract {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self { variable: o.need("variable", Cursor::name), value: o.need("value", Cursor::text) }
    }
}

impl OnStatus {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self { status: o.need("status", StatusMatch::read), next: o.need("next", Cursor::target) }
    }
}

impl StatusMatch {
    fn read(node: Cursor<'_>) -> Self {
        let Some(text) = node.str() else { return Self::default() };
        Self::parse(text).unwrap_or_else(|| {
            node.invalid("must be a status such as \"404\", a class such as \"4xx\", or \"default\"");
            Self::default()
        })
    }

    /// Reads `"404"`, `"4xx"` or `"default"`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        let first =
            text.chars().next().and_then(|c| c.to_digit(10)).filter(|digit| (1..=5).contains(digit))?;
        match text.get(1..)? {
            "xx" => u16::try_from(first).ok().map(Self::Class),
            rest if rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok().map(Self::Exact)
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for StatusMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl SampleResponse {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let status = o.optional("status", Cursor::small).unwrap_or(200);
        Self {
            status: u16::try_from(status).expect("the range is one of u16"),
            headers: o.or_default("headers", |headers| {
                headers.keyed(|_, value| value.string()).into_iter().collect()
            }),
            body: o.or_default("body", |body| body.value.clone()),
        }
    }
}
