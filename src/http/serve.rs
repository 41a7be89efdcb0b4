//! Serving: connections let in by the door, watched while they last, and drained at the end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::connection::{Patience, Progress, WatchedConnection};
use super::door::Door;
use super::observe::{HEADER_BYTES_MAX, HEADERS_MAX, RefusedHead};
use super::problem::{Code, Problem};
use super::proxies::TrustedProxies;
use super::under_way::{Answer, UnderWay};
use super::unread;
use crate::registry::caller::ClientAddress;

/// How long requests that are under way may take once the service is told to stop. The private Postgres has to stop
/// after them, and all of it within 15 s.
const DRAIN_MAX: Duration = Duration::from_secs(8);
/// What accepting waits after an error that is not the client's, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long, and how much, of an unwanted body is read away, so that its sender gets to see the answer.
const LINGER_MAX: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 8 << 20;

/// What a connection that is turned away may take.
const TURNED_AWAY: Patience =
    Patience { idle: Duration::from_secs(1), head: Duration::from_secs(2), stall: Duration::from_secs(2) };
/// After how many seconds to try again, for who is turned away.
const RETRY_AFTER_S: u32 = 1;
/// Answered to whoever connects, whatever else there is no room for.
const HEALTH: [&str; 4] = ["/health", "/health/live", "/health/ready", "/health/status"];

#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections that are served at once.
    pub connections_max: usize,
    /// How many of them may come from one address.
    pub connections_of_address_max: usize,
    /// Proxies: not held to that number, and believed whom they pass on.
    pub trusted_proxies: TrustedProxies,
    pub patience: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        let patience = Patience {
            idle: Duration::from_secs(75),
            head: Duration::from_secs(10),
            stall: Duration::from_secs(60),
        };
        Self {
            connections_max: 1024,
            connections_of_address_max: 256,
            trusted_proxies: TrustedProxies::default(),
            patience,
        }
    }
}

/// Serves until `shutdown` is cancelled, then lets requests that are under way end, for a while.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    let door = Door::new(limits.connections_max, limits.connections_of_address_max);
    // Outlives `shutdown`: whatever is still there when draining is over is dropped.
    let end = CancellationToken::new();
    loop {
        let (stream, address) = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let address = address.ip().to_canonical();
        let progress = Progress::new();
        let stay = door.enter(address, !limits.trusted_proxies.contain(address), progress.clone());
        let connection = Connection {
            router: router.clone(),
            address,
            trusted_proxies: limits.trusted_proxies.clone(),
            progress,
            patience: if stay.is_served { limits.patience } else { TURNED_AWAY },
            is_served: stay.is_served,
        };
        let (shutdown, end) = (shutdown.clone(), end.clone());
        connections.spawn(async move {
            tokio::select! {
                () = connection.serve(stream, shutdown) => {}
                () = stay.leave.cancelled() => tracing::debug!(%address, "a connection made room"),
                () = end.cancelled() => {}
            }
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

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[derive(Clone)]
struct Connection {
    router: Router,
    address: IpAddr,
    trusted_proxies: TrustedProxies,
    progress: Progress,
    patience: Patience,
    is_served: bool,
}

impl Connection {
    async fn serve(self, stream: TcpStream, shutdown: CancellationToken) {
        // Answers are small and complete: waiting to send more at once only delays them.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(WatchedConnection::new(stream, self.progress.clone(), self.patience));
        let (address, is_served) = (self.address, self.is_served);
        let connection = Arc::new(self);
        let service = service_fn(move |request: Request<Incoming>| {
            let under_way = UnderWay::begin(connection.progress.clone(), request.body().size_hint().exact());
            let connection = Arc::clone(&connection);
            Box::pin(async move { connection.answer(request, under_way).await })
        });
        let mut connection = http1::Builder::new()
            .half_close(true)
            .keep_alive(is_served)
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

    async fn answer(
        &self,
        request: Request<Incoming>,
        under_way: UnderWay,
    ) -> Result<Response<Answer>, Infallible> {
        let (mut parts, body) = request.into_parts();
        let client = self.trusted_proxies.client(self.address, &parts.headers);
        parts.extensions.insert(ClientAddress(client));
        let refusal = self.refuse(&parts);
        let is_last = refusal.is_some();
        if let Some(refusal) = refusal {
            parts.extensions.insert(refusal);
        }
        let (body, unread) = match body.is_end_stream() {
            true => (Body::empty(), None),
            false => {
                let (lent, unread) = unread::lend(body, &parts.headers, self.progress.clone());
                (Body::new(lent), Some(unread))
            }
        };
        let mut response = self.router.clone().oneshot(Request::from_parts(parts, body)).await?;
        let is_free = match unread {
            Some(unread) if !is_last => unread.read_away().await,
            _ => !is_last,
        };
        if !is_free {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| under_way.until_sent(body)))
    }

    /// Why a request is not carried out, whatever it asks for.
    fn refuse(&self, request: &Parts) -> Option<RefusedHead> {
        if self.progress.has_bare_lines() {
            let detail = "A line of the request's head ends without a carriage return.";
            return Some(RefusedHead(Problem::new(Code::MalformedHead, detail)));
        }
        let hosts = request.headers.get_all(header::HOST).iter().count();
        if hosts > 1 || (hosts == 0 && request.version == Version::HTTP_11) {
            let detail = format!("A request names one host; this one has {hosts} headers Host.");
            return Some(RefusedHead(Problem::new(Code::MalformedHead, detail)));
        }
        if request.headers.get_all(header::TRANSFER_ENCODING).iter().any(|coding| !is_chunked(coding)) {
            let detail = "The only transfer coding that is taken is chunked, once.";
            return Some(RefusedHead(Problem::new(Code::NotImplemented, detail)));
        }
        if !self.is_served && !HEALTH.contains(&request.uri.path()) {
            let detail = "There is no room for a further connection at the moment.";
            return Some(RefusedHead(Problem::retry(Code::Overloaded, RETRY_AFTER_S, detail)));
        }
        None
    }
}

fn is_chunked(coding: &HeaderValue) -> bool {
    coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")
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
