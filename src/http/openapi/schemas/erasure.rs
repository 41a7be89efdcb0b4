//! Schemas of erasures.

use serde_json::{Value, json};

use super::build::{Direction, always, list, list_of, maybe, or_null, reference, text, text_of, uuid, word};

const REQUEST: Direction = Direction::Request;
const RESPONSE: Direction = Direction::Response;

pub fn all() -> Vec<(String, Value)> {
    let schemas = [("ErasureOrder", order()), ("Erasure", erasure()), ("ErasurePlan", plan())];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn order() -> Value {
    let version = json!({"type": "integer", "minimum": 1});
    REQUEST.object(
        "What is to be erased, and why: content of a flow, or everything that names a person.",
        vec![
            maybe("flowId", uuid(), "The flow whose content goes. Either this or `person`."),
            maybe("from", version.clone(), "The first of its versions. Default: 1."),
            maybe("to", version, "The last of its versions. Default: all that follow."),
            maybe(
                "person",
                list_of(text_of(3, 500), 1, 20),
                "Texts that name a person, as they are written: a subject, a key's name, whom somebody acted for.",
            ),
            maybe("alsoShared", json!({"type": "boolean"}), "Also where other versions lose the same document."),
            maybe("dryRun", json!({"type": "boolean"}), "Only say what would go."),
            maybe(
                "reason",
                text_of(3, 500),
                "Why; it stays on record, and must not name what goes. Needed, here or as `X-Reason`, but in a dry run.",
            ),
        ],
    )
}

fn erasure() -> Value {
    RESPONSE.object(
        "How far an erasure is.",
        vec![
            or_null("id", uuid(), "Its id, which its events have; null in a dry run."),
            always("status", word(["planned", "running", "done", "refused"].into_iter()), "How far it is."),
            always("erased", count(), "Events and rows that lost content."),
            always("remaining", count(), "Those that are still to go."),
            or_null("problem", problem(), "Why it was refused on its way."),
            or_null("plan", reference("ErasurePlan"), "What would go, in a dry run."),
        ],
    )
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn problem() -> Value {
    RESPONSE.object(
        "Why an erasure ended before its end.",
        vec![always("code", text(), "As in a problem."), always("detail", text(), "The same for people.")],
    )
}

fn plan() -> Value {
    let version = RESPONSE.object(
        "A version of a flow.",
        vec![always("flowId", uuid(), "The flow."), always("version", count(), "Its version.")],
    );
    RESPONSE.object(
        "What an erasure would take away now.",
        vec![
            always("contexts", count(), "Events that lose who did it, for whom, why and from where."),
            always("payloads", count(), "Events that lose what they say."),
            always("documents", count(), "Documents that go."),
            always("testRuns", count(), "Test runs that go."),
            always("idempotencyKeys", count(), "Idempotency keys that are forgotten."),
            always("actors", count(), "Those who acted whose names go."),
            always("sessions", count(), "Sessions of the console that end."),
            always("keyNames", count(), "API keys that lose their name."),
            always(
                "versions",
                list(version),
                "Versions that lose a document, others than those named; at most 1,000.",
            ),
        ],
    )
}
