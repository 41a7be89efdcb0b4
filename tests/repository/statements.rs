//! The SQL of the store, read for what a database can run that is distributed by organization. What is found here would
//! otherwise be found on a cluster alone, which the tests have none of.

mod texts;

use flow_registry::store::DISTRIBUTED;
use regex::Regex;

use super::sources::assert_none;
use texts::{Statement, statements};

/// Statements for one Postgres only, which are about several organizations, and the twin of each for one organization, which is
/// made from the same text.
const ONE_POSTGRES: [(&str, &str, &str); 9] = [
    ("store/now.rs", "TOGETHER", "OF_ONE"),
    ("store/now.rs", "ENDS_TOGETHER", "END_OF_ONE"),
    ("store/version.rs", "TOGETHER", "OF_ONE"),
    ("store/test_runs.rs", "INSERT_TOGETHER", "INSERT_OF_ONE"),
    ("store/append/memory.rs", "HEADS_TOGETHER", "HEAD_OF_ONE"),
    ("store/append/memory.rs", "ADD_ACTORS_TOGETHER", "ADD_ACTORS_OF_ONE"),
    ("store/append/memory.rs", "ACTORS_TOGETHER", "ACTORS_OF_ONE"),
    ("store/append/heads.rs", "LOCK_TOGETHER", "LOCK_ONE"),
    ("store/append/heads.rs", "BEGIN_TOGETHER", "BEGIN_ONE"),
];

/// Tasks that look at all organizations: every node is asked. None is part of a request, but for a key of which nobody knows
/// whose it is, and for followers of logs, who are asked one by one where a node is away.
const OF_ALL: [(&str, &str); 15] = [
    ("store/checkpoints.rs", "DUE"),
    ("store/checkpoints.rs", "OLDEST_UNSIGNED"),
    ("store/checkpoints.rs", "clock"),
    ("store/checkpoints.rs", "has_checkpoints"),
    ("store/console_sessions.rs", "FORGET"),
    ("store/erasure_orders.rs", "TOUCHED"),
    ("store/erasure_orders.rs", "UNFINISHED"),
    ("store/feed.rs", "HEADS"),
    ("store/idempotency.rs", "FORGET"),
    ("store/keys.rs", "BY_PREFIX"),
    ("store/keys.rs", "log_is_empty"),
    ("store/reading.rs", "least_organization"),
    ("store/rebuild.rs", "FOLDED_OTHERWISE"),
    ("store/test_runs.rs", "FORGET"),
    ("store/tree_heads.rs", "DUE"),
];

/// Functions that read or write tables: a statement that calls one does nothing else.
const OVER_TABLES: &str = r"\b(version_at|version_before|position_before|erase_recorded|append_to_log\w*)\(";

/// References of tables of organizations, and what names each of them there.
fn references(text: &str) -> Vec<(String, Option<String>)> {
    let tables = DISTRIBUTED.join("|");
    let reference = format!(r"\b(?:FROM|JOIN|UPDATE|USING)\s+({tables})\b(?:\s+(?:AS\s+)?([a-z_]+)\b)?");
    let found = Regex::new(&reference).unwrap();
    found
        .captures_iter(text)
        .map(|found| (found[1].to_owned(), found.get(2).map(|alias| alias.as_str().to_owned())))
        .collect()
}

/// References that are not bound to the organization `$1`.
fn unbound(text: &str) -> Vec<String> {
    let references = references(text);
    let mut unbound: Vec<String> = Vec::new();
    for (table, alias) in &references {
        let alike = references.iter().filter(|(other, named)| match (alias, named) {
            (Some(alias), Some(named)) => alias == named,
            (None, None) => table == other,
            _ => false,
        });
        let binding = match alias {
            Some(alias) => format!(r"\b{alias}\.org_id\s+=\s+\$1\b"),
            None => r"(?:^|[^.\w])org_id\s+=\s+\$1\b".to_owned(),
        };
        if Regex::new(&binding).unwrap().find_iter(text).count() < alike.count() {
            unbound.push(format!("{table} {}", alias.as_deref().unwrap_or("")));
        }
    }
    let inserts = format!(r"INSERT INTO ({})\b", DISTRIBUTED.join("|"));
    let of_one = r"^(?:\s+AS\s+\w+)?\s*\(org_id\b[^)]*\)\s*(?:SELECT|VALUES\s*\()\s*\$1\b";
    let of_one = Regex::new(of_one).unwrap();
    for insert in Regex::new(&inserts).unwrap().find_iter(text) {
        if !of_one.is_match(&text[insert.end()..]) {
            unbound.push(insert.as_str().to_owned());
        }
    }
    unbound
}

/// What no distributed database takes, whomever a statement is about.
fn refused(text: &str) -> Vec<&'static str> {
    let tables = DISTRIBUTED.join("|");
    let clock = format!(
        r"(?:UPDATE|DELETE FROM)\s+(?:{tables})\b[^;]*\b(?:clock_timestamp|random|gen_random_uuid|convert_to)\("
    );
    let listed = format!(r",\s+(?:{tables})\s+(?:AS\s+)?[a-z_]+\s+(?:WHERE|ON|JOIN|,)");
    let rules = [
        (clock, "a function in an UPDATE or DELETE that does not always say the same"),
        (
            r"=\s*\(?\$\d+[^\s,)]*\)?\[\w".to_owned(),
            "a column set to an element of a parameter, which ends the server",
        ),
        (listed, "a table in a list behind FROM, which this test does not read"),
    ];
    let mut found: Vec<&'static str> = Vec::new();
    for (pattern, why) in rules {
        if Regex::new(&pattern).unwrap().is_match(text) {
            found.push(why);
        }
    }
    let is_over_tables = Regex::new(OVER_TABLES).unwrap().is_match(text);
    if is_over_tables && !references(text).is_empty() {
        found.push("a function over tables inside of a statement over tables");
    }
    found
}

fn is_of_all(statement: &Statement) -> bool {
    OF_ALL.iter().any(|(path, name)| statement.path == *path && statement.name == *name)
}

#[test]
fn statements_are_bound_to_the_one_organization_that_they_are_about() {
    let statements = statements();
    let about: usize = statements.iter().map(|statement| references(&statement.text).len()).sum();
    assert!(about > 90, "references of tables are found: {about}");
    let mut broken = Vec::new();
    for statement in statements.iter().filter(|statement| !is_of_all(statement)) {
        for reference in unbound(&statement.text) {
            broken.push(format!("{}: {}: {reference}", statement.path, statement.name));
        }
    }
    assert_none(&broken, "tables that are not bound to `org_id = $1`");
}

#[test]
fn no_statement_has_what_a_distributed_database_refuses() {
    let mut broken = Vec::new();
    for Statement { path, name, text, .. } in statements() {
        broken.extend(refused(&text).into_iter().map(|why| format!("{path}: {name}: {why}")));
    }
    assert_none(&broken, "statements that a distributed database refuses");
}

#[test]
fn tasks_for_all_organizations_join_rows_of_one_and_lock_none() {
    let statements = statements();
    let alike = Regex::new(r"\b\w+\.org_id\s+=\s+\w+\.org_id").unwrap();
    let mut broken = Vec::new();
    for (path, name) in OF_ALL {
        let found = statements.iter().find(|statement| statement.path == path && statement.name == name);
        let Some(Statement { text, .. }) = found else {
            broken.push(format!("{path}: {name}: is not there"));
            continue;
        };
        if unbound(text).is_empty() && !text.contains("ANY") {
            broken.push(format!("{path}: {name}: is about one organization"));
        }
        if text.contains("FOR UPDATE") {
            broken.push(format!("{path}: {name}: locks rows of several organizations"));
        }
        if alike.find_iter(text).count() < text.matches(" JOIN ").count() {
            broken.push(format!("{path}: {name}: joins tables by something else than the organization"));
        }
    }
    assert_none(&broken, "tasks for all organizations");
}

#[test]
fn statements_for_one_postgres_have_a_twin_of_the_same_text() {
    let statements = statements();
    let mut broken = Vec::new();
    // A macro that leaves the organization open is the text; who fills in something else than $1 is about several.
    for Statement { path, name, of, .. } in &statements {
        let Some((makes, organization)) = of else { continue };
        let twin = |twin: &str| {
            let made = Some((makes.clone(), "$1".to_owned()));
            statements.iter().any(|it| it.path == *path && it.name == twin && it.of == made)
        };
        let listed = ONE_POSTGRES.iter().find(|(file, one, _)| file == path && one == name);
        match (organization.as_str(), listed) {
            ("$1", None) => {}
            ("$1", Some(_)) => broken.push(format!("{path}: {name}: is about one organization")),
            (_, None) => broken.push(format!("{path}: {name}: is for one Postgres, and names no twin")),
            (_, Some((.., of_one))) if !twin(of_one) => {
                broken.push(format!("{path}: {name}: its twin {of_one} is not made of {makes}"));
            }
            (_, Some(_)) => {}
        }
    }
    let is_there = |path: &str, name: &str| {
        statements.iter().any(|it| it.path == path && it.name == name && it.of.is_some())
    };
    for (path, name, _) in ONE_POSTGRES.iter().filter(|(path, name, _)| !is_there(path, name)) {
        broken.push(format!("{path}: {name}: is not there"));
    }
    assert_none(&broken, "statements that one Postgres alone can run");
}

#[test]
fn the_rules_find_what_breaks_them() {
    assert_eq!(unbound("SELECT 1 FROM event WHERE org_id = $1"), [""; 0]);
    assert_eq!(
        unbound("SELECT 1 FROM event e JOIN event f ON f.org_id = e.org_id WHERE e.org_id = $1"),
        ["event f"]
    );
    assert_eq!(unbound("SELECT 1 FROM event e WHERE e.org_id = ANY($1)"), ["event e"]);
    assert_eq!(
        unbound("SELECT (SELECT 1 FROM event e) FROM event e WHERE e.org_id = $1"),
        ["event e", "event e"]
    );
    assert_eq!(unbound("INSERT INTO actor (org_id, id) SELECT a.org_id FROM x a"), ["INSERT INTO actor"]);
    assert_eq!(unbound("INSERT INTO actor (org_id, id) VALUES ($1, $2)"), [""; 0]);
    for text in [
        "UPDATE erasure SET touched_at = clock_timestamp() WHERE org_id = $1",
        "UPDATE log_head SET position = ($2::bigint[])[1] WHERE org_id = $1",
        "SELECT version_at($1, v.flow_id, 1, 2) FROM flow_view v WHERE v.org_id = $1",
        "SELECT 1 FROM flow_view v, event e WHERE v.org_id = $1",
    ] {
        assert_eq!(refused(text).len(), 1, "{text}");
    }
    assert_eq!(refused("SELECT position_before($1, $2)"), [""; 0]);
}
