//! What each box shows: its title, what it says, its badges, a row for each stub and mark, and the sentence that stands
//! for all of it where nobody sees the picture. The size does not depend on the layer, so layers have one layout.

use super::change::DrawnChange;
use super::groups::{Becomes, ExitGroup};
use super::layer::Badge;
use super::request::Request;
use super::text::{Fitted, fit};
use super::union::{Chart, StepBox, To};
use super::words::PictureWords;

pub(super) const WIDTH: f64 = 216.0;
/// What is above the rows.
pub(super) const HEAD: f64 = 46.0;
/// A row is as high as what a finger meets.
pub(super) const ROW: f64 = 24.0;
pub(super) const FONT: f64 = 12.0;
pub(super) const LABEL_FONT: f64 = 11.0;
const FOOT: f64 = 6.0;
/// From the left edge to a row's text, and from its end to the right edge.
pub(super) const INDENT: f64 = 12.0;
/// What the icon takes before the title, and badges behind it.
const ICON: f64 = 22.0;
const BADGES: f64 = 66.0;
/// Characters of the words on a line.
const LABEL_CHARS_MAX: usize = 22;
/// Targets that a sentence names.
const NAMED_MAX: usize = 6;
/// Width of what a sentence repeats of a step's text.
const SAID_WIDTH: f64 = 500.0;

#[derive(Debug)]
pub(super) struct Face {
    pub title: Fitted,
    pub says: Fitted,
    pub badges: Vec<Badge>,
    pub rows: Vec<FaceRow>,
    pub sentence: String,
    pub height: f64,
}

/// A stub or a mark.
#[derive(Debug)]
pub(super) struct FaceRow {
    /// The place of its exits among the groups.
    pub group: usize,
    pub text: Fitted,
}

/// The faces of all steps, and of the box of what leads somewhere from every step.
#[derive(Debug)]
pub(super) struct Faces {
    pub steps: Vec<Face>,
    pub everywhere: Option<Face>,
}

pub(super) fn faces(chart: &Chart<'_>, groups: &[ExitGroup<'_>], request: &Request<'_>) -> Faces {
    let words = request.words;
    let rows = |from| rows(from, chart, groups, words);
    let steps = chart.boxes.iter().enumerate().map(|(index, step)| {
        let rows = rows(Some(index));
        let badges = request.layer.badges(step.id, step.change, words);
        Face {
            title: fit(step.id, FONT, WIDTH - INDENT - ICON - BADGES),
            says: fit(
                if step.says.is_empty() { words.kind(step.kind) } else { &step.says },
                FONT,
                WIDTH - 2.0 * INDENT,
            ),
            sentence: sentence(step, &badges, chart, groups, index, words),
            height: height(&rows),
            badges,
            rows,
        }
    });
    let steps = steps.collect();
    let rows = rows(None);
    let everywhere = (!rows.is_empty()).then(|| Face {
        title: fit(words.everywhere, FONT, WIDTH - 2.0 * INDENT),
        says: Fitted { text: String::new(), whole: None },
        badges: Vec::new(),
        sentence: words.everywhere.to_owned(),
        height: height(&rows),
        rows,
    });
    Faces { steps, everywhere }
}

fn height(rows: &[FaceRow]) -> f64 {
    HEAD + ROW * rows.len() as f64 + if rows.is_empty() { 0.0 } else { FOOT }
}

fn rows(
    from: Option<usize>,
    chart: &Chart<'_>,
    groups: &[ExitGroup<'_>],
    words: &PictureWords,
) -> Vec<FaceRow> {
    let own = groups.iter().enumerate().filter(|(_, group)| group.from == from);
    let shown = own.filter(|(_, group)| group.becomes != Becomes::Line);
    shown
        .map(|(place, group)| {
            let sign = match group.to {
                To::Step(_) => "↪",
                To::End => "■",
                To::Resume => "↩",
                To::Missing(_) => "✕",
            };
            let to = destination(group.to, chart, words);
            let text = match group.labels.is_empty() {
                true => format!("{sign} {to}"),
                false => format!("{sign} {} → {to}", joined(&group.labels)),
            };
            FaceRow { group: place, text: fit(&text, FONT, WIDTH - 2.0 * INDENT) }
        })
        .collect()
}

/// The words of several exits that lead to one place.
fn joined(labels: &[String]) -> String {
    labels.iter().map(|label| label.trim()).collect::<Vec<_>>().join(" · ")
}

/// The words on a line; `None` on the normal way on.
pub(super) fn label(group: &ExitGroup<'_>) -> Option<Fitted> {
    let whole = joined(&group.labels);
    if whole.trim().is_empty() {
        return None;
    }
    let whole = super::text::shown(&whole);
    let text = crate::flow::text::cut(&whole, LABEL_CHARS_MAX);
    let is_cut = text != whole;
    Some(Fitted { text, whole: is_cut.then(|| whole.into_owned()) })
}

fn destination(to: To<'_>, chart: &Chart<'_>, words: &PictureWords) -> String {
    match to {
        To::Step(index) => chart.boxes[index].id.to_owned(),
        To::End => words.end.to_owned(),
        To::Resume => words.resume.to_owned(),
        To::Missing(id) => format!("{id} ({})", words.missing),
    }
}

/// A box in words: which step it is, what it says, where it leads, and what the layer puts on it.
fn sentence(
    step: &StepBox<'_>,
    badges: &[Badge],
    chart: &Chart<'_>,
    groups: &[ExitGroup<'_>],
    index: usize,
    words: &PictureWords,
) -> String {
    let steps = chart
        .boxes
        .iter()
        .filter(|other| (other.change == DrawnChange::Removed) == (step.change == DrawnChange::Removed));
    let place = (words.step)(step.number, steps.count().max(step.number));
    let mut sentence = format!("{place}, {}, {}", words.kind(step.kind), step.id);
    if !step.says.trim().is_empty() {
        sentence.push_str(": ");
        sentence.push_str(&fit(&step.says, FONT, SAID_WIDTH).text);
    }
    let own = groups.iter().filter(|group| group.from == Some(index) && group.change != DrawnChange::Removed);
    let mut to: Vec<String> = own.map(|group| destination(group.to, chart, words)).collect();
    let more = to.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        to.truncate(NAMED_MAX);
        to.push((words.and_more)(more));
    }
    let leads = (!to.is_empty()).then(|| format!("{} {}", words.leads_to, to.join(", ")));
    let unreached = (!step.is_reached).then(|| words.unreached.to_owned());
    for part in leads.into_iter().chain(unreached).chain(badges.iter().map(|badge| badge.words.clone())) {
        sentence.push_str("; ");
        sentence.push_str(&part);
    }
    sentence
}
