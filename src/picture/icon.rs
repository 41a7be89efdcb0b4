//! How each step type looks and what people call it: a small sign of strokes in a square of 16, the colour of its family,
//! and its words in Spanish and in English, which the picture and the console share.

/// The look of a step type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Icon {
    pub kind: &'static str,
    /// Spanish, English; as they stand inside a sentence.
    pub words: [&'static str; 2],
    /// The class that a style sheet tells families apart by.
    pub family: &'static str,
    /// The colour where there is no style sheet.
    pub colour: &'static str,
    pub path: &'static str,
}

const TALKS: (&str, &str) = ("talks", "#1f6feb");
const DECIDES: (&str, &str) = ("decides", "#8250df");
const ACTS: (&str, &str) = ("acts", "#1a7f37");
const WAITS: (&str, &str) = ("waits", "#9a6700");
const PEOPLE: (&str, &str) = ("people", "#bc4c00");
const ENDS: (&str, &str) = ("ends", "#57606a");

const fn icon(
    kind: &'static str,
    words: [&'static str; 2],
    family: (&'static str, &'static str),
    path: &'static str,
) -> Icon {
    Icon { kind, words, family: family.0, colour: family.1, path }
}

const ICONS: &[Icon] = &[
    icon("message", ["mensaje", "message"], TALKS, "M2 3h12v8h-7l-3 3v-3h-2z"),
    icon("ask", ["pregunta", "question"], TALKS, "M5 6a3 3 0 1 1 4 3l-1 1v1M8 13v1"),
    icon("choice", ["menú", "menu"], TALKS, "M3 4h2M7 4h6M3 8h2M7 8h6M3 12h2M7 12h6"),
    icon("set", ["variables", "variables"], ACTS, "M3 6h10M3 10h10"),
    icon("branch", ["condición", "condition"], DECIDES, "M8 2v4l-5 7M8 6l5 7"),
    icon("split", ["reparto", "split"], DECIDES, "M8 14v-5l-5-6M8 9l5-6M8 9v-7"),
    icon(
        "http",
        ["llamada web", "web call"],
        ACTS,
        "M8 2a6 6 0 1 0 .1 0M2 8h12M8 2c-4 4-4 8 0 12c4-4 4-8 0-12",
    ),
    icon("action", ["acción", "action"], ACTS, "M9 2l-5 7h4l-1 5 5-7h-4z"),
    icon("wait", ["espera", "wait"], WAITS, "M8 2a6 6 0 1 0 .1 0M8 5v3l2 2"),
    icon("contact", ["contacto", "contact"], PEOPLE, "M8 8a3 3 0 1 0-.1 0M2 14c1-4 11-4 12 0"),
    icon("flow", ["otro flujo", "other flow"], ACTS, "M2 3h5v4h-5zM9 9h5v4h-5zM7 5h4v4"),
    icon("handoff", ["traspaso", "handoff"], PEOPLE, "M2 8h9M8 4l4 4-4 4M14 3v10"),
    icon("goto", ["salto", "jump"], DECIDES, "M3 13v-5h9M9 5l3 3-3 3"),
    icon("end", ["fin", "end"], ENDS, "M4 4h8v8h-8z"),
];

/// What a step type that has no look of its own looks like.
const OTHER: Icon = icon("other", ["", ""], ENDS, "M8 2a6 6 0 1 0 .1 0");

pub(super) fn of(kind: &str) -> Icon {
    ICONS.iter().copied().find(|icon| icon.kind == kind).unwrap_or(OTHER)
}

/// What people call a step type, in Spanish and in English.
pub fn step_type_words(kind: &str) -> Option<[&'static str; 2]> {
    ICONS.iter().find(|icon| icon.kind == kind).map(|icon| icon.words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::document::STEP_TYPES;

    #[test]
    fn every_step_type_has_a_look_and_words() {
        for kind in STEP_TYPES.iter().map(|known| known.name) {
            assert_eq!(of(kind).kind, kind);
            assert!(!of(kind).words.contains(&""), "{kind} has no words");
        }
        assert_eq!((of("?"), step_type_words("?")), (OTHER, None));
    }
}
