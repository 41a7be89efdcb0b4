//! What handlers work with, put together once at the start.

use std::fmt;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::body::BodyBudget;
use super::feed::slots::Feeds;
use super::load::Load;
use super::rates::RateLimits;
use crate::registry::Registry;
use crate::registry::access::{CredentialVerifier, Guesses};

/// As handlers get it.
pub type App = Arc<AppState>;

/// Shared by all requests.
pub struct AppState {
    pub registry: Registry,
    pub verifier: CredentialVerifier,
    pub feeds: Feeds,
    pub body_budget: BodyBudget,
    pub load: Load,
    pub guesses: Guesses,
    pub rate_limits: RateLimits,
    /// Cancelled when the service was told to stop and goes on for a while.
    pub draining: CancellationToken,
    /// The address clients use, without a slash at its end.
    pub public_url: Arc<str>,
    /// Renders what the process has counted; the recorder behind it is installed by whoever starts the service.
    pub metrics: PrometheusHandle,
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("registry", &self.registry).finish_non_exhaustive()
    }
}
