//! The columns of `flow_view` that hold a flow's marks. How they are read, appended, compared and rebuilt follows from the
//! one list of them.

use uuid::Uuid;

use super::column;
use super::parameters::{EncodeError, Parameters};
use crate::flow::marks::Marks;
use crate::store::columns::row;

/// Which event of a flow says what a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidBy {
    First,
    Last,
}

/// Declares the columns: the type of each, the SQL type of an array of them, and which event says it.
macro_rules! mark_columns {
    ($($column:ident: $type:ty, $array:literal, $said_by:ident;)+) => {
        row! {
            /// The marks of a flow as columns.
            MarkColumns { $($column: Option<$type>),+ }
        }

        impl MarkColumns {
            pub const ALL: &[(&str, SaidBy)] = &[$((stringify!($column), SaidBy::$said_by)),+];

            /// Binds the columns of many rows as parameters of an append.
            pub(super) fn bind(parameters: &mut Parameters, rows: &[Option<Self>]) -> Result<(), EncodeError> {
                $(parameters.bind(stringify!($column), $array, column(rows, |row| row.as_ref()?.$column))?;)+
                Ok(())
            }
        }
    };
}

mark_columns! {
    duplicated_from_flow: Uuid, "uuid[]", First;
    duplicated_from_version: i64, "bigint[]", First;
    restored_from: i64, "bigint[]", Last;
}

/// All columns of marks, of a view `v`, each behind a comma, as a literal.
macro_rules! marks_of_view {
    () => {
        ", v.duplicated_from_flow, v.duplicated_from_version, v.restored_from"
    };
}
pub(in crate::store) use marks_of_view;

impl MarkColumns {
    pub fn of(marks: &Marks) -> Self {
        let source = marks.duplicated_from.as_deref();
        Self {
            duplicated_from_flow: source.map(|(flow_id, _)| *flow_id),
            duplicated_from_version: source.map(|(_, version)| *version),
            restored_from: marks.restored_from,
        }
    }

    pub fn marks(&self) -> Marks {
        let source = self.duplicated_from_flow.zip(self.duplicated_from_version);
        Marks { duplicated_from: source.map(Box::new), restored_from: self.restored_from }
    }

    /// Which event says what a column holds; `None` of a column that holds no mark.
    pub fn said_by(column: &str) -> Option<SaidBy> {
        Self::ALL.iter().find(|(name, _)| *name == column).map(|(_, said_by)| *said_by)
    }

    /// All columns, each as `write` writes it.
    pub(in crate::store) fn listed(write: impl Fn(&str) -> String) -> String {
        Self::ALL.iter().map(|(name, _)| write(name)).collect()
    }

    /// The assignments that an append to a flow makes: what its first event says stays.
    pub(super) fn assigned() -> String {
        let last = Self::ALL.iter().filter(|(_, said_by)| *said_by == SaidBy::Last);
        last.map(|(name, _)| format!(", {name} = g.{name}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_read_with_all_marks() {
        assert_eq!(MarkColumns::listed(|column| format!(", v.{column}")), marks_of_view!());
    }
}
