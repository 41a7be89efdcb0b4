//! `contact`: change what is known of the person.

use serde_json::Value;

use crate::flow::document::Template;
use crate::flow::document::reader::{Node, Object};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contact {
    pub add_tags: Vec<Template>,
    pub remove_tags: Vec<Template>,
    /// `"removeTags": "all"`: whatever tags there are, before those of this step are added.
    pub removes_all_tags: bool,
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

impl Contact {
    pub(super) fn read(o: &Object<'_>) -> Self {
        let tags = |list: Node<'_>| list.list(0..=20, Node::template);
        let mut removes_all_tags = false;
        let removed = |removed: Node<'_>| match removed.value.as_str() {
            Some("all") => {
                removes_all_tags = true;
                Vec::new()
            }
            Some(_) => {
                removed.invalid("must be a list of tags, or \"all\"");
                Vec::new()
            }
            None => tags(removed),
        };
        Self {
            name: o.optional("name", Node::template),
            add_tags: o.or_default("addTags", tags),
            remove_tags: o.or_default("removeTags", removed),
            removes_all_tags,
            attributes: o.or_default("attributes", |list| list.list(0..=50, Attribute::read)),
            language: o.optional("language", Node::template),
        }
    }
}

impl Attribute {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self { name: o.need("name", |name| name.text(1..=64)), value: o.need("value", Node::json) }
    }
}
