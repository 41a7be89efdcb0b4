//! The ground of a run: a scratch directory on a disk, a Postgres of its own with full durability, its databases,
//! and Postgres' own programs to work on them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context as _, ensure};
use flow_registry::postgres::{Cluster, Durability, Options};
use tokio::runtime::Runtime;

/// `statfs` says so of memory that looks like a disk.
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// A load for pgbench, with prepared statements.
#[derive(Debug, Clone, Copy)]
pub struct Pgbench<'a> {
    pub database: &'a str,
    pub variables: &'a [(&'a str, &'a str)],
    pub script: &'a str,
    pub clients: usize,
    pub seconds: u64,
    /// Transactions to begin in a second; without it as many as there can be.
    pub per_second: Option<u32>,
}

/// A pgbench under way.
#[derive(Debug)]
pub struct Started(Child);

impl Started {
    /// Its transactions per second, at its end.
    pub fn rate(self) -> anyhow::Result<f64> {
        rate(&said("pgbench", self.0.wait_with_output()?)?)
    }
}

fn rate(said: &str) -> anyhow::Result<f64> {
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    ensure!(!said.contains("aborted"), "clients of pgbench gave up:\n{said}");
    rate.with_context(|| format!("pgbench names no rate:\n{said}"))
}

#[derive(Debug)]
pub struct Ground {
    pub runtime: Runtime,
    cluster: Option<Cluster>,
    scratch: PathBuf,
    kept: Option<PathBuf>,
    pub postmaster: u32,
}

impl Ground {
    /// In `BENCH_DIR`, or where the system keeps what is temporary but not in memory. The cluster stays for later runs
    /// where `BENCH_KEEP` names a directory for it.
    pub fn prepare() -> anyhow::Result<Self> {
        let named = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let parent = named("BENCH_DIR").unwrap_or_else(|| PathBuf::from("/var/tmp"));
        let scratch = parent.join(format!("flow-registry-bench-{}", std::process::id()));
        let kept = named("BENCH_KEEP");
        make(&scratch)?;
        let kept = kept.map(|kept| make(&kept).and_then(|()| Ok(kept.canonicalize()?))).transpose()?;
        let runtime = Runtime::new()?;
        let options = Options {
            data_dir: kept.as_ref().unwrap_or(&scratch).join("postgres"),
            bin_dir: None,
            durability: Durability::Full,
            connections_max: 200,
            settings: Vec::new(),
        };
        let pid_file = options.data_dir.join("postgres/postmaster.pid");
        let cluster = runtime.block_on(Cluster::start(options)).context("cannot start Postgres")?;
        let postmaster = fs::read_to_string(pid_file)?;
        let postmaster = postmaster.lines().next().unwrap_or_default().parse()?;
        Ok(Self { runtime, cluster: Some(cluster), scratch, kept, postmaster })
    }

    /// Where what takes long to make is kept for later runs.
    pub fn kept(&self) -> Option<&Path> {
        self.kept.as_deref()
    }

    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    fn connection(&self) -> &flow_registry::postgres::Connection {
        self.cluster.as_ref().expect("it runs until the ground is dropped").connection()
    }

    pub fn url(&self, database: &str) -> String {
        let connection = self.connection();
        format!(
            "postgres://{}@localhost:{}/{database}?host={}",
            connection.user,
            connection.port,
            connection.socket_dir.display()
        )
    }

    /// A new one, in place of one that an earlier run has left.
    pub fn create_database(&self, database: &str) -> anyhow::Result<()> {
        self.make_database(database, "")
    }

    /// The same with what is in another one, which nobody uses meanwhile.
    pub fn copy_database(&self, from: &str, to: &str) -> anyhow::Result<()> {
        self.make_database(to, &format!("TEMPLATE {from} STRATEGY file_copy"))
    }

    fn make_database(&self, database: &str, how: &str) -> anyhow::Result<()> {
        let script =
            format!("DROP DATABASE IF EXISTS {database} WITH (FORCE);\nCREATE DATABASE {database} {how};");
        self.psql(&self.connection().database, &[], &script)
    }

    /// The one value that a query finds, as text.
    pub fn ask(&self, database: &str, query: &str) -> anyhow::Result<String> {
        let mut command = self.program("psql");
        command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", query, database]);
        Ok(finish(&mut command)?.trim().to_owned())
    }

    /// Carries out a script with `psql`; `variables` are quoted where it names them.
    pub fn psql(&self, database: &str, variables: &[(&str, &str)], script: &str) -> anyhow::Result<()> {
        let file = self.scratch.join("script.sql");
        fs::write(&file, script)?;
        let mut command = self.program("psql");
        command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--output", "/dev/null"]);
        for (name, value) in variables {
            command.arg("--set").arg(format!("{name}={value}"));
        }
        command.arg("--file").arg(&file).arg(database);
        finish(&mut command).map(drop)
    }

    /// Transactions per second of a script for pgbench.
    pub fn pgbench(&self, load: &Pgbench<'_>) -> anyhow::Result<f64> {
        rate(&finish(&mut self.pgbench_command(load, "pgbench.sql")?)?)
    }

    /// The same while something else is measured.
    pub fn start_pgbench(&self, load: &Pgbench<'_>) -> anyhow::Result<Started> {
        let mut command = self.pgbench_command(load, "pgbench-beside.sql")?;
        Ok(Started(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?))
    }

    fn pgbench_command(&self, load: &Pgbench<'_>, file: &str) -> anyhow::Result<Command> {
        let file = self.scratch.join(file);
        fs::write(&file, load.script)?;
        let mut command = self.program("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared"]);
        command.arg(format!("--client={}", load.clients)).arg(format!("--jobs={}", load.clients.min(2)));
        command.arg(format!("--time={}", load.seconds));
        if let Some(per_second) = load.per_second {
            command.arg(format!("--rate={per_second}"));
        }
        for (name, value) in load.variables {
            command.arg("--define").arg(format!("{name}={value}"));
        }
        command.arg("--file").arg(&file).arg(load.database);
        Ok(command)
    }

    /// A program with where to connect in its environment.
    pub fn program(&self, name: &str) -> Command {
        let connection = self.connection();
        let mut command = Command::new(name);
        command.env("PGHOST", &connection.socket_dir).env("PGPORT", connection.port.to_string());
        command.env("PGUSER", &connection.user).env("LC_ALL", "C");
        command
    }
}

/// A directory on a disk that the account of Postgres may pass through.
fn make(directory: &Path) -> anyhow::Result<()> {
    let shown = directory.display();
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot write to {shown}; name another BENCH_DIR"))?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o711))?;
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
    let kind = rustix::fs::statfs(directory)?.f_type as i64;
    ensure!(kind != TMPFS_MAGIC, "{shown} is in memory; name a directory on a disk");
    Ok(())
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            self.runtime.block_on(cluster.stop());
        }
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

/// What it printed; anything but success is an error.
pub fn finish(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    said(&name, output)
}

fn said(name: &str, output: Output) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } = output;
    ensure!(status.success(), "{name} ended with {status}:\n{}", String::from_utf8_lossy(&stderr));
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
