//! The names of operators that lowering puts where the engine's own would read kinds as one another, walk values unpaid
//! or fail on undefined too early. They are filters whose names no template can spell.

/// Shows a plain path: undefined is the empty text, and noted.
pub const RENDER: &str = "=render";
/// Looks a plain path up: undefined anywhere on the way is undefined.
pub const LOOK_UP: &str = "=look-up";
/// A member by a computed key; of undefined it is undefined.
pub const MEMBER: &str = "=member";
/// An operand of arithmetic: refuses undefined.
pub const KNOWN: &str = "=known";
/// An operand of a product: refuses undefined, and lists, which the engine would repeat without end.
pub const FACTOR: &str = "=factor";
/// What is divided by: refuses undefined and zero.
pub const DIVISOR: &str = "=divisor";
pub const POWER: &str = "=power";
/// An operand of `~`, as text.
pub const TEXT: &str = "=text";
/// A key of an object literal: text only.
pub const KEY: &str = "=key";
pub const EQUAL: &str = "=equal";
pub const LESS: &str = "=less";
pub const LESS_OR_EQUAL: &str = "=less-or-equal";
pub const GREATER: &str = "=greater";
pub const GREATER_OR_EQUAL: &str = "=greater-or-equal";
/// Comparisons in a row: `a < b <= c`. Arguments are the names of comparisons, each before its right side.
pub const CHAIN: &str = "=chain";
pub const CONTAINED: &str = "=in";
/// A slice without steps. Arguments are the bounds, undefined where there is none.
pub const SLICE: &str = "=slice";
/// A part of an address, as one segment of its path or one value of its query.
pub const SEGMENT: &str = "=segment";
/// A part of an address that is encoded but for the slashes in it.
pub const ENCODED: &str = "=encoded";
