//! How an organization grows, through the API as its people and programs would make it grow: flows are created all
//! along, most events are edits, some flows come in force and do so again after edits, few are deleted.

use anyhow::ensure;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Size;
use super::document::{ALIKE, Kind, calls, document};
use crate::load::Requests;
use crate::requests::write_head;
use crate::seed::created_id;

/// Connections it grows through. Each has flows of its own, so that no answer depends on another one.
pub const CONNECTIONS: usize = 64;
/// Those of them that a person works through who did an eighth of everything.
const OFTEN: usize = 8;
/// Of so many events one is by a person who did little, and one deletes a flow, in an organization of any size.
const SELDOM: usize = 100;
/// Requests for each that puts another version of a called flow in force.
const PUBLISH_EVERY: usize = 50;

/// A flow as it came to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grown {
    pub id: Uuid,
    pub number: usize,
    pub called: Option<Uuid>,
    pub version: i64,
    pub deleted: bool,
}

/// Who sends requests, each as a header.
pub struct Credentials {
    pub key: String,
    pub often: String,
    pub seldom: String,
}

pub struct Growth {
    size: Size,
    path: String,
    credentials: Credentials,
    begun: usize,
    created: usize,
    own: Vec<Own>,
    /// Flows in force that others may call.
    called: Vec<Uuid>,
    pub flows: Vec<Grown>,
    /// When half of it had happened, and when a hundred events more had.
    pub middle: [DateTime<Utc>; 2],
}

/// What a connection works on: indexes of `flows`.
#[derive(Default)]
struct Own {
    live: Vec<usize>,
    called: Vec<usize>,
    publish_next: Option<usize>,
    under_way: Option<Step>,
}

#[derive(Clone, Copy)]
enum Step {
    Create { number: usize, called: Option<Uuid> },
    Edit(usize),
    Publish(usize),
    Delete(usize),
}

impl Growth {
    pub fn new(size: Size, org_id: Uuid, credentials: Credentials) -> Self {
        Self {
            size,
            path: format!("/organizations/{org_id}/bot/flows"),
            credentials,
            begun: 0,
            created: 0,
            own: std::iter::repeat_with(Own::default).take(CONNECTIONS).collect(),
            called: Vec::new(),
            flows: Vec::with_capacity(size.flows),
            middle: [DateTime::UNIX_EPOCH; 2],
        }
    }

    fn next_step(&mut self, connection: usize) -> Step {
        let own = &mut self.own[connection];
        if let Some(flow) = own.publish_next.take() {
            return Step::Publish(flow);
        }
        let is_due = self.created * self.size.events() <= self.begun * self.size.flows;
        if (is_due || own.live.is_empty()) && self.created < self.size.flows {
            let number = self.created;
            self.created += 1;
            let called = calls(number).then(|| pick(&self.called)).flatten();
            return Step::Create { number, called };
        }
        let some = pick(&own.live).unwrap_or_default();
        let is_draft = Kind::of(self.flows[some].number) == Kind::Draft;
        if self.begun % (self.size.events() / SELDOM) == 1 && is_draft && own.live.len() > 1 {
            own.live.retain(|flow| *flow != some);
            return Step::Delete(some);
        }
        // Flows are created at each multiple of ten.
        if self.begun % PUBLISH_EVERY == PUBLISH_EVERY / 2 + 1
            && let Some(flow) = pick(&own.called)
        {
            own.publish_next = Some(flow);
            return Step::Edit(flow);
        }
        Step::Edit(some)
    }

    fn write_step(&self, connection: usize, step: Step, out: &mut Vec<u8>) {
        let Credentials { key, often, seldom } = &self.credentials;
        let is_seldom = self.begun % (self.size.events() / SELDOM) == 2;
        let credential = match (step, connection < OFTEN) {
            (Step::Edit(_), _) if is_seldom => seldom,
            (_, true) => often,
            (_, false) => key,
        };
        let words = self.size.flows / ALIKE;
        let path = |flow: usize| format!("{}/{}", self.path, self.flows[flow].id);
        let (method, path, body) = match step {
            Step::Create { number, called } => {
                ("POST", self.path.clone(), Some(document(number, words, called, self.begun as u64)))
            }
            Step::Edit(flow) => {
                let Grown { number, called, .. } = self.flows[flow];
                ("PATCH", path(flow), Some(document(number, words, called, self.begun as u64)))
            }
            Step::Publish(flow) => ("POST", format!("{}/publish", path(flow)), None),
            Step::Delete(flow) => ("DELETE", path(flow), None),
        };
        write_head(out, method, &path, credential, body.as_ref().map(String::len));
        out.extend_from_slice(body.unwrap_or_default().as_bytes());
    }

    fn has_grown(&self) -> bool {
        let is_published = self.own.iter().all(|own| own.publish_next.is_none());
        self.begun >= self.size.events() && is_published
    }
}

impl Requests for Growth {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        let (half, publish_next) = (self.size.events() / 2, self.own[connection].publish_next);
        if self.has_grown() || (self.begun >= self.size.events() && publish_next.is_none()) {
            return false;
        }
        self.begun += 1;
        match self.begun - half.min(self.begun) {
            0 => self.middle[0] = Utc::now(),
            100 => self.middle[1] = Utc::now(),
            _ => {}
        }
        if self.begun.is_multiple_of(self.size.events() / 5) {
            eprintln!("  {} of {} events", self.begun, self.size.events());
        }
        let step = self.next_step(connection);
        self.write_step(connection, step, out);
        self.own[connection].under_way = Some(step);
        true
    }

    fn answered(&mut self, connection: usize, answer: &[u8]) -> anyhow::Result<()> {
        let own = &mut self.own[connection];
        match own.under_way.take() {
            Some(Step::Create { number, called }) => {
                let index = self.flows.len();
                let id = created_id(answer)?;
                self.flows.push(Grown { id, number, called, version: 1, deleted: false });
                own.live.push(index);
                if Kind::of(number) != Kind::Draft {
                    own.publish_next = Some(index);
                }
            }
            Some(Step::Edit(flow)) => self.flows[flow].version += 1,
            Some(Step::Publish(flow)) => {
                let grown = &mut self.flows[flow];
                grown.version += 1;
                if Kind::of(grown.number) == Kind::Called && !own.called.contains(&flow) {
                    own.called.push(flow);
                    self.called.push(grown.id);
                }
            }
            Some(Step::Delete(flow)) => {
                self.flows[flow].version += 1;
                self.flows[flow].deleted = true;
            }
            None => ensure!(false, "an answer to no request"),
        }
        Ok(())
    }
}

pub fn pick<T: Copy>(from: &[T]) -> Option<T> {
    (!from.is_empty()).then(|| from[rand::random_range(0..from.len())])
}
