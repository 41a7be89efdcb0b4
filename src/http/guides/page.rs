//! The frame that every page for people has: the search, the list of pages, and what the page says.

use super::library::GUIDES;
use crate::flow::text::escaped;

/// A whole page. `content` is HTML and begins with the title; `sections` are its headings.
pub fn page(title: &str, path: &str, content: &str, sections: &[(&str, &str)]) -> String {
    format!(
        include_str!("shell.html"),
        title = escaped(title),
        pages = pages(path),
        content = content,
        sections = outline(sections)
    )
}

/// The list of all pages; the one at `path` is marked.
fn pages(path: &str) -> String {
    let entry = |to: &str, title: &str| {
        let current = if to == path { " aria-current=\"page\"" } else { "" };
        format!("<li><a href=\"{to}\"{current}>{}</a></li>\n", escaped(title))
    };
    let of_group = |group: &str| {
        let guides = GUIDES.iter().filter(|guide| guide.group == group);
        guides.map(|guide| entry(guide.path, guide.title)).collect::<String>()
    };
    let reference = entry("/docs/reference", "Endpoints") + &entry("/problems", "Error codes");
    format!(
        "<p>Guides</p>\n<ul>{}</ul>\n<p>Reference</p>\n<ul>{reference}</ul>\n<p>Specifications</p>\n<ul>{}</ul>",
        of_group("Guides"),
        of_group("Specifications")
    )
}

fn outline(sections: &[(&str, &str)]) -> String {
    if sections.is_empty() {
        return String::new();
    }
    let entries = sections
        .iter()
        .map(|(anchor, heading)| format!("<li><a href=\"#{anchor}\">{}</a></li>\n", escaped(heading)));
    format!("<p>On this page</p>\n<ul>{}</ul>", entries.collect::<String>())
}

/// Text as HTML in which what stands between backticks is code.
pub fn marked_up(text: &str) -> String {
    let text = escaped(text);
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}
