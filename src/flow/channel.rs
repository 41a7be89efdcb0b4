//! What WhatsApp takes: how long texts may be, how many options a menu may show, and how a menu is shown. Validation
//! holds documents to these limits, the interpreter holds rendered messages to them.

use super::document::names::names;

/// Characters of an ordinary message.
pub const TEXT_CHARS_MAX: usize = 4096;
/// Characters of a text with buttons, a list, a link or a request below it.
pub const INTERACTIVE_TEXT_CHARS_MAX: usize = 1024;
/// Characters below media.
pub const CAPTION_CHARS_MAX: usize = 1024;
/// Characters of a header, and of the text parameter in the header of a template.
pub const HEADER_CHARS_MAX: usize = 60;
pub const FOOTER_CHARS_MAX: usize = 60;
/// Characters on a button.
pub const BUTTON_CHARS_MAX: usize = 20;
/// Characters of the title of a row in a list.
pub const ROW_CHARS_MAX: usize = 24;
/// Characters of the title of a section in a list.
pub const SECTION_CHARS_MAX: usize = 24;
/// Characters below the title of a row.
pub const DESCRIPTION_CHARS_MAX: usize = 72;
/// Characters of an option in a numbered menu.
pub const MENU_LINE_CHARS_MAX: usize = 120;
/// Characters of an address.
pub const URL_CHARS_MAX: usize = 2000;
/// Characters of a contact's name, and of a contact's language.
pub const CONTACT_NAME_CHARS_MAX: usize = 256;
/// Characters of a contact's tag.
pub const TAG_CHARS_MAX: usize = 64;
/// Characters of the name of a queue that takes a conversation over.
pub const QUEUE_CHARS_MAX: usize = 64;
/// Characters of a parameter in the body of a template that has a header or buttons.
pub const PARAMETER_CHARS_MAX: usize = 1024;
/// Characters of a parameter in a template that is its body only.
pub const LONE_PARAMETER_CHARS_MAX: usize = 32_768;
/// Characters of an answer that a person types.
pub const ANSWER_CHARS_MAX: usize = 4096;

/// How a menu is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Display {
    #[default]
    Auto,
    Buttons,
    List,
    /// A numbered menu inside the text.
    Text,
    /// Each option a message of its own, with media and one button.
    Cards,
}

names! {
    Display { Auto = "auto", Buttons = "buttons", List = "list", Text = "text", Cards = "cards" }
}

/// Options of a menu that is shown as buttons.
pub const BUTTONS_MAX: usize = 3;
/// Options of a menu that is shown as a list.
pub const ROWS_MAX: usize = 10;
/// Sections of a list.
pub const SECTIONS_MAX: usize = 10;
/// Options of a menu that is shown as cards.
pub const CARDS_MAX: usize = 10;

/// The display of a menu with `"display": "auto"`: never `Auto`. `longest_title` is in characters; `is_plain` says that
/// no option has a description or a section.
pub const fn automatic_display(options: usize, longest_title: usize, is_plain: bool) -> Display {
    if options <= BUTTONS_MAX && longest_title <= BUTTON_CHARS_MAX && is_plain {
        Display::Buttons
    } else if options <= ROWS_MAX && longest_title <= ROW_CHARS_MAX {
        Display::List
    } else {
        Display::Text
    }
}

/// What the channel does not take in a parameter of a template, as the rest of a sentence.
pub fn parameter_fault(text: &str) -> Option<&'static str> {
    if text.contains(['\n', '\r', '\t']) {
        return Some("has no line breaks or tabs");
    }
    text.contains("     ").then_some("has at most four spaces in a row")
}
