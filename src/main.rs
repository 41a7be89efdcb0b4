//! The process: command line, log, panics, runtime, exit status.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use flow_registry::app;
use flow_registry::cli::{self, AuditOrder, Cli, CliCommand, Failure};
use flow_registry::config::{ConfigError, LogFormat};
#[cfg(feature = "otlp")]
use flow_registry::http::SPANS;
#[cfg(feature = "otlp")]
use flow_registry::log::otlp::SpanExport;
use flow_registry::log::{LogGuard, LogLines};
use tracing::Subscriber;
#[cfg(feature = "otlp")]
use tracing_subscriber::Layer as _;
#[cfg(feature = "otlp")]
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{DefaultFields, Format};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
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
    let (guard, lines) = match start_log(&cli) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("flow-registry: the log cannot be started: {error:#}");
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
        CliCommand::Serve(config) => done(app::serve(*config, log)),
        CliCommand::Migrate(config) => done(app::migrate(config)),
        CliCommand::Distribute(config) => done(app::distribute(config)),
        CliCommand::Keys(order) => done(app::keys(&order)),
        CliCommand::Projections(order) => done(app::projections(&order)),
        CliCommand::Erase(order) => done(app::erase(&order)),
        CliCommand::Flows(order) => Ok(order.run()?),
        CliCommand::Audit(order) => match *order {
            AuditOrder::Export(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::Tail(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::Verifier => Ok(cli::print_verifier().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::Cosign(order) => Ok(order.run().map(|()| ExitCode::SUCCESS)?),
            AuditOrder::AcceptLog(order) => done(app::accept_log(&order)),
            AuditOrder::Verify(order) => on_runtime(app::verify(&order)).map(ExitCode::from),
        },
        CliCommand::Cluster(order) => done(app::cluster::run(&order)),
        CliCommand::SigningKey(order) => order.run().map(|()| ExitCode::SUCCESS),
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
#[cfg(not(feature = "otlp"))]
fn start_log(cli: &Cli) -> anyhow::Result<(LogGuard, LogLines)> {
    let config = &cli.log;
    let filter = config.log_level.clone();
    let (lines, guard) = LogLines::start()?;
    match config.log_format {
        LogFormat::Text => registry().with(filter).with(layer(&lines)).init(),
        LogFormat::Json => registry().with(filter).with(layer(&lines).json().flatten_event(true)).init(),
    }
    Ok((guard, lines))
}

/// Starts the log, and the export of spans where somebody asks for it. Dropping the guards writes and sends what waits.
#[cfg(feature = "otlp")]
fn start_log(cli: &Cli) -> anyhow::Result<((Option<SpanExport>, LogGuard), LogLines)> {
    let config = &cli.log;
    let spans_only = Targets::new().with_target(SPANS, LevelFilter::INFO);
    let without_spans = config.log_level.clone().with_target(SPANS, LevelFilter::OFF);
    let endpoint = match &cli.order {
        CliCommand::Serve(config) => config.tracing.otlp_endpoint.as_ref(),
        _ => None,
    };
    let export = endpoint.map(|endpoint| SpanExport::start(endpoint.as_str())).transpose();
    let export = export.map_err(|error| ConfigError(format!("OTLP_ENDPOINT: {error}")))?;
    let spans = export
        .as_ref()
        .map(SpanExport::tracer)
        .map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer));
    let (lines, guard) = LogLines::start()?;
    let layers = registry().with(spans.map(|spans| spans.with_filter(spans_only)));
    match config.log_format {
        LogFormat::Text => layers.with(layer(&lines).with_filter(without_spans)).init(),
        LogFormat::Json => {
            layers.with(layer(&lines).json().flatten_event(true).with_filter(without_spans)).init();
        }
    }
    Ok(((export, guard), lines))
}

/// Lines for people; what they are in is a span.
fn layer<S>(lines: &LogLines) -> fmt::Layer<S, DefaultFields, Format, LogLines>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fmt::layer().with_writer(lines.clone()).with_ansi(io::stderr().is_terminal())
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
