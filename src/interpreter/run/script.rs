//! The scripted inputs: which comes next, when it is due, and which have arrived while nobody asked.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::interpreter::inbound::{Inbound, InboundContent};
use crate::interpreter::moment::Instant;
use crate::interpreter::trace::{SentMessage, Speaker};
use crate::interpreter::value::Value;

#[derive(Debug)]
pub struct Script<'a> {
    inputs: &'a [Inbound],
    next: usize,
    /// When the next input comes, once the run has begun to wait for it.
    due: Option<Instant>,
    /// Messages that arrived while the run waited for something else.
    queued: VecDeque<Cow<'a, Inbound>>,
    /// Silence was asked for where nothing can expire: the run stops there.
    pub is_stuck: bool,
}

/// A message that reaches an asking step.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    pub inbound: Cow<'a, Inbound>,
    /// Whether it came earlier, and is in the transcript already.
    pub was_queued: bool,
}

impl<'a> Script<'a> {
    pub fn new(inputs: &'a [Inbound]) -> Self {
        Self { inputs, next: 0, due: None, queued: VecDeque::new(), is_stuck: false }
    }

    pub fn queued(&mut self) -> Option<Cow<'a, Inbound>> {
        self.queued.pop_front()
    }

    pub fn queue(&mut self, inbound: Cow<'a, Inbound>) {
        self.queued.push_back(inbound);
    }

    /// The next input and when it comes, to a run that has waited since `began`.
    pub fn peek(&mut self, began: Instant) -> Option<(&'a Inbound, Instant)> {
        let inbound = self.inputs.get(self.next)?;
        let due = *self.due.get_or_insert(began.plus_ms(inbound.after_ms));
        Some((inbound, due))
    }

    pub fn take(&mut self) {
        self.next += 1;
        self.due = None;
    }

    /// Inputs that reached somebody, and those that did not.
    pub fn used_and_unused(&self) -> (u32, u32) {
        let used = self.next.saturating_sub(self.queued.len());
        (used as u32, (self.inputs.len() - used) as u32)
    }
}

/// An input as the transcript tells it.
pub fn heard(inbound: &Inbound) -> (Speaker, SentMessage) {
    let text = inbound.text().map(Value::from);
    match &inbound.content {
        InboundContent::Text(_) | InboundContent::Timeout => (Speaker::User, SentMessage::new("text", text)),
        InboundContent::Option { id, .. } => {
            (Speaker::User, SentMessage::new("text", text).with("payload", Value::from(&**id)))
        }
        InboundContent::Media(_, media) => {
            (Speaker::User, SentMessage::new("media", None).with("media", media.clone()))
        }
        InboundContent::Location(place) => {
            (Speaker::User, SentMessage::new("location", None).with("location", place.clone()))
        }
        InboundContent::Contact(card) => {
            (Speaker::User, SentMessage::new("contact", None).with("contact", card.clone()))
        }
        InboundContent::Form(data) => {
            (Speaker::User, SentMessage::new("form", None).with("form", data.clone()))
        }
        InboundContent::Event { event, payload } => {
            let message = SentMessage::new("event", Some(Value::from(&**event)));
            let has_payload = !payload.is_undefined();
            let message = if has_payload { message.with("payload", payload.clone()) } else { message };
            (Speaker::System, message)
        }
    }
}
