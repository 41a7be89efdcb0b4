//! The service as its users run it: the release binary, a process of its own, every setting at its default.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

const READY_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(1);

/// A release binary: the service, and the commands beside it.
#[derive(Debug, Clone)]
pub struct Binary(PathBuf);

impl Binary {
    /// The one that was built with this benchmark, or the one `SERVICE` names.
    pub fn own() -> Self {
        let named = std::env::var_os("SERVICE").filter(|path| !path.is_empty());
        Self(named.map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_flow-registry")), PathBuf::from))
    }

    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// With nothing of our own environment but what finds Postgres.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        // Several run at once, and all clients come from one address.
        command.env_clear().stdin(Stdio::null()).env("METRICS_LISTEN", "none");
        command.env("MAX_CONNECTIONS_PER_ADDRESS", "1024");
        for name in ["PATH", "HOME", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
    }
}

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
    pub fn start(binary: &Binary, scratch: &Path, arguments: &[impl AsRef<OsStr>]) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = scratch.join(format!("service-{}.log", address.port()));
        let mut command = binary.command();
        command.args(["serve", "--listen", &address.to_string()]).args(arguments);
        command.stdout(Stdio::null()).stderr(File::create(&log)?);
        let began = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {}", binary.0.display()))?;
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
