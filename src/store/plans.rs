//! How Postgres is to plan the statements of the service. What is named here is said to connections when they begin, or where a
//! pooler takes no settings, given to the account.

use super::form::Form;

/// A setting of Postgres and its value.
pub(super) type Setting = (&'static str, &'static str);

/// Statements are planned when tables may still be small; what they touch is always found by its key.
const BY_KEY: [Setting; 3] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];

/// As Postgres plans by itself. Said to connections of the pool, because their account may have been given other settings for
/// a pooler that is no longer there.
pub(super) const BY_ITSELF: [Setting; 4] = [
    ("enable_seqscan", "on"),
    ("enable_hashjoin", "on"),
    ("enable_mergejoin", "on"),
    ("plan_cache_mode", "auto"),
];

/// Statements are planned once. A database that is distributed by organization plans each for the one it is about.
pub(super) fn plans(form: Form) -> [Setting; 4] {
    let planned = match form {
        Form::Together => "force_generic_plan",
        Form::OfOne => "auto",
    };
    let [seqscan, hashjoin, mergejoin] = BY_KEY;
    [seqscan, hashjoin, mergejoin, ("plan_cache_mode", planned)]
}
