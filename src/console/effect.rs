//! What a change does to a flow, in words: what customers get from then on, and what stays.

use super::texts::change::ChangeTexts;
use crate::flow::event::{RestoreMode, State};
use crate::outline::DisplayLanguage;
use crate::outline::sentence::{Piece, Sentence, number};

/// Says what changes do.
#[derive(Debug, Clone, Copy)]
pub struct Effects {
    pub texts: &'static ChangeTexts,
    pub language: DisplayLanguage,
}

impl Effects {
    fn version(&self, version: i64) -> Piece {
        number(version, self.language)
    }

    fn of_version(&self, text: &str, version: i64) -> Sentence {
        Sentence::of(text, &[("n", self.version(version))])
    }

    fn in_force(&self, after: &State) -> Option<Sentence> {
        let version = after.published_version.filter(|_| after.enabled && !after.deleted)?;
        Some(self.of_version(self.texts.effect_in_force, version))
    }

    /// Of a publish, or of resuming what is published.
    pub fn put_in_force(&self, before: &State, after: &State) -> Vec<Sentence> {
        let is_resumed_too = !before.enabled && before.published_version != after.published_version;
        let resumes = is_resumed_too.then(|| Sentence::words(self.texts.effect_resumes));
        self.in_force(after).into_iter().chain(resumes).collect()
    }

    pub fn unpublish(&self) -> Vec<Sentence> {
        vec![Sentence::words(self.texts.effect_unpublish)]
    }

    pub fn pause(&self, published: i64) -> Vec<Sentence> {
        vec![self.of_version(self.texts.effect_pause, published)]
    }

    pub fn delete(&self) -> Vec<Sentence> {
        vec![Sentence::words(self.texts.effect_delete)]
    }

    pub fn duplicate(&self, source: i64) -> Vec<Sentence> {
        vec![self.of_version(self.texts.effect_duplicate, source)]
    }

    /// Of a restore to `version` of what version `from` was.
    pub fn restore(
        &self,
        from: i64,
        version: i64,
        mode: RestoreMode,
        before: &State,
        after: &State,
    ) -> Vec<Sentence> {
        let back = (before.deleted && !after.deleted).then(|| Sentence::words(self.texts.effect_back));
        let mut effects: Vec<Sentence> = back.into_iter().collect();
        let is_paused = after.published_version.is_some() && !after.enabled;
        match (mode, after.published_version) {
            (RestoreMode::Live, _) if !is_paused => effects.extend(self.in_force(after)),
            (_, live) => {
                let text = match (mode, live) {
                    (RestoreMode::Draft, Some(_)) => self.texts.effect_draft,
                    (RestoreMode::Draft, None) => self.texts.effect_draft_alone,
                    (RestoreMode::Live, _) => self.texts.effect_both,
                };
                let places = [
                    ("n", self.version(version)),
                    ("from", self.version(from)),
                    ("live", self.version(live.unwrap_or(version))),
                ];
                effects.push(Sentence::of(text, &places));
            }
        }
        if is_paused {
            effects.push(Sentence::words(self.texts.effect_stays_paused));
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::super::texts::change::{EN, ES};
    use super::*;
    use crate::flow::digest::Digest;

    const SPEAK_ES: Effects = Effects { texts: &ES, language: DisplayLanguage::Es };
    const SPEAK_EN: Effects = Effects { texts: &EN, language: DisplayLanguage::En };

    fn state(enabled: bool, published: Option<i64>) -> State {
        State {
            document: Some(Digest::of(b"a")),
            enabled,
            deleted: false,
            published_version: published,
            published_by_version: published,
        }
    }

    #[track_caller]
    fn check(effects: &[Sentence], expected: &[&str]) {
        let plain: Vec<String> = effects.iter().map(Sentence::plain).collect();
        assert_eq!(plain, expected);
    }

    #[test]
    fn publishing_says_who_gets_what() {
        let expected = "Quien escriba desde ahora recibirá la versión 5. Las conversaciones en curso siguen con la suya.";
        let after = state(true, Some(5));
        check(&SPEAK_ES.put_in_force(&state(true, Some(3)), &after), &[expected]);
        check(
            &SPEAK_ES.put_in_force(&state(false, Some(3)), &after),
            &[expected, "El flujo está en pausa; publicar lo reanuda."],
        );
        // Resumed without a publish.
        check(&SPEAK_ES.put_in_force(&state(false, Some(5)), &after), &[expected]);
    }

    #[test]
    fn a_restore_says_what_stays() {
        let (live, draft) = (RestoreMode::Live, RestoreMode::Draft);
        let restored = |mode, before: State, after: State| SPEAK_EN.restore(3, 8, mode, &before, &after);
        let in_force = state(true, Some(4));
        check(
            &restored(live, in_force, state(true, Some(8))),
            &["Whoever writes from now on gets version 8. Conversations under way stay on theirs."],
        );
        check(
            &restored(draft, in_force, in_force),
            &[
                "The draft will be version 8, equal to version 3. What is published does not change: it stays version 4.",
            ],
        );
        check(
            &restored(draft, state(true, None), state(true, None)),
            &["The draft will be version 8, equal to version 3. Nothing is in force, and that stays so."],
        );
        check(
            &restored(live, state(false, Some(4)), state(false, Some(8))),
            &[
                "Version 8, equal to version 3, will be both the draft and the published one.",
                "The flow is paused and stays so: nobody gets it until it is resumed.",
            ],
        );
        check(
            &restored(draft, State { deleted: true, ..state(true, None) }, state(true, None)),
            &[
                "The flow comes back to the lists, under its address and with its history.",
                "The draft will be version 8, equal to version 3. Nothing is in force, and that stays so.",
            ],
        );
    }
}
