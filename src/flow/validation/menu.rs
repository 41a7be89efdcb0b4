//! The options of a `choice`: how they are shown, what the channel takes of them, and whether each can be told
//! from the others.

use std::collections::HashMap;

use super::collect::Findings;
use super::texts::shown_as;
use crate::flow::channel::{BUTTONS_MAX, CARDS_MAX, ROWS_MAX, SECTIONS_MAX, TEXT_CHARS_MAX};
use crate::flow::document::{Choice, ChoiceOption, ChoiceOptions, Display, Media, MediaKind};
use crate::flow::finding::Finding;
use crate::flow::language::is_template;
use crate::flow::text::{fold, same_title};

pub fn check(choice: &Choice, place: &str, findings: &mut Findings) {
    let shown = shown_as(choice);
    let mut limit = |member: &str, message: &str| {
        findings.push(Finding::error("CHANNEL_LIMIT", format!("{place}{member}"), message));
    };
    if choice.multiple.is_some() && !matches!(choice.display, Display::Auto | Display::Text) {
        limit("/display", "Several options can be chosen from a text menu only.");
    }
    if let Some(media) = &choice.header_media {
        if choice.header.is_some() {
            limit("/headerMedia", "A message has one header: \"header\" is there too.");
        }
        check_header(media, "/headerMedia", &mut limit);
    }
    let of_list = match &choice.options {
        ChoiceOptions::From(from) => from.media.as_ref(),
        ChoiceOptions::Fixed(_) => None,
    };
    if let Some(media) = of_list {
        check_card(media, shown, "/optionsFrom/media", &mut limit);
    }
    let ChoiceOptions::Fixed(options) = &choice.options else { return };
    for (index, option) in options.iter().enumerate() {
        if let Some(media) = &option.media {
            check_card(media, shown, &format!("/options/{index}/media"), &mut limit);
        }
    }
    match shown {
        Display::Buttons => check_buttons(options, limit),
        Display::List => check_list(options, limit),
        Display::Cards => check_cards(options, limit),
        Display::Text | Display::Auto => check_text_menu(choice, options, limit),
    }
    if choice.display == Display::Auto && choice.multiple.is_none() && shown == Display::Text {
        let message = "These options are shown as a numbered text: they are too many or too long for a list.";
        findings.push(Finding::warning("DISPLAY_DOWNGRADE", format!("{place}/options"), message));
    }
    ambiguous_options(options, place, findings);
}

/// The media above a text with buttons.
fn check_header(media: &Media, member: &str, limit: &mut impl FnMut(&str, &str)) {
    if matches!(media.kind, MediaKind::Audio | MediaKind::Sticker) {
        limit(&format!("{member}/kind"), "A header is an image, a video or a document.");
    }
    if media.caption.is_some() {
        limit(&format!("{member}/caption"), "The media of a header has no caption.");
    }
}

fn check_card(media: &Media, shown: Display, member: &str, limit: &mut impl FnMut(&str, &str)) {
    if shown != Display::Cards {
        limit(member, "Only options that are shown as cards have media.");
    }
    check_header(media, member, limit);
}

fn check_cards(options: &[ChoiceOption], mut limit: impl FnMut(&str, &str)) {
    if options.len() > CARDS_MAX {
        limit("/options", &format!("At most {CARDS_MAX} cards are sent, here are {}.", options.len()));
    }
    for (index, _) in options.iter().enumerate().filter(|(_, option)| option.section.is_some()) {
        limit(&format!("/options/{index}/section"), "A card has no section.");
    }
}

fn check_buttons(options: &[ChoiceOption], mut limit: impl FnMut(&str, &str)) {
    if options.len() > BUTTONS_MAX {
        limit(
            "/options",
            &format!("At most {BUTTONS_MAX} buttons can be shown, here are {}.", options.len()),
        );
    }
    for (index, option) in options.iter().enumerate() {
        for (member, is_there) in
            [("description", option.description.is_some()), ("section", option.section.is_some())]
        {
            if is_there {
                limit(&format!("/options/{index}/{member}"), &format!("A button has no {member}."));
            }
        }
    }
}

fn check_list(options: &[ChoiceOption], mut limit: impl FnMut(&str, &str)) {
    if options.len() > ROWS_MAX {
        limit("/options", &format!("A list has at most {ROWS_MAX} rows, here are {}.", options.len()));
    }
    let mut sections: Vec<&str> = options.iter().filter_map(|option| option.section.as_deref()).collect();
    sections.sort_unstable();
    sections.dedup();
    if sections.len() > SECTIONS_MAX {
        limit(
            "/options",
            &format!("A list has at most {SECTIONS_MAX} sections, here are {}.", sections.len()),
        );
    }
    let has_rest = options.iter().any(|option| option.section.is_none());
    if has_rest && !sections.is_empty() {
        for (index, _) in options.iter().enumerate().filter(|(_, option)| option.section.is_none()) {
            let message = "When a list has sections every row is in one.";
            limit(&format!("/options/{index}/section"), message);
        }
    }
}

/// The menu is appended to the text, one line for each option.
fn check_text_menu(choice: &Choice, options: &[ChoiceOption], mut limit: impl FnMut(&str, &str)) {
    let length = |source: &str| if is_template(source) { 0 } else { source.chars().count() };
    let line = |(index, option): (usize, &ChoiceOption)| {
        let description = option.description.as_ref().map_or(0, |text| " – ".chars().count() + length(text));
        format!("\n{}. ", index + 1).len() + length(&option.title) + description
    };
    let whole = length(&choice.text) + options.iter().enumerate().map(line).sum::<usize>();
    if whole > TEXT_CHARS_MAX {
        limit(
            "/options",
            &format!("Text and menu together have {whole} characters; at most {TEXT_CHARS_MAX} are sent."),
        );
    }
}

/// Texts that would choose either of two options. The first one wins, which is hardly what is meant.
fn ambiguous_options(options: &[ChoiceOption], place: &str, findings: &mut Findings) {
    let mut accepted: HashMap<String, usize> = HashMap::new();
    for (index, option) in options.iter().enumerate() {
        let title = fold(&option.title);
        if let Some(&earlier) = accepted.get(&title).filter(|_| !is_template(&option.title)) {
            let other = &options[earlier];
            let message = format!("Reads the same as the option \"{}\".", other.id);
            let pointer = format!("{place}/options/{index}/title");
            // Of options that have conditions perhaps only one is shown.
            let is_refused =
                option.when.is_none() && other.when.is_none() && same_title(&option.title, &other.title);
            findings.push(if is_refused {
                Finding::error("DUPLICATE_OPTION", pointer, message)
            } else {
                Finding::warning("DUPLICATE_TITLE_FOLDED", pointer, message)
            });
        }
        accepted.entry(title).or_insert(index);
    }
    for (index, option) in options.iter().enumerate() {
        for (entry, text) in option.matches.iter().enumerate() {
            match accepted.get(&fold(text)) {
                Some(&earlier) if earlier != index => {
                    let message = format!("The option \"{}\" accepts \"{text}\" too.", options[earlier].id);
                    let pointer = format!("{place}/options/{index}/match/{entry}");
                    findings.push(Finding::warning("AMBIGUOUS_MATCH", pointer, message));
                }
                Some(_) => {}
                None => _ = accepted.insert(fold(text), index),
            }
        }
    }
    for (text, &index) in &accepted {
        let numbered = text.parse::<usize>().ok().filter(|&number| (1..=options.len()).contains(&number));
        if let Some(number) = numbered.filter(|number| number - 1 != index) {
            let message = format!(
                "Accepts \"{text}\", which is the number of the option \"{}\".",
                options[number - 1].id
            );
            let pointer = format!("{place}/options/{index}");
            findings.push(Finding::warning("AMBIGUOUS_MATCH", pointer, message));
        }
    }
}
