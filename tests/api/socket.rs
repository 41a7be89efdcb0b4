//! The service behind a listener, and clients that decide about every byte.

use std::net::SocketAddr;
use std::time::Duration;

use flow_registry::http::Limits;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Api, api, serve};

pub const LONG: Duration = Duration::from_secs(20);

/// The service behind a listener.
pub struct Served {
    pub api: Api,
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    pub serving: JoinHandle<()>,
}

pub async fn served(limits: Limits) -> Served {
    let api = api().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = serve(listener, api.router.clone(), limits, shutdown.clone());
    Served { api, address, shutdown, serving }
}

impl Served {
    pub async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), received: Vec::new() }
    }

    /// A connection from an address of the loopback network.
    pub async fn connect_from(&self, last: u8) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
        Client { stream: socket.connect(self.address).await.unwrap(), received: Vec::new() }
    }

    /// The head of a request with the admin key, up to the empty line.
    pub fn head(&self, method: &str, path: &str, headers: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n{headers}\r\n", self.api.key)
    }

    pub fn create(&self, headers: &str) -> String {
        let headers = format!("content-type: application/json\r\n{headers}");
        self.head("POST", &self.api.flows(""), &headers)
    }
}

/// One connection, and what came over it.
pub struct Client {
    pub stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    pub async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Whatever comes until the peer closes, in good time.
    pub async fn rest(mut self) -> String {
        let end = timeout(LONG, self.stream.read_to_end(&mut self.received)).await;
        end.expect("the peer closes").unwrap();
        String::from_utf8(self.received).unwrap()
    }

    /// What comes up to and with `end`.
    pub async fn until(&mut self, end: &str) -> String {
        timeout(LONG, async {
            loop {
                if let Some(at) = String::from_utf8_lossy(&self.received).find(end) {
                    let rest = self.received.split_off(at + end.len());
                    return String::from_utf8(std::mem::replace(&mut self.received, rest)).unwrap();
                }
                assert_ne!(self.stream.read_buf(&mut self.received).await.unwrap(), 0, "closed early");
            }
        })
        .await
        .expect("an answer")
    }
}

/// The problem that a whole answer says.
pub fn problem(answer: &str, status: u16) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    serde_json::from_str(body).unwrap()
}
