//! The changes between two documents as a part of a page: of the comparison, and of pages that say what would change.

use std::fmt::Write as _;

use askama::Template;

use super::said::{Markup, composed, said};
use crate::console::comparison::{
    BlockKind, BlockSubject, ChangeBlock, ChangeSheet, ComparedRow, ExitChange, MarkedPart, WordMark, named,
};
use crate::console::session::Session;
use crate::console::text::shown;
use crate::console::texts::compare::{CompareTexts, EN, ES};
use crate::outline::member::Label;
use crate::outline::sentence::{Piece, Sentence, number};
use crate::outline::ways::WayTarget;
use crate::outline::words;

/// Blocks of a page, one below the other.
#[derive(Template)]
#[template(path = "blocks.html")]
pub struct Blocks {
    t: &'static CompareTexts,
    blocks: Vec<ShownBlock>,
}

struct ShownBlock {
    /// Among all that differs, from 1.
    number: usize,
    total: usize,
    place: Markup,
    class: &'static str,
    sign: &'static str,
    step: Option<ShownStep>,
    title: Markup,
    what: Markup,
    rows: Vec<ShownRow>,
    exits: Vec<ShownExit>,
    more: Option<Markup>,
}

struct ShownStep {
    id: String,
    type_words: String,
}

struct ShownRow {
    label: Markup,
    old: Markup,
    new: Markup,
    moved: Option<Markup>,
}

struct ShownExit {
    class: &'static str,
    when: Option<Markup>,
    leads: Markup,
}

impl Blocks {
    /// The blocks of a sheet from `first` on, `count` of them.
    pub fn new(session: &Session, sheet: &ChangeSheet, first: usize, count: usize) -> Self {
        let t = session.texts(&ES, &EN);
        let painter = Painter { session, t };
        let total = sheet.blocks.len();
        let numbered = sheet.blocks.iter().enumerate().skip(first).take(count);
        Self { t, blocks: numbered.map(|(index, block)| painter.block(index + 1, total, block)).collect() }
    }
}

struct Painter<'s> {
    session: &'s Session,
    t: &'static CompareTexts,
}

impl Painter<'_> {
    fn number(&self, number_of: usize) -> Piece {
        number(i64::try_from(number_of).unwrap_or(i64::MAX), self.session.language())
    }

    fn say(&self, text: &str, places: &[(&str, Piece)]) -> Markup {
        said(self.session, &Sentence::of(text, places))
    }

    fn places(&self, text: &str, (from, to): (usize, usize)) -> Markup {
        self.say(text, &[("from", self.number(from)), ("to", self.number(to))])
    }

    fn block(&self, number: usize, total: usize, block: &ChangeBlock) -> ShownBlock {
        let (class, sign) = match block.kind {
            BlockKind::Added => ("added", "+"),
            BlockKind::Removed => ("removed", "−"),
            BlockKind::Changed => ("changed", "~"),
            BlockKind::Moved => ("moved", "↕"),
        };
        let step = match &block.subject {
            BlockSubject::Step { id, step_type, .. } => {
                let type_words = words::step_type(step_type, self.session.language());
                Some(ShownStep { id: id.clone(), type_words })
            }
            _ => None,
        };
        let more =
            (block.more_rows > 0).then(|| self.say(self.t.more_rows, &[("n", self.number(block.more_rows))]));
        ShownBlock {
            number,
            total,
            place: self.say(self.t.place, &[("n", self.number(number)), ("m", self.number(total))]),
            class,
            sign,
            step,
            title: self.title(&block.subject),
            what: self.what(block),
            rows: block.rows.iter().map(|row| self.row(row, &block.subject)).collect(),
            exits: block.exits.iter().map(|exit| self.exit(exit)).collect(),
            more,
        }
    }

    fn title(&self, subject: &BlockSubject) -> Markup {
        match subject {
            BlockSubject::Variable(name) => {
                self.say(self.t.variable, &[("name", Piece::Written(name.clone()))])
            }
            BlockSubject::Step { id, .. } => self.say("{id}", &[("id", Piece::Written(id.clone()))]),
            subject => self.say(part_of_document(self.t, subject), &[]),
        }
    }

    /// Added, removed, changed, moved.
    fn what(&self, block: &ChangeBlock) -> Markup {
        let words = match block.kind {
            BlockKind::Added => self.t.added,
            BlockKind::Removed => self.t.removed,
            BlockKind::Changed => self.t.changed,
            BlockKind::Moved => self.t.moved,
        };
        match (block.kind, block.moved) {
            (BlockKind::Moved, Some(places)) => self.places(words, places),
            (_, None) => self.say(words, &[]),
            (_, Some(places)) => self
                .say(words, &[])
                .and(&Markup::html(" ".to_owned()))
                .and(&self.places(self.t.moved_too, places)),
        }
    }

    fn row(&self, row: &ComparedRow, subject: &BlockSubject) -> ShownRow {
        let names = named(&row.path, subject, self.session.language());
        let mut label = String::new();
        for (index, name) in names.iter().enumerate() {
            let separator = if index > 0 { " › " } else { "" };
            let _ = match name {
                Label::Known(words) => write!(label, "{separator}{words}"),
                Label::Entry(number) => write!(label, "{separator}{number}"),
                Label::Own(key) => write!(label, "{separator}<code>{}</code>", shown(key)),
            };
        }
        ShownRow {
            label: Markup::html(label),
            old: self.side(row.old.as_deref()),
            new: self.side(row.new.as_deref()),
            moved: row.moved.map(|places| self.places(self.t.entry_moved, places)),
        }
    }

    fn side(&self, parts: Option<&[MarkedPart]>) -> Markup {
        let Some(parts) = parts else {
            return Markup::html(format!("<span class=\"absent\">{}</span>", self.t.absent));
        };
        let mut html = String::new();
        for part in parts {
            let text = shown(&part.text);
            let _ = match part.mark {
                WordMark::Kept => write!(html, "{text}"),
                WordMark::Gone => {
                    write!(html, "<del><span class=\"unseen\">{} </span>{text}</del>", self.t.gone_word)
                }
                WordMark::New => {
                    write!(html, "<ins><span class=\"unseen\">{} </span>{text}</ins>", self.t.new_word)
                }
            };
        }
        Markup::html(html)
    }

    fn exit(&self, exit: &ExitChange) -> ShownExit {
        let to = |destination: &Option<WayTarget>| match destination {
            Some(WayTarget::Step { id, .. }) => {
                Sentence::of(self.t.to_step, &[("step", Piece::Step(id.clone()))])
            }
            Some(WayTarget::Resume) => Sentence::words(self.t.to_resume),
            Some(WayTarget::End) | None => Sentence::words(self.t.to_end),
        };
        let (class, text) = match (&exit.old, &exit.new) {
            (Some(_), Some(_)) => ("changed", self.t.leads),
            (None, _) => ("added", self.t.leads_new),
            (Some(_), None) => ("removed", self.t.led),
        };
        let leads = composed(text, &[("new", to(&exit.new)), ("old", to(&exit.old))]);
        ShownExit {
            class,
            when: (!exit.when.is_empty()).then(|| said(self.session, &exit.when)),
            leads: said(self.session, &leads),
        }
    }
}

/// What a part of the document that is no step and no variable is called.
pub fn part_of_document(t: &'static CompareTexts, subject: &BlockSubject) -> &'static str {
    match subject {
        BlockSubject::Document | BlockSubject::Step { .. } | BlockSubject::Variable(_) => t.document,
        BlockSubject::Trigger => t.trigger,
        BlockSubject::Settings => t.settings,
        BlockSubject::Interrupts => t.interrupts,
        BlockSubject::Translations => t.translations,
    }
}
