//! `contact`: change what is known of the person. In a run only the sandbox contact changes.

use std::borrow::Cow;

use super::body::checked;
use crate::flow::channel::{CONTACT_NAME_CHARS_MAX, TAG_CHARS_MAX};
use crate::flow::document::{self, Edge, is_language_tag};
use crate::flow::text::is_blank;
use crate::interpreter::canonical;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{CompiledText, Uncompilable, ValueTemplate};
use crate::interpreter::program::{CompiledExit, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};
use crate::interpreter::trace::{VariableChange, shown};
use crate::interpreter::value::{ObjectMembers, Value, items, list, member, members, same};
use crate::interpreter::write::measured;

const CONTACT_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug)]
pub struct CompiledContact {
    name: Option<CompiledText>,
    language: Option<CompiledText>,
    add_tags: Vec<CompiledText>,
    remove_tags: Vec<CompiledText>,
    removes_all_tags: bool,
    attributes: Vec<(Box<str>, ValueTemplate)>,
    next: CompiledExit,
}

impl CompiledContact {
    pub fn compile(contact: &document::Contact, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let tags = |list: &str, sources: &[String]| {
            let compile = |(index, source): (usize, &String)| step.text(source, &format!("{list}/{index}"));
            sources.iter().enumerate().map(compile).collect::<Result<Vec<CompiledText>, _>>()
        };
        let attribute = |(index, attribute): (usize, &document::Attribute)| {
            let value = step.value(&attribute.value, &format!("attributes/{index}/value"))?;
            Ok((attribute.name.as_str().into(), value))
        };
        Ok(Self {
            name: step.maybe_text(contact.name.as_ref(), "name")?,
            language: step.maybe_text(contact.language.as_ref(), "language")?,
            add_tags: tags("addTags", &contact.add_tags)?,
            remove_tags: tags("removeTags", &contact.remove_tags)?,
            removes_all_tags: contact.removes_all_tags,
            attributes: contact.attributes.iter().enumerate().map(attribute).collect::<Result<_, _>>()?,
            next: step.exit(&Edge::Next),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let fields = [("name", "contact.name", &self.name), ("language", "contact.language", &self.language)];
        for (field, told, text) in fields {
            if let Some(text) = visit.maybe_text(text.as_ref())? {
                if is_blank(text.as_str().unwrap_or_default()) {
                    warn_empty(visit, &format!("The contact's {field}"));
                    continue;
                }
                let text = checked(&format!("The contact's {field}"), text, CONTACT_NAME_CHARS_MAX)?;
                change(visit, field, told, text.clone())?;
                if let Some(tag) = text.as_str().filter(|tag| field == "language" && is_language_tag(tag)) {
                    visit.frame.speak(tag);
                }
            }
        }
        self.change_tags(visit)?;
        for (name, value) in &self.attributes {
            let value = visit.value(value)?;
            let attributes = member(&visit.frame.scope.shared.contact, "attributes");
            let from = member(&attributes, name);
            let changed = with_member(&attributes, name, value.clone());
            set(visit, "attributes", changed)?;
            note(visit, Cow::Owned(format!("contact.attributes.{name}")), &from, &value);
        }
        Ok(Left::By(&self.next))
    }

    fn change_tags<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<(), StepError> {
        let before = member(&visit.frame.scope.shared.contact, "tags");
        let mut tags: Vec<Value> = match self.removes_all_tags {
            true => Vec::new(),
            false => items(&before).unwrap_or_default().to_vec(),
        };
        for text in &self.add_tags {
            if let Some(tag) = tag(visit, text)? {
                let tag = checked("A tag", tag, TAG_CHARS_MAX)?;
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
            }
        }
        for text in &self.remove_tags {
            if let Some(tag) = tag(visit, text)? {
                tags.retain(|known| *known != tag);
            }
        }
        let after = list(tags);
        if same(&before, &after) { Ok(()) } else { change(visit, "tags", "contact.tags", after) }
    }
}

/// A tag as it is rendered; one that is empty changes nothing.
fn tag<'a>(visit: &mut Visit<'_, 'a>, text: &'a CompiledText) -> Result<Option<Value>, StepError> {
    let tag = visit.text(text)?;
    if is_blank(tag.as_str().unwrap_or_default()) {
        warn_empty(visit, "A tag");
        return Ok(None);
    }
    Ok(Some(tag))
}

fn warn_empty(visit: &mut Visit<'_, '_>, what: &str) {
    visit.warn("EMPTY_CHANGE", format!("{what} is empty: nothing was changed."), None);
}

/// Changes a field of the contact and notes it under the name `told`.
fn change(
    visit: &mut Visit<'_, '_>,
    field: &'static str,
    told: &'static str,
    value: Value,
) -> Result<(), StepError> {
    let from = member(&visit.frame.scope.shared.contact, field);
    set(visit, field, value.clone())?;
    note(visit, Cow::Borrowed(told), &from, &value);
    Ok(())
}

fn set(visit: &mut Visit<'_, '_>, field: &'static str, value: Value) -> Result<(), StepError> {
    let contact = with_member(&visit.frame.scope.shared.contact, field, value);
    let is_small = canonical::len_at_most(&contact).is_some_and(|bytes| bytes <= CONTACT_BYTES_MAX);
    if !is_small && measured(&contact)? > CONTACT_BYTES_MAX {
        let message = format!("The contact has more than {CONTACT_BYTES_MAX} bytes.");
        return Err(StepError::new(code::STATE_LIMIT, message));
    }
    visit.frame.scope().shared.contact = contact;
    Ok(())
}

fn note<'a>(visit: &mut Visit<'_, 'a>, variable: Cow<'a, str>, from: &Value, to: &Value) {
    visit.entry.changes.push(VariableChange { from: shown(from), to: shown(to), variable });
}

/// The object with one member replaced; null takes it away. What is no object becomes one.
fn with_member(value: &Value, name: &str, member: Value) -> Value {
    members(value).unwrap_or(&ObjectMembers::default()).with(name, member)
}
