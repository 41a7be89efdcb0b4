//! The course of a line on the sheet.

use super::layout::SheetPoint;
use super::writer::Shape;

/// How far from a corner a line begins to turn.
const ROUND: f64 = 14.0;
/// How long the strokes of an arrow are, and how wide it opens.
const ARROW: (f64, f64) = (8.0, 4.0);

/// A line through points, with round corners and an arrow at its end.
pub(super) fn course(points: &[SheetPoint]) -> Shape {
    let mut shape = Shape::default();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return shape };
    shape.command('M', &[first.x, first.y]);
    for corner in points.windows(3) {
        let (before, at, after) = (corner[0], corner[1], corner[2]);
        if before.x == at.x && at.x == after.x {
            continue;
        }
        let (into, out) = (near(at, before), near(at, after));
        shape.command('L', &[into.x, into.y]).command('Q', &[at.x, at.y, out.x, out.y]);
    }
    shape.command('L', &[last.x, last.y]);
    let before = points[points.len().saturating_sub(2)];
    let length = distance(before, *last).max(1.0);
    let (dx, dy) = ((last.x - before.x) / length, (last.y - before.y) / length);
    let wing = |side: f64| {
        [last.x - dx * ARROW.0 - dy * ARROW.1 * side, last.y - dy * ARROW.0 + dx * ARROW.1 * side]
    };
    shape.command('M', &wing(1.0)).command('L', &[last.x, last.y]).command('L', &wing(-1.0));
    shape
}

fn distance(one: SheetPoint, other: SheetPoint) -> f64 {
    ((one.x - other.x).powi(2) + (one.y - other.y).powi(2)).sqrt()
}

/// A place near a corner, on the way to another place: at most half of the way.
fn near(corner: SheetPoint, to: SheetPoint) -> SheetPoint {
    let share = (ROUND / distance(corner, to).max(1.0)).min(0.5);
    SheetPoint { x: corner.x + (to.x - corner.x) * share, y: corner.y + (to.y - corner.y) * share }
}
