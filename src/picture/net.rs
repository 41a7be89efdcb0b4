//! The steps and lines that the crate lays out: they form no circle, and hang together.

use super::groups::{Becomes, ExitGroup};
use super::union::Chart;

/// How much it counts that a line is short and straight.
const FOLLOWS: i32 = 4;

/// What is given to the crate: the steps that are reached, and lines between them that form no circle.
#[derive(Debug)]
pub(super) struct Net {
    /// Their indices among all.
    pub boxes: Vec<usize>,
    pub lines: Vec<NetLine>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct NetLine {
    pub from: usize,
    pub to: usize,
    /// `None` for what only keeps a step below the one before it in the document.
    pub group: Option<usize>,
    pub weight: i32,
    pub is_turned: bool,
}

impl Net {
    pub fn of(chart: &Chart<'_>, groups: &[ExitGroup<'_>]) -> Self {
        let boxes: Vec<usize> =
            (0..chart.boxes.len()).filter(|&index| chart.boxes[index].is_reached).collect();
        let place = |index: usize| boxes.binary_search(&index).ok();
        let drawn = groups.iter().enumerate().filter(|(_, group)| group.becomes == Becomes::Line);
        let lines = drawn.filter_map(|(index, group)| {
            let (from, to) = (place(group.from?)?, place(group.to.step()?)?);
            let weight = if group.follows { FOLLOWS } else { 1 };
            Some(NetLine { from, to, group: Some(index), weight, is_turned: false })
        });
        let lines = lines.collect();
        let mut net = Self { boxes, lines };
        if !net.boxes.is_empty() {
            net.connect();
            net.turn();
        }
        net
    }

    /// Lets every box be reached from the first: one that is not hangs on the one before it.
    fn connect(&mut self) {
        let mut seen = vec![false; self.boxes.len()];
        for index in 0..self.boxes.len() {
            if seen[index] {
                continue;
            }
            if index > 0 {
                let (from, to) = (index - 1, index);
                self.lines.push(NetLine { from, to, group: None, weight: 1, is_turned: false });
            }
            let mut pending = vec![index];
            while let Some(next) = pending.pop() {
                if !std::mem::replace(&mut seen[next], true) {
                    pending.extend(self.lines.iter().filter(|line| line.from == next).map(|line| line.to));
                }
            }
        }
    }

    /// Turns lines that close a circle, and puts them behind the others.
    fn turn(&mut self) {
        let mut below = vec![Vec::new(); self.boxes.len()];
        for (index, line) in self.lines.iter().enumerate() {
            below[line.from].push(index);
        }
        let (mut seen, mut under_way) = (vec![false; self.boxes.len()], vec![false; self.boxes.len()]);
        // Each with how many of its lines were followed.
        let mut path = vec![(0, 0)];
        while let Some(last) = path.last_mut() {
            let (index, followed) = *last;
            (seen[index], under_way[index]) = (true, true);
            match below[index].get(followed) {
                Some(&line) => {
                    last.1 += 1;
                    let to = self.lines[line].to;
                    if under_way[to] {
                        let line = &mut self.lines[line];
                        (line.from, line.to, line.is_turned) = (line.to, line.from, true);
                    } else if !seen[to] {
                        path.push((to, 0));
                    }
                }
                None => {
                    under_way[index] = false;
                    path.pop();
                }
            }
        }
        self.lines.sort_by_key(|line| line.is_turned);
    }
}
