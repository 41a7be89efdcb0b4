//! The document of every load: 2 KB as an author writes it, another revision each time, so that each change stores
//! a document of its own.

use flow_registry::flow::document::Canonical;
use serde_json::{Value, json};

const TEXT: &str = include_str!("order_status.json");
/// Where the revision's number stands in it.
const BLANK: &str = "000000000000";

/// A create or update body, and where the number goes.
#[derive(Debug, Clone)]
pub struct Body {
    bytes: Vec<u8>,
    blank: usize,
}

impl Body {
    pub fn new() -> Self {
        let value: Value = serde_json::from_str(TEXT).expect("the file is JSON");
        Self::of(value.to_string())
    }

    /// A revision that changes what a step says instead of what the flow is called.
    pub fn of_step() -> Self {
        let mut value: Value = serde_json::from_str(TEXT).expect("the file is JSON");
        value["description"] = "Looks an order up and says where it is.".into();
        value["steps"][0]["text"] = format!("Hello {{{{ contact.name }}}}, you are visitor {BLANK}.").into();
        Self::of(value.to_string())
    }

    /// One that the API answers with 5 KB.
    pub fn long() -> Self {
        let mut value: Value = serde_json::from_str(TEXT).expect("the file is JSON");
        let steps = value["steps"].as_array_mut().expect("the document has steps");
        let text = "Nothing to see here. ".repeat(20);
        steps.extend(
            (0..3).map(|number| json!({"id": format!("long{number}"), "type": "message", "text": text})),
        );
        Self::of(value.to_string())
    }

    /// Any body with a blank in it.
    pub fn of(text: String) -> Self {
        let blank = text.find(BLANK).expect("a revision has its place");
        Self { bytes: text.into_bytes(), blank }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn write(&self, revision: u64, out: &mut Vec<u8>) {
        let start = out.len() + self.blank;
        out.extend_from_slice(&self.bytes);
        let mut rest = revision;
        for digit in out[start..start + BLANK.len()].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    pub fn value(&self, revision: u64) -> Value {
        let mut bytes = Vec::new();
        self.write(revision, &mut bytes);
        serde_json::from_slice(&bytes).expect("digits do not change what is JSON")
    }

    /// As the log keeps it.
    pub fn canonical(&self, revision: u64) -> Canonical {
        Canonical::create(self.value(revision)).expect("the document is sound")
    }
}
