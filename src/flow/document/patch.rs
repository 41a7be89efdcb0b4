//! Changes to a document: every member is kept, set back to its default, or replaced.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::canonical::{Canonical, Labels, check_name, check_size, default_of, prepare};
use super::meta::insert_if_it_fits;
use super::reader::Cursor;
use super::schema::{CHANGE, CHANGE_ONLY, DEFINITION, part_of_member};
use super::settle::{SettlePlace, assign_step_ids, settle};
use super::texts::Texts;
use super::whole::MEMBERS;
use super::{graph, order};
use crate::flow::canonical_json;
use crate::flow::diff::changed_among;
use crate::flow::digest::Digest;
use crate::flow::finding::Finding;
use crate::flow::pointer::Path;
use crate::flow::report::ShapeReport;

/// What a change does to a member that it names. A member it does not name stays.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    /// `null`: back to the default.
    Reset,
    Set(Value),
}

/// A change to a flow: to any members of its document, and to `enabled`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch {
    changes: BTreeMap<String, Change>,
    /// What an editor sent of its view of a graph; joins the flow's `meta` where it fits.
    viewport: Option<Value>,
    pub enabled: Option<bool>,
}

impl Patch {
    /// Reads the body of an update. Everything that can be judged without the flow is judged here.
    pub fn read(body: Value) -> Result<Self, Vec<Finding>> {
        let patch = Self::settle(body)?;
        patch.check()?;
        Ok(patch)
    }

    /// Reads the body of an update, but not yet the members it sets: a document they have become part of was read with
    /// them, and where there is none, [`Self::check`] tells whether they are sound.
    pub fn settle(mut body: Value) -> Result<Self, Vec<Finding>> {
        let (settling, reading) = (ShapeReport::default(), ShapeReport::default());
        prepare(&mut body);
        if let Some(steps) = body.get_mut("json").and_then(|json| json.get_mut("steps")) {
            assign_step_ids(steps);
        }
        let resets = take_nulls(&mut body);
        settle(&mut body, CHANGE, SettlePlace::new(Path::at(""), &settling));
        let root = Cursor::new(&body, CHANGE, Path::at(""), &reading);
        let (mut patch, named) = Self::read_settled(&root, resets);
        if !settling.is_empty() || !reading.is_empty() {
            check_members(&root);
            let mut findings = settling.into_findings();
            findings.extend(reading.into_findings());
            order::sort(&mut findings, &body, CHANGE);
            return Err(findings);
        }
        for name in named {
            let value = body.get_mut(name).map(Value::take).unwrap_or_default();
            patch.changes.insert(name.to_owned(), Change::Set(value));
        }
        Ok(patch)
    }

    /// A change of `enabled` alone.
    pub fn of_enabled(enabled: bool) -> Self {
        Self { enabled: Some(enabled), ..Self::default() }
    }

    /// Whether the members that are set are sound, each for itself.
    pub fn check(&self) -> Result<(), Vec<Finding>> {
        let report = ShapeReport::default();
        check_each(&self.set(), &report);
        self.found(report)
    }

    fn set(&self) -> BTreeMap<&str, &Value> {
        let set = self.changes.iter().filter_map(|(name, change)| match change {
            Change::Set(value) => Some((name.as_str(), value)),
            Change::Reset => None,
        });
        set.collect()
    }

    /// What was found in members that are set.
    fn found(&self, report: ShapeReport) -> Result<(), Vec<Finding>> {
        let mut findings = report.into_findings();
        if findings.is_empty() {
            return Ok(());
        }
        let set = self.set().into_iter().map(|(name, value)| (name.to_owned(), value.clone()));
        order::sort(&mut findings, &Value::Object(set.collect()), CHANGE);
        Err(findings)
    }

    /// The change but for the members that are set at the top, whose names come beside it.
    fn read_settled(node: &Cursor<'_>, resets: Vec<String>) -> (Self, Vec<&'static str>) {
        let o = node.object();
        let mut patch = Self::default();
        for name in resets {
            if name == "name" || CHANGE_ONLY.iter().any(|field| field.name == name) {
                o.at(&name, |node| node.invalid("must not be null"));
            }
            patch.changes.insert(name, Change::Reset);
        }
        let named: Vec<_> = MEMBERS.iter().map(|&(name, _)| name).filter(|name| o.has(name)).collect();
        patch.enabled = o.optional("enabled", Cursor::boolean);
        if let Some((definition, viewport)) = o.optional("json", read_definition) {
            patch.viewport = viewport;
            for name in DEFINITION.iter().map(|field| field.name) {
                if named.contains(&name) || patch.changes.contains_key(name) {
                    o.at(name, |node| node.invalid("excludes \"json\", which replaces it too"));
                }
            }
            patch.changes.extend(definition);
        }
        (patch, named)
    }

    /// Whether any member of the document is named, be it with the value it has.
    pub fn names_members(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The document that a stored one becomes. Members that are set to what they are count as not named.
    pub fn apply(&self, stored: &Texts<'_>) -> Result<Applied, Vec<Finding>> {
        let revised = self.revised(stored);
        // A name that is stored may stay as it is.
        let name = revised.get("name").and_then(|member| member.value.as_str());
        name.map_or(Ok(()), check_name)?;
        let mut texts = stored.clone();
        for (name, member) in &revised {
            texts.set(name, &member.text);
        }
        let bytes = texts.join();
        let (bytes, read) = if revised.keys().all(|name| LABELS.contains(name)) {
            let report = ShapeReport::default();
            // A label that is null was set back, which is sound.
            let set = revised.iter().filter(|(_, member)| !member.value.is_null());
            check_each(&set.map(|(&name, member)| (name, &*member.value)).collect(), &report);
            check_size(&Cursor::new(&Value::Null, CHANGE, Path::at(""), &report), &bytes);
            self.found(report)?;
            (bytes.into(), None)
        } else {
            let members = texts.iter().map(|(name, _)| {
                let value = match (revised.get(name), self.changes.get(name)) {
                    (Some(member), _) => Value::clone(&member.value),
                    (None, Some(Change::Set(value))) => value.clone(),
                    (None, _) => stored.value(name),
                };
                (name.to_owned(), value)
            });
            let read = Canonical::judge(members.collect::<Map<_, _>>().into(), bytes, Vec::new())?;
            (read.bytes.clone(), Some(read))
        };
        let compared = revised.iter().map(|(&name, member)| (name, stored.text(name), member.text.as_str()));
        Ok(Applied {
            digest: read.as_ref().map_or_else(|| Digest::of(&bytes), |read| read.digest),
            bytes,
            labels: texts.labels(),
            changed: changed_among(compared).expect("they are members of sound documents"),
            read,
        })
    }

    /// The members that become something else.
    fn revised(&self, stored: &Texts<'_>) -> BTreeMap<&str, Revised<'_>> {
        let mut values: BTreeMap<&str, Cow<'_, Value>> = self
            .changes
            .iter()
            .map(|(name, change)| match change {
                Change::Reset => (name.as_str(), Cow::Owned(default_of(name))),
                Change::Set(value) => (name.as_str(), Cow::Borrowed(value)),
            })
            .collect();
        if let Some(viewport) = &self.viewport {
            let meta = values.entry("meta").or_insert_with(|| Cow::Owned(stored.value("meta")));
            if let Value::Object(meta) = meta.to_mut() {
                insert_if_it_fits(meta, "viewport", viewport.clone());
            }
        }
        let revised = values.into_iter().map(|(name, value)| {
            let text = String::from_utf8(canonical_json::to_vec(&value)).expect("JSON is UTF-8");
            (name, Revised { value, text })
        });
        revised.filter(|(name, member)| stored.text(name) != member.text).collect()
    }
}

/// What a member becomes, and that as canonical JSON.
struct Revised<'p> {
    value: Cow<'p, Value>,
    text: String,
}

/// What a change of a document's members leads to.
#[derive(Debug, Clone)]
pub struct Applied {
    pub bytes: Bytes,
    pub digest: Digest,
    pub labels: Labels,
    /// As an event lists it; see `flow::diff`.
    pub changed: Vec<String>,
    /// The document, where more than its labels changed. If not, what was found in it stays.
    pub read: Option<Canonical>,
}

/// Members that no run and no finding depends on, but for those that are about them alone. Where only they change, a
/// document of 2 KB takes 8 µs of the processor; 38 if all of it were read, 58 if its findings were computed again too,
/// where a whole edit takes 175.
const LABELS: &[&str] = &["description", "formatVersion", "meta", "name", "phoneNumberId", "wabaId"];

/// Reads every member for its findings. That a body is no object was found before.
fn check_members(root: &Cursor<'_>) {
    if let Value::Object(members) = root.value {
        check_each(&members.iter().map(|(name, value)| (name.as_str(), value)).collect(), root.report);
    }
}

fn check_each(members: &BTreeMap<&str, &Value>, report: &ShapeReport) {
    let root = Path::at("");
    for (name, check) in MEMBERS {
        if let Some(value) = members.get(name) {
            check(Cursor::new(value, part_of_member(name), root.member(name), report));
        }
    }
}

fn read_member(node: Cursor<'_>, check: fn(Cursor<'_>)) -> Value {
    check(node);
    node.value.clone()
}

/// The definition, as its members or as a graph: either replaces all of them.
fn read_definition(node: Cursor<'_>) -> (BTreeMap<String, Change>, Option<Value>) {
    let o = node.object();
    let mut changes: BTreeMap<String, Change> =
        DEFINITION.iter().map(|field| (field.name.to_owned(), Change::Reset)).collect();
    for &(name, check) in
        MEMBERS.iter().filter(|&&(name, _)| DEFINITION.iter().any(|field| field.name == name))
    {
        if let Some(value) = o.optional(name, |node| read_member(node, check)) {
            changes.insert(name.to_owned(), Change::Set(value));
        }
    }
    if !o.has("nodes") {
        return (changes, None);
    }
    let drawing = graph::read(node);
    changes.insert("steps".to_owned(), Change::Set(drawing.steps));
    (changes, drawing.viewport)
}

/// Takes the known members that are null out of a body.
fn take_nulls(body: &mut Value) -> Vec<String> {
    let known = CHANGE.fields(None, None).expect("a change is an object");
    let Value::Object(members) = body else { return Vec::new() };
    let (nulls, others): (Map<_, _>, Map<_, _>) = std::mem::take(members)
        .into_iter()
        .partition(|(name, value)| value.is_null() && known.part_of(name).is_some());
    *members = others;
    nulls.into_iter().map(|(name, _)| name).collect()
}
