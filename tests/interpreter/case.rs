//! A run case as a file: a flow (or the name of one in `tests/flows`), the flows it calls, and a request.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flow_registry::flow::document::{Canonical, FlowVersion};
use flow_registry::flow::finding::Finding;
use flow_registry::interpreter::{
    AtOnce, CalledFlow, CalledFlows, Identity, Program, RanVersion, RunPace, RunRequest, expectations, run,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub const FLOW_ID: Uuid = Uuid::from_u128(0x7f9c_2c1e_5d0b_4b1e_9a53_2f1f_6f0c_9a10);

pub struct Case {
    pub program: Program,
    pub identity: Identity,
    pub called: CalledFlows,
    pub request: Value,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The case files, by name.
pub fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        root().join("tests/runs").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub fn read(file: &Path) -> Case {
    let text = fs::read(file).unwrap();
    Case::new(&serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

fn document(flow: &Value) -> Canonical {
    let body = match flow {
        Value::String(name) => {
            let text = fs::read(root().join(format!("tests/flows/{name}.json"))).unwrap();
            serde_json::from_slice(&text).unwrap()
        }
        flow => {
            let mut body = json!({ "name": "Case" });
            let members = flow.as_object().expect("a flow").clone();
            body.as_object_mut().unwrap().extend(members);
            body
        }
    };
    Canonical::create(body).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn program(flow: &Value) -> Program {
    let canonical = document(flow);
    Program::compile(&canonical).unwrap_or_else(|error| panic!("{error}"))
}

impl Case {
    pub fn new(case: &Value) -> Self {
        let version = case
            .get("version")
            .map_or(RanVersion::Inline, |version| RanVersion::Number(version.as_i64().expect("a version")));
        let called = case.get("called").and_then(Value::as_array).into_iter().flatten().map(|called| {
            let id: Uuid = called["id"].as_str().unwrap().parse().unwrap();
            let number = called["version"].as_i64().unwrap();
            let asked = match called.get("asked").and_then(Value::as_i64) {
                Some(asked) => FlowVersion::Number(asked),
                None => FlowVersion::Published,
            };
            let program = Arc::new(program(&called["flow"]));
            ((id, asked), CalledFlow { program, version: RanVersion::Number(number) })
        });
        Self {
            program: program(&case["flow"]),
            identity: Identity::new(FLOW_ID, version),
            called: CalledFlows(called.collect::<HashMap<_, _>>()),
            request: case.get("request").cloned().unwrap_or_else(|| json!({})),
        }
    }

    /// The canonical bytes of the trace, and its checks; or what is wrong with the request.
    pub fn run(&self) -> Result<(Vec<u8>, Value), Vec<Finding>> {
        self.run_at(&AtOnce)
    }

    pub fn run_at(&self, pace: &dyn RunPace) -> Result<(Vec<u8>, Value), Vec<Finding>> {
        let request = RunRequest::read(&self.request)?;
        let trace = run(&self.program, &self.identity, &self.called, &request, pace)?;
        let checks = request.expect.as_ref().map(|expect| expectations(&trace, expect, pace));
        Ok((trace.to_bytes(), json!(checks)))
    }
}
