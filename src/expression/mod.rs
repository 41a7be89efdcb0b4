//! Expressions and templates as authors write them: what exists in them, what a source refers to and compares, and the
//! engine's code for it. The only room that knows the engine's syntax tree. What code does when it runs is the
//! interpreter's, which judgement a document gets is the flow's.

mod code;
pub mod language;
mod lower;
mod names;
mod number;
mod operand;
pub mod operator;
mod path;
mod plan;
mod refusal;
mod syntax;
mod tree;

pub use code::{Code, Compiled, SourceKind, compile, is_native, pieces};
pub use names::{Names, Root};
pub use number::{INTEGER_MAX, as_integer};
pub use operand::{ComparedOperands, Operand};
pub use path::{NamePath, NameReference, PathKey};
pub use plan::{ComparisonKind, Fast, PlanNode, TextPart, is_scalar};
pub use refusal::CompileRefusal;
pub use syntax::{Argument, Callable, NameUse, Remark, RemarkKind, SourceLanguage, Syntax};
pub use tree::{Encoding, Literals};
