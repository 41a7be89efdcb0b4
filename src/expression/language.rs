//! What exists in expressions and templates: the tables that validation judges by and that the interpreter
//! fills with life. What is not listed here does not exist.

/// Filters of the engine and our own, in byte order.
pub const FILTERS: &[&str] = &[
    "abs",
    "add",
    "bool",
    "capitalize",
    "date",
    "default",
    "diff",
    "digits",
    "first",
    "float",
    "fold",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "mask",
    "max",
    "min",
    "money",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe_path",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
    "urlencode",
    "weekday",
];

/// Tests, as after `is`.
pub const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "endingwith",
    "even",
    "float",
    "in",
    "integer",
    "mapping",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "undefined",
];

/// Functions.
pub const FUNCTIONS: &[&str] =
    &["capture", "find", "has_all_words", "has_any_word", "has_phrase", "has_tag", "matches", "range"];

/// Functions whose second argument is a literal pattern.
pub const PATTERN_FUNCTIONS: &[&str] = &["capture", "matches"];

/// What `find` finds in a text, in byte order.
pub const FIND_KINDS: &[&str] = &["date", "email", "integer", "number", "phone", "time", "url"];

/// What may follow a `%` in the format of the filter `date`, in byte order.
pub const DATE_CODES: &[char] =
    &['%', 'A', 'B', 'H', 'I', 'M', 'S', 'Y', 'Z', 'a', 'b', 'd', 'e', 'j', 'm', 'p', 'y', 'z'];

/// Names that mean something else than a variable.
pub const RESERVED: &[&str] = &[
    "vars", "contact", "trigger", "input", "flow", "run", "now", "today", "steps", "secrets", "item", "loop",
    "value", "response", "true", "false", "none", "null", "and", "or", "not", "in", "is", "if", "elif",
    "else", "endif", "for", "endfor",
];

/// Members of a step's record, as after `steps.<id>.`.
pub const STEP_FIELDS: &[&str] = &["value", "outcome", "visits", "status", "error"];

/// Members of the namespaces that have fixed ones. Those of `vars` are the variables, those of `steps` the
/// steps, those of `secrets` are known to the tenant only; `now` and `today` have none.
pub const NAMESPACES: &[(&str, &[&str])] = &[
    ("contact", &["id", "name", "phone", "language", "tags", "attributes"]),
    ("trigger", &["type", "text", "keyword", "intent", "payload"]),
    ("input", &["type", "text", "payload", "intent", "entities", "at"]),
    ("flow", &["id", "name", "version"]),
    ("run", &["id", "seed", "locale", "startedAt", "stepCount", "transcript", "entities"]),
];

/// The members of `loop` in a `for`; among options made from a list only `index` exists.
pub const LOOP_FIELDS: &[&str] = &[
    "index",
    "index0",
    "revindex",
    "revindex0",
    "first",
    "last",
    "length",
    "depth",
    "depth0",
    "previtem",
    "nextitem",
];

/// True for text in which something is computed: it has `{{ }}`, `{% %}` or `{# #}`.
pub fn is_template(source: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| source.contains(mark))
}

/// Characters of a regular expression, at most.
pub const PATTERN_LENGTH_MAX: usize = 256;
/// Bytes of a compiled regular expression, at most.
pub const PATTERN_BYTES_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_byte_order() {
        for table in [FILTERS, TESTS, FUNCTIONS] {
            assert!(table.is_sorted());
        }
    }
}
