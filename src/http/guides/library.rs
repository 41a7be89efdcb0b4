//! The pages of the documentation as they were made when the crate was built.

/// A page of the documentation.
#[derive(Debug)]
pub struct Guide {
    pub group: &'static str,
    pub path: &'static str,
    pub title: &'static str,
    pub summary: &'static str,
    /// Headings below the title: where they are, and what they say.
    pub sections: &'static [(&'static str, &'static str)],
    /// HTML.
    pub content: &'static str,
}

/// Every page, in the order they are listed.
pub static GUIDES: &[Guide] = include!(concat!(env!("OUT_DIR"), "/guides.rs"));

/// A passage of a page on each line: where it is, the title of the page, the heading, and the text, between tabs.
pub static INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/guides-index.txt"));
