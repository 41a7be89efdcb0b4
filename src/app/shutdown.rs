//! From a signal to the end of the process, in bounded time.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::systemd;

/// How long the process waits before it exits, so that the log's writer thread can write the last line.
const LAST_LINE: Duration = Duration::from_millis(100);
/// How long a shutdown may take. Supervisors often send SIGKILL some seconds later.
const EXIT_WITHIN: Duration = Duration::from_secs(15);

/// What the first SIGTERM or SIGINT begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending {
    /// Cancelled at once: whoever asks is sent elsewhere, and requests go on.
    pub draining: CancellationToken,
    /// Cancelled after the delay: no more connections.
    pub shutdown: CancellationToken,
}

/// Ends the process `delay` after the first signal. A second one, or too long a shutdown, ends it at once; what was
/// acknowledged is safe even then.
pub(super) fn on_signal(delay: Duration) -> io::Result<Ending> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let ending = Ending::default();
    let begun = ending.clone();
    tokio::spawn(async move {
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::info!(signal = name, delay_ms = delay.as_millis(), "stopping");
        systemd::stopping();
        begun.draining.cancel();
        let mut again = tokio::time::timeout(delay, either(&mut terminate, &mut interrupt)).await;
        if again.is_err() {
            begun.shutdown.cancel();
            again = tokio::time::timeout(EXIT_WITHIN, either(&mut terminate, &mut interrupt)).await;
        }
        match again {
            Ok(name) => tracing::warn!(signal = name, "told again to stop, ending at once"),
            Err(_) => tracing::error!("the shutdown took too long, ending at once"),
        }
        std::thread::sleep(LAST_LINE);
        std::process::exit(1);
    });
    Ok(ending)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
