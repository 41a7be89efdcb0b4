//! Ids in paths: UUIDs in their 8-4-4-4-12 form.

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use uuid::Uuid;

use super::percent;
use super::problem::Problem;
use super::query::values::positive;
use crate::flow::id::hyphenated;

/// What the path of an endpoint names beyond the organization.
pub trait FromPath: Sized {
    /// Whether the path names a flow, whose version a request can be conditional on.
    const HAS_VERSIONS: bool = false;

    fn from_path(parts: &Parts) -> Result<Self, Problem>;
}

/// For endpoints on the organization itself.
impl FromPath for () {
    fn from_path(_: &Parts) -> Result<Self, Problem> {
        Ok(())
    }
}

/// The values of the organization, which a request can be conditional on.
#[derive(Debug, Clone, Copy)]
pub struct EnvPath;

impl FromPath for EnvPath {
    const HAS_VERSIONS: bool = true;

    fn from_path(_: &Parts) -> Result<Self, Problem> {
        Ok(Self)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct FlowId(pub Uuid);

impl FromPath for FlowId {
    const HAS_VERSIONS: bool = true;

    fn from_path(parts: &Parts) -> Result<Self, Problem> {
        id(parts, "flowId").map(Self)
    }
}

/// A flow and the id of a step of its draft.
#[derive(Debug, Clone)]
pub struct FlowStep {
    pub flow_id: Uuid,
    pub step_id: String,
}

impl FromPath for FlowStep {
    const HAS_VERSIONS: bool = true;

    fn from_path(parts: &Parts) -> Result<Self, Problem> {
        Ok(Self { flow_id: id(parts, "flowId")?, step_id: last(parts).to_owned() })
    }
}

/// A flow and the number of one of its versions.
#[derive(Debug, Clone, Copy)]
pub struct FlowVersionPath {
    pub flow_id: Uuid,
    pub version: i64,
}

impl FromPath for FlowVersionPath {
    fn from_path(parts: &Parts) -> Result<Self, Problem> {
        let flow_id = id(parts, "flowId")?;
        let number = positive(last(parts));
        let version = number.ok_or_else(|| Problem::parameter("version", "must be a positive integer"))?;
        Ok(Self { flow_id, version })
    }
}

#[derive(Debug, Clone, Copy)]
pub struct KeyId(pub Uuid);

impl FromPath for KeyId {
    fn from_path(parts: &Parts) -> Result<Self, Problem> {
        id(parts, "keyId").map(Self)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct ErasureId(pub Uuid);

impl FromPath for ErasureId {
    fn from_path(parts: &Parts) -> Result<Self, Problem> {
        id(parts, "erasureId").map(Self)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct RunId(pub Uuid);

impl FromPath for RunId {
    fn from_path(parts: &Parts) -> Result<Self, Problem> {
        id(parts, "runId").map(Self)
    }
}

/// The last segment of the path, as it came.
pub fn last(parts: &Parts) -> &str {
    parts.uri.path().rsplit('/').next().unwrap_or_default()
}

/// The id in the place of `{name}` in the route.
///
/// Read from the path as it came: what axum hands out is decoded all at once, so that a broken flow id would hide
/// a sound organization id, whose credentials are to be looked at first.
pub fn id(parts: &Parts, name: &str) -> Result<Uuid, Problem> {
    let route = parts.extensions.get::<MatchedPath>().expect("only routes with ids ask for them");
    let (_, encoded) = route
        .as_str()
        .split('/')
        .zip(parts.uri.path().split('/'))
        .find(|(place, _)| place.strip_prefix('{').and_then(|place| place.strip_suffix('}')) == Some(name))
        .expect("the route has a place of this name");
    percent::decode(encoded).and_then(|text| hyphenated(&text)).ok_or_else(|| {
        Problem::parameter(name, "must be a UUID such as 0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c")
    })
}
