//! What a decision on a flow was made on, so that the append can prove that the flow still stands there.

use crate::flow::digest::Digest;
use crate::flow::event::State;

/// A flow as whoever decided saw it: what `flow_state` of the migrations makes of the same flow.
#[derive(Debug, Clone)]
pub struct DecidedOn(Vec<u8>);

impl DecidedOn {
    /// `erased`: whether the content of the draft was.
    pub fn new(state: &State, published_document: Option<Digest>, erased: bool) -> Self {
        let flags = u32::from(state.enabled) + 2 * u32::from(state.deleted) + 4 * u32::from(erased);
        let published = published_document.as_ref().map_or(&[][..], |digest| &digest.as_bytes()[..]);
        let parts = [
            &state.document.as_bytes()[..],
            &flags.to_be_bytes(),
            &state.published_version.unwrap_or(0).to_be_bytes(),
            &state.published_by_version.unwrap_or(0).to_be_bytes(),
            published,
        ];
        Self(parts.concat())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
