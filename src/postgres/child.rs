//! How programs of Postgres are spawned, so that none outlives the service.
//! The only file of the product with `unsafe`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::account::Account;

/// What the kernel tells the child when the thread that spawned it ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum OnOrphaned {
    /// Finish like a clean stop ("fast shutdown").
    Interrupt,
    Kill,
}

/// A command that inherits neither our terminal's Ctrl-C, nor settings meant for clients, nor our stdin.
pub(super) fn command(program: &Path, account: Option<&Account>, current_dir: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_client_setting(name)) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").current_dir(current_dir).stdin(Stdio::null()).process_group(0);
    if let Some(account) = account {
        account.apply(&mut command);
    }
    command
}

/// PGPORT, PGDATA, PGOPTIONS … of the user's shell would change our server.
fn is_client_setting(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("PG") || name.starts_with("LC_"))
}

/// Call it from a thread that lives as long as the child may: the kernel's notice goes out when the
/// spawning *thread* ends, so a pool thread would stop the server at a random moment.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(super) fn spawn(command: &mut Command, on_orphaned: OnOrphaned) -> io::Result<Child> {
    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

    let signal = match on_orphaned {
        OnOrphaned::Interrupt => Signal::INT,
        OnOrphaned::Kill => Signal::KILL,
    };
    let service = getpid();
    // SAFETY: between fork and exec the closure makes two system calls, both async-signal-safe, and
    // neither allocates nor takes a lock. It runs after the change of user, which would clear the setting.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(signal))?;
            // The service may have died before the line above: then nobody would tell us.
            match getppid() == Some(service) {
                true => Ok(()),
                false => Err(io::ErrorKind::BrokenPipe.into()),
            }
        });
    }
    command.spawn()
}

/// Elsewhere a server left over by a killed service is stopped by the next start.
#[cfg(not(target_os = "linux"))]
pub(super) fn spawn(command: &mut Command, _on_orphaned: OnOrphaned) -> io::Result<Child> {
    command.spawn()
}
