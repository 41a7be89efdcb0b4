//! What differs between two documents, in a few sentences.

use crate::console::comparison::{BlockKind, BlockSubject, ChangeSheet};
use crate::console::texts::compare::CompareTexts;
use crate::outline::DisplayLanguage;
use crate::outline::sentence::{Piece, Sentence, number};

use super::blocks::part_of_document;
use super::said::composed;

/// Steps that a sentence names.
const NAMED_MAX: usize = 3;

/// How many changes there are, and which steps and parts they are about.
pub fn summary(sheet: &ChangeSheet, t: &'static CompareTexts, language: DisplayLanguage) -> Vec<Sentence> {
    if sheet.blocks.is_empty() {
        return vec![Sentence::words(if sheet.is_layout_different { t.only_layout } else { t.equal })];
    }
    let mut said = vec![counted(t.one_change, t.changes, sheet.blocks.len(), language)];
    let kinds = [
        (BlockKind::Changed, t.step_changed, t.steps_changed),
        (BlockKind::Added, t.step_added, t.steps_added),
        (BlockKind::Removed, t.step_removed, t.steps_removed),
        (BlockKind::Moved, t.step_moved, t.steps_moved),
    ];
    for (kind, one, several) in kinds {
        let ids: Vec<&str> =
            sheet.blocks.iter().filter(|block| block.kind == kind).filter_map(step_id).collect();
        if !ids.is_empty() {
            let text = if ids.len() == 1 { one } else { several };
            let count = Sentence(vec![count_of(ids.len(), language)]);
            said.push(composed(text, &[("n", count), ("list", named(&ids, t, language))]));
        }
    }
    let mut others: Vec<Sentence> = Vec::new();
    for block in sheet.blocks.iter().filter(|block| step_id(block).is_none()) {
        others.push(match &block.subject {
            BlockSubject::Variable(name) => {
                Sentence::of(t.variable, &[("name", Piece::Written(name.clone()))])
            }
            subject => Sentence::words(part_of_document(t, subject)),
        });
    }
    if !others.is_empty() {
        let more = others.len().saturating_sub(2 * NAMED_MAX);
        others.truncate(2 * NAMED_MAX);
        let list = listed(others, more, t, language);
        said.push(composed(t.others, &[("list", list)]));
    }
    if sheet.is_layout_different {
        said.push(Sentence::words(t.layout_too));
    }
    said
}

fn step_id(block: &crate::console::comparison::ChangeBlock) -> Option<&str> {
    match &block.subject {
        BlockSubject::Step { id, .. } => Some(id),
        _ => None,
    }
}

fn named(ids: &[&str], t: &CompareTexts, language: DisplayLanguage) -> Sentence {
    let shown = ids.iter().take(NAMED_MAX).map(|id| Sentence(vec![Piece::Step((*id).to_owned())])).collect();
    listed(shown, ids.len().saturating_sub(NAMED_MAX), t, language)
}

/// `a, b and c`, or `a, b, c and 4 more`.
fn listed(named: Vec<Sentence>, more: usize, t: &CompareTexts, language: DisplayLanguage) -> Sentence {
    if more == 0 {
        return Sentence::listed(named, t.and);
    }
    let mut list = Sentence::listed(named, ", ");
    list.append(Sentence::of(t.and_more, &[("n", count_of(more, language))]));
    list
}

fn counted(one: &str, several: &str, count: usize, language: DisplayLanguage) -> Sentence {
    Sentence::of(if count == 1 { one } else { several }, &[("n", count_of(count, language))])
}

pub fn count_of(count: usize, language: DisplayLanguage) -> Piece {
    number(i64::try_from(count).unwrap_or(i64::MAX), language)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::console::texts::compare::{EN, ES};
    use crate::flow::document::Canonical;

    fn flow(ids: &[&str], text: &str, x: i64) -> Canonical {
        let step = |id: &&str| json!({ "id": id, "type": "message", "text": text });
        let steps: Vec<Value> = ids.iter().map(step).collect();
        Canonical::create(json!({ "name": text, "meta": { "x": x }, "steps": steps })).unwrap()
    }

    #[track_caller]
    fn check(old: &Canonical, new: &Canonical, language: DisplayLanguage, expected: &[&str]) {
        let sheet = ChangeSheet::new(old, new, language);
        let t = language.pick(&ES, &EN);
        let plain: Vec<String> = summary(&sheet, t, language).iter().map(Sentence::plain).collect();
        assert_eq!(plain, expected);
    }

    #[test]
    fn sentences_name_what_changed_and_count_beyond_three() {
        let old = flow(&["a", "b", "c", "d", "e"], "1", 1);
        check(
            &old,
            &flow(&["a", "b", "c", "d", "f"], "2", 1),
            DisplayLanguage::En,
            &[
                "7 changes",
                "4 steps changed: a, b, c and 1 more",
                "1 step added: f",
                "1 step removed: e",
                "Also: Data of the flow",
            ],
        );
        check(
            &old,
            &flow(&["a", "b", "d", "c", "e"], "1", 2),
            DisplayLanguage::Es,
            &[
                "1 cambio",
                "1 paso movido: c",
                "También difiere la disposición en el editor, que no cuenta como cambio.",
            ],
        );
        check(&old, &old, DisplayLanguage::Es, &["Nada difiere: los dos documentos son iguales."]);
        let only_layout = "Only the layout in the editor differs. For whoever writes nothing changes.";
        check(&old, &flow(&["a", "b", "c", "d", "e"], "1", 2), DisplayLanguage::En, &[only_layout]);
    }
}
