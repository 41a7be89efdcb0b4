//! The words that say how a flow stands.

use crate::outline::DisplayLanguage;

/// Sentences on the state of a flow. Those without `{who}` are for readers who may not know people.
#[derive(Debug)]
pub struct StandingTexts {
    pub in_force: &'static str,
    pub in_force_by_nobody: &'static str,
    pub draft_ahead: &'static str,
    pub draft_ahead_by_one: &'static str,
    pub draft_ahead_in_layout: &'static str,
    pub draft_ahead_uncounted: &'static str,
    pub paused: &'static str,
    pub draft_only: &'static str,
    pub withdrawn: &'static str,
    pub deleted: &'static str,
    pub deleted_by_nobody: &'static str,
}

pub const ES: StandingTexts = StandingTexts {
    in_force: "En vigor: versión {n}, publicada por {who}, {when}",
    in_force_by_nobody: "En vigor: versión {n}, publicada {when}",
    draft_ahead: "El borrador {n} tiene {k} cambios sin publicar",
    draft_ahead_by_one: "El borrador {n} tiene 1 cambio sin publicar",
    draft_ahead_in_layout: "El borrador {n} solo difiere en el dibujo del editor",
    draft_ahead_uncounted: "El borrador {n} tiene cambios sin publicar",
    paused: "En pausa: publicada la {n}, no atiende a nadie",
    draft_only: "Solo borrador: nunca se ha publicado",
    withdrawn: "Solo borrador: se retiró y no atiende a nadie",
    deleted: "Eliminado por {who}, {when}. Su historia sigue aquí.",
    deleted_by_nobody: "Eliminado {when}. Su historia sigue aquí.",
};

pub const EN: StandingTexts = StandingTexts {
    in_force: "In force: version {n}, published by {who}, {when}",
    in_force_by_nobody: "In force: version {n}, published {when}",
    draft_ahead: "Draft {n} has {k} unpublished changes",
    draft_ahead_by_one: "Draft {n} has 1 unpublished change",
    draft_ahead_in_layout: "Draft {n} differs in the layout of the editor only",
    draft_ahead_uncounted: "Draft {n} has unpublished changes",
    paused: "Paused: version {n} is published but answers nobody",
    draft_only: "Draft only: never published",
    withdrawn: "Draft only: it was unpublished and answers nobody",
    deleted: "Deleted by {who}, {when}. Its history is still here.",
    deleted_by_nobody: "Deleted {when}. Its history is still here.",
};

impl StandingTexts {
    pub const fn of(language: DisplayLanguage) -> &'static Self {
        match language {
            DisplayLanguage::Es => &ES,
            DisplayLanguage::En => &EN,
        }
    }
}
