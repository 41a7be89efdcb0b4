//! Sentences as HTML: what people wrote apart from the words around it, moments in the zone of whoever looks.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;

use crate::console::session::Session;
use crate::console::text::shown;
use crate::flow::text::escaped;
use crate::outline::sentence::{Piece, Sentence};

/// HTML that is made of escaped parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Takes HTML as it is: whoever calls this has escaped what people wrote.
    pub fn html(html: String) -> Self {
        Self(html)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn and(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }
}

impl HtmlSafe for Markup {}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A sentence as whoever looks reads it.
pub fn said(session: &Session, sentence: &Sentence) -> Markup {
    let mut html = String::new();
    for piece in &sentence.0 {
        let _ = match piece {
            Piece::Words(words) => html.write_str(&escaped(words)),
            Piece::Written(text) => write!(html, "{}", shown(text)),
            Piece::Step(id) => write!(html, "<code>{}</code>", shown(id)),
            Piece::Moment(at) => write!(html, "{}", session.when(*at)),
        };
    }
    Markup(html)
}

/// A text with sentences in its places, which are names in braces.
pub fn composed(text: &str, places: &[(&str, Sentence)]) -> Sentence {
    let mut sentence = Sentence::default();
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        sentence.say(before);
        if let Some((_, filled)) = places.iter().find(|(place, _)| *place == name) {
            sentence.append(filled.clone());
        }
        rest = after;
    }
    sentence.say(rest);
    sentence
}
