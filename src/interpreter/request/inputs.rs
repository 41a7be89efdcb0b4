//! How a run starts and what the person then sends (docs/flow-format.md, 7 and 7.1).

use serde_json::Value as Json;

use crate::flow::document::MediaKind;
use crate::flow::request::{Fields, RequestNode};
use crate::interpreter::inbound::{Inbound, InboundContent};
use crate::interpreter::value::{Value, from_json, object};

const INPUTS_MAX: usize = 200;
/// Texts are bounded by the body alone; this only keeps names short.
const NAME_CHARS_MAX: usize = 128;
const TEXT_CHARS_MAX: usize = 64 * 1024;

/// How a run starts.
#[derive(Debug, Clone)]
pub enum Start {
    Manual,
    Message { text: Option<Box<str>>, intent: Option<Box<str>>, entities: Value, payload: Value },
    Event { event: Box<str>, payload: Value },
}

#[derive(Clone, Copy)]
enum StartType {
    Manual,
    Message,
    Event,
}

pub fn start(node: RequestNode<'_>) -> Start {
    let types = [("manual", StartType::Manual), ("message", StartType::Message), ("event", StartType::Event)];
    let kind = node.clone().open().need("type").and_then(|kind| kind.one_of(&types));
    let boxed = |fields: &Fields<'_>, name: &str, most| {
        fields.get(name).and_then(|node| node.text(0..=most)).map(Box::from)
    };
    match kind {
        None => Start::Manual,
        Some(StartType::Manual) => {
            node.fields(&["type"]);
            Start::Manual
        }
        Some(StartType::Message) => {
            let fields = node.fields(&["type", "text", "intent", "entities", "payload"]);
            Start::Message {
                text: boxed(&fields, "text", TEXT_CHARS_MAX),
                intent: boxed(&fields, "intent", NAME_CHARS_MAX),
                entities: entities(&fields),
                payload: from_json(fields.json("payload")),
            }
        }
        Some(StartType::Event) => {
            let fields = node.fields(&["type", "event", "payload"]);
            let event = fields.need("event").and_then(|node| node.text(1..=NAME_CHARS_MAX));
            Start::Event {
                event: event.unwrap_or_default().into(),
                payload: from_json(fields.json("payload")),
            }
        }
    }
}

/// What was understood of a message: values by name.
fn entities(fields: &Fields<'_>) -> Value {
    let given = fields.get("entities");
    given.map(|node| from_json(node.open().node().value)).unwrap_or_default()
}

/// `messages` or `inputs`, never both.
pub fn script(messages: Option<RequestNode<'_>>, inputs: Option<RequestNode<'_>>) -> Vec<Inbound> {
    match (messages, inputs) {
        (Some(messages), Some(_)) => {
            messages.invalid("excludes inputs");
            Vec::new()
        }
        (Some(messages), None) => {
            messages.texts(INPUTS_MAX, 0..=TEXT_CHARS_MAX).into_iter().map(Inbound::of_text).collect()
        }
        (None, Some(inputs)) => inputs.items(INPUTS_MAX).into_iter().filter_map(inbound).collect(),
        (None, None) => Vec::new(),
    }
}

#[derive(Clone, Copy)]
enum InputType {
    Text,
    Option,
    Media(MediaKind),
    Location,
    Contact,
    Form,
    Event,
    Timeout,
}

const TYPES: [(&str, InputType); 11] = [
    ("text", InputType::Text),
    ("option", InputType::Option),
    ("image", InputType::Media(MediaKind::Image)),
    ("audio", InputType::Media(MediaKind::Audio)),
    ("video", InputType::Media(MediaKind::Video)),
    ("document", InputType::Media(MediaKind::Document)),
    ("location", InputType::Location),
    ("contact", InputType::Contact),
    ("form", InputType::Form),
    ("event", InputType::Event),
    ("timeout", InputType::Timeout),
];

/// Members of every input beside those of its type.
const COMMON: [&str; 4] = ["type", "after", "intent", "entities"];

fn inbound(node: RequestNode<'_>) -> Option<Inbound> {
    if node.value.is_string() {
        return node.text(0..=TEXT_CHARS_MAX).map(Inbound::of_text);
    }
    let kind = node.clone().open().need("type")?.one_of(&TYPES)?;
    let own: &[&str] = match kind {
        InputType::Text => &["text"],
        InputType::Option => &["id"],
        InputType::Media(_) => &["url", "mediaId", "mimeType", "filename", "size", "caption"],
        InputType::Location => &["latitude", "longitude", "name", "address"],
        InputType::Contact => &["name", "phone", "email", "organization"],
        InputType::Form => &["data"],
        InputType::Event => &["event", "payload"],
        InputType::Timeout => &[],
    };
    let fields = node.fields(&[&COMMON[..], own].concat());
    let content = content(kind, own, &fields)?;
    let after_ms = fields.get("after").and_then(|node| node.duration_ms()).unwrap_or(0);
    Some(Inbound {
        content,
        after_ms,
        intent: fields.get("intent").and_then(|node| node.text(0..=NAME_CHARS_MAX)).map(Box::from),
        entities: entities(&fields),
        json: object(
            fields
                .iter()
                .filter(|(name, _)| *name != "after")
                .map(|(name, node)| (name, from_json(node.value))),
        ),
    })
}

fn content(kind: InputType, own: &[&str], fields: &Fields<'_>) -> Option<InboundContent> {
    let members = |fields: &Fields<'_>| {
        own.iter().map(|name| (*name, from_json(fields.json(name)))).collect::<Vec<_>>()
    };
    let text = |name: &str, most: usize| fields.need(name).and_then(|node| node.text(0..=most));
    Some(match kind {
        InputType::Text => InboundContent::Text(text("text", TEXT_CHARS_MAX)?.into()),
        InputType::Option => InboundContent::Option { id: text("id", 256)?.into(), title: None },
        InputType::Media(kind) => {
            let kind_member = ("kind", Value::from(kind.as_str()));
            InboundContent::Media(kind, object(members(fields).into_iter().chain([kind_member])))
        }
        InputType::Location => {
            for (name, most) in [("latitude", 90.0), ("longitude", 180.0)] {
                let degrees = fields.need(name);
                let fits =
                    |node: &RequestNode<'_>| node.value.as_f64().is_some_and(|degrees| degrees.abs() <= most);
                if let Some(node) = degrees.filter(|node| !fits(node)) {
                    node.invalid(format!("must be a number from -{most} to {most}"));
                }
            }
            InboundContent::Location(object(members(fields)))
        }
        InputType::Contact => InboundContent::Contact(object(members(fields))),
        InputType::Form => {
            let data = fields.get("data").map(|node| node.open().node().value.clone());
            InboundContent::Form(from_json(&data.unwrap_or_else(|| Json::Object(serde_json::Map::new()))))
        }
        InputType::Event => InboundContent::Event {
            event: fields.need("event").and_then(|node| node.text(1..=NAME_CHARS_MAX))?.into(),
            payload: from_json(fields.json("payload")),
        },
        InputType::Timeout => InboundContent::Timeout,
    })
}
