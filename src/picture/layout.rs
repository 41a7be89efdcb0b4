//! Where boxes and lines go. Rows come from `rank`, columns and the course of lines from the crate `dagre`, which is
//! given lines that all lead down. Steps that no run reaches stand in a column of their own at the right.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankAlign, Ranker};

use super::face::{Faces, LABEL_FONT, WIDTH, label};
use super::groups::{Becomes, ExitGroup};
use super::net::{Net, NetLine};
use super::rank::{Fall, rows};
use super::text::width;
use super::union::Chart;

const MARGIN: f64 = 16.0;
const BESIDE: f64 = 28.0;
const BELOW: f64 = 38.0;
/// What is apart from the rest: the column of what is never reached.
const APART: f64 = 56.0;
/// Lines keep away from the corners of a box.
const CORNER: f64 = 24.0;
const LABEL_HEIGHT: f64 = 14.0;
/// A place, in units from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SheetPoint {
    pub x: f64,
    pub y: f64,
}

#[derive(Debug)]
pub(super) struct Route {
    pub points: Vec<SheetPoint>,
    /// The middle of the words on it.
    pub label: SheetPoint,
    /// How wide they are; 0 without any.
    pub label_width: f64,
}

#[derive(Debug)]
pub(super) struct Places {
    /// The upper left corner of each box.
    pub boxes: Vec<SheetPoint>,
    pub everywhere: Option<SheetPoint>,
    /// By group; `None` for what is no line.
    pub routes: Vec<Option<Route>>,
    pub width: f64,
    pub height: f64,
}

/// Places for everything; `None` when the crate fails.
pub(super) fn layout(chart: &Chart<'_>, groups: &[ExitGroup<'_>], faces: &Faces) -> Option<Places> {
    let nowhere = SheetPoint { x: 0.0, y: 0.0 };
    let mut places = Places {
        boxes: vec![nowhere; chart.boxes.len()],
        everywhere: None,
        routes: groups.iter().map(|_| None).collect(),
        width: 0.0,
        height: 0.0,
    };
    let net = Net::of(chart, groups);
    if !net.boxes.is_empty() {
        catch_unwind(AssertUnwindSafe(|| net.place(groups, faces, &mut places))).ok()??;
    }
    let below = set_apart(chart, groups, faces, &mut places);
    put_everywhere(faces, &mut places, below);
    trim(faces, &mut places);
    Some(places)
}

impl Net {
    /// The graph as the crate takes it.
    fn graph(
        &self,
        groups: &[ExitGroup<'_>],
        faces: &Faces,
        rows: &[i64],
    ) -> Option<Graph<NodeLabel, EdgeLabel>> {
        let mut graph =
            Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
        for (place, &index) in self.boxes.iter().enumerate() {
            let node = NodeLabel { width: WIDTH, height: faces.steps[index].height, ..NodeLabel::default() };
            graph.set_node(place.to_string(), Some(node));
        }
        for (index, line) in self.lines.iter().enumerate() {
            let words = line.group.and_then(|group| label_width(&groups[group]));
            let edge = EdgeLabel {
                minlen: i32::try_from(rows[line.to] - rows[line.from]).ok()?,
                weight: line.weight,
                width: words.unwrap_or_default(),
                height: words.map_or(0.0, |_| LABEL_HEIGHT),
                labelpos: LabelPos::Center,
                ..EdgeLabel::default()
            };
            graph.set_edge(line.from.to_string(), line.to.to_string(), Some(edge), Some(&index.to_string()));
        }
        Some(graph)
    }

    fn place(&self, groups: &[ExitGroup<'_>], faces: &Faces, places: &mut Places) -> Option<()> {
        let fall = |line: &NetLine| Fall { from: line.from, to: line.to, weight: line.weight.into() };
        let rows = rows(self.boxes.len(), &self.lines.iter().map(fall).collect::<Vec<_>>());
        let mut graph = self.graph(groups, faces, &rows)?;
        // The rows are given by the lengths of the lines, so the quick way to them finds the same.
        let options = LayoutOptions {
            nodesep: BESIDE,
            ranksep: BELOW,
            ranker: Ranker::TightTree,
            rank_align: RankAlign::Top,
            tie_keep_first: true,
            ..LayoutOptions::default()
        };
        dagre::layout(&mut graph, Some(options));
        for (place, &index) in self.boxes.iter().enumerate() {
            let node = graph.node(&place.to_string())?;
            places.boxes[index] =
                SheetPoint { x: node.x? - node.width / 2.0, y: node.y? - node.height / 2.0 };
        }
        let bottoms = self.bottoms(&rows, faces, places);
        for (index, line) in self.lines.iter().enumerate() {
            let edge = graph.edge(&line.from.to_string(), &line.to.to_string(), Some(&index.to_string()))?;
            let between = edge.points.get(1..edge.points.len().checked_sub(1)?)?;
            let between: Vec<SheetPoint> =
                between.iter().map(|point| SheetPoint { x: point.x, y: point.y }).collect();
            let (above, below) = (self.boxes[line.from], self.boxes[line.to]);
            let (start, end) = (*between.first()?, *between.last()?);
            let bottom = places.boxes[above].y + faces.steps[above].height;
            let start = SheetPoint { x: leave(places.boxes[above], start), y: bottom };
            // It passes higher boxes of its row before it turns aside.
            let past = SheetPoint { y: *bottoms.get(usize::try_from(rows[line.from]).ok()?)?, ..start };
            let end = SheetPoint { x: leave(places.boxes[below], end), y: places.boxes[below].y };
            let past = (past.y > start.y).then_some(past);
            let mut points: Vec<SheetPoint> =
                [start].into_iter().chain(past).chain(between).chain([end]).collect();
            if line.is_turned {
                points.reverse();
            }
            let label = edge.x.zip(edge.y).map_or(start, |(x, y)| SheetPoint { x, y });
            if let Some(group) = line.group {
                places.routes[group] = Some(Route { points, label, label_width: edge.width });
            }
        }
        Some(())
    }

    /// Where each row ends.
    fn bottoms(&self, rows: &[i64], faces: &Faces, places: &Places) -> Vec<f64> {
        let last = rows.iter().copied().max().and_then(|row| usize::try_from(row).ok()).unwrap_or_default();
        let mut bottoms = vec![f64::MIN; last + 1];
        for (&index, row) in self.boxes.iter().zip(rows) {
            let bottom = places.boxes[index].y + faces.steps[index].height;
            if let Some(known) = usize::try_from(*row).ok().and_then(|row| bottoms.get_mut(row)) {
                *known = known.max(bottom);
            }
        }
        bottoms
    }
}

/// Where on the edge of a box a line leaves it that goes on at a place.
fn leave(corner: SheetPoint, towards: SheetPoint) -> f64 {
    towards.x.clamp(corner.x + CORNER, corner.x + WIDTH - CORNER)
}

/// How wide the words on a line are, with some room.
fn label_width(group: &ExitGroup<'_>) -> Option<f64> {
    label(group).map(|words| width(&words.text, LABEL_FONT) + 8.0)
}

/// Everything that lines and boxes with a place take up: left, top, right, bottom.
fn extent(
    chart_boxes: &[SheetPoint],
    faces: &Faces,
    places: &Places,
    holds: impl Fn(usize) -> bool,
) -> [f64; 4] {
    let boxes =
        chart_boxes.iter().enumerate().filter(|(index, _)| holds(*index)).flat_map(|(index, place)| {
            [*place, SheetPoint { x: place.x + WIDTH, y: place.y + faces.steps[index].height }]
        });
    let routes = places.routes.iter().flatten().flat_map(|route| {
        let end = |half: f64| SheetPoint { x: route.label.x + half, y: route.label.y };
        route.points.iter().copied().chain([end(-route.label_width / 2.0), end(route.label_width / 2.0)])
    });
    let everywhere = places.everywhere.into_iter().zip(&faces.everywhere);
    let everywhere = everywhere
        .flat_map(|(place, face)| [place, SheetPoint { x: place.x + WIDTH, y: place.y + face.height }]);
    let mut all = boxes.chain(routes).chain(everywhere);
    let first = all.next().unwrap_or(SheetPoint { x: 0.0, y: 0.0 });
    all.fold([first.x, first.y, first.x, first.y], |[left, top, right, bottom], place| {
        [left.min(place.x), top.min(place.y), right.max(place.x), bottom.max(place.y)]
    })
}

/// Puts the steps that are never reached at the right, one below the other. Returns the place below them.
fn set_apart(chart: &Chart<'_>, groups: &[ExitGroup<'_>], faces: &Faces, places: &mut Places) -> SheetPoint {
    let is_reached = |index: usize| chart.boxes[index].is_reached;
    let [_, top, right, _] = extent(&places.boxes, faces, places, is_reached);
    let some_reached = (0..chart.boxes.len()).any(is_reached);
    let mut next = SheetPoint { x: if some_reached { right + APART } else { 0.0 }, y: top };
    for (index, face) in faces.steps.iter().enumerate().filter(|(index, _)| !is_reached(*index)) {
        places.boxes[index] = next;
        next.y += face.height + BELOW;
    }
    for (group, route) in groups.iter().zip(&mut places.routes) {
        let (Becomes::Line, Some(from), Some(to)) = (group.becomes, group.from, group.to.step()) else {
            continue;
        };
        if !is_reached(from) {
            let (above, below) = (places.boxes[from], places.boxes[to]);
            let x = above.x + WIDTH / 2.0;
            let start = SheetPoint { x, y: above.y + faces.steps[from].height };
            let end = SheetPoint { x, y: below.y };
            let middle = SheetPoint { x, y: (start.y + end.y) / 2.0 };
            let label_width = label_width(group).unwrap_or_default();
            *route = Some(Route { points: vec![start, end], label: middle, label_width });
        }
    }
    next
}

/// Puts the box of what leads somewhere from every step into the upper left corner where that is free, else to what
/// is apart.
fn put_everywhere(faces: &Faces, places: &mut Places, below: SheetPoint) {
    let Some(face) = &faces.everywhere else { return };
    let [left, top, ..] = extent(&places.boxes, faces, places, |_| true);
    let corner = SheetPoint { x: left, y: top };
    let is_near = |place: &SheetPoint, wide: f64, high: f64| {
        place.x < corner.x + WIDTH + BESIDE
            && corner.x < place.x + wide + BESIDE
            && place.y < corner.y + face.height + BESIDE
            && corner.y < place.y + high + BESIDE
    };
    let boxes = places.boxes.iter().zip(&faces.steps);
    let meets_box = boxes.into_iter().any(|(place, face)| is_near(place, WIDTH, face.height));
    // A line is as wide as its words at the most.
    let points = places.routes.iter().flatten().flat_map(|route| route.points.iter().chain([&route.label]));
    let meets_line = points.into_iter().any(|place| {
        let half = WIDTH / 2.0;
        is_near(&SheetPoint { x: place.x - half, y: place.y - half }, WIDTH, WIDTH)
    });
    places.everywhere = Some(if meets_box || meets_line { below } else { corner });
}

/// Moves everything into the picture, and gives it its size.
fn trim(faces: &Faces, places: &mut Places) {
    let [left, top, right, bottom] = extent(&places.boxes, faces, places, |_| true);
    let moved = |place: &mut SheetPoint| {
        place.x = (place.x - left + MARGIN).round();
        place.y = (place.y - top + MARGIN).round();
    };
    places.boxes.iter_mut().for_each(moved);
    places.everywhere.iter_mut().for_each(moved);
    for route in places.routes.iter_mut().flatten() {
        route.points.iter_mut().for_each(moved);
        moved(&mut route.label);
    }
    places.width = (right - left + 2.0 * MARGIN).ceil();
    places.height = (bottom - top + 2.0 * MARGIN).ceil();
}
