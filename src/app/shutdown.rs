//! From a signal to the end of the process, in bounded time.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long the process waits before it exits, so that the log's writer thread can write the last line.
const LAST_LINE: Duration = Duration::from_millis(100);
/// How long a shutdown may take. Supervisors often send SIGKILL some seconds later.
const EXIT_WITHIN: Duration = Duration::from_secs(15);

/// Cancelled by the first SIGTERM or SIGINT. A second one, or too long a shutdown, ends the process at once;
/// what was acknowledged is safe even then.
pub(super) fn on_signal() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::info!(signal = name, "stopping");
        cancelled.cancel();
        match tokio::time::timeout(EXIT_WITHIN, either(&mut terminate, &mut interrupt)).await {
            Ok(name) => tracing::warn!(signal = name, "told again to stop, ending at once"),
            Err(_) => tracing::error!("the shutdown took too long, ending at once"),
        }
        std::thread::sleep(LAST_LINE);
        std::process::exit(1);
    });
    Ok(token)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
