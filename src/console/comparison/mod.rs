//! The comparison of two documents as people read it: block by block, old beside new, with word marks.
//! What differs comes from `flow/diff`; here it is put in the order of the document after, and said in lines.
//! Neither words of a language nor HTML: those are the page's.

mod exits;
mod lines;
mod marks;
mod naming;
mod rows;
mod sheet;

pub use exits::ExitChange;
pub use marks::{MarkedPart, WordMark};
pub use naming::named;
pub use rows::ComparedRow;
pub use sheet::{BlockKind, BlockSubject, ChangeBlock, ChangeCounts, ChangeSheet};
