//! The process: command line, log, panics, runtime, exit status.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use flow_registry::app;
use flow_registry::cli::{self, AuditOrder, Cli, Failure, Order};
use flow_registry::config::{ConfigError, LogConfig, LogFormat};
use flow_registry::log::{LogGuard, LogLines};
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

fn main() -> ExitCode {
    let cli = cli::parse();
    let (guard, lines) = match log_to_stderr(&cli.log) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("flow-registry: the log cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    log_panics();
    let done = run(cli, lines);
    drop(guard);
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

fn run(cli: Cli, log: LogLines) -> anyhow::Result<ExitCode> {
    match cli.order {
        Order::Serve(config) => done(app::serve(*config, log)),
        Order::Migrate(config) => done(app::migrate(config)),
        Order::Keys(order) => done(app::keys(&order)),
        Order::Projections(order) => done(app::projections(&order)),
        Order::Erase(order) => done(app::erase(&order)),
        Order::Flows(order) => Ok(order.run()?),
        Order::Audit(order) => match *order {
            AuditOrder::Export(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::Tail(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::Cosign(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::AcceptLog(order) => done(app::accept_log(&order)),
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

/// Starts the log. It goes to stderr, because stdout is for what a command was asked for. Dropping the guard writes what
/// waits.
fn log_to_stderr(config: &LogConfig) -> io::Result<(LogGuard, LogLines)> {
    let filter: Targets = config.log_level.clone();
    let (lines, guard) = LogLines::start()?;
    let layer = fmt::layer().with_writer(lines.clone()).with_ansi(io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => registry().with(filter).with(layer).init(),
        LogFormat::Json => registry().with(filter).with(layer.json().flatten_event(true)).init(),
    }
    Ok((guard, lines))
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
