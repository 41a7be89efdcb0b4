//! The service as its users run it: the release binary, a process of its own, every setting at its default.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

const READY_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(1);

/// Killed with this value.
#[derive(Debug)]
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    /// From the start of the process to the first answer that says so.
    pub ready_after: Duration,
}

impl Service {
    /// Returns when it is ready. Its log goes to a file in `scratch`.
    pub fn start(scratch: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = scratch.join("service.log");
        let mut command = program();
        command.args(["serve", "--listen", &address.to_string()]).args(arguments);
        command.stdout(Stdio::null()).stderr(File::create(&log)?);
        let began = Instant::now();
        let child = command.spawn().context("cannot start the service")?;
        let mut service = Self { child, address, ready_after: Duration::ZERO };
        while !is_ready(address) {
            if let Some(status) = service.child.try_wait()? {
                bail!("the service ended with {status}:\n{}", std::fs::read_to_string(&log)?);
            }
            if began.elapsed() > READY_WITHIN {
                bail!("the service is not ready:\n{}", std::fs::read_to_string(&log)?);
            }
            std::thread::sleep(POLL);
        }
        service.ready_after = began.elapsed();
        Ok(service)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an operator would.
    pub fn stop(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The release binary, with nothing of our own environment but what finds Postgres.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow-registry"));
    command.env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(READY_WITHIN))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200 "))
    };
    ask().unwrap_or(false)
}
