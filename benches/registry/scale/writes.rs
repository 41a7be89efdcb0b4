//! What is written to an organization of some size.

use super::document::Kind;
use super::growth::Grown;
use super::place::Place;
use crate::load::Requests;
use crate::requests::{Fixed, flows_path, send};

const DRAWN: usize = 2_000;
/// Versions of a flow with different documents: as it was created, and the first edit after it came in force.
const VERSIONS: [i64; 2] = [1, 3];

type Made<'a> = anyhow::Result<Box<dyn Requests + 'a>>;
type Make = fn(&Place) -> Made<'_>;

pub const WRITES: &[(&str, Make)] = &[
    ("publish of a keyword flow", |place| Ok(Box::new(Publishes::of(place)))),
    ("edit", |place| Ok(Box::new(Edits(place)))),
    ("test-run", |place| {
        let path = flows_path(&place.tenant);
        let run = |_| {
            let flow = &place.flows[rand::random_range(0..place.flows.len())];
            send("POST", &format!("{path}/{}/test-run", flow.id), &place.tenant.key, b"{\"messages\":[]}")
        };
        Ok(Box::new(Fixed { requests: (0..DRAWN).map(run).collect() }))
    }),
];

struct Edits<'a>(&'a Place);

impl Requests for Edits<'_> {
    fn write(&mut self, _connection: usize, out: &mut Vec<u8>) -> bool {
        self.0.write_edit(out);
        true
    }
}

/// Keyword flows that come in force again and again, each with the other one of two documents.
struct Publishes {
    /// Of each flow, a request for each version.
    flows: Vec<[Vec<u8>; 2]>,
    begun: usize,
}

impl Publishes {
    fn of(place: &Place) -> Self {
        let path = flows_path(&place.tenant);
        let wanted = |flow: &&Grown| Kind::of(flow.number) == Kind::Keyword && flow.version >= VERSIONS[1];
        let requests = |flow: &Grown| {
            VERSIONS.map(|version| {
                let order = format!("{{\"version\":{version}}}");
                send("POST", &format!("{path}/{}/publish", flow.id), &place.tenant.key, order.as_bytes())
            })
        };
        Self { flows: place.flows.iter().filter(wanted).map(requests).collect(), begun: 0 }
    }
}

impl Requests for Publishes {
    fn write(&mut self, _connection: usize, out: &mut Vec<u8>) -> bool {
        let (flow, turn) = (self.begun % self.flows.len(), self.begun / self.flows.len());
        // A flow is in force with its first version when it was seeded.
        out.extend_from_slice(&self.flows[flow][(turn + 1) % 2]);
        self.begun += 1;
        true
    }
}
