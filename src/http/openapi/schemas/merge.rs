//! Schemas of documents by themselves, and of their merge.

use serde_json::Value;

use super::build::{Direction, always, any, integer_of, list, or_null, positive, reference, text, uuid};
use super::document::{sent_members, shown_members};
use crate::flow::json::INTEGER_MAX;

const REQUEST: Direction = Direction::Request;
const RESPONSE: Direction = Direction::Response;

pub fn all() -> Vec<(String, Value)> {
    let schemas = [
        ("StoredDocument", stored_document()),
        ("MergeOrder", merge_order()),
        ("Merge", merge()),
        ("MergeConflict", merge_conflict()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn stored_document() -> Value {
    RESPONSE.object("A flow as its author wrote it: the document alone.", shown_members(false))
}

fn merge_order() -> Value {
    REQUEST.object(
        "A document that a client made of an earlier version.",
        vec![
            always("base", integer_of(1, INTEGER_MAX), "The version that the document was made of."),
            always(
                "document",
                REQUEST.open_object(
                    "The document. Members that only the service sets may come along; they count for nothing.",
                    sent_members(),
                ),
                "The document as the client wants it.",
            ),
        ],
    )
}

fn merge() -> Value {
    RESPONSE.object(
        "What the changes of a client and those of the draft come to together.",
        vec![
            always("flowId", uuid(), "The flow."),
            always("base", positive(), "The version that both sides began with."),
            always("version", positive(), "The version of the draft that was merged."),
            or_null(
                "document",
                reference("StoredDocument"),
                "The merged document; null where there are conflicts.",
            ),
            always("findings", list(reference("Finding")), "What validation says of the merged document."),
            always(
                "conflicts",
                list(reference("MergeConflict")),
                "What both sides changed in different ways.",
            ),
        ],
    )
}

fn merge_conflict() -> Value {
    RESPONSE.object(
        "A place that both sides changed in different ways. A value that is absent is null.",
        vec![
            always(
                "pointer",
                text(),
                "RFC 6901, into the sent document; to what is around the place where that document lacks it.",
            ),
            always("path", text(), "The place in the words of diffs, such as `steps.pago.text`."),
            always("message", text(), "What happened, for people."),
            always("base", any(), "The value both sides began with."),
            always("draft", any(), "The value in the draft."),
            always("sent", any(), "The value in the sent document."),
        ],
    )
}
