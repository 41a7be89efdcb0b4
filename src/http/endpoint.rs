//! An endpoint of the API: one row of the tables in `routes`. The router and the description of the API are made of the
//! same rows. Scope and query parameters are read off the handler's last argument, so a row cannot contradict them.

use axum::extract::{Path, State};
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use serde_json::Value;

use super::state::App;
use crate::registry::caller::Scope;

/// What a credential must be allowed to do before an endpoint does anything.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// No credential is asked for.
    Open,
    /// The credential needs at least one of these scopes.
    OneOf(&'static [Scope]),
}

/// A query parameter, or a header of a request or an answer.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    /// JSON Schema of the value.
    pub schema: fn() -> Value,
    pub description: &'static str,
}

impl Parameter {
    pub const fn new(name: &'static str, schema: fn() -> Value, description: &'static str) -> Self {
        Self { name, schema, description }
    }
}

/// The last argument of a handler: it decides who may call the endpoint and which query parameters there are.
pub trait LastArgument {
    const ACCESS: Access = Access::Open;
    const QUERY: &'static [Parameter] = &[];
}

impl LastArgument for State<App> {}
impl LastArgument for Path<String> {}

/// The arguments of a handler, as axum names them: a marker, then their types.
pub trait Arguments {
    const ACCESS: Access;
    const QUERY: &'static [Parameter];
}

impl Arguments for ((),) {
    const ACCESS: Access = Access::Open;
    const QUERY: &'static [Parameter] = &[];
}

macro_rules! arguments {
    ($($first:ident),*) => {
        impl<M, $($first,)* L: LastArgument> Arguments for (M, $($first,)* L) {
            const ACCESS: Access = L::ACCESS;
            const QUERY: &'static [Parameter] = L::QUERY;
        }
    };
}

arguments!();
arguments!(A);
arguments!(A, B);
arguments!(A, B, C);

/// A group of endpoints in the description, in the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    Flows,
    History,
    Evidence,
    TestRuns,
    ApiKeys,
    Operations,
}

impl Tag {
    /// Each with its name, what it is about, and the page that explains it.
    pub const ALL: [(Self, &'static str, &'static str, &'static str); 6] = [
        (Self::Flows, "flows", "Bot flows: drafts, publication, copies.", "/docs/guides/flows"),
        (Self::History, "history", "What happened, who did it, and the way back.", "/docs/guides/history"),
        (
            Self::Evidence,
            "evidence",
            "Proof that nobody altered the log, which holds without the service.",
            "/docs/guides/evidence",
        ),
        (
            Self::TestRuns,
            "test runs",
            "Flows run in a sandbox, with a trace of every step.",
            "/docs/guides/test-runs",
        ),
        (Self::ApiKeys, "API keys", "Credentials of an organization.", "/docs/guides/roles"),
        (Self::Operations, "operations", "For those who run the service.", "/docs/operations"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(tag, ..)| *tag == self).map_or("", |(_, name, ..)| name)
    }
}

/// The JSON body an endpoint takes.
#[derive(Debug)]
pub struct RequestBody {
    /// The name of a schema in `openapi/schemas`.
    pub schema: &'static str,
    pub is_required: bool,
    /// A body that the endpoint takes as it is.
    pub example: Value,
    /// Other media types it takes.
    pub others: Vec<OtherBody>,
}

/// A body of another media type than JSON's.
#[derive(Debug)]
pub struct OtherBody {
    pub media_type: &'static str,
    /// The name of a schema that no other body of the endpoint has, so that clients tell them apart by their types.
    /// None for a list: clients of openapi-python-client cannot ask whether a body is a list of something, and fail.
    pub schema: Option<&'static str>,
    /// A body that the endpoint takes as it is.
    pub example: Value,
}

/// An answer that is no refusal.
#[derive(Debug)]
pub struct ResponseKind {
    pub status: u16,
    pub description: &'static str,
    /// Media types it comes as, each with the name of its schema.
    pub content: Vec<(&'static str, &'static str)>,
    pub headers: Vec<Parameter>,
}

impl ResponseKind {
    /// Adds a media type that clients get when they ask for it.
    pub fn or(mut self, media_type: &'static str, schema: &'static str) -> Self {
        self.content.push((media_type, schema));
        self
    }

    pub fn with(mut self, headers: &[Parameter]) -> Self {
        self.headers.extend(headers);
        self
    }
}

/// An answer in JSON.
pub fn json(status: u16, description: &'static str, schema: &'static str) -> ResponseKind {
    content(status, description, "application/json", schema)
}

/// An answer of another media type.
pub fn content(
    status: u16,
    description: &'static str,
    media_type: &'static str,
    schema: &'static str,
) -> ResponseKind {
    ResponseKind { status, description, content: vec![(media_type, schema)], headers: Vec::new() }
}

/// An answer without a body.
pub fn empty(status: u16, description: &'static str) -> ResponseKind {
    ResponseKind { status, description, content: Vec::new(), headers: Vec::new() }
}

/// One row.
#[derive(Debug)]
pub struct Endpoint {
    /// `get`, `post`, `patch`, `put` or `delete`. What takes `get` takes `HEAD` too.
    pub method: &'static str,
    /// The path with the names of its ids in braces.
    pub path: &'static str,
    /// The name generated clients give it. It never changes.
    pub id: &'static str,
    pub handler: MethodRouter<App>,
    pub access: Access,
    pub query: &'static [Parameter],
    pub tag: Tag,
    pub summary: &'static str,
    /// What the endpoint is for, in a sentence or two.
    pub description: &'static str,
    pub headers: Vec<Parameter>,
    pub body: Option<RequestBody>,
    pub responses: Vec<ResponseKind>,
    /// Statuses of refusals beyond those every endpoint of its kind has.
    pub refusals: &'static [u16],
}

macro_rules! methods {
    ($($method:ident),+) => {
        $(
            /// An endpoint of this method.
            pub fn $method<H, T>(path: &'static str, id: &'static str, handler: H) -> Endpoint
            where
                H: Handler<T, App>,
                T: Arguments + 'static,
            {
                let handler = routing::$method(handler);
                Endpoint::new(stringify!($method), path, id, handler, T::ACCESS, T::QUERY)
            }
        )+
    };
}

methods!(get, post, patch, put, delete);

impl Endpoint {
    fn new(
        method: &'static str,
        path: &'static str,
        id: &'static str,
        handler: MethodRouter<App>,
        access: Access,
        query: &'static [Parameter],
    ) -> Self {
        Self {
            method,
            path,
            id,
            handler,
            access,
            query,
            tag: Tag::Operations,
            summary: "",
            description: "",
            headers: Vec::new(),
            body: None,
            responses: Vec::new(),
            refusals: &[],
        }
    }

    pub fn about(self, tag: Tag, summary: &'static str, description: &'static str) -> Self {
        Self { tag, summary, description, ..self }
    }

    /// Request headers the endpoint acts on.
    pub fn headers(mut self, headers: &[Parameter]) -> Self {
        self.headers.extend(headers);
        self
    }

    /// A body that must be sent.
    pub fn takes(self, schema: &'static str, example: Value) -> Self {
        Self { body: Some(RequestBody { schema, is_required: true, example, others: Vec::new() }), ..self }
    }

    /// A body that may be left out.
    pub fn may_take(self, schema: &'static str, example: Value) -> Self {
        Self { body: Some(RequestBody { schema, is_required: false, example, others: Vec::new() }), ..self }
    }

    /// Another media type that the body may have.
    pub fn or_as(mut self, media_type: &'static str, schema: Option<&'static str>, example: Value) -> Self {
        if let Some(body) = &mut self.body {
            body.others.push(OtherBody { media_type, schema, example });
        }
        self
    }

    pub fn responds(mut self, response: ResponseKind) -> Self {
        self.responses.push(response);
        self
    }

    pub fn refuses(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }

    /// Every status it may refuse with, ascending.
    pub fn errors(&self) -> Vec<u16> {
        let mut errors = vec![405, 431, 500, 503];
        if !matches!(self.access, Access::Open) {
            errors.extend([400, 401, 403, 406, 429]);
            if self.method != "get" {
                errors.extend([409, 412, 413, 415, 422, 501]);
            }
        }
        errors.extend(self.refusals);
        errors.sort_unstable();
        errors.dedup();
        errors
    }
}
