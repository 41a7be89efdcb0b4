//! The function that appends for one organization. Its body is the text of `append.sql`, part by part: as one statement, a
//! distributed database would pass what each part finds to all of its nodes, and stop where one of them is away.

use std::sync::LazyLock;

use super::parameters::{LISTS, Parameters};
use super::statement::{TEXT, filled};
use crate::flow::digest::Digest;
use crate::store::writer::LOCKED_FOR;

/// The name of the function, which tells what it is made of: services of two releases each have their own while both run.
pub(super) static FUNCTION: LazyLock<String> = LazyLock::new(|| {
    let digest = hex::encode(Digest::of(definition("append_to_log").as_bytes()).as_bytes());
    format!("append_to_log_{}", &digest[..8])
});

/// The function with the types of its arguments.
pub(super) fn signature() -> String {
    typed(&FUNCTION)
}

fn typed(name: &str) -> String {
    let types = Parameters::described().types;
    let types: Vec<&str> = ["uuid"].into_iter().chain(types.into_iter().skip(1)).collect();
    format!("{name}({})", types.join(", "))
}

/// What makes the function.
pub(super) fn make() -> String {
    definition(&FUNCTION)
}

fn definition(name: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {} RETURNS TABLE (what text, n integer, event_id uuid, \
           \"position\" bigint, recorded_at timestamptz, last bigint, request_digest bytea, answer jsonb) \
         LANGUAGE plpgsql VOLATILE SET lock_timeout = {} AS $body$\n{}$body$",
        typed(name),
        LOCKED_FOR.as_millis(),
        body()
    )
}

/// Calls the function.
pub(super) static CALL: LazyLock<String> = LazyLock::new(|| {
    let count = Parameters::described().types.len();
    let parameters: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
    format!("SELECT * FROM {}({})", *FUNCTION, parameters.join(", "))
});

/// The parts of the statement, by name.
struct Parts {
    parts: Vec<(&'static str, String)>,
    lists: [String; LISTS.len()],
}

impl Parts {
    fn read() -> Self {
        let mut parts: Vec<(&str, String)> = Vec::new();
        for line in TEXT.lines() {
            match (line.strip_prefix("WITH ").or_else(|| line.strip_prefix("), ")), parts.last_mut()) {
                (Some(begin), _) => parts.push((begin.split(' ').next().unwrap_or_default(), String::new())),
                (None, _) if line == ")" => break,
                (None, Some((_, text))) => *text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        Self { parts, lists: Parameters::described().lists }
    }

    /// A part for one organization, with the parts in it that it reads.
    fn filled(&self, name: &str) -> String {
        let (_, text) = self.parts.iter().find(|(found, _)| *found == name).expect("a part of the statement");
        filled(text, &self.lists, |place| match place {
            "told" | "given" | "keyed" => format!("({}) AS", self.filled(place)),
            "proven" | "unstopped" => "true".to_owned(),
            "returning t.log" => String::new(),
            _ => "$1::uuid".to_owned(),
        })
    }

    /// The condition without which a part that writes has nothing to do.
    fn guard(&self, name: &str, text: &str) -> Option<String> {
        match name {
            "keys_answered" => Some("$4 > 0".to_owned()),
            "references_made" => Some("$5 > 0".to_owned()),
            _ => {
                let (_, when) = text.split_once("{when ")?;
                let (when, _) = when.split_once('}')?;
                Some(format!("EXISTS (SELECT FROM ({}) AS g WHERE {when})", self.filled("given")))
            }
        }
    }
}

fn body() -> String {
    let parts = Parts::read();
    let (stopped, answered, proven) =
        (parts.filled("stopped"), parts.filled("answered"), parts.filled("proven"));
    let mut body = format!(
        "#variable_conflict use_column\n\
         DECLARE\n    is_stopped boolean;\nBEGIN\n\
         RETURN QUERY SELECT 'stopped'::text, s.n, s.event_id, s.position, s.recorded_at, s.last, NULL::bytea, NULL::jsonb \
         FROM (\n{stopped}) AS s;\nis_stopped := FOUND;\n\
         IF $4 > 0 THEN\nRETURN QUERY SELECT 'answered'::text, a.n, NULL::uuid, NULL::bigint, NULL::timestamptz, NULL::bigint, \
         a.request_digest, a.answer FROM (\n{answered}) AS a;\nis_stopped := is_stopped OR FOUND;\nEND IF;\n\
         IF is_stopped THEN RETURN; END IF;\n\
         {proven};\nIF NOT FOUND THEN RETURN; END IF;\n"
    );
    let writing = parts.parts.iter().skip_while(|(name, _)| *name != "proven").skip(1);
    for (name, text) in writing {
        let write = parts.filled(name);
        body += &match parts.guard(name, text) {
            Some(guard) => format!("IF {guard} THEN\n{write};\nEND IF;\n"),
            None => format!("{write};\n"),
        };
    }
    body + "RETURN QUERY SELECT 'proven'::text, 1, NULL::uuid, NULL::bigint, NULL::timestamptz, NULL::bigint, NULL::bytea, \
            NULL::jsonb;\nEND "
}
