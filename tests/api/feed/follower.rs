//! Readers of the live feed over a connection, and replicas of the service that they read from.

use std::net::SocketAddr;
use std::time::Duration;

use flow_registry::http::{Feeds, Limits, Patience, router};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, serve, state_over};

pub const LONG: Duration = Duration::from_secs(20);

/// One replica of the service over the database of `api`.
pub struct Replica {
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    pub serving: JoinHandle<()>,
}

pub async fn replica(api: &Api, readers_max: usize, stall: Duration) -> Replica {
    let shutdown = CancellationToken::new();
    let mut state = state_over(api.registry.store().clone());
    state.feeds = Feeds::new(readers_max, stall, shutdown.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits { patience: Patience { idle: LONG, head: LONG, stall }, ..Limits::default() };
    let serving = serve(listener, router(state), limits, shutdown.clone());
    Replica { address, shutdown, serving }
}

/// A block of the stream.
#[derive(Debug, Default, PartialEq)]
pub struct Block {
    pub id: Option<i64>,
    pub event: String,
    pub data: Value,
    pub comment: Option<String>,
}

pub struct Follower {
    pub lines: BufReader<TcpStream>,
}

impl Replica {
    /// A request for the feed of the organization of `api`; returns its status.
    pub async fn ask(&self, api: &Api, key: &str, query: &str, headers: &str) -> (u16, Follower) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let path = format!("/organizations/{}/audit/stream{query}", api.org_id);
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut follower = Follower { lines: BufReader::new(stream) };
        let status = follower.line().await.unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        while follower.line().await.is_some_and(|line| !line.is_empty()) {}
        (status, follower)
    }

    pub async fn follow(&self, api: &Api, key: &str, query: &str) -> Follower {
        let (status, mut follower) = self.ask(api, key, query, "accept: text/event-stream\r\n").await;
        assert_eq!(status, 200);
        let opening = follower.block().await.unwrap();
        assert_eq!(opening.event, "");
        follower
    }
}

impl Follower {
    /// The next line of the answer, or of a chunk of its body; `None` at its end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match timeout(LONG, self.lines.read_line(&mut line)).await.expect("something in good time") {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }

    /// The next block. Sizes of chunks stand on lines of their own, which no field looks like.
    pub async fn block(&mut self) -> Option<Block> {
        let mut block = Block::default();
        let mut is_begun = false;
        loop {
            let line = self.line().await?;
            match line.split_once(':') {
                Some(("id", id)) => block.id = Some(id.trim().parse().unwrap()),
                Some(("event", name)) => block.event = name.trim().to_owned(),
                Some(("data", data)) => block.data = serde_json::from_str(data).unwrap(),
                Some(("", comment)) => block.comment = Some(comment.trim().to_owned()),
                Some(("retry", _)) => {}
                // A chunk of nothing ends the body.
                None if line == "0" => return None,
                None if line.is_empty() && is_begun => return Some(block),
                _ => continue,
            }
            is_begun = true;
        }
    }

    /// The next event; signs of life are passed over.
    pub async fn event(&mut self) -> Option<Block> {
        loop {
            let block = self.block().await?;
            if !block.event.is_empty() {
                return Some(block);
            }
        }
    }

    pub async fn ids(&mut self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(self.event().await.unwrap().id.unwrap());
        }
        ids
    }

    /// The text of the last comment before the end.
    pub async fn last_words(&mut self) -> Option<String> {
        let mut last = None;
        while let Some(block) = self.block().await {
            assert_eq!(block.event, "", "nothing more is told");
            last = block.comment.or(last);
        }
        last
    }
}
