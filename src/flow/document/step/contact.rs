//! `contact`: change what is known of the person.

use serde_json::Value;

use crate::flow::document::Template;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contact {
    pub add_tags: Vec<Template>,
    pub remove_tags: Vec<Template>,
    pub attributes: Vec<Attribute>,
    /// The contact's name, not a label of the step.
    pub name: Option<Template>,
    pub language: Option<Template>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attribute {
    pub name: String,
    /// JSON whose strings are templates; null clears the attribute.
    pub value: Value,
}
