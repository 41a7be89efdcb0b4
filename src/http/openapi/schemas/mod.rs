//! The schemas of the description: what bodies and answers consist of, in JSON Schema 2020-12.
//! What a client sends and what it gets back are two schemas, made by one function: see [`Direction`].

mod build;
mod document;
mod erasure;
mod flows;
mod history;
mod keys;
mod merge;
mod problem;
mod run_request;
mod runs;
mod values;

use serde_json::{Map, Value, json};

pub use build::reference;
use build::{Direction, always, described, instant, list, maybe, text};

/// Every schema by name.
pub fn all() -> Value {
    let both = [Direction::Request, Direction::Response].into_iter().flat_map(document::all);
    let parts = [
        values::all(),
        flows::all(),
        history::all(),
        keys::all(),
        merge::all(),
        erasure::all(),
        problem::all(),
        run_request::all(),
        runs::all(),
        answers(),
    ];
    let mut all = Map::new();
    for (name, schema) in both.chain(parts.into_iter().flatten()) {
        assert!(!all.contains_key(&name), "two schemas are called {name}");
        all.insert(name, schema);
    }
    all.into()
}

/// Answers: the envelope around each thing, or around a page of them.
fn answers() -> Vec<(String, Value)> {
    let one = [
        ("FlowAnswer", "Flow"),
        ("DocumentAnswer", "StoredDocument"),
        ("MergeAnswer", "Merge"),
        ("VerdictAnswer", "Verdict"),
        ("RunAnswer", "Run"),
        ("StoredRunAnswer", "StoredRun"),
        ("ApiKeyAnswer", "ApiKey"),
        ("NewApiKeyAnswer", "CreatedApiKey"),
        ("OwnCredentialAnswer", "OwnCredential"),
        ("ExportLinkAnswer", "ExportLink"),
        ("DiffAnswer", "Comparison"),
        ("BlameAnswer", "Blame"),
        ("CheckpointAnswer", "Checkpoint"),
        ("ErasureAnswer", "Erasure"),
        ("TreeHeadAnswer", "TreeHead"),
        ("RehearsalAnswer", "Rehearsal"),
        ("HealthAnswer", "Health"),
        ("EnvAnswer", "Env"),
    ];
    let pages = [
        ("CallerPageAnswer", "CallingFlow"),
        ("RunPageAnswer", "RunEntry"),
        ("ApiKeyPageAnswer", "ApiKey"),
        ("EventPageAnswer", "Event"),
        ("AuditPageAnswer", "AuditEntry"),
    ];
    let one = one.map(|(name, data)| (name, envelope(reference(data))));
    let pages = pages.map(|(name, entry)| (name, envelope(page(entry))));
    let others = [
        ("FlowListAnswer", flows::list_of_flows()),
        ("FlowSetAnswer", envelope(described(list(reference("Flow")), "The flows."))),
        ("PageInfo", page_info()),
        ("Health", health()),
        ("Env", env()),
        (
            "EmptyObject",
            json!({"type": "object", "maxProperties": 0, "description": "An object without members."}),
        ),
        (
            "Description",
            json!({"type": "object", "additionalProperties": true, "description": "OpenAPI 3.1."}),
        ),
    ];
    let named = one.into_iter().chain(pages).chain(others).chain(texts());
    named.map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// Answers that are no JSON value.
fn texts() -> [(&'static str, Value); 6] {
    [
        ("AuditTable", described(text(), "Rows of the audit log as RFC 4180 says, below a row of names.")),
        (
            "EvidenceFile",
            described(text(), "One JSON object a line; what each says is in the documentation of evidence."),
        ),
        (
            "EventFeed",
            described(
                text(),
                "Server-Sent Events: the position as `id`, the type as `event`, an entry as `data`.",
            ),
        ),
        ("SignedNote", described(text(), "A signed note (C2SP): its text, an empty line, the signatures.")),
        ("PublicKeys", described(text(), "One key a line, `<name>+<id>+<base64>`.")),
        ("ProblemPage", described(text(), "A page for people.")),
    ]
}

/// `{data, timestamp}` around something.
fn envelope(data: Value) -> Value {
    Direction::Response.object(
        "What was asked for, in the envelope every JSON answer has.",
        vec![
            always("data", data, "What was asked for."),
            always("timestamp", instant(), "When the answer was made."),
        ],
    )
}

fn env() -> Value {
    json!({
        "type": "object",
        "description": "Texts by name: values that flows read as `env.<NAME>`.",
        "maxProperties": 200,
        "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]{0,63}$"},
        "additionalProperties": {"type": "string", "description": "At most 2 KiB."},
    })
}

fn health() -> Value {
    let warning = Direction::Response.object(
        "Something that somebody must look at.",
        vec![
            always("code", text(), "What it is, for programs."),
            always("detail", text(), "What it is, for people."),
        ],
    );
    Direction::Response.object(
        "That the service answers.",
        vec![
            always("status", json!({"type": "string", "const": "ok"}), "Always `ok`."),
            maybe("warnings", list(warning), "What somebody must look at, though requests are served."),
        ],
    )
}

fn page(entry: &str) -> Value {
    Direction::Response.object(
        "One page of a list.",
        vec![
            always("data", list(reference(entry)), "The entries of the page."),
            always("pageInfo", reference("PageInfo"), "How to go on."),
        ],
    )
}

fn page_info() -> Value {
    Direction::Response.object(
        "Where a page ends, and whether there is another one.",
        vec![
            always(
                "endCursor",
                build::nullable(text()),
                "The cursor behind the last entry, for the next page; null on a page without entries, where the list \
                 has one page only, and of flows at the end of the list.",
            ),
            always("hasNextPage", described(json!({"type": "boolean"}), ""), "True while there is another page."),
        ],
    )
}
