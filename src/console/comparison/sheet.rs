//! The blocks of a comparison: of each step that differs one, in the order of the document after, and around the steps
//! one for each other part of the document.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::exits::{ExitChange, PlacedStep, exit_changes};
use super::lines::{step_lines, target_paths, value_lines};
use super::marks::{WordMark, WordMarker};
use super::rows::{ComparedRow, below, rows_of_change, rows_of_side};
use crate::flow::diff::{Diff, ListDiff, ValueChange, diff, entry_ids};
use crate::flow::document::Canonical;
use crate::flow::document::schema::STEP;
use crate::outline::DisplayLanguage;
use crate::outline::ways::Ways;

/// Rows of one block, at most.
const ROWS_MAX: usize = 200;

/// What differs between two documents.
#[derive(Debug, Default)]
pub struct ChangeSheet {
    pub blocks: Vec<ChangeBlock>,
    /// Whether data of editors differs, which is no change of the flow.
    pub is_layout_different: bool,
    pub counts: ChangeCounts,
}

/// How many steps differ, and in what way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ChangeCounts {
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
    /// Elsewhere among the others, and otherwise as they were.
    pub moved: usize,
    /// Blocks that are no steps.
    pub others: usize,
}

/// What differs in one step, or in one other part of the document.
#[derive(Debug, PartialEq)]
pub struct ChangeBlock {
    pub subject: BlockSubject,
    pub kind: BlockKind,
    /// Its place before and after among the steps, from 1, where it moved.
    pub moved: Option<(usize, usize)>,
    pub rows: Vec<ComparedRow>,
    pub exits: Vec<ExitChange>,
    /// Rows that are not shown.
    pub more_rows: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockSubject {
    /// Name, description, number, account.
    Document,
    Step {
        id: String,
        step_type: String,
        /// From 1, on the side that has it; on the new one if both have.
        position: usize,
    },
    Trigger,
    Variable(String),
    Settings,
    Interrupts,
    Translations,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    Added,
    Removed,
    Changed,
    /// It differs by nothing but its place.
    Moved,
}

impl ChangeSheet {
    /// Compares two documents. The exits are said in the language.
    pub fn new(old: &Canonical, new: &Canonical, language: DisplayLanguage) -> Self {
        let Diff { document, trigger, variables, steps, settings, interrupts, translations, layout } =
            diff(&old.value, &new.value);
        let mut marker = WordMarker::default();
        let mut blocks = Vec::new();
        blocks.extend(members(BlockSubject::Document, "", &document, &mut marker));
        let steps = StepBlocks { old, new, diff: &steps, language }.blocks(&mut marker);
        let counts = counts(&steps);
        blocks.extend(steps);
        blocks.extend(members(BlockSubject::Trigger, "", &trigger, &mut marker));
        blocks.extend(variable_blocks(&variables, &mut marker));
        blocks.extend(members(BlockSubject::Settings, "settings", &settings, &mut marker));
        blocks.extend(members(BlockSubject::Interrupts, "interrupts", &interrupts, &mut marker));
        blocks.extend(members(BlockSubject::Translations, "translations", &translations, &mut marker));
        let is_step = |block: &&ChangeBlock| matches!(block.subject, BlockSubject::Step { .. });
        let others = blocks.len() - blocks.iter().filter(is_step).count();
        Self { blocks, is_layout_different: layout, counts: ChangeCounts { others, ..counts } }
    }
}

fn counts(steps: &[ChangeBlock]) -> ChangeCounts {
    let count = |kind| steps.iter().filter(|block| block.kind == kind).count();
    ChangeCounts {
        added: count(BlockKind::Added),
        removed: count(BlockKind::Removed),
        changed: count(BlockKind::Changed),
        moved: count(BlockKind::Moved),
        others: 0,
    }
}

impl ChangeBlock {
    fn new(subject: BlockSubject, kind: BlockKind, mut rows: Vec<ComparedRow>) -> Self {
        let more_rows = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        Self { subject, kind, moved: None, rows, exits: Vec::new(), more_rows }
    }
}

/// The block of a part whose members are compared one by one.
fn members(
    subject: BlockSubject,
    prefix: &str,
    changes: &[ValueChange],
    marker: &mut WordMarker,
) -> Option<ChangeBlock> {
    let rows = changes.iter().flat_map(|change| rows_of_change(change, prefix, marker)).collect();
    (!changes.is_empty()).then(|| ChangeBlock::new(subject, BlockKind::Changed, rows))
}

/// The order of variables says nothing, so that one moved is no change.
fn variable_blocks(diff: &ListDiff, marker: &mut WordMarker) -> Vec<ChangeBlock> {
    let whole = |id: &str, value: &Value, kind, mark| {
        ChangeBlock::new(
            BlockSubject::Variable(id.to_owned()),
            kind,
            rows_of_side("", value_lines(value), mark),
        )
    };
    let added = diff.added.iter().map(|it| whole(&it.id, &it.value, BlockKind::Added, WordMark::New));
    let removed = diff.removed.iter().map(|it| whole(&it.id, &it.value, BlockKind::Removed, WordMark::Gone));
    let mut blocks: Vec<ChangeBlock> = added.chain(removed).collect();
    for entry in &diff.changed {
        let prefix = format!("variables.{}", entry.id);
        blocks.extend(members(BlockSubject::Variable(entry.id.clone()), &prefix, &entry.changes, marker));
    }
    blocks
}

/// The steps of two documents with what differs between them.
struct StepBlocks<'d> {
    old: &'d Canonical,
    new: &'d Canonical,
    diff: &'d ListDiff,
    language: DisplayLanguage,
}

impl<'d> StepBlocks<'d> {
    /// In the order of the document after; a step that is gone stands behind the one that it followed.
    fn blocks(&self, marker: &mut WordMarker) -> Vec<ChangeBlock> {
        let (old_ids, new_ids) = (ids(self.old), ids(self.new));
        let old_places: HashMap<&str, usize> =
            old_ids.iter().enumerate().map(|(index, id)| (id.as_str(), index)).collect();
        let still_there: HashSet<&str> = new_ids.iter().map(String::as_str).collect();
        let is_gone = |index: usize| old_ids.get(index).is_some_and(|id| !still_there.contains(id.as_str()));
        let gone_from = |first: usize| (first..).take_while(|&index| is_gone(index));
        let mut blocks: Vec<ChangeBlock> =
            gone_from(0).map(|index| self.removed(&old_ids[index], index)).collect();
        for (index, id) in new_ids.iter().enumerate() {
            match old_places.get(id.as_str()) {
                None => blocks.push(self.added(id, index)),
                Some(&before) => {
                    blocks.extend(self.kept(id, before, index, marker));
                    blocks.extend(gone_from(before + 1).map(|gone| self.removed(&old_ids[gone], gone)));
                }
            }
        }
        blocks
    }

    fn placed(&self, flow: &'d Canonical, index: usize) -> PlacedStep<'d> {
        let ways = Ways { document: &flow.document, language: self.language };
        PlacedStep { ways, index, value: &flow.value["steps"][index] }
    }

    fn added(&self, id: &str, index: usize) -> ChangeBlock {
        let step = self.placed(self.new, index);
        let rows = rows_of_side("", step_lines(step.value), WordMark::New);
        let exits = exit_changes(None, Some(step)).0;
        ChangeBlock { exits, ..ChangeBlock::new(subject(id, step), BlockKind::Added, rows) }
    }

    fn removed(&self, id: &str, index: usize) -> ChangeBlock {
        let step = self.placed(self.old, index);
        let rows = rows_of_side("", step_lines(step.value), WordMark::Gone);
        let exits = exit_changes(Some(step), None).0;
        ChangeBlock { exits, ..ChangeBlock::new(subject(id, step), BlockKind::Removed, rows) }
    }

    /// `None` where the step is as it was, where it was.
    fn kept(&self, id: &str, before: usize, after: usize, marker: &mut WordMarker) -> Option<ChangeBlock> {
        let moved = self.diff.moved.iter().find(|moved| moved.id == id).map(|moved| (moved.from, moved.to));
        let changes = self.diff.changed.iter().find(|changed| changed.id == id);
        let (old, new) = (self.placed(self.old, before), self.placed(self.new, after));
        let Some(changes) = changes else {
            let block = ChangeBlock::new(subject(id, new), BlockKind::Moved, Vec::new());
            return moved.map(|moved| ChangeBlock { moved: Some(moved), ..block });
        };
        let (exits, said) = exit_changes(Some(old), Some(new));
        let targets: HashSet<String> = [old, new]
            .iter()
            .flat_map(|step| target_paths(step.value))
            .filter(|path| said.contains(path))
            .collect();
        let prefix = format!("steps.{id}");
        let mut rows: Vec<ComparedRow> = Vec::new();
        for change in &changes.changes {
            // Where the step leads is said by its exits.
            if !targets.contains(below(change.path(), &prefix)) {
                rows.extend(rows_of_change(change, &prefix, marker));
            }
        }
        rows.retain(|row| !targets.contains(&row.path));
        rows.sort_by_key(|row| rank(new.value, &row.path));
        Some(ChangeBlock { exits, moved, ..ChangeBlock::new(subject(id, new), BlockKind::Changed, rows) })
    }
}

fn ids(flow: &Canonical) -> Vec<String> {
    entry_ids(flow.value.get("steps"), "id")
}

/// The place of a member in the order of the format.
fn rank(step: &Value, path: &str) -> Option<usize> {
    let kind = step.get("type").and_then(Value::as_str);
    STEP.fields(None, kind)?.rank_of(path.split('.').next().unwrap_or_default())
}

fn subject(id: &str, step: PlacedStep<'_>) -> BlockSubject {
    let step_type = step.value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    BlockSubject::Step { id: id.to_owned(), step_type, position: step.index + 1 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flow(members: Value) -> Canonical {
        Canonical::create(members).unwrap()
    }

    fn text(id: &str, text: &str) -> Value {
        json!({ "id": id, "type": "message", "text": text })
    }

    /// One line a block: `+ id`, `- id`, `~ id: rows`, `> id 3 1`.
    #[track_caller]
    fn check(old: Value, new: Value, expected: &[&str]) -> ChangeSheet {
        let sheet = ChangeSheet::new(&flow(old), &flow(new), DisplayLanguage::En);
        let shown: Vec<String> = sheet.blocks.iter().map(shown).collect();
        assert_eq!(shown, expected);
        sheet
    }

    fn shown(block: &ChangeBlock) -> String {
        let sign = match block.kind {
            BlockKind::Added => "+",
            BlockKind::Removed => "-",
            BlockKind::Changed => "~",
            BlockKind::Moved => ">",
        };
        let name = match &block.subject {
            BlockSubject::Step { id, position, .. } => format!("{id} {position}"),
            BlockSubject::Variable(name) => format!("variable {name}"),
            other => format!("{other:?}").to_lowercase(),
        };
        let moved = block.moved.map(|(from, to)| format!(" from {from} to {to}")).unwrap_or_default();
        let rows: Vec<&str> = block.rows.iter().map(|row| &*row.path).collect();
        let exits: Vec<String> = block.exits.iter().map(|exit| exit.when.plain()).collect();
        format!("{sign} {name}{moved}: {} | {}", rows.join(" "), exits.join(" "))
    }

    #[test]
    fn steps_stand_in_the_order_of_the_document_after() {
        let old =
            json!({ "name": "x", "steps": [text("a", "1"), text("b", "2"), text("c", "3"), text("d", "4")] });
        let new = json!({ "name": "x", "steps": [text("d", "4"), text("a", "uno"), text("n", "9"), text("c", "3")] });
        let sheet = check(
            old,
            new,
            &["> d 1 from 4 to 1:  | ", "~ a 2: text | ", "- b 2: text | ", "+ n 3: text | "],
        );
        let counts = ChangeCounts { added: 1, removed: 1, changed: 1, moved: 1, others: 0 };
        assert_eq!(sheet.counts, counts);
        assert!(!sheet.is_layout_different);
    }

    #[test]
    fn where_a_step_leads_is_said_once() {
        let step = |next: &str, title: &str| json!({ "id": "a", "type": "choice", "text": "?", "options": [{ "id": "p", "title": title, "next": next }] });
        let flow = |step: Value| json!({ "name": "x", "steps": [step, text("b", "2"), text("c", "3")] });
        check(flow(step("b", "P")), flow(step("c", "P")), &["~ a 1:  | On “P”"]);
        check(flow(step("b", "P")), flow(step("c", "Q")), &["~ a 1: options.p.title | On “Q”"]);
        // No exit reads it, because every option has a target of its own: it is said all the same.
        let mut unused = step("b", "P");
        unused["next"] = json!("c");
        check(flow(step("b", "P")), flow(unused), &["~ a 1: next | "]);
    }

    #[test]
    fn other_parts_stand_around_the_steps() {
        let old = json!({ "name": "x", "variables": [{ "name": "edad", "type": "integer" }], "steps": [text("a", "1")] });
        let new = json!({ "name": "y", "variables": [{ "name": "edad", "type": "number" }, { "name": "n", "type": "any" }],
            "triggerType": "KEYWORD", "triggerConfig": { "keywords": ["hola"] }, "settings": { "locale": "en" },
            "interrupts": [{ "keywords": ["menu"], "next": "a" }],
            "translations": { "en": { "a": { "text": "one" } } }, "steps": [text("a", "2")] });
        let sheet = check(
            old,
            new,
            &[
                "~ document: name | ",
                "~ a 1: text | ",
                "~ trigger: triggerConfig.keywords triggerType | ",
                "+ variable n: name type | ",
                "~ variable edad: type | ",
                "~ settings: locale | ",
                "~ interrupts: 0.keywords 0.next | ",
                "~ translations: en.a.text | ",
            ],
        );
        assert_eq!(sheet.counts.others, 7);
    }

    #[test]
    fn layout_is_no_change() {
        let with = |x: i64| json!({ "name": "x", "meta": { "x": x }, "steps": [{ "id": "a", "type": "end", "meta": { "x": x } }] });
        assert!(check(with(1), with(2), &[]).is_layout_different);
        assert!(!check(with(1), with(1), &[]).is_layout_different);
    }
}
