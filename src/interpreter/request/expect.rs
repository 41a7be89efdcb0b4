//! What a request expects of its run (docs/flow-format.md, 8).

use serde_json::Value as Json;

use crate::expression::Names;
use crate::flow::request::{Fields, RequestNode};
use crate::interpreter::expression::{CompiledExpression, Pattern};
use crate::interpreter::value::{Value, from_json};

const ITEMS_MAX: usize = 500;
const TEXT_CHARS_MAX: usize = 8192;

/// Every member is optional; each given one is checked.
#[derive(Debug)]
pub struct Expect {
    pub status: Option<String>,
    pub outcome: Option<String>,
    pub visits: Option<Vec<String>>,
    pub avoids: Option<Vec<String>>,
    pub exact: Option<Vec<String>>,
    /// Matched in order against what the bot says, gaps allowed.
    pub messages: Vec<MessageExpect>,
    pub last_message: Option<MessageExpect>,
    pub no_message: Vec<String>,
    pub variables: Vec<(String, VariableExpect)>,
    pub has_tags: Option<Vec<String>>,
    pub lacks_tags: Option<Vec<String>>,
    pub attributes: Vec<(String, Value)>,
    pub calls: Vec<CallExpect>,
    pub handoff_queue: Option<String>,
    pub error_code: Option<String>,
    pub messages_max: Option<u32>,
    pub warnings: Option<WarningsExpect>,
    pub digest: Option<String>,
}

#[derive(Debug)]
pub struct MessageExpect {
    pub test: TextTest,
    pub step_id: Option<String>,
}

#[derive(Debug)]
pub enum TextTest {
    Equals(String),
    Contains(String),
    Matches(String, Pattern),
}

#[derive(Debug)]
pub enum VariableExpect {
    Equals(Value),
    /// An expression over `value`.
    Holds(Box<CompiledExpression>),
}

#[derive(Debug)]
pub struct CallExpect {
    pub step_id: String,
    pub times: Option<u32>,
    pub body_contains: Option<String>,
    pub url: Option<String>,
}

#[derive(Debug)]
pub enum WarningsExpect {
    None,
    Only(Vec<String>),
}

const FIELDS: [&str; 14] = [
    "status",
    "outcome",
    "path",
    "messages",
    "lastMessage",
    "noMessage",
    "variables",
    "contact",
    "calls",
    "handoffQueue",
    "errorCode",
    "maxMessages",
    "warnings",
    "digest",
];

impl Expect {
    pub fn read(node: RequestNode<'_>) -> Self {
        let fields = node.fields(&FIELDS);
        let path = fields.get("path").map(|node| node.fields(&["visits", "avoids", "exact"]));
        let contact = fields.get("contact").map(|node| node.fields(&["hasTags", "lacksTags", "attributes"]));
        let items = |name: &str| fields.get(name).map(|node| node.items(ITEMS_MAX)).unwrap_or_default();
        Self {
            status: owned(&fields, "status"),
            outcome: owned(&fields, "outcome"),
            visits: path.as_ref().and_then(|path| texts(path, "visits")),
            avoids: path.as_ref().and_then(|path| texts(path, "avoids")),
            exact: path.as_ref().and_then(|path| texts(path, "exact")),
            messages: items("messages").into_iter().filter_map(message).collect(),
            last_message: fields.get("lastMessage").and_then(message),
            no_message: texts(&fields, "noMessage").unwrap_or_default(),
            variables: members(fields.get("variables"), variable),
            has_tags: contact.as_ref().and_then(|contact| texts(contact, "hasTags")),
            lacks_tags: contact.as_ref().and_then(|contact| texts(contact, "lacksTags")),
            attributes: members(contact.and_then(|contact| contact.get("attributes")), |node| {
                Some(from_json(node.value))
            }),
            calls: items("calls").into_iter().filter_map(call).collect(),
            handoff_queue: owned(&fields, "handoffQueue"),
            error_code: owned(&fields, "errorCode"),
            messages_max: count(&fields, "maxMessages"),
            warnings: fields.get("warnings").and_then(warnings),
            digest: owned(&fields, "digest"),
        }
    }
}

fn owned(fields: &Fields<'_>, name: &str) -> Option<String> {
    fields.get(name).and_then(|node| node.text(0..=TEXT_CHARS_MAX)).map(str::to_owned)
}

fn texts(fields: &Fields<'_>, name: &str) -> Option<Vec<String>> {
    let node = fields.get(name)?;
    Some(node.texts(ITEMS_MAX, 0..=TEXT_CHARS_MAX).into_iter().map(str::to_owned).collect())
}

fn count(fields: &Fields<'_>, name: &str) -> Option<u32> {
    let count = fields.get(name).and_then(|node| node.integer(0..=1_000_000))?;
    u32::try_from(count).ok()
}

fn members<T>(
    node: Option<RequestNode<'_>>,
    read: impl Fn(RequestNode<'_>) -> Option<T>,
) -> Vec<(String, T)> {
    let fields = node.map(|node| node.open());
    let members = fields.iter().flat_map(|fields| fields.iter());
    members.filter_map(|(name, node)| Some((name.to_owned(), read(node)?))).collect()
}

/// A text means "contains".
fn message(node: RequestNode<'_>) -> Option<MessageExpect> {
    if node.value.is_string() {
        let text = node.text(0..=TEXT_CHARS_MAX)?.to_owned();
        return Some(MessageExpect { test: TextTest::Contains(text), step_id: None });
    }
    let fields = node.fields(&["equals", "contains", "matches", "stepId"]);
    let given = ["equals", "contains", "matches"].into_iter().filter(|name| fields.get(name).is_some());
    let (Some(name), 1) = (given.clone().next(), given.count()) else {
        fields.node().invalid("needs exactly one of equals, contains, matches");
        return None;
    };
    let text = owned(&fields, name)?;
    let test = match name {
        "equals" => TextTest::Equals(text),
        "contains" => TextTest::Contains(text),
        _ => match Pattern::new(&text) {
            Ok(pattern) => TextTest::Matches(text, pattern),
            Err(error) => {
                fields.node().invalid(error.to_string());
                return None;
            }
        },
    };
    Some(MessageExpect { test, step_id: owned(&fields, "stepId") })
}

/// `{"expr": "value > 10"}`, or the very value.
fn variable(node: RequestNode<'_>) -> Option<VariableExpect> {
    let source = match node.value {
        Json::Object(members) if members.len() == 1 => members.get("expr").and_then(Json::as_str),
        _ => None,
    };
    let Some(source) = source else { return Some(VariableExpect::Equals(from_json(node.value))) };
    match CompiledExpression::compile(source, node.pointer.clone(), &Names::default()) {
        Ok(expression) => Some(VariableExpect::Holds(Box::new(expression))),
        Err(error) => {
            node.report("EXPR_SYNTAX", error.message);
            None
        }
    }
}

fn call(node: RequestNode<'_>) -> Option<CallExpect> {
    let fields = node.fields(&["stepId", "times", "bodyContains", "url"]);
    let step_id = fields.need("stepId")?.text(1..=64)?.to_owned();
    Some(CallExpect {
        step_id,
        times: count(&fields, "times"),
        body_contains: owned(&fields, "bodyContains"),
        url: owned(&fields, "url"),
    })
}

fn warnings(node: RequestNode<'_>) -> Option<WarningsExpect> {
    if node.value.is_string() {
        return node.one_of(&[("none", ())]).map(|()| WarningsExpect::None);
    }
    let codes = node.texts(ITEMS_MAX, 1..=64);
    Some(WarningsExpect::Only(codes.into_iter().map(str::to_owned).collect()))
}
