//! Entries of the audit log as rows of a table for people: RFC 4180, and harmless in a spreadsheet.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::entry::audit_entry;
use crate::registry::LogEntry;

/// Columns, and where their values stand in an entry of the audit list. New ones come at the end.
const COLUMNS: [(&str, &str); 27] = [
    ("position", "/metadata/position"),
    ("createdAt", "/createdAt"),
    ("action", "/action"),
    ("resource", "/resource"),
    ("resourceId", "/resourceId"),
    ("version", "/metadata/version"),
    ("actorType", "/metadata/actor/type"),
    ("actorId", "/metadata/actor/id"),
    ("actorName", "/metadata/actor/name"),
    ("actorUserId", "/actorUserId"),
    ("onBehalfOf", "/metadata/onBehalfOf"),
    ("reason", "/metadata/reason"),
    ("label", "/metadata/label"),
    ("changed", "/metadata/changed"),
    ("changedMore", "/metadata/changedMore"),
    ("enabled", "/metadata/enabled"),
    ("publishedVersion", "/metadata/publishedVersion"),
    ("fromVersion", "/metadata/fromVersion"),
    ("mode", "/metadata/mode"),
    ("sourceFlowId", "/metadata/sourceFlowId"),
    ("sourceVersion", "/metadata/sourceVersion"),
    ("requestId", "/metadata/requestId"),
    ("keyPrefix", "/metadata/keyPrefix"),
    ("ip", "/ip"),
    ("userAgent", "/userAgent"),
    ("id", "/id"),
    ("resourceName", "/resourceName"),
];

/// The last column: what else the event says, as JSON.
const DETAILS: &str = "details";

/// Members that other columns say already.
const ELSEWHERE: [&str; 3] = ["actor", "at", "type"];

/// What tells some spreadsheets that a file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The first row.
pub fn csv_header(is_marked: bool) -> Vec<u8> {
    let mark = if is_marked { BYTE_ORDER_MARK } else { "" };
    let mut begin = mark.as_bytes().to_vec();
    begin.extend(rows([COLUMNS.map(|(name, _)| Cow::Borrowed(name)).into_iter().chain([DETAILS.into()])]));
    begin
}

/// One row for each entry.
pub fn csv_rows(org_id: Uuid, entries: &[LogEntry]) -> Vec<u8> {
    let entries: Vec<Value> = entries.iter().map(|entry| audit_entry(org_id, entry)).collect();
    rows(entries.iter().map(|entry| {
        let cells = COLUMNS.iter().map(|(_, pointer)| entry.pointer(pointer).map_or("".into(), cell));
        cells.chain([details(&entry["metadata"])])
    }))
}

fn rows<'c, R: IntoIterator<Item = Cow<'c, str>>>(rows: impl IntoIterator<Item = R>) -> Vec<u8> {
    let mut table = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        for cell in row {
            table.write_field(defused(cell).as_bytes()).expect("memory takes every cell");
        }
        table.write_record(None::<&[u8]>).expect("all rows have one length");
    }
    table.into_inner().expect("memory takes every row")
}

fn cell(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) => text.into(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join("; ").into(),
        other => other.to_string().into(),
    }
}

fn details(metadata: &Value) -> Cow<'static, str> {
    let is_shown = |name: &str| {
        let column = |(_, pointer): &(&str, &str)| pointer.strip_prefix("/metadata/") == Some(name);
        ELSEWHERE.contains(&name) || COLUMNS.iter().any(column)
    };
    let members = metadata.as_object().into_iter().flatten();
    let rest: Map<String, Value> = members
        .filter(|(name, _)| !is_shown(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if rest.is_empty() { "".into() } else { Value::Object(rest).to_string().into() }
}

/// Spreadsheets run what begins so as a formula, some after dropping white space or narrowing wide forms. Behind an
/// apostrophe it is text; one that was there before gets another, so that taking one away gives the value back.
fn defused(cell: Cow<'_, str>) -> Cow<'_, str> {
    const RISKY: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];
    if cell.starts_with(RISKY) { format!("'{cell}").into() } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_a_formula_or_a_cell_of_its_own() {
        let check = |cell: &str, expected: &str| {
            let row = String::from_utf8(rows([[Cow::Borrowed("a"), Cow::Borrowed(cell)]])).unwrap();
            assert_eq!(row, format!("a,{expected}\r\n"));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(row.as_bytes());
            let read = reader.records().next().unwrap().unwrap();
            let read = read[1].strip_prefix('\'').unwrap_or(&read[1]);
            assert_eq!(read, cell, "what was written comes back");
        };
        check("plain", "plain");
        check("a,b", "\"a,b\"");
        check("dijo \"hola\"", "\"dijo \"\"hola\"\"\"");
        check("dos\nlíneas", "\"dos\nlíneas\"");
        check("=1+1", "'=1+1");
        check("+34 600", "'+34 600");
        check("-2", "'-2");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t=1");
        check("\r=1", "\"'\r=1\"");
        check("'texto", "''texto");
        check("＝1", "'＝1");
        check("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    }

    #[test]
    fn what_has_no_column_is_kept_as_details() {
        let metadata =
            serde_json::json!({"position": 1, "actor": {}, "scopes": ["flows:read"], "prefix": "p"});
        assert_eq!(details(&metadata), r#"{"prefix":"p","scopes":["flows:read"]}"#);
        assert_eq!(details(&serde_json::json!({"version": 1})), "");
    }
}
