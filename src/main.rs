//! The process: command line, log, panics, runtime, exit status.

use std::io::{self, BufWriter, IsTerminal};
use std::process::ExitCode;

use flow_registry::app;
use flow_registry::cli::{self, AuditOrder, Cli, Failure, Order};
use flow_registry::config::{ConfigError, LogConfig, LogFormat};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// Requests are many small allocations on many threads, and what is remembered stays between them for long: this one
/// leaves the least unused. `.cargo/config.toml` has its settings.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the shell's own tools answer to a command line they cannot follow.
const USAGE: u8 = 2;

/// Lines of the log that may wait for whoever reads stderr: about two megabytes.
const WAITING_LINES_MAX: usize = 8192;

fn main() -> ExitCode {
    let cli = cli::parse();
    let (log, dropped_lines) = log_to_stderr(&cli.log);
    log_panics();
    let done = run(cli, dropped_lines);
    drop(log);
    done.unwrap_or_else(|error| {
        if let Some(Failure::ReaderGone) = error.downcast_ref() {
            return ExitCode::SUCCESS;
        }
        eprintln!("flow-registry: {error:#}");
        match error.downcast_ref::<Failure>() {
            Some(failure) => ExitCode::from(failure.exit_status()),
            None if error.is::<ConfigError>() => ExitCode::from(USAGE),
            None => ExitCode::FAILURE,
        }
    })
}

fn run(cli: Cli, dropped_lines: ErrorCounter) -> anyhow::Result<ExitCode> {
    match cli.order {
        Order::Serve(config) => done(app::serve(*config, dropped_lines)),
        Order::Migrate(config) => done(app::migrate(config)),
        Order::Keys(order) => done(app::keys(&order)),
        Order::Projections(order) => done(app::projections(&order)),
        Order::Flows(order) => Ok(order.run()?),
        Order::Audit(order) => match *order {
            AuditOrder::Export(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::Tail(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::Verify(order) => on_runtime(app::verify(&order)).map(ExitCode::from),
        },
        Order::SigningKey(order) => order.run().map(|()| ExitCode::SUCCESS),
    }
}

fn done(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    on_runtime(work).map(|()| ExitCode::SUCCESS)
}

fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new()?.block_on(work)
}

/// Starts the log. It goes to stderr, because stdout is for what a command was asked for.
///
/// A thread writes the lines, so that no request waits for whoever reads stderr. While nobody reads, lines wait in
/// memory up to `WAITING_LINES_MAX`; further ones are dropped and counted, and the service goes on: what must not be
/// lost is in the database, not in the log. Dropping the guard writes what waits, for up to a second.
fn log_to_stderr(config: &LogConfig) -> (WorkerGuard, ErrorCounter) {
    let filter: Targets = config.log_level.clone();
    let (lines, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES_MAX)
        .thread_name("log")
        .finish(BufWriter::new(io::stderr()));
    let dropped_lines = lines.error_counter();
    let layer = fmt::layer().with_writer(lines).with_ansi(io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => registry().with(filter).with(layer).init(),
        LogFormat::Json => registry().with(filter).with(layer.json().flatten_event(true)).init(),
    }
    (guard, dropped_lines)
}

/// In the log's format, where whoever watches the service sees it.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::capture();
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(thread = thread.name(), place, %backtrace, "panicked: {message}");
    }));
}
