//! The SVG: lines first, then boxes in the order of the document, so that the order of the file is the order in which
//! it is read out. Colours here are for where there is no style sheet; a page has its own by class.

use super::change::DrawnChange;
use super::course::course;
use super::drawing::{Drawing, PackedSvg, PictureCounts};
use super::face::{FONT, Face, FaceRow, Faces, HEAD, INDENT, LABEL_FONT, ROW, WIDTH, label};
use super::groups::{Becomes, ExitGroup};
use super::icon;
use super::layer::Badge;
use super::layout::{Places, Route, SheetPoint};
use super::request::Request;
use super::text::{Fitted, width};
use super::union::{Chart, To};
use super::writer::{Shape, SvgWriter};

const INK: &str = "#1f2328";
const FAINT: &str = "#57606a";
const PAPER: &str = "#fff";
const LINE: &str = "#6e7781";
const EMPTY_WIDTH: f64 = 260.0;
const EMPTY_HEIGHT: f64 = 60.0;
struct Sheet<'s> {
    writer: SvgWriter,
    request: &'s Request<'s>,
    chart: &'s Chart<'s>,
    groups: &'s [ExitGroup<'s>],
}

pub(super) fn draw(
    request: &Request<'_>,
    chart: &Chart<'_>,
    groups: &[ExitGroup<'_>],
    faces: &Faces,
    places: &Places,
) -> Drawing {
    let words = request.words;
    let is_empty = chart.boxes.is_empty() && faces.everywhere.is_none();
    let (wide, high) = if is_empty { (EMPTY_WIDTH, EMPTY_HEIGHT) } else { (places.width, places.height) };
    let count = |becomes| groups.iter().filter(|group| group.becomes == becomes).count();
    let counts = PictureCounts {
        steps: chart.boxes.len(),
        exits: groups.iter().map(|group| group.exits).sum(),
        lines: count(Becomes::Line),
        stubs: count(Becomes::Stub),
        marks: count(Becomes::Mark),
    };
    let mut sheet = Sheet { writer: SvgWriter::default(), request, chart, groups };
    let mut view = Shape::default();
    view.numbers(&[0.0, 0.0, wide, high]);
    sheet.writer.open("svg").word("xmlns", "http://www.w3.org/2000/svg");
    sheet.writer.classes(&["picture", request.layer.class()]);
    sheet
        .writer
        .shape("viewBox", &view)
        .number("width", wide)
        .number("height", high)
        .word("role", "group")
        .text_value("aria-label", &(words.summary)(counts.steps, counts.exits))
        .word("font-family", "system-ui, sans-serif")
        .number("font-size", FONT)
        .word("fill", INK);
    if is_empty {
        sheet.writer.open("text").number("x", EMPTY_WIDTH / 2.0).number("y", EMPTY_HEIGHT / 2.0);
        sheet.writer.word("text-anchor", "middle").text(words.no_steps);
        sheet.writer.close();
    }
    sheet.lines(places);
    if let (Some(place), Some(face)) = (places.everywhere, &faces.everywhere) {
        sheet.everywhere(face, place);
    }
    let boxes = faces.steps.iter().zip(&places.boxes).enumerate();
    let boxes = boxes
        .map(|(index, (face, place))| (chart.boxes[index].id.to_owned(), sheet.step(index, face, *place)));
    let boxes = boxes.collect();
    sheet.writer.close();
    Drawing {
        svg: PackedSvg::of(&sheet.writer.finish()),
        boxes,
        width: wide as u32,
        height: high as u32,
        counts,
        legend: request.layer.legend(words),
    }
}

impl Sheet<'_> {
    /// Lines and their words. They are not read out: the boxes say where they lead.
    fn lines(&mut self, places: &Places) {
        let routes = |places: &'_ Places| -> Vec<usize> {
            (0..places.routes.len()).filter(|&index| places.routes[index].is_some()).collect()
        };
        let drawn = routes(places);
        if drawn.is_empty() {
            return;
        }
        self.writer.open("g").word("class", "lines").word("aria-hidden", "true");
        self.writer.word("fill", "none").word("stroke", LINE);
        for &index in &drawn {
            let route = places.routes[index].as_ref().expect("it is drawn");
            self.line(&self.groups[index], route);
        }
        self.writer.close();
        self.writer.open("g").word("class", "labels").word("aria-hidden", "true");
        self.writer.word("text-anchor", "middle").number("font-size", LABEL_FONT).word("stroke", PAPER);
        self.writer.word("stroke-width", "4").word("stroke-linejoin", "round").word("paint-order", "stroke");
        for &index in &drawn {
            let (group, route) = (&self.groups[index], places.routes[index].as_ref().expect("it is drawn"));
            if let Some(words) = label(group) {
                self.ends("text", group, "label");
                self.writer.number("x", route.label.x).number("y", route.label.y + 4.0);
                self.fitted(&words);
                self.writer.close();
            }
        }
        self.writer.close();
    }

    /// Begins an element that belongs to a line.
    fn ends(&mut self, name: &'static str, group: &ExitGroup<'_>, class: &'static str) {
        let follows = if group.follows { "follows" } else { "" };
        self.writer.open(name).classes(&[class, follows, group.change.class()]);
        if let (Some(from), Some(to)) = (group.from, group.to.step()) {
            self.writer.count("data-from", from).count("data-to", to);
        }
    }

    fn line(&mut self, group: &ExitGroup<'_>, route: &Route) {
        self.ends("path", group, "line");
        self.exits(group);
        match group.change {
            DrawnChange::Added => _ = self.writer.word("stroke-width", "3"),
            DrawnChange::Removed => _ = self.writer.word("stroke-dasharray", "6 4"),
            DrawnChange::Same | DrawnChange::Changed => {}
        }
        self.writer.shape("d", &course(&route.points));
        self.writer.close();
    }

    /// The box of what leads somewhere from every step.
    fn everywhere(&mut self, face: &Face, place: SheetPoint) {
        self.writer.open("g").word("class", "everywhere").shape("transform", &Shape::moved(place.x, place.y));
        self.writer.word("role", "group").text_value("aria-label", &face.sentence);
        self.writer.open("rect").word("class", "frame").number("width", WIDTH).number("height", face.height);
        self.writer.word("rx", "6").word("fill", PAPER).word("stroke", LINE).word("stroke-dasharray", "2 3");
        self.writer.close();
        self.writer.open("text").word("class", "id").number("x", INDENT).number("y", HEAD / 2.0 + 4.0);
        self.writer.word("font-weight", "600");
        self.fitted(&face.title);
        self.writer.close();
        self.rows(face);
        self.writer.close();
    }

    /// A box. Returns where another class can be put.
    fn step(&mut self, index: usize, face: &Face, place: SheetPoint) -> usize {
        let step = &self.chart.boxes[index];
        let icon = icon::of(step.kind);
        let targets =
            self.groups.iter().filter(|group| group.from == Some(index)).filter_map(|group| group.to.step());
        let out = Shape::indices(targets);
        let age = face.badges.first().map_or("", |badge| badge.class);
        self.writer.open("g");
        let unreached = if step.is_reached { "" } else { "unreached" };
        let class = self.writer.classes(&["step", icon.family, unreached, age]);
        self.writer.text_value("data-step", step.id).shape("data-out", &out);
        self.writer.shape("transform", &Shape::moved(place.x, place.y));
        let link = (self.request.link)(step.id);
        self.writer.open("a").word("class", "box").text_value("href", &link);
        self.writer.text_value("aria-label", &face.sentence);
        self.frame(face, step.change, step.is_reached);
        self.writer.open("rect").word("class", "bar").number("width", 5.0).number("height", face.height);
        self.writer.word("rx", "2").word("fill", icon.colour).close();
        self.writer.open("path").word("class", "icon").word("d", icon.path).word("fill", "none");
        self.writer.word("stroke", icon.colour).shape("transform", &Shape::moved(INDENT, 7.0)).close();
        self.writer.open("text").word("class", "id").number("x", INDENT + 22.0).number("y", 19.0);
        self.writer.word("font-weight", "600");
        self.fitted(&face.title);
        self.writer.close();
        self.writer
            .open("text")
            .word("class", "says")
            .number("x", INDENT)
            .number("y", 38.0)
            .word("fill", FAINT);
        self.fitted(&face.says);
        self.writer.close();
        let linked: Vec<&Badge> = face.badges.iter().filter(|badge| badge.link.is_some()).collect();
        let mut right = WIDTH - 8.0;
        for badge in face.badges.iter().filter(|badge| badge.link.is_none()) {
            self.badge(badge, &mut right);
        }
        self.writer.close();
        for badge in linked {
            let link = badge.link.as_deref().unwrap_or_default();
            self.writer.open("a").word("class", "event").text_value("href", link);
            self.writer.text_value("aria-label", &badge.words);
            self.badge(badge, &mut right);
            self.writer.close();
        }
        self.rows(face);
        self.writer.close();
        class
    }

    fn frame(&mut self, face: &Face, change: DrawnChange, is_reached: bool) {
        self.writer.open("rect").word("class", "frame").number("width", WIDTH).number("height", face.height);
        self.writer
            .word("rx", "6")
            .word("fill", PAPER)
            .word("stroke", if is_reached { LINE } else { "#afb8c1" });
        match change {
            DrawnChange::Added => _ = self.writer.word("stroke-width", "3"),
            DrawnChange::Removed => _ = self.writer.word("stroke-dasharray", "6 4"),
            DrawnChange::Same | DrawnChange::Changed => {}
        }
        self.writer.close();
        if change == DrawnChange::Changed {
            self.writer.open("rect").word("class", "inner").number("x", 3.0).number("y", 3.0);
            self.writer.number("width", WIDTH - 6.0).number("height", face.height - 6.0).word("rx", "4");
            self.writer.word("fill", "none").word("stroke", LINE).close();
        }
    }

    /// A badge at the right of the title, to the left of those before it.
    fn badge(&mut self, badge: &Badge, right: &mut f64) {
        let wide = width(&badge.sign, LABEL_FONT) + 8.0;
        self.writer.open("g").classes(&["badge", badge.class]);
        self.writer.shape("transform", &Shape::moved(*right - wide, 6.0));
        self.writer.open("rect").number("width", wide).word("height", "18").word("rx", "4");
        self.writer.word("fill", PAPER).word("stroke", LINE).close();
        self.writer.open("text").number("x", wide / 2.0).word("y", "13").word("text-anchor", "middle");
        self.writer.number("font-size", LABEL_FONT).text(&badge.sign);
        self.title(&badge.words);
        self.writer.close();
        self.writer.close();
        *right -= wide + 4.0;
    }

    fn rows(&mut self, face: &Face) {
        for (place, row) in face.rows.iter().enumerate() {
            let group = &self.groups[row.group];
            let y = HEAD + ROW * place as f64;
            match group.to {
                To::Step(target) => self.stub(group, row, target, y),
                To::End | To::Resume | To::Missing(_) => self.mark(group, row, y),
            }
        }
    }

    fn stub(&mut self, group: &ExitGroup<'_>, row: &FaceRow, target: usize, y: f64) {
        let id = self.chart.boxes[target].id;
        self.writer.open("a").classes(&["stub", group.change.class()]);
        let link = (self.request.link)(id);
        self.writer.text_value("href", &link).count("data-to", target);
        self.exits(group);
        self.writer
            .open("rect")
            .number("x", 6.0)
            .number("y", y)
            .number("width", WIDTH - 12.0)
            .number("height", ROW);
        self.writer.word("fill", "transparent").close();
        self.writer.open("text").number("x", INDENT).number("y", y + 16.0).word("fill", "#0550ae");
        self.removed(group.change);
        self.fitted(&row.text);
        self.writer.close();
        self.writer.close();
    }

    fn mark(&mut self, group: &ExitGroup<'_>, row: &FaceRow, y: f64) {
        let kind = if matches!(group.to, To::Missing(_)) { "missing" } else { "" };
        self.writer.open("text").classes(&["mark", kind, group.change.class()]);
        self.exits(group);
        self.writer.number("x", INDENT).number("y", y + 16.0);
        self.removed(group.change);
        self.fitted(&row.text);
        self.writer.close();
    }

    /// How many exits an element stands for, where it is not one.
    fn exits(&mut self, group: &ExitGroup<'_>) {
        if group.exits > 1 {
            self.writer.count("data-exits", group.exits);
        }
    }

    /// Text of what is gone is struck through.
    fn removed(&mut self, change: DrawnChange) {
        if change == DrawnChange::Removed {
            self.writer.word("text-decoration", "line-through");
        }
    }

    /// Text that fits, with all of it where it was cut.
    fn fitted(&mut self, fitted: &Fitted) {
        self.writer.text(&fitted.text);
        if let Some(whole) = &fitted.whole {
            self.title(whole);
        }
    }

    fn title(&mut self, text: &str) {
        self.writer.open("title").text(text).close();
    }
}
