//! JSON pointers (RFC 6901), built from the root down.

use std::borrow::Cow;
use std::fmt;

/// Appends one token to a pointer.
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&escape(token));
}

fn escape(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) {
        Cow::Owned(token.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(token)
    }
}

/// The tokens of a pointer, unescaped.
pub fn tokens(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer.split('/').skip(1).map(|token| match token.contains('~') {
        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(token),
    })
}

/// A place as a chain of tokens on the stack, written out only where it is needed.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    token: Token<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Root(&'a str),
    Member(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// A chain that begins at a place already written out; `""` is the whole value.
    pub const fn at(pointer: &'a str) -> Self {
        Self { parent: None, token: Token::Root(pointer) }
    }

    pub const fn member(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), token: Token::Member(name) }
    }

    pub const fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), token: Token::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            fmt::Display::fmt(parent, f)?;
        }
        match self.token {
            Token::Root(pointer) => f.write_str(pointer),
            Token::Member(name) => write!(f, "/{}", escape(name)),
            Token::Index(index) => write!(f, "/{index}"),
        }
    }
}

/// A place inside a part whose members the format names, at most one list deep: `/next`, `/options/3/next`.
/// Written out only where it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    before: &'static str,
    entry: Option<(usize, &'static str)>,
}

impl Spot {
    pub const fn at(pointer: &'static str) -> Self {
        Self { before: pointer, entry: None }
    }

    /// A place inside an entry of a list; `rest` goes on from there.
    pub const fn in_entry(list: &'static str, index: usize, rest: &'static str) -> Self {
        Self { before: list, entry: Some((index, rest)) }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.before)?;
        match self.entry {
            Some((index, rest)) => write!(f, "/{index}{rest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_escaped_and_read_back() {
        let (steps, name);
        let root = Path::at("/json");
        steps = root.member("a/b~c");
        name = steps.index(3);
        let pointer = name.member("").to_string();
        assert_eq!(pointer, "/json/a~1b~0c/3/");
        assert_eq!(tokens(&pointer).collect::<Vec<_>>(), ["json", "a/b~c", "3", ""]);
        assert_eq!(Path::at("").to_string(), "");
        assert_eq!(tokens("").count(), 0);
    }
}
