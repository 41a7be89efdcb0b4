//! Every text of a step that a person gets to see: where it stands, how long the channel lets it be, and the
//! path under which it can be translated.

use serde_json::Value;

use crate::flow::channel::{
    BUTTON_CHARS_MAX, DESCRIPTION_CHARS_MAX, INTERACTIVE_TEXT_CHARS_MAX, MENU_LINE_CHARS_MAX, ROW_CHARS_MAX,
    TEXT_CHARS_MAX, automatic_display,
};
use crate::flow::document::schema::{FoundMember, Part, STEP, ShownLimit, Translation, walk};
use crate::flow::document::{Choice, ChoiceOptions, Display, Input, StepKind};
use crate::flow::language::is_template;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownText {
    /// The pointer inside the step.
    pub place: String,
    /// What a translation calls it, if it can be translated.
    pub path: Option<String>,
    pub source: String,
    pub length_max: usize,
}

/// The texts of a step, which stands in the document as `value`.
pub fn texts(kind: &StepKind, value: &Value) -> Vec<ShownText> {
    let mut texts = Vec::new();
    walk(value, STEP, None, &mut |found| {
        if let (Part::Shown(limit), Some(source)) = (found.part, found.text()) {
            texts.push(ShownText {
                place: found.pointer.to_owned(),
                path: (found.translation == Translation::Wanted).then(|| found.translation_path()),
                source: source.to_owned(),
                length_max: chars_max(limit, kind),
            });
        }
    });
    texts
}

/// What else of a step may differ by language, and needs not: addresses of media, and further texts that choose an
/// option.
pub fn optional_paths(value: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    let may_be_there =
        |found: &FoundMember<'_, '_>| found.value.is_some() || matches!(found.part, Part::List { .. });
    walk(value, STEP, None, &mut |found| {
        if found.translation == Translation::Allowed && may_be_there(&found) {
            paths.push(found.translation_path());
        }
    });
    paths
}

/// How many characters of a text the channel takes, by what else is in the step.
fn chars_max(limit: ShownLimit, kind: &StepKind) -> usize {
    let shown = || match kind {
        StepKind::Choice(choice) => shown_as(choice),
        _ => Display::Text,
    };
    match limit {
        ShownLimit::Chars(most) => most,
        ShownLimit::Text => {
            let is_interactive = match kind {
                StepKind::Message(message) => message.cta.is_some(),
                StepKind::Ask(ask) => matches!(ask.input, Input::Location | Input::Form),
                _ => false,
            };
            if is_interactive { INTERACTIVE_TEXT_CHARS_MAX } else { TEXT_CHARS_MAX }
        }
        ShownLimit::OptionTitle => match shown() {
            Display::Buttons | Display::Cards => BUTTON_CHARS_MAX,
            Display::List => ROW_CHARS_MAX,
            Display::Text | Display::Auto => MENU_LINE_CHARS_MAX,
        },
        ShownLimit::OptionDescription if shown() == Display::Cards => INTERACTIVE_TEXT_CHARS_MAX,
        ShownLimit::OptionDescription => DESCRIPTION_CHARS_MAX,
    }
}

/// How a choice is shown: never `Auto`. Texts that are computed are taken to be short enough.
pub fn shown_as(choice: &Choice) -> Display {
    let ChoiceOptions::Fixed(options) = &choice.options else {
        return if choice.display == Display::Auto { Display::List } else { choice.display };
    };
    let literal = options.iter().map(|option| &option.title).filter(|title| !is_template(title));
    let longest = literal.map(|title| title.chars().count()).max().unwrap_or_default();
    let is_plain = options.iter().all(|option| option.description.is_none() && option.section.is_none());
    match choice.display {
        _ if choice.multiple.is_some() => Display::Text,
        Display::Auto => automatic_display(options.len(), longest, is_plain),
        chosen => chosen,
    }
}
