//! What commands are given beside or in place of a document: publish, unpublish, duplicate, delete, an update.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::body::{FromBody, Members};
use super::endpoint::Parameter;
use super::headers::REASON_CHARS_MAX;
use super::path::hyphenated;
use super::problem::{Code, Problem};
use super::query::{FromQuery, Query};
use crate::flow::json::INTEGER_MAX;
use crate::registry::{self, SET_MAX};

const NAME_CHARS_MAX: usize = 120;
const LABEL_CHARS_MAX: usize = 120;

/// `{version?, reason?, label?}`, or no body.
#[derive(Debug)]
pub struct PublishBody {
    pub order: registry::PublishOrder,
    reason: Option<String>,
}

impl FromBody for PublishBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let version = version(&mut members);
        let label = members.text("label", 1, LABEL_CHARS_MAX);
        let reason = reason(&mut members);
        members.finish()?;
        Ok(Self { order: registry::PublishOrder { version, label }, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// `{flows: [{id, version?}], reason?, label?}`
#[derive(Debug)]
pub struct PublishSetBody {
    pub order: registry::SetOrder,
    reason: Option<String>,
}

impl FromBody for PublishSetBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let label = members.text("label", 1, LABEL_CHARS_MAX);
        let reason = reason(&mut members);
        let expected = format!("a list of 1 to {SET_MAX} flows");
        let items = members.need("flows", &expected, |value| match value {
            Value::Array(items) if (1..=SET_MAX).contains(&items.len()) => Some(items),
            _ => None,
        });
        let items = items.unwrap_or_default().into_iter().enumerate();
        let flows: Vec<_> = items.filter_map(|(n, item)| entry(&mut members, n, item)).collect();
        refuse_repeats(&mut members, &flows);
        members.finish()?;
        let flows = flows.into_iter().map(|(_, entry)| entry).collect();
        Ok(Self { order: registry::SetOrder { flows, label }, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// A flow of a set, with its place.
fn entry(members: &mut Members, index: usize, item: Value) -> Option<(usize, registry::SetEntry)> {
    let mut item = members.inside(format!("/flows/{index}"), item)?;
    let expected = "a UUID such as 0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c";
    let flow_id = item.need("id", expected, |value| hyphenated(value.as_str()?));
    let version = version(&mut item);
    members.outside(item);
    Some((index, registry::SetEntry { flow_id: flow_id?, version }))
}

fn refuse_repeats(members: &mut Members, flows: &[(usize, registry::SetEntry)]) {
    let mut seen = HashSet::new();
    for (index, entry) in flows {
        if !seen.insert(entry.flow_id) {
            members.refuse_at("INVALID_VALUE", format!("/flows/{index}/id"), "is in the set more than once");
        }
    }
}

/// `{force?, reason?}`, or no body.
#[derive(Debug)]
pub struct UnpublishBody {
    force: bool,
    reason: Option<String>,
}

impl FromBody for UnpublishBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let (force, reason) = (force(&mut members), reason(&mut members));
        members.finish()?;
        Ok(Self { force, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    fn forced(&self) -> bool {
        self.force
    }
}

/// Members of a flow, which the registry reads, and beside them `force?` and `reason?`.
#[derive(Debug)]
pub struct UpdateBody {
    pub members: Value,
    force: bool,
    reason: Option<String>,
}

impl FromBody for UpdateBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let body = body
            .ok_or_else(|| Problem::new(Code::InvalidJson, "The body is empty: a JSON object is needed."))?;
        let mut members = Members::new(Some(body))?;
        let (force, reason) = (force(&mut members), reason(&mut members));
        Ok(Self { members: members.rest()?.into(), force, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    fn forced(&self) -> bool {
        self.force
    }
}

/// `?force=true`
#[derive(Debug)]
pub struct DeleteQuery {
    pub force: bool,
}

impl FromQuery for DeleteQuery {
    const PARAMETERS: &'static [Parameter] = &[Parameter::new(
        "force",
        || json!({"type": "boolean"}),
        "True deletes the flow although flows in force call it; `X-Reason` then says why, in 3 characters or more.",
    )];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let force = query.value("force", "true or false", |text| text.parse().ok())?;
        Ok(Self { force: force.unwrap_or(false) })
    }
}

/// `{name?, version?}`, or no body.
#[derive(Debug)]
pub struct DuplicateBody(pub registry::DuplicateOrder);

impl FromBody for DuplicateBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let version = version(&mut members);
        let name = members.text("name", 1, NAME_CHARS_MAX);
        members.finish()?;
        Ok(Self(registry::DuplicateOrder { name, version }))
    }
}

fn version(members: &mut Members) -> Option<i64> {
    members.take("version", "a positive integer", |value| {
        value.as_i64().filter(|version| (1..=INTEGER_MAX).contains(version))
    })
}

fn force(members: &mut Members) -> bool {
    members.take("force", "true or false", |value| value.as_bool()).unwrap_or(false)
}

/// An empty reason is an absent one.
fn reason(members: &mut Members) -> Option<String> {
    members.text("reason", 0, REASON_CHARS_MAX).filter(|reason| !reason.is_empty())
}
