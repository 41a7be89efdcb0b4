//! Rows by their columns: declared once, each says how it is read, bound, and where two of them differ.

use serde::Serialize;
use serde_json::Value;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;

/// A column in which a row is not what the log leads to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub column: &'static str,
    pub stored: Value,
    pub computed: Value,
    /// What it would be computed from was erased: the row may still be as it was before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

pub(super) type Statement = sqlx::query::Query<'static, Postgres, PgArguments>;

/// Declares the columns of a row; those of a part that has its own declaration follow them.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($column:ident: $type:ty),+ $(,)? } $(with $part:ident: $columns:ty)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
        pub struct $name { $(pub $column: $type,)+ $(#[sqlx(flatten)] pub $part: $columns,)? }

        impl $name {
            /// The columns in which `self`, as it is stored, is not what was computed.
            pub fn differences(&self, computed: &Self) -> Vec<$crate::store::columns::Difference> {
                let shown = |value: Result<serde_json::Value, serde_json::Error>| value.unwrap_or_default();
                let mut found = Vec::new();
                $(if self.$column != computed.$column {
                    found.push($crate::store::columns::Difference {
                        column: stringify!($column),
                        stored: shown(serde_json::to_value(&self.$column)),
                        computed: shown(serde_json::to_value(&computed.$column)),
                        erased: false,
                    });
                })+
                $(found.extend(self.$part.differences(&computed.$part));)?
                found
            }

            pub(in $crate::store) fn bind_to(
                self,
                query: $crate::store::columns::Statement,
            ) -> $crate::store::columns::Statement {
                let query = query$(.bind(self.$column))+;
                $(let query = self.$part.bind_to(query);)?
                query
            }
        }
    };
}
pub(super) use row;
