//! A connection that is kept, for requests one after another outside of the load that is measured.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};

use crate::answer;

const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const READ_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    inbox: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("the service takes no connection")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self { stream, inbox: Vec::new() })
    }

    /// A whole request, and its whole answer, head and body. One that is no success is an error.
    pub fn exchange(&mut self, request: &[u8]) -> anyhow::Result<&str> {
        self.stream.write_all(request)?;
        self.inbox.clear();
        let mut chunk = vec![0; READ_BYTES];
        loop {
            let read = self.stream.read(&mut chunk)?;
            ensure!(read > 0, "the service closed the connection");
            self.inbox.extend_from_slice(&chunk[..read]);
            let complete = answer::complete(&self.inbox);
            let Some(answer) = complete.map_err(|_| anyhow!("what came is no HTTP answer"))? else {
                continue;
            };
            let text = std::str::from_utf8(&self.inbox)?;
            ensure!((200..300).contains(&answer.status), "answered with {}", text.trim_end());
            return Ok(text);
        }
    }
}
