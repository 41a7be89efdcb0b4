//! Whether costs grow with the organization: each read and write in one of 100,000 flows and 1,000,000 events against
//! the same in one of 1,000 flows and 10,000 events, each alone in its database with a service of its own, and edited
//! a little meanwhile.

mod document;
mod growth;
mod place;
mod reads;
mod writes;

use std::rc::Rc;

use crate::figure::{Figure, Target};
use crate::ground::Ground;
use crate::load::Requests;
use crate::requests::Fixed;
use crate::service::Binary;
use crate::stage::{Pace, Sample};
use crate::turns::Turns;

use place::Place;

/// A hundred times the flows and events may cost twice as much.
const COST_MAX: f64 = 2.0;

/// How many flows an organization has; ten times as many events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub flows: usize,
}

impl Size {
    const SMALL: Self = Self { flows: 1_000 };

    /// A quick run holds a tenth of the flows against the small ones.
    fn large(pace: Pace) -> Self {
        Self { flows: if pace.quick { 10_000 } else { 100_000 } }
    }

    fn events(self) -> usize {
        10 * self.flows
    }
}

/// The small organization and the large one.
#[derive(Debug)]
pub struct Scale {
    small: Place,
    large: Place,
    pace: Pace,
}

impl Scale {
    /// `label` tells the databases of two builds apart.
    pub fn set(ground: &Rc<Ground>, pace: Pace, binary: &Binary, label: &str) -> anyhow::Result<Self> {
        let place = |size| Place::open(ground, binary, label, size);
        Ok(Self { small: place(Size::SMALL)?, large: place(Size::large(pace))?, pace })
    }

    pub fn figures(&self) -> anyhow::Result<Vec<Figure>> {
        let finds_text_by_index = self.large.has_trigrams()?;
        let mut figures = Vec::new();
        for mut turns in self.turns() {
            turns.run(self.pace.rounds);
            for (name, at_small, at_large) in self.names() {
                if !turns.has(&at_small) {
                    continue;
                }
                let is_waived = name == reads::BY_TEXT && !finds_text_by_index;
                let target = if is_waived { Target::Shown } else { Target::AtMost(COST_MAX) };
                let figure =
                    format!("{name}: cost at {} flows / at {}", self.large.label(), self.small.label());
                let mut figure = turns.ratio(figure, &at_small, &at_large, target);
                if let (true, Ok((_, beside))) = (is_waived, &mut figure.outcome) {
                    beside.push_str("; no target, as the database has no pg_trgm");
                }
                figures.push(figure);
            }
        }
        Ok(figures)
    }

    /// Reads first, because writes change what is read. Two builds are compared at the large size.
    pub fn turns(&self) -> [Turns<'_>; 2] {
        let mut turns = [Turns::default(), Turns::default()];
        for &(name, draw) in reads::READS {
            self.add(&mut turns[0], name, move |place| {
                let requests: Box<dyn Requests> = Box::new(Fixed { requests: draw(place)? });
                Ok((requests, true))
            });
        }
        for &(name, make) in writes::WRITES {
            self.add(&mut turns[1], name, move |place| Ok((make(place)?, false)));
        }
        turns
    }

    /// What is sent is found out at first use, so that what cannot be found out fails its own figure only.
    fn add<'a>(
        &'a self,
        turns: &mut Turns<'a>,
        name: &str,
        make: impl Fn(&'a Place) -> Made<'a> + Copy + 'a,
    ) {
        for place in [&self.small, &self.large] {
            let mut made = None;
            let measure = move || -> anyhow::Result<Sample> {
                let (requests, beside_edits) = match &mut made {
                    Some(made) => made,
                    None => made.insert(make(place)?),
                };
                match beside_edits {
                    true => place.load_beside_edits(requests.as_mut()),
                    false => place.load(requests.as_mut()),
                }
            };
            let window = window(name, place);
            match std::ptr::eq(place, &self.small) {
                true => turns.add_yardstick(&window, measure),
                false => turns.add(window, measure),
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = (&'static str, String, String)> {
        let reads = reads::READS.iter().map(|(name, _)| *name);
        let names = reads.chain(writes::WRITES.iter().map(|(name, _)| *name));
        names.map(|name| (name, window(name, &self.small), window(name, &self.large)))
    }
}

/// Requests, and whether they are measured beside edits.
type Made<'a> = anyhow::Result<(Box<dyn Requests + 'a>, bool)>;

fn window(name: &str, place: &Place) -> String {
    format!("{name}, {} flows", place.label())
}
