//! Graph notation: the same definition as nodes and edges, as editors draw it, turned into steps.
//! Findings keep pointing at the node or edge they come from.

mod exits;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::edge::{Edge, Target};
use super::meta::insert_if_it_fits;
use super::reader::Cursor;
use super::schema::part_of_member;
use crate::flow::pointer::{self, Path};
use crate::flow::report::ShapeReport;
use exits::{loose_exits, set_exit};

/// What a node says of its step. Everything else is data of the editor.
const NODE_MEMBERS: [&str; 3] = ["id", "type", "data"];
/// What an edge says of an exit. Everything else is data of the editor.
const EDGE_MEMBERS: [&str; 3] = ["source", "target", "sourceHandle"];

/// The steps a graph comes to.
pub(super) struct GraphSteps {
    pub steps: Value,
    /// For the flow's `meta`.
    pub viewport: Option<Value>,
}

/// Turns a settled graph into steps, and reports what is wrong with either under the graph's pointers.
pub(super) fn read(graph: Cursor<'_>) -> GraphSteps {
    let mut builder = Builder::default();
    let o = graph.object();
    builder.steps = o.need("nodes", |nodes| nodes.list(step_of));
    for (index, step) in builder.steps.iter().enumerate().rev() {
        builder.nodes.extend(step.get("id").and_then(Value::as_str).map(|id| (id.to_owned(), index)));
    }
    o.or_default("edges", |edges| edges.list(|edge| builder.connect(edge)));
    let start = o.optional("start", |start| builder.find(start));
    builder.end_loose_exits();
    let order = builder.order(start.flatten());
    let steps = order.iter().map(|&index| Value::Object(std::mem::take(&mut builder.steps[index]))).collect();
    let steps = Value::Array(steps);

    let report = ShapeReport::default();
    super::whole::steps(Cursor::new(&steps, part_of_member("steps"), Path::at(""), &report));
    for mut finding in report.into_findings() {
        // What was no node was reported as such.
        if builder.is_no_node(&finding.pointer, &order, graph.value) {
            continue;
        }
        finding.pointer = builder.place_of(&finding.pointer, &order, &graph.path.to_string());
        graph.report.add(finding);
    }
    GraphSteps { steps, viewport: o.optional("viewport", |viewport| viewport.value.clone()) }
}

/// A node as a step: its data, with the node's own id and type, and what its editor added.
fn step_of(node: Cursor<'_>) -> Map<String, Value> {
    let o = node.object();
    let mut step = o.or_default("data", Cursor::free_object);
    for name in ["id", "type"] {
        let own = o.optional(name, |node| node.value.clone());
        if step.remove(name).is_some_and(|inside| own.as_ref() != Some(&inside)) {
            o.at("data", |data| {
                let message = format!("contradicts the {name} of the node; leave it out");
                data.object().at(name, |inside| inside.invalid(message));
            });
        }
        if let Some(value) = own {
            step.insert(name.to_owned(), value);
        }
    }
    for (name, value) in editor_data(node.value, NODE_MEMBERS) {
        keep(&mut step, |meta| insert_if_it_fits(meta, name, value.clone()));
    }
    step
}

/// The members that say nothing about the flow.
fn editor_data<'v>(
    drawn: &'v Value,
    known: [&'static str; 3],
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    let members = drawn.as_object().into_iter().flatten();
    members.filter(move |(name, value)| !known.contains(&name.as_str()) && !value.is_null())
}

/// Changes a step's `meta`; what the author sent as no object is left for the reader to refuse.
fn keep(step: &mut Map<String, Value>, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Value::Object(meta) = step.entry("meta").or_insert_with(|| json!({})) {
        change(meta);
    }
}

#[derive(Default)]
struct Builder {
    steps: Vec<Map<String, Value>>,
    /// The first node of each id.
    nodes: HashMap<String, usize>,
    /// Exits that have an edge, by node and exit.
    connected: HashSet<(usize, String)>,
    /// The edge that set a target: by node and pointer inside the step.
    sources: HashMap<(usize, String), usize>,
    /// Nodes that another node leads to.
    entered: HashSet<usize>,
    edges_seen: usize,
}

impl Builder {
    fn connect(&mut self, edge: Cursor<'_>) {
        let index = self.edges_seen;
        self.edges_seen += 1;
        let o = edge.object();
        let source = o.need("source", |source| self.find(source));
        let is_resume = edge.value.get("target").is_some_and(|target| target == Target::Resume.as_str());
        let target = if is_resume { None } else { o.need("target", |target| self.find(target)) };
        let handle = o.optional("sourceHandle", Cursor::string);
        let (Some(source), true) = (source, target.is_some() || is_resume) else { return };
        let handle = handle.unwrap_or_else(|| "next".to_owned());
        let id = match target {
            Some(target) => self.steps[target].get("id").cloned().unwrap_or_default(),
            None => Value::from(Target::Resume.as_str()),
        };
        let exit = Edge::parse(&handle).and_then(|exit| set_exit(&mut self.steps[source], &exit, &id));
        let Some(pointer) = exit else {
            let kind = self.steps[source].get("type").and_then(Value::as_str).unwrap_or_default();
            let message = format!("names no exit of this {kind} step");
            return o.at("sourceHandle", |handle| handle.invalid(message));
        };
        if !self.connected.insert((source, handle.clone())) {
            edge.report(
                "DUPLICATE_EDGE",
                format!("leaves by \"{handle}\" like an earlier edge of the same node"),
            );
        }
        self.sources.insert((source, pointer), index);
        self.entered.extend(target.filter(|target| *target != source));
        self.keep_extras(source, &handle, edge.value);
    }

    fn keep_extras(&mut self, source: usize, handle: &str, edge: &Value) {
        let extras = editor_data(edge, EDGE_MEMBERS).map(|(name, value)| (name.clone(), value.clone()));
        let mut extras: Map<String, Value> = extras.collect();
        if extras.is_empty() {
            return;
        }
        extras.insert("sourceHandle".to_owned(), Value::from(handle));
        keep(&mut self.steps[source], |meta| {
            let mut edges = meta.get("edges").and_then(Value::as_array).cloned().unwrap_or_default();
            edges.push(Value::Object(extras));
            insert_if_it_fits(meta, "edges", Value::Array(edges));
        });
    }

    /// The node whose id stands here.
    fn find(&self, node: Cursor<'_>) -> Option<usize> {
        let id = node.str()?;
        let found = self.nodes.get(id).copied();
        if found.is_none() {
            node.invalid(format!("names no node: \"{id}\""));
        }
        found
    }

    /// A graph never falls through: what has no edge ends the run.
    fn end_loose_exits(&mut self) {
        for step in &mut self.steps {
            for exit in loose_exits(step) {
                set_exit(step, &exit, &Value::from("$end"));
            }
        }
    }

    /// The first step is the one named, else the only one nothing leads to, else the first drawn.
    fn order(&self, start: Option<usize>) -> Vec<usize> {
        let mut unentered = (0..self.steps.len()).filter(|index| !self.entered.contains(index));
        let only = unentered.next().filter(|_| unentered.next().is_none());
        let start = start.or(only).unwrap_or_default();
        let rest = (0..self.steps.len()).filter(|&index| index != start);
        [start].into_iter().filter(|&start| start < self.steps.len()).chain(rest).collect()
    }

    fn is_no_node(&self, in_steps: &str, order: &[usize], graph: &Value) -> bool {
        let index = pointer::tokens(in_steps).next().and_then(|index| index.parse::<usize>().ok());
        let node = index.and_then(|index| order.get(index));
        node.is_some_and(|&node| !graph["nodes"][node].is_object())
    }

    /// Where in the graph a finding about the steps belongs.
    fn place_of(&self, in_steps: &str, order: &[usize], graph: &str) -> String {
        let mut tokens = pointer::tokens(in_steps);
        let Some(index) = tokens.next() else { return format!("{graph}/nodes") };
        let node =
            index.parse::<usize>().ok().and_then(|index| order.get(index)).copied().unwrap_or_default();
        let inside = &in_steps[index.len() + 1..];
        if let Some(edge) = self.sources.get(&(node, inside.to_owned())) {
            return format!("{graph}/edges/{edge}/target");
        }
        match tokens.next().as_deref() {
            None | Some("id" | "type") => format!("{graph}/nodes/{node}{inside}"),
            Some(_) => format!("{graph}/nodes/{node}/data{inside}"),
        }
    }
}
