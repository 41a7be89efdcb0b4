//! What the process has room for, as whoever puts it together says. The console counts nothing itself.

use std::any::Any;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Extensions, HeaderMap};
use bytes::Bytes;

use crate::registry::caller::Caller;

/// Held while a request is carried out, or while a page is kept up to date.
pub type Share = Box<dyn Any + Send + Sync>;

/// Why a request is not carried out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldBack {
    /// Whole seconds after which trying again makes sense.
    pub wait_s: u32,
    /// The caller makes too many requests; else the process has too much to do.
    pub is_of_caller: bool,
}

/// Why a form is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadForm {
    TooLarge,
    /// It ended too early, or came too slowly.
    Broken,
    HeldBack(HeldBack),
}

/// Lets requests in, counted together with those of the API.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Reads a body of at most so many bytes, within the memory that all bodies share.
    async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        bytes_max: usize,
    ) -> Result<(Bytes, Share), UnreadForm>;

    /// A request of somebody who is signed in. `extensions` are those of the request.
    async fn admit(&self, extensions: &Extensions, caller: &Caller) -> Result<Share, HeldBack>;

    /// A page that follows the log; `None` while as many are followed as this process takes.
    fn follow(&self) -> Option<Share>;
}
