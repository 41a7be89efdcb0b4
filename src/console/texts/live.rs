//! The words around what happened just now; how events are told is in `events.rs`.

#[derive(Debug)]
pub struct LiveTexts {
    pub somebody: &'static str,
}

pub const ES: LiveTexts = LiveTexts { somebody: "Alguien" };

pub const EN: LiveTexts = LiveTexts { somebody: "Somebody" };
