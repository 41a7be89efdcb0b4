//! The row of each box: rows such that every line leads down and lines are short, found by the network simplex method
//! (Gansner et al., "A Technique for Drawing Directed Graphs"). The number of its steps is bounded, whatever the lines.

/// A line from a box to one below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fall {
    pub from: usize,
    pub to: usize,
    /// How much it counts that the line is short.
    pub weight: i64,
}

/// Exchanges of the method at most. What is found until then is drawn.
const EXCHANGES_MAX: usize = 2000;

/// The rows of boxes, from 0. The lines form no circle, and every box but the first is reached by them from the first.
pub(super) fn rows(boxes: usize, falls: &[Fall]) -> Vec<i64> {
    let mut simplex = Simplex { rows: downwards(boxes, falls), falls, tree: Vec::new() };
    simplex.grow_tree();
    for _ in 0..EXCHANGES_MAX {
        if !simplex.exchange() {
            break;
        }
    }
    let first = simplex.rows.iter().copied().min().unwrap_or_default();
    simplex.rows.iter().map(|row| row - first).collect()
}

/// Each box as high as what is above it allows.
fn downwards(boxes: usize, falls: &[Fall]) -> Vec<i64> {
    let mut above = vec![0; boxes];
    for fall in falls {
        above[fall.to] += 1;
    }
    let mut ready: Vec<usize> = (0..boxes).filter(|&index| above[index] == 0).collect();
    let mut rows = vec![0; boxes];
    while let Some(index) = ready.pop() {
        for fall in falls.iter().filter(|fall| fall.from == index) {
            rows[fall.to] = rows[fall.to].max(rows[index] + 1);
            above[fall.to] -= 1;
            if above[fall.to] == 0 {
                ready.push(fall.to);
            }
        }
    }
    rows
}

struct Simplex<'f> {
    rows: Vec<i64>,
    falls: &'f [Fall],
    /// Lines of length one that connect all boxes, as places in `falls`.
    tree: Vec<usize>,
}

/// The tree seen from the first box.
struct Rooted {
    /// The line to the box above in the tree.
    parent: Vec<Option<usize>>,
    /// Boxes, each before what hangs on it.
    order: Vec<usize>,
    /// Where in `order` what hangs on a box begins and ends.
    span: Vec<(usize, usize)>,
}

impl Rooted {
    fn holds(&self, root: usize, index: usize) -> bool {
        let (first, end) = self.span[root];
        (first..end).contains(&self.span[index].0)
    }
}

impl Simplex<'_> {
    fn slack(&self, fall: &Fall) -> i64 {
        self.rows[fall.to] - self.rows[fall.from] - 1
    }

    /// Connects all boxes by lines of length one, moving what is connected towards the nearest box that is not.
    fn grow_tree(&mut self) {
        let boxes = self.rows.len();
        let mut inside = vec![false; boxes];
        inside.first_mut().into_iter().for_each(|first| *first = true);
        for _ in 1..boxes {
            let crossing =
                self.falls.iter().enumerate().filter(|(_, fall)| inside[fall.from] != inside[fall.to]);
            let Some((place, fall)) = crossing.min_by_key(|(_, fall)| self.slack(fall)) else { return };
            let delta = if inside[fall.from] { self.slack(fall) } else { -self.slack(fall) };
            for (row, _) in self.rows.iter_mut().zip(&inside).filter(|(_, inside)| **inside) {
                *row += delta;
            }
            inside[fall.from] = true;
            inside[fall.to] = true;
            self.tree.push(place);
        }
    }

    fn rooted(&self) -> Rooted {
        let boxes = self.rows.len();
        let mut neighbours = vec![Vec::new(); boxes];
        for &place in &self.tree {
            let fall = &self.falls[place];
            neighbours[fall.from].push((fall.to, place));
            neighbours[fall.to].push((fall.from, place));
        }
        let mut rooted = Rooted { parent: vec![None; boxes], order: Vec::new(), span: vec![(0, 0); boxes] };
        let mut pending = vec![(0, None, false)];
        while let Some((index, parent, is_done)) = pending.pop() {
            if is_done {
                rooted.span[index].1 = rooted.order.len();
                continue;
            }
            rooted.parent[index] = parent;
            rooted.span[index].0 = rooted.order.len();
            rooted.order.push(index);
            pending.push((index, parent, true));
            let below = neighbours[index].iter().filter(|(_, place)| Some(*place) != parent);
            pending.extend(below.map(|&(to, place)| (to, Some(place), false)));
        }
        rooted
    }

    /// Replaces a line of the tree by one that makes the whole shorter; false when none does.
    fn exchange(&mut self) -> bool {
        let rooted = self.rooted();
        // What lines from a part weigh more than lines to it.
        let mut pull = vec![0; self.rows.len()];
        for fall in self.falls {
            pull[fall.from] += fall.weight;
            pull[fall.to] -= fall.weight;
        }
        for &index in rooted.order.iter().rev() {
            let Some(place) = rooted.parent[index] else { continue };
            let fall = &self.falls[place];
            let is_tail = fall.from == index;
            if (if is_tail { pull[index] } else { -pull[index] }) < 0
                && self.lengthen(&rooted, index, place, is_tail)
            {
                return true;
            }
            let parent = if is_tail { fall.to } else { fall.from };
            pull[parent] += pull[index];
        }
        false
    }

    /// Makes the line above a part of the tree longer, until another line stops it and takes its place.
    fn lengthen(&mut self, rooted: &Rooted, part: usize, leaving: usize, is_tail: bool) -> bool {
        let holds = |index| rooted.holds(part, index);
        let opposite = self.falls.iter().enumerate().filter(|(_, fall)| {
            let (from, to) = (holds(fall.from), holds(fall.to));
            if is_tail { !from && to } else { from && !to }
        });
        let Some((entering, fall)) = opposite.min_by_key(|(_, fall)| self.slack(fall)) else { return false };
        let slack = self.slack(fall);
        let delta = if is_tail { -slack } else { slack };
        for (index, row) in self.rows.iter_mut().enumerate().filter(|(index, _)| holds(*index)) {
            debug_assert!(holds(index));
            *row += delta;
        }
        for place in self.tree.iter_mut().filter(|place| **place == leaving) {
            *place = entering;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(falls: &[(usize, usize, i64)], expected: &[i64]) {
        let falls: Vec<Fall> = falls.iter().map(|&(from, to, weight)| Fall { from, to, weight }).collect();
        assert_eq!(rows(expected.len(), &falls), expected);
    }

    #[test]
    fn lines_lead_down_and_are_short() {
        check(&[], &[0]);
        check(&[(0, 1, 1), (1, 2, 1)], &[0, 1, 2]);
        check(&[(0, 1, 4), (1, 2, 4), (0, 2, 1)], &[0, 1, 2]);
        // A branch of one step stays near what it joins when that line weighs more.
        check(&[(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 4, 1), (4, 3, 4)], &[0, 1, 2, 3, 2]);
        check(&[(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 4, 4), (4, 3, 1)], &[0, 1, 2, 3, 1]);
    }

    #[test]
    fn a_chain_moves_as_a_whole() {
        check(
            &[(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 4, 4), (0, 5, 1), (5, 6, 4), (6, 4, 4)],
            &[0, 1, 2, 3, 4, 2, 3],
        );
    }
}
