//! What a reader asks of the state it reads: the versions it wants, and what it has already.

use axum::http::{HeaderMap, HeaderValue, header};

use super::etag;
use super::problem::Problem;
use crate::registry::caller::IfMatch;

/// The versions a reader wants, or has.
#[derive(Debug)]
pub struct Conditions {
    if_match: Option<IfMatch>,
    if_none_match: Option<IfMatch>,
    /// `If-None-Match` as it came, for what has no version.
    tags: HeaderMap,
}

impl Conditions {
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let tags = headers.get_all(header::IF_NONE_MATCH).iter();
        Ok(Self {
            if_match: etag::if_match(headers)?,
            if_none_match: etag::if_none_match(headers)?,
            tags: tags.map(|tag| (header::IF_NONE_MATCH, tag.clone())).collect(),
        })
    }

    /// Whether the reader wants this version at all.
    pub fn accept(&self, version: i64) -> bool {
        self.if_match.as_ref().is_none_or(|wanted| wanted.accepts(version))
    }

    /// The latest version that the reader names.
    pub fn latest(&self) -> Option<i64> {
        self.if_match.as_ref().and_then(IfMatch::latest)
    }

    /// The latest version that the reader wants or has already.
    pub fn latest_known(&self) -> Option<i64> {
        self.latest().max(self.if_none_match.as_ref().and_then(IfMatch::latest))
    }

    /// The latest position of which the reader has a list already.
    pub fn latest_of_list(&self) -> Option<i64> {
        etag::list_positions(&self.tags).max()
    }

    /// Whether the reader has what this tag stands for already.
    pub fn know_tag(&self, tag: &HeaderValue) -> bool {
        etag::is_known(&self.tags, tag)
    }

    /// Whether the reader has this version already.
    pub fn know(&self, version: i64) -> bool {
        self.if_none_match.as_ref().is_some_and(|known| known.accepts(version))
    }
}
