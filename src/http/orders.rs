//! What commands are given beside or in place of a document: publish, unpublish, duplicate, delete, an update.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::body::{FromBody, Members};
use super::endpoint::Parameter;
use super::headers::REASON_CHARS_MAX;
use super::media;
use super::problem::{Code, Problem};
use super::query::{FromQuery, Query};
use super::wire::{SERVICE_MEMBERS, service_members};
use crate::flow::document::{Edit, StepPlace};
use crate::flow::id::hyphenated;
use crate::flow::json::INTEGER_MAX;
use crate::registry::{self, Echo, RegistryError, SET_MAX};

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

/// Members of a flow, which the registry reads, and beside them `force?` and `reason?`; or an edit of its document.
#[derive(Debug)]
pub struct UpdateBody {
    pub update: Update,
    pub echo: Option<Echo>,
    force: bool,
    reason: Option<String>,
}

/// What an update does: replace members, or edit the document.
#[derive(Debug)]
pub enum Update {
    Members(Value),
    Edit(Edit),
}

impl FromBody for UpdateBody {
    const MEDIA_TYPES: &'static [&'static str] = &[media::JSON, media::MERGE_PATCH, media::JSON_PATCH];

    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        Self::of_media_type(body, media::JSON)
    }

    fn of_media_type(body: Option<Value>, media_type: &'static str) -> Result<Self, Problem> {
        let body =
            body.ok_or_else(|| Problem::new(Code::InvalidJson, "The body is empty: JSON is needed."))?;
        if media_type == media::JSON_PATCH {
            let edit = Edit::operations(body).map_err(RegistryError::from)?;
            return Ok(Self { update: Update::Edit(edit), echo: None, force: false, reason: None });
        }
        let mut members = Members::new(Some(body))?;
        let (force, reason) = (force(&mut members), reason(&mut members));
        let mut members = members.rest()?;
        let echoed: Map<_, _> =
            SERVICE_MEMBERS.iter().filter_map(|name| members.remove_entry(*name)).collect();
        let echo = (!echoed.is_empty()).then_some(Echo { members: echoed, shown: service_members });
        let update = match media_type {
            media::MERGE_PATCH => Update::Edit(Edit::Merge(members)),
            _ => Update::Members(members.into()),
        };
        Ok(Self { update, echo, force, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    fn forced(&self) -> bool {
        self.force
    }
}

/// Members of a step.
#[derive(Debug)]
pub struct StepBody(pub Map<String, Value>);

impl FromBody for StepBody {
    const MEDIA_TYPES: &'static [&'static str] = &[media::JSON, media::MERGE_PATCH];

    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        Members::new(body)?.rest().map(Self)
    }
}

/// `{step, before?, after?, reason?}`
#[derive(Debug)]
pub struct NewStepBody {
    pub edit: Edit,
    reason: Option<String>,
}

impl FromBody for NewStepBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let step = members.need("step", "a step", |value| value.is_object().then_some(value));
        let mut id = |name| members.take(name, "the id of a step", |value| value.as_str().map(str::to_owned));
        let place = match (id("before"), id("after")) {
            (Some(_), Some(_)) => {
                members.refuse("INVALID_VALUE", "after", "excludes \"before\"");
                StepPlace::Last
            }
            (Some(id), None) => StepPlace::Before(id),
            (None, Some(id)) => StepPlace::After(id),
            (None, None) => StepPlace::Last,
        };
        let reason = reason(&mut members);
        members.finish()?;
        Ok(Self { edit: Edit::AddStep { step: step.unwrap_or_default(), place }, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
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
