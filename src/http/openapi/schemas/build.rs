//! Building blocks of schemas: objects of described members, and the values that many members have.

use chrono::DateTime;
use serde_json::{Map, Value, json};

/// Who writes the JSON that a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A client. A member that may be absent may be null as well, and others are a mistake. Names of schemas end in
    /// `Input` where there is one for either direction.
    Request,
    /// The service. Members that are there are not null, unless null says something; there may be more in time.
    Response,
}

/// A member of an object.
#[derive(Debug)]
pub struct Member {
    name: &'static str,
    schema: Value,
    is_required: bool,
    /// True where a client may send null in place of leaving it out.
    is_nullable: bool,
}

impl Member {
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn required(self) -> Self {
        Self { is_required: true, is_nullable: false, ..self }
    }

    /// This member where it may be absent; it is null only if it could be before.
    pub fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    pub fn required_or_null(self) -> Self {
        Self { schema: nullable(self.schema), is_required: true, is_nullable: false, ..self }
    }
}

/// A member that is always there.
pub fn always(name: &'static str, schema: Value, description: &str) -> Member {
    Member { name, schema: described(schema, description), is_required: true, is_nullable: false }
}

/// A member that may be absent. A client may send null for that.
pub fn maybe(name: &'static str, schema: Value, description: &str) -> Member {
    Member { is_nullable: true, ..maybe_not_null(name, schema, description) }
}

/// A member that may be absent and must not be null.
pub fn maybe_not_null(name: &'static str, schema: Value, description: &str) -> Member {
    Member { is_required: false, ..always(name, schema, description) }
}

/// A member that is always there, and null where it has no value.
pub fn or_null(name: &'static str, schema: Value, description: &str) -> Member {
    always(name, nullable(schema), description)
}

impl Direction {
    /// An object with these members.
    pub fn object(self, description: &str, members: Vec<Member>) -> Value {
        let mut object = self.open_object(description, members);
        if self == Self::Request {
            object["additionalProperties"] = false.into();
        }
        object
    }

    /// An object with these members, and others that its author is free to add.
    pub fn open_object(self, description: &str, members: Vec<Member>) -> Value {
        let required: Vec<&str> =
            members.iter().filter(|member| member.is_required).map(|member| member.name).collect();
        let properties = members.into_iter().map(|Member { name, schema, is_nullable, .. }| {
            let may_be_null = self == Self::Request && is_nullable;
            (name.to_owned(), if may_be_null { nullable(schema) } else { schema })
        });
        let properties: Map<String, Value> = properties.collect();
        let mut object = json!({
            "type": "object", "description": description, "properties": properties, "additionalProperties": true
        });
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    }

    /// The name of a schema that there is for either direction.
    pub fn name(self, name: &str) -> String {
        match self {
            Self::Request => format!("{name}Input"),
            Self::Response => name.to_owned(),
        }
    }

    /// A reference to such a schema.
    pub fn reference(self, name: &str) -> Value {
        reference(&self.name(name))
    }

    /// An object of the author's own keys, each with a value of this schema.
    pub fn keyed(self, value: Value) -> Value {
        let value = if self == Self::Request { nullable(value) } else { value };
        json!({"type": "object", "additionalProperties": value})
    }
}

pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub fn described(mut schema: Value, description: &str) -> Value {
    if !description.is_empty() {
        schema["description"] = description.into();
    }
    schema
}

/// A schema that takes null as well. The description stays outside.
pub fn nullable(mut schema: Value) -> Value {
    let is_plain = schema.get("enum").is_none() && schema.get("const").is_none();
    match schema.get("type").and_then(Value::as_str).map(str::to_owned) {
        Some(kind) if is_plain => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        // Any JSON at all.
        None if is_any(&schema) => schema,
        _ => {
            let description = schema.as_object_mut().and_then(|members| members.remove("description"));
            let mut either = json!({"anyOf": [schema, {"type": "null"}]});
            if let Some(description) = description {
                either["description"] = description;
            }
            either
        }
    }
}

fn is_any(schema: &Value) -> bool {
    let constrains = ["$ref", "anyOf", "oneOf", "enum", "const"];
    !constrains.iter().any(|keyword| schema.get(keyword).is_some())
}

pub fn text() -> Value {
    json!({"type": "string"})
}

/// Text of so many characters; `usize::MAX` is no limit.
pub fn text_of(least: usize, most: usize) -> Value {
    limited(text(), ["minLength", "maxLength"], least, most)
}

fn limited(mut schema: Value, [lower, upper]: [&str; 2], least: usize, most: usize) -> Value {
    if least > 0 {
        schema[lower] = least.into();
    }
    if most < usize::MAX {
        schema[upper] = most.into();
    }
    schema
}

pub fn pattern(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

pub fn boolean() -> Value {
    json!({"type": "boolean"})
}

pub fn number() -> Value {
    json!({"type": "number"})
}

pub fn integer_of(least: i64, most: i64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// A count: 0 or more.
pub fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// A number that counts from 1.
pub fn positive() -> Value {
    json!({"type": "integer", "minimum": 1})
}

pub fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

/// An RFC 3339 instant.
pub fn instant() -> Value {
    json!({"type": "string", "format": "date-time", "examples": [DateTime::UNIX_EPOCH.to_rfc3339()]})
}

pub fn digest() -> Value {
    pattern("^sha256:[0-9a-f]{64}$")
}

/// Any JSON.
pub fn any() -> Value {
    json!({})
}

/// An object with any members.
pub fn any_object() -> Value {
    json!({"type": "object", "additionalProperties": true})
}

pub fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A list of so many items; `usize::MAX` is no limit.
pub fn list_of(items: Value, least: usize, most: usize) -> Value {
    limited(list(items), ["minItems", "maxItems"], least, most)
}

/// One of these words.
pub fn word<'n>(words: impl IntoIterator<Item = &'n str>) -> Value {
    json!({"type": "string", "enum": words.into_iter().collect::<Vec<_>>()})
}

/// One of the names of an enumeration.
pub fn name_of<T>(names: &[(&str, T)]) -> Value {
    word(names.iter().map(|&(name, _)| name))
}

/// Exactly this word. Among alternatives `word` says the same in a way that more generators of clients understand.
pub fn exactly(word: &str) -> Value {
    json!({"type": "string", "const": word})
}

/// One of several objects, told apart by a member that each has with a value of its own.
pub fn one_of_by(member: &str, schemas: impl IntoIterator<Item = (&'static str, String)>) -> Value {
    let (mut alternatives, mut mapping) = (Vec::new(), Map::new());
    for (value, name) in schemas {
        let schema = reference(&name);
        mapping.insert(value.to_owned(), schema["$ref"].clone());
        alternatives.push(schema);
    }
    json!({"oneOf": alternatives, "discriminator": {"propertyName": member, "mapping": mapping}})
}
