//! Serving: connections accepted up to a number, watched while they last, and drained at the end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::call::PeerAddress;
use super::connection::{Answer, Patience, Progress, UnderWay, WatchedConnection};
use super::observe::{HEADER_BYTES_MAX, HEADERS_MAX};

/// How long requests that are under way may take once the service is told to stop. The private Postgres has to stop
/// after them, and all of it within 15 s.
const DRAIN_MAX: Duration = Duration::from_secs(8);
/// What accepting waits after an error that is not the client's, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long, and how much, of an unwanted body is read away, so that its sender gets to see the answer.
const LINGER_MAX: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 8 << 20;

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections_max: usize,
    pub patience: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        let patience = Patience {
            idle: Duration::from_secs(75),
            head: Duration::from_secs(10),
            stall: Duration::from_secs(60),
        };
        Self { connections_max: 1024, patience }
    }
}

/// Serves until `shutdown` is cancelled, then lets requests that are under way end, for a while.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(limits.connections_max));
    // Outlives `shutdown`: whatever is still there when draining is over is dropped.
    let end = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, address, place) = accepted;
        let connection = Connection { router: router.clone(), address, patience: limits.patience };
        let (shutdown, end) = (shutdown.clone(), end.clone());
        connections.spawn(async move {
            tokio::select! {
                () = connection.serve(stream, shutdown) => {}
                () = end.cancelled() => {}
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_MAX, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests still under way were cut");
        end.cancel();
        connections.wait().await;
    }
}

/// The next connection, once there is room for it: those that wait do so in the kernel's queue.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

struct Connection {
    router: Router,
    address: SocketAddr,
    patience: Patience,
}

impl Connection {
    async fn serve(self, stream: TcpStream, shutdown: CancellationToken) {
        // Answers are small and complete: waiting to send more at once only delays them.
        let _ = stream.set_nodelay(true);
        let progress = Progress::new();
        let io = TokioIo::new(WatchedConnection::new(stream, progress.clone(), self.patience));
        let Self { router, address, .. } = self;
        let service = service_fn(move |request| {
            Box::pin(answer(router.clone(), request, address, progress.request_began()))
        });
        let mut connection = http1::Builder::new()
            .half_close(true)
            .header_read_timeout(None)
            .max_headers(2 * HEADERS_MAX)
            .max_header_size(2 * HEADER_BYTES_MAX)
            // What a client that does not read holds of its answer. Must hold the head of a request too.
            .max_buf_size(HEADER_BYTES_MAX + HEADER_BYTES_MAX / 4)
            .serve_connection(io, service);
        let mut is_told = false;
        let ended = loop {
            tokio::select! {
                biased;
                ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break ended,
                () = shutdown.cancelled(), if !is_told => {
                    is_told = true;
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %address, "a connection broke");
        }
        linger(connection.into_parts().io.into_inner().into_inner()).await;
    }
}

/// Closes our side and reads away what the client is still sending: closing with unread bytes would reset the
/// connection, and the client might never see the answer that made us stop reading.
async fn linger(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut buffer = vec![0; 16 * 1024];
    let drain = async {
        let mut bytes = 0;
        while bytes < LINGER_BYTES_MAX {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes += count,
            }
        }
    };
    let _ = tokio::time::timeout(LINGER_MAX, drain).await;
}

async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    address: SocketAddr,
    under_way: UnderWay,
) -> Result<Response<Answer>, Infallible> {
    request.extensions_mut().insert(PeerAddress(address));
    let response = router.oneshot(request.map(Body::new)).await?;
    Ok(response.map(|body| under_way.until_sent(body)))
}
