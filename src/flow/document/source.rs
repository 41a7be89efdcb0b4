//! Texts in which something is computed, as authors write them.

use std::collections::BTreeMap;

/// Text with `{{ }}`, `{% %}` and `{# #}`, as the author wrote it.
pub type Template = String;
/// What may stand inside `{{ }}`, as the author wrote it.
pub type Expression = String;

/// Locale → step id → dotted path of a text inside that step → the text in that locale.
pub type Translations = BTreeMap<String, BTreeMap<String, BTreeMap<String, Template>>>;
