//! The lines in which runs wait for a processor, one for each organization, and who is next.

use std::collections::VecDeque;

use uuid::Uuid;

/// A `P` is the place of one run.
#[derive(Debug)]
pub(super) struct Lines<P> {
    /// In the order of their turns; none of them is empty.
    lines: VecDeque<Line<P>>,
    /// Runs that have begun, in all of them.
    begun: usize,
}

#[derive(Debug)]
struct Line<P> {
    org_id: Uuid,
    /// Runs that have had a turn already: they go before those that have not.
    begun: VecDeque<P>,
    new: VecDeque<P>,
}

impl<P> Default for Lines<P> {
    fn default() -> Self {
        Self { lines: VecDeque::new(), begun: 0 }
    }
}

impl<P> Lines<P> {
    /// Adds a run, unless `max` of its organization wait already. Those that are not `waiting` any more are forgotten.
    pub(super) fn add_new(
        &mut self,
        org_id: Uuid,
        place: P,
        max: usize,
        waiting: impl Fn(&P) -> bool,
    ) -> bool {
        let new = &mut self.line(org_id).new;
        if new.len() >= max {
            new.retain(waiting);
        }
        // A line is full only where it has somebody: what is left here is not empty.
        if new.len() >= max {
            return false;
        }
        new.push_back(place);
        true
    }

    /// Adds a run that has begun, unless `max` such runs wait already.
    pub(super) fn add_begun(&mut self, org_id: Uuid, place: P, max: usize) -> bool {
        let is_room = self.begun < max;
        if is_room {
            self.line(org_id).begun.push_back(place);
            self.begun += 1;
        }
        is_room
    }

    pub(super) fn others_wait(&self, org_id: Uuid) -> bool {
        self.lines.iter().any(|line| line.org_id != org_id)
    }

    /// Takes the place of the run that goes after one of this organization: another of its own while its turn goes on,
    /// else of the organization that has waited for longest.
    pub(super) fn next(&mut self, org_id: Uuid, turn_goes_on: bool) -> Option<(Uuid, P)> {
        if let Some(index) = self.lines.iter().position(|line| line.org_id == org_id) {
            let own = self.lines.remove(index)?;
            if turn_goes_on { self.lines.push_front(own) } else { self.lines.push_back(own) }
        }
        let mut line = self.lines.pop_front()?;
        let (org_id, begun) = (line.org_id, line.begun.pop_front());
        self.begun -= usize::from(begun.is_some());
        let place = begun.or_else(|| line.new.pop_front());
        if !line.begun.is_empty() || !line.new.is_empty() {
            self.lines.push_back(line);
        }
        place.map(|place| (org_id, place))
    }

    fn line(&mut self, org_id: Uuid) -> &mut Line<P> {
        let index = self.lines.iter().position(|line| line.org_id == org_id).unwrap_or_else(|| {
            self.lines.push_back(Line { org_id, begun: VecDeque::new(), new: VecDeque::new() });
            self.lines.len() - 1
        });
        &mut self.lines[index]
    }
}
