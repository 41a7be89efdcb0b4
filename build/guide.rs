//! One page of the documentation: Markdown in; HTML, its headings and what it is searched by out.

use std::collections::BTreeMap;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A comment in whose place the program writes the table of error codes.
const PROBLEM_CODES: &str = "<!-- problem codes -->";

/// Languages of samples, by the names of their blocks, as people call them.
const LANGUAGES: [(&str, &str); 4] =
    [("sh", "curl"), ("js", "JavaScript"), ("python", "Python"), ("php", "PHP")];

pub struct Guide {
    path: String,
    pub title: String,
    /// The first sentence, as text.
    pub summary: String,
    pub content: String,
    passages: Vec<Passage>,
}

/// A heading, and the text below it up to the next one.
#[derive(Default)]
struct Passage {
    /// Absent for the heading of the page.
    anchor: Option<String>,
    level: usize,
    heading: String,
    text: String,
}

impl Guide {
    /// Links to one of the `known` pages lead to where it is served; links to other files stay text.
    pub fn read(path: &str, markdown: &str, known: &[&str]) -> Self {
        let options = Options::ENABLE_TABLES;
        let events: Vec<Event> = Parser::new_ext(markdown, options).collect();
        let passages = passages(&events);
        let mut anchors = passages.iter().map(|passage| passage.anchor.clone());
        let mut shown = Shown { path, known, is_linked: Vec::new(), is_sample: false, events: Vec::new() };
        for event in events {
            shown.take(event, &mut anchors);
        }
        let mut content = String::new();
        html::push_html(&mut content, shown.events.into_iter());
        let first = passages.first().unwrap_or_else(|| panic!("docs/{path}.md has no heading"));
        Self {
            path: path.to_owned(),
            title: first.heading.clone(),
            summary: first_sentence(markdown),
            content,
            passages,
        }
    }

    /// The headings of the second level: where they are, and what they say.
    pub fn sections(&self) -> Vec<(&str, &str)> {
        let passages = self.passages.iter().filter(|passage| passage.level == 2);
        passages.filter_map(|passage| Some((passage.anchor.as_deref()?, passage.heading.as_str()))).collect()
    }

    /// A line for each passage: its address, the title of the page, the heading, the text, between tabs.
    pub fn index(&self) -> String {
        let line = |passage: &Passage| {
            let anchor = passage.anchor.as_ref().map(|anchor| format!("#{anchor}")).unwrap_or_default();
            let text = passage.text.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("/docs/{}{anchor}\t{}\t{}\t{text}\n", self.path, self.title, passage.heading)
        };
        self.passages.iter().map(line).collect()
    }
}

/// The first sentence of the first paragraph, without its markup.
fn first_sentence(markdown: &str) -> String {
    let mut text = String::new();
    let mut is_inside = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Paragraph) => is_inside = true,
            Event::End(TagEnd::Paragraph) => break,
            Event::Text(part) | Event::Code(part) if is_inside => text += &part,
            Event::SoftBreak if is_inside => text.push(' '),
            _ => {}
        }
    }
    text.split_inclusive(". ").next().unwrap_or_default().trim_end().to_owned()
}

fn passages(events: &[Event]) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut taken = BTreeMap::new();
    let mut is_heading = false;
    for event in events {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                passages.push(Passage { level: *level as usize, ..Passage::default() });
                is_heading = true;
            }
            Event::End(TagEnd::Heading(level)) => {
                is_heading = false;
                if let Some(passage) = passages.last_mut().filter(|_| *level != HeadingLevel::H1) {
                    passage.anchor = Some(anchor(&passage.heading, &mut taken));
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(passage) = passages.last_mut() {
                    let part = if is_heading { &mut passage.heading } else { &mut passage.text };
                    *part += text;
                }
            }
            Event::SoftBreak | Event::End(TagEnd::TableCell | TagEnd::Paragraph | TagEnd::Item) => {
                if let Some(passage) = passages.last_mut() {
                    passage.text.push(' ');
                }
            }
            _ => {}
        }
    }
    passages
}

/// The anchor of a heading, as GitHub makes it, so that links work in either place.
fn anchor(heading: &str, taken: &mut BTreeMap<String, usize>) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let anchor: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
    let before = taken.entry(anchor.clone()).or_insert(0);
    *before += 1;
    if *before == 1 { anchor } else { format!("{anchor}-{}", *before - 1) }
}

/// Events on their way to HTML.
struct Shown<'a> {
    path: &'a str,
    known: &'a [&'a str],
    /// For each link that is open, whether it leads anywhere.
    is_linked: Vec<bool>,
    is_sample: bool,
    events: Vec<Event<'a>>,
}

impl<'a> Shown<'a> {
    fn take(&mut self, event: Event<'a>, anchors: &mut impl Iterator<Item = Option<String>>) {
        match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let id = anchors.next().flatten().map(CowStr::from);
                self.events.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let address = self.address(&dest_url);
                self.is_linked.push(address.is_some());
                if let Some(address) = address {
                    let dest_url = address.into();
                    self.events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            Event::End(TagEnd::Link) => {
                if self.is_linked.pop() == Some(true) {
                    self.events.push(event);
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => self.open_code(&info),
            Event::End(TagEnd::CodeBlock) => {
                self.events.push(event);
                if self.is_sample {
                    self.html("</details>\n");
                }
            }
            Event::Start(Tag::Table(_)) => {
                self.html("<div class=\"table\">\n");
                self.events.push(event);
            }
            Event::End(TagEnd::Table) => {
                self.events.push(event);
                self.html("</div>\n");
            }
            // Comments are for tests; other markup is not written in these pages.
            Event::Html(text) | Event::InlineHtml(text) if text.trim() != PROBLEM_CODES => {
                assert!(text.trim().starts_with("<!--"), "docs/{}.md: {text}", self.path);
            }
            other => self.events.push(other),
        }
    }

    fn html(&mut self, text: &str) {
        self.events.push(Event::Html(text.to_owned().into()));
    }

    /// Of samples in several languages the one for curl is open.
    fn open_code(&mut self, info: &str) {
        let mut words = info.split_whitespace();
        let name = words.next().unwrap_or_default();
        let language = LANGUAGES.iter().find(|(known, _)| *known == name).map(|(_, language)| *language);
        self.is_sample = words.next() == Some("sample") && language.is_some();
        if let (true, Some(language)) = (self.is_sample, language) {
            let open = if name == "sh" { " open" } else { "" };
            self.html(&format!("<details class=\"sample\"{open}><summary>{language}</summary>\n"));
        }
        let name = name.to_owned().into();
        self.events.push(Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(name))));
    }

    /// Where a link leads, if it leads to anything that is served.
    fn address(&self, link: &str) -> Option<String> {
        if link.starts_with(['/', '#']) || link.contains("://") {
            return Some(link.to_owned());
        }
        let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
        let mut parts: Vec<&str> = self.path.split('/').collect();
        parts.pop();
        for part in file.split('/') {
            match part {
                ".." => _ = parts.pop(),
                part => parts.push(part),
            }
        }
        let path = parts.join("/").strip_suffix(".md")?.to_owned();
        let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
        self.known.contains(&path.as_str()).then(|| format!("/docs/{path}{anchor}"))
    }
}
