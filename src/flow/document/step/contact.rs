//! `contact`: change what is known of the person.

use serde_json::Value;

use crate::flow::document::Template;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leaves, ObjectType, Part, StepType};
use crate::flow::document::schema::{Family, Sign};

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

const TAGS: Part = Part::list(&Part::TEMPLATE, 0, 20);

const ATTRIBUTE: Part = Part::Object(&ObjectType {
    name: "AttributeChange",
    docs: "A change of one attribute of the contact.",
    fields: &[
        Field::required("name", Part::text(1, 64), "The name of the attribute."),
        Field::required("value", Part::NullableJson, "Its value; null clears it."),
    ],
});

impl Contact {
    pub(super) const TYPE: StepType = StepType {
        name: "contact",
        docs: "Changes name, language, tags or attributes of the person.",
        words: ["contacto", "contact"],
        sign: Sign::new(Family::People, "M8 8a3 3 0 1 0-.1 0M2 14c1-4 11-4 12 0"),
        example: r#"{ "type": "contact", "name": "{{ input.text }}", "addTags": ["customer"], "removeTags": ["lead"],
            "attributes": [{ "name": "city", "value": "Lima" }], "language": "es" }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::optional("name", Part::TEMPLATE, "The name of the contact; such a step has no label."),
            Field::optional("addTags", TAGS, "Tags that the contact gets.")
                .called("Etiquetas que gana", "Tags that are added"),
            Field::optional(
                "removeTags",
                Part::Either(&[TAGS, Part::OneOf(&["all"])]),
                "Tags that the contact loses, or `all`, which is done before tags are added.",
            )
            .called("Etiquetas que pierde", "Tags that are removed"),
            Field::optional(
                "attributes",
                Part::list(&ATTRIBUTE, 0, 50),
                "Attributes that are set or cleared.",
            )
            .called("Atributos", "Attributes"),
            Field::optional(
                "language",
                Part::TEMPLATE,
                "The language of the contact, as a tag such as `es`.",
            ),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        let tags = |list: Cursor<'_>| list.list(Cursor::text);
        let mut removes_all_tags = false;
        let removed = |removed: Cursor<'_>| match removed.value.as_str() {
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
            name: o.optional("name", Cursor::text),
            add_tags: o.or_default("addTags", tags),
            remove_tags: o.or_default("removeTags", removed),
            removes_all_tags,
            attributes: o.or_default("attributes", |list| list.list(Attribute::read)),
            language: o.optional("language", Cursor::text),
        }
    }
}

impl Attribute {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self { name: o.need("name", Cursor::text), value: o.need("value", Cursor::json) }
    }
}
