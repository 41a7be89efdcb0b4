//! The small bodies of commands: publish and duplicate.

use serde_json::Value;

use super::body::{FromBody, Members};
use super::headers::REASON_CHARS_MAX;
use super::problem::Problem;
use crate::flow::json::INTEGER_MAX;
use crate::registry;

const NAME_CHARS_MAX: usize = 120;
const LABEL_CHARS_MAX: usize = 120;

/// `{version?, reason?, label?}`, or no body.
#[derive(Debug)]
pub struct PublishOrder {
    pub order: registry::PublishOrder,
    reason: Option<String>,
}

impl FromBody for PublishOrder {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let version = version(&mut members);
        let label = members.text("label", 1, LABEL_CHARS_MAX);
        let reason = members.text("reason", 0, REASON_CHARS_MAX).filter(|reason| !reason.is_empty());
        members.finish()?;
        Ok(Self { order: registry::PublishOrder { version, label }, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// `{name?, version?}`, or no body.
#[derive(Debug)]
pub struct DuplicateOrder(pub registry::DuplicateOrder);

impl FromBody for DuplicateOrder {
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
