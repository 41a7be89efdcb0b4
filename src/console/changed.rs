//! What a change touched, read off the paths that its event lists: `steps.pago.text`, `steps.pago added`, `name`. Says
//! only what changed: steps by their ids, three at most, the rest counted.

use super::texts::history::HistoryTexts;
use crate::outline::DisplayLanguage;
use crate::outline::sentence::{Piece, Sentence, number};

/// Steps that a sentence names at most.
const NAMED_MAX: usize = 3;

/// What happened to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Added,
    Removed,
    Changed,
    Moved,
}

/// What one change, or several, touched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangedParts {
    steps: Vec<(String, Done)>,
    variables: Vec<String>,
    /// Other parts of a flow, by the member of the document that they are.
    members: Vec<String>,
    /// Changes that are not listed.
    more: u32,
}

impl ChangedParts {
    pub fn of(paths: &[String], more: u32) -> Self {
        let mut parts = Self { more, ..Self::default() };
        paths.iter().for_each(|path| parts.add(path));
        parts
    }

    fn add(&mut self, path: &str) {
        let (member, rest) = path.split_once('.').unwrap_or((path, ""));
        let id = rest.split(['.', ' ']).next().unwrap_or_default();
        match member {
            "steps" if !id.is_empty() => {
                let done = match rest[id.len()..].trim_start().split(' ').next() {
                    Some("added") => Done::Added,
                    Some("removed") => Done::Removed,
                    Some("moved") => Done::Moved,
                    _ => Done::Changed,
                };
                self.step(id, done);
            }
            "variables" if !id.is_empty() => add_once(&mut self.variables, id),
            // Told by the headline.
            "enabled" => {}
            // A member that is named and compared as one thing.
            "triggerType" | "triggerConfig" => add_once(&mut self.members, "triggerConfig"),
            member => add_once(&mut self.members, member.split(' ').next().unwrap_or(member)),
        }
    }

    /// What happened first to a step says more than what happened to it later in the same breath, but for its end.
    fn step(&mut self, id: &str, done: Done) {
        match self.steps.iter_mut().find(|(known, _)| known == id) {
            Some((_, before)) if done == Done::Removed || *before == Done::Moved => *before = done,
            Some(_) => {}
            None => self.steps.push((id.to_owned(), done)),
        }
    }

    /// Adds what a later change touched.
    pub fn and(&mut self, later: &Self) {
        later.steps.iter().for_each(|(id, done)| self.step(id, *done));
        later.variables.iter().for_each(|name| add_once(&mut self.variables, name));
        later.members.iter().for_each(|name| add_once(&mut self.members, name));
        self.more += later.more;
    }

    /// How many steps are told of.
    pub fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// `added x; changed a, b and the trigger`; empty where nothing is listed.
    pub fn sentence(&self, texts: &HistoryTexts, language: DisplayLanguage) -> Sentence {
        let mut left = NAMED_MAX;
        let verbs = [
            (Done::Added, texts.added),
            (Done::Removed, texts.removed),
            (Done::Moved, texts.moved),
            (Done::Changed, texts.changed),
        ];
        let mut clauses = Vec::new();
        for (done, verb) in verbs {
            let mut what = self.named(done, &mut left, texts, language);
            if done == Done::Changed {
                what.extend(self.other_parts(texts, language));
            }
            if !what.is_empty() {
                clauses.push(clause(verb, Sentence::listed(what, texts.and)));
            }
        }
        let mut said = Sentence::default();
        for (index, clause) in clauses.into_iter().enumerate() {
            if index > 0 {
                said.say(texts.also);
            }
            said.append(clause);
        }
        said
    }

    /// The steps to which this was done, while few enough were named before, and how many more.
    fn named(
        &self,
        done: Done,
        left: &mut usize,
        texts: &HistoryTexts,
        language: DisplayLanguage,
    ) -> Vec<Sentence> {
        let ids: Vec<&String> =
            self.steps.iter().filter(|(_, what)| *what == done).map(|(id, _)| id).collect();
        let shown = ids.len().min(*left);
        *left -= shown;
        let mut said: Vec<Sentence> =
            ids[..shown].iter().map(|id| Sentence(vec![Piece::Step((*id).clone())])).collect();
        let rest = ids.len() - shown;
        if rest > 0 {
            let texts = match shown {
                0 => (texts.one_step, texts.steps),
                _ => (texts.one_more_step, texts.more_steps),
            };
            said.push(counted(rest, texts, language));
        }
        said
    }

    fn other_parts(&self, texts: &HistoryTexts, language: DisplayLanguage) -> Vec<Sentence> {
        let mut said = Vec::new();
        for name in &self.members {
            said.push(match name.as_str() {
                "name" => Sentence::words(texts.name),
                "description" => Sentence::words(texts.description),
                "phoneNumberId" => Sentence::words(texts.number),
                "wabaId" => Sentence::words(texts.account),
                "triggerConfig" => Sentence::words(texts.trigger),
                "settings" => Sentence::words(texts.settings),
                "interrupts" => Sentence::words(texts.interrupts),
                "translations" => Sentence::words(texts.translations),
                "layout" => Sentence::words(texts.layout),
                other => Sentence(vec![Piece::Written(other.to_owned())]),
            });
        }
        match self.variables.as_slice() {
            [] => {}
            [name] => {
                said.push(Sentence::of(texts.variable, &[("name", Piece::Written(name.clone()))]));
            }
            several => said.push(counted(several.len(), (texts.variables, texts.variables), language)),
        }
        if self.more > 0 {
            let texts = (texts.one_more_change, texts.more_changes);
            said.push(counted(self.more as usize, texts, language));
        }
        said
    }
}

fn add_once(names: &mut Vec<String>, name: &str) {
    if names.iter().all(|known| known != name) {
        names.push(name.to_owned());
    }
}

/// `{n} steps`, with a text of its own for one.
pub fn counted(count: usize, (one, several): (&str, &str), language: DisplayLanguage) -> Sentence {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Sentence::of(if count == 1 { one } else { several }, &[("n", number(count, language))])
}

/// Puts what was done into the place of a verb's text.
fn clause(verb: &str, what: Sentence) -> Sentence {
    let (before, after) = verb.split_once("{what}").unwrap_or((verb, ""));
    let mut clause = Sentence::words(before);
    clause.append(what);
    clause.say(after);
    clause
}

#[cfg(test)]
mod tests {
    use super::super::texts::history::{EN, ES};
    use super::*;

    fn parts(paths: &[&str], more: u32) -> ChangedParts {
        ChangedParts::of(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>(), more)
    }

    fn check(paths: &[&str], more: u32, es: &str, en: &str) {
        let parts = parts(paths, more);
        let said = [
            parts.sentence(&ES, DisplayLanguage::Es).plain(),
            parts.sentence(&EN, DisplayLanguage::En).plain(),
        ];
        assert_eq!(said, [es, en]);
    }

    #[test]
    fn only_what_changed_is_named_and_beyond_three_counted() {
        check(&[], 0, "", "");
        check(&["enabled"], 0, "", "");
        check(&["steps.pago.text", "steps.pago.next"], 0, "cambió pago", "changed pago");
        check(
            &["name", "steps.a.text", "steps.b.options.pro added"],
            0,
            "cambió a, b y el nombre",
            "changed a, b and the name",
        );
        check(
            &[
                "steps.a added",
                "steps.b removed",
                "steps.c moved from 3 to 5",
                "steps.d.text",
                "steps.e.text",
            ],
            0,
            "añadió a; quitó b; movió c; cambió 2 pasos",
            "added a; removed b; moved c; changed 2 steps",
        );
        check(
            &["steps.a.text", "steps.b.text", "steps.c.text", "steps.d.text", "triggerConfig.keywords"],
            7,
            "cambió a, b, c, 1 paso más, el disparador y 7 cambios más",
            "changed a, b, c, 1 more step, the trigger and 7 more changes",
        );
        check(
            &["variables.edad.default", "layout", "settings.locale", "triggerType"],
            0,
            "cambió el dibujo del editor, los ajustes, el disparador y la variable edad",
            "changed the layout in the editor, the settings, the trigger and the variable edad",
        );
        check(
            &["variables.a added", "variables.b removed"],
            1,
            "cambió 2 variables y 1 cambio más",
            "changed 2 variables and 1 more change",
        );
    }

    #[test]
    fn several_changes_are_one() {
        let mut all = parts(&["steps.a added", "name"], 0);
        all.and(&parts(&["steps.a.text", "steps.b moved from 1 to 2"], 2));
        all.and(&parts(&["steps.b.text", "steps.c removed"], 0));
        assert_eq!(all.step_count(), 3);
        assert_eq!(
            all.sentence(&EN, DisplayLanguage::En).plain(),
            "added a; removed c; changed b, the name and 2 more changes"
        );
    }
}
