//! What systemd is told of the process, where it started it and asked (`Type=notify`).

use sd_notify::NotifyState;

/// Connections are taken from here on.
pub(super) fn ready() {
    tell(NotifyState::Ready);
}

/// The process was told to end, and does so.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd was not told how the service is");
    }
}
