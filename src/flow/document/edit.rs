//! Edits that depend on the document they are made to: a merge, a list of operations, a change of one step. Each comes
//! to a change of whole members, which is read and applied like any other.

use json_patch::{Patch as Operations, PatchErrorKind, PatchOperation};
use serde_json::{Map, Value, json};

use super::operation;
use super::whole::DOCUMENT_BYTES_MAX;
use crate::flow::finding::Finding;
use crate::flow::json::DEPTH_MAX;

/// Operations of one edit, at most.
const OPERATIONS_MAX: usize = 1000;

/// An edit of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// RFC 7396, of the members that a change may have: objects inside are merged too.
    Merge(Map<String, Value>),
    /// RFC 6902
    Operations(Operations),
    /// Sets members of a step; null takes one away.
    ChangeStep {
        id: String,
        members: Map<String, Value>,
    },
    AddStep {
        step: Value,
        place: StepPlace,
    },
    RemoveStep {
        id: String,
    },
}

/// Where a step is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepPlace {
    Last,
    Before(String),
    After(String),
}

/// What an edit of a document comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The members it alters, as an update has them.
    pub change: Value,
    /// The index of the step that was sent, and the pointer to it in the request.
    sent_step: Option<(usize, &'static str)>,
}

impl Edited {
    /// A finding about the change, by its place in the request.
    pub fn in_request(&self, finding: Finding) -> Finding {
        let Some((index, root)) = self.sent_step else { return finding };
        match finding.pointer.strip_prefix(&format!("/steps/{index}")) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                Finding { pointer: format!("{root}{rest}"), ..finding }
            }
            _ => finding,
        }
    }
}

/// Why a document cannot be edited so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditRefusal {
    /// What is wrong with the edit, by its place in the request.
    Invalid(Vec<Finding>),
    /// The document is not what the operation with this index holds it to be.
    TestFailed(usize),
    /// There is no step with this id.
    NoSuchStep(String),
}

impl Edit {
    /// Reads the body of `application/json-patch+json`.
    pub fn operations(body: Value) -> Result<Self, EditRefusal> {
        let Value::Array(items) = body else {
            return Err(invalid("WRONG_TYPE", "", "must be a list of operations (RFC 6902)"));
        };
        if items.len() > OPERATIONS_MAX {
            let message = format!("must have at most {OPERATIONS_MAX} operations, has {}", items.len());
            return Err(invalid("LIMIT_EXCEEDED", "", &message));
        }
        let read = |(index, item): (usize, Value)| {
            let refused =
                |member: &str, message: &str| invalid("INVALID_VALUE", &format!("/{index}{member}"), message);
            if let Some((member, message)) = operation::fault(&item) {
                return Err(refused(member, message));
            }
            serde_json::from_value::<PatchOperation>(item)
                .map_err(|_| refused("", "is no operation of RFC 6902"))
        };
        items
            .into_iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()
            .map(|all| Self::Operations(Operations(all)))
    }

    /// The change that the edit is of this document: the members it alters, as an update has them. It nests no deeper
    /// than a body may, since stored documents are read as strictly as bodies.
    pub fn of(&self, document: &Value) -> Result<Edited, EditRefusal> {
        let edited = self.made_to(document)?;
        match fits(&edited.change, DEPTH_MAX) {
            true => Ok(edited),
            false => {
                let message = format!("makes the document nest deeper than {DEPTH_MAX} levels");
                Err(invalid("LIMIT_EXCEEDED", "", &message))
            }
        }
    }

    fn made_to(&self, document: &Value) -> Result<Edited, EditRefusal> {
        let whole = |change: Value| Edited { change, sent_step: None };
        let steps = |steps: Vec<Value>, sent_step| Edited { change: json!({ "steps": steps }), sent_step };
        match self {
            Self::Merge(members) => Ok(whole(merged(document, members))),
            Self::Operations(operations) => {
                let mut edited = document.clone();
                apply(&mut edited, operations)?;
                altered(document, edited).map(whole)
            }
            Self::ChangeStep { id, members } => {
                let (mut changed, index) = find(document, id)?;
                if let Some(step) = changed[index].as_object_mut() {
                    for (name, value) in members {
                        match value {
                            Value::Null => step.remove(name),
                            value => step.insert(name.clone(), value.clone()),
                        };
                    }
                }
                Ok(steps(changed, Some((index, ""))))
            }
            Self::AddStep { step, place } => {
                let (mut changed, index) = match place {
                    StepPlace::Last => (steps_of(document), steps_of(document).len()),
                    StepPlace::Before(id) => find(document, id)?,
                    StepPlace::After(id) => find(document, id).map(|(steps, index)| (steps, index + 1))?,
                };
                changed.insert(index, step.clone());
                Ok(steps(changed, Some((index, "/step"))))
            }
            Self::RemoveStep { id } => {
                let (mut changed, index) = find(document, id)?;
                changed.remove(index);
                Ok(steps(changed, None))
            }
        }
    }
}

fn invalid(code: &'static str, pointer: &str, message: &str) -> EditRefusal {
    EditRefusal::Invalid(vec![Finding::error(code, pointer, message)])
}

/// True if a value nests no deeper than so many levels.
fn fits(value: &Value, levels: usize) -> bool {
    let inside = |value: &Value| fits(value, levels - 1);
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(inside),
        Value::Object(members) => levels > 0 && members.values().all(inside),
        _ => true,
    }
}

fn steps_of(document: &Value) -> Vec<Value> {
    document["steps"].as_array().cloned().unwrap_or_default()
}

fn find(document: &Value, id: &str) -> Result<(Vec<Value>, usize), EditRefusal> {
    let steps = steps_of(document);
    let index = steps.iter().position(|step| step["id"] == id);
    index.map(|index| (steps, index)).ok_or_else(|| EditRefusal::NoSuchStep(id.to_owned()))
}

/// The members of a change, where an object is meant to be merged into what the document has.
fn merged(document: &Value, members: &Map<String, Value>) -> Value {
    let merge = |(name, value): (&String, &Value)| {
        let whole = match (value, document.get(name)) {
            (Value::Object(_), Some(stored @ Value::Object(_))) => {
                let mut whole = stored.clone();
                json_patch::merge(&mut whole, value);
                whole
            }
            (value, _) => value.clone(),
        };
        (name.clone(), whole)
    };
    members.iter().map(merge).collect::<Map<_, _>>().into()
}

/// Applies operations one by one, and stops at a document that is too large: copies of copies grow without end.
fn apply(document: &mut Value, operations: &Operations) -> Result<(), EditRefusal> {
    let mut bytes = size(document);
    for (index, operation) in operations.iter().enumerate() {
        bytes += match operation {
            PatchOperation::Copy(copy) => copy.from.resolve(document).map_or(0, size),
            PatchOperation::Add(add) => size(&add.value),
            PatchOperation::Replace(replace) => size(&replace.value),
            _ => 0,
        };
        if bytes > 4 * DOCUMENT_BYTES_MAX {
            return Err(invalid("LIMIT_EXCEEDED", &format!("/{index}"), "makes the document too large"));
        }
        json_patch::patch(document, std::slice::from_ref(operation)).map_err(|error| match error.kind {
            PatchErrorKind::TestFailed => EditRefusal::TestFailed(index),
            PatchErrorKind::InvalidFromPointer => {
                invalid("INVALID_VALUE", &format!("/{index}/from"), "points at nothing in the document")
            }
            PatchErrorKind::CannotMoveInsideItself => {
                invalid("INVALID_VALUE", &format!("/{index}/path"), "is inside of what is moved")
            }
            _ => invalid("INVALID_VALUE", &format!("/{index}/path"), "points at nothing in the document"),
        })?;
    }
    Ok(())
}

fn size(value: &Value) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

/// The members that differ; one that is gone is set back.
fn altered(document: &Value, edited: Value) -> Result<Value, EditRefusal> {
    let Value::Object(mut edited) = edited else {
        return Err(invalid("WRONG_TYPE", "", "leaves a document that is no object"));
    };
    let stored = document.as_object().into_iter().flatten();
    for (name, value) in stored {
        match edited.get(name) {
            Some(same) if same == value => drop(edited.remove(name)),
            Some(_) => {}
            None => drop(edited.insert(name.clone(), Value::Null)),
        }
    }
    Ok(Value::Object(edited))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({ "name": "A", "settings": { "locale": "es", "timezone": "UTC" },
            "steps": [{ "id": "a", "type": "message", "text": "1" }, { "id": "b", "type": "end" }] })
    }

    fn check(edit: &Edit, expected: Value) {
        assert_eq!(edit.of(&document()).map(|edited| edited.change), Ok(expected));
    }

    fn operations(body: Value) -> Result<Value, EditRefusal> {
        Edit::operations(body)?.of(&document()).map(|edited| edited.change)
    }

    #[test]
    fn objects_are_merged() {
        let members =
            json!({ "settings": { "locale": "en", "timezone": null }, "steps": [], "description": null });
        let members = members.as_object().unwrap().clone();
        check(
            &Edit::Merge(members),
            json!({ "settings": { "locale": "en" }, "steps": [], "description": null }),
        );
    }

    #[test]
    fn operations_alter_members() {
        let edit = json!([
            { "op": "test", "path": "/steps/0/text", "value": "1" },
            { "op": "replace", "path": "/steps/0/text", "value": "2" },
            { "op": "remove", "path": "/settings" }
        ]);
        let steps = json!([{ "id": "a", "type": "message", "text": "2" }, { "id": "b", "type": "end" }]);
        assert_eq!(operations(edit), Ok(json!({ "settings": null, "steps": steps })));
    }

    #[test]
    fn operations_that_make_no_sense_are_refused() {
        let at = |body: Value| match operations(body).unwrap_err() {
            EditRefusal::Invalid(findings) => findings[0].pointer.clone(),
            refusal => format!("{refusal:?}"),
        };
        assert_eq!(at(json!([{ "op": "test", "path": "/name", "value": "B" }])), "TestFailed(0)");
        assert_eq!(at(json!([{ "op": "remove", "path": "/nothing" }])), "/0/path");
        assert_eq!(at(json!([{ "op": "move", "from": "/nothing", "path": "/name" }])), "/0/from");
        assert_eq!(at(json!([{ "op": "move", "from": "/steps", "path": "/steps/0" }])), "/0/path");
        assert_eq!(at(json!([{ "op": "fly", "path": "/name" }])), "/0/op");
        assert_eq!(at(json!([5])), "/0");
        assert_eq!(at(json!([{ "op": "add", "path": "/name" }])), "/0/value");
        assert_eq!(at(json!([{ "op": "remove" }])), "/0/path");
        assert_eq!(at(json!([{ "op": "remove", "path": "name" }])), "/0/path");
        assert_eq!(at(json!([{ "op": "move", "from": 5, "path": "/name" }])), "/0/from");
        assert_eq!(at(json!([{ "op": "replace", "path": "", "value": 1 }])), "");
        assert_eq!(at(json!({ "op": "remove", "path": "/name" })), "");
    }

    #[test]
    fn copies_of_copies_end() {
        let copy = |n| json!({ "op": "copy", "from": "", "path": format!("/meta/{n}") });
        let begin = json!({ "op": "add", "path": "/meta", "value": {} });
        let refusal = operations([begin].into_iter().chain((0..60).map(copy)).collect()).unwrap_err();
        assert!(matches!(refusal, EditRefusal::Invalid(findings) if findings[0].code == "LIMIT_EXCEEDED"));
    }

    #[test]
    fn operations_nest_no_deeper_than_a_body() {
        let nested = |levels: usize| {
            let add = |depth: usize| json!({ "op": "add", "path": format!("/meta{}", "/a".repeat(depth)), "value": {} });
            operations((0..levels).map(add).collect())
        };
        // The document and `meta` are two levels themselves.
        assert!(nested(DEPTH_MAX - 1).is_ok());
        let refusal = nested(DEPTH_MAX).unwrap_err();
        assert!(matches!(refusal, EditRefusal::Invalid(findings) if findings[0].code == "LIMIT_EXCEEDED"));
    }

    #[test]
    fn steps_are_edited_by_their_id() {
        let members = json!({ "text": null, "footer": "F" }).as_object().unwrap().clone();
        let b = json!({ "id": "b", "type": "end" });
        check(
            &Edit::ChangeStep { id: "a".into(), members },
            json!({ "steps": [{ "id": "a", "type": "message", "footer": "F" }, b] }),
        );
        let a = json!({ "id": "a", "type": "message", "text": "1" });
        let c = json!({ "type": "goto", "next": "b" });
        let add = |place| Edit::AddStep { step: c.clone(), place };
        check(&add(StepPlace::Last), json!({ "steps": [a, b, c] }));
        check(&add(StepPlace::Before("b".into())), json!({ "steps": [a, c, b] }));
        check(&add(StepPlace::After("a".into())), json!({ "steps": [a, c, b] }));
        check(&Edit::RemoveStep { id: "a".into() }, json!({ "steps": [b] }));
        let unknown = Edit::RemoveStep { id: "z".into() }.of(&document());
        assert_eq!(unknown, Err(EditRefusal::NoSuchStep("z".into())));
    }
}
