//! The machine: what it is, how busy it is, what its disk takes, and what processes use of it. Linux' `/proc`.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use chrono::Utc;
use serde_json::{Value, json};

use crate::stats::Spread;

/// Of the times in `/proc/*/stat`: part of the kernel's interface, whatever it ticks at inside.
const TICKS_PER_SECOND: f64 = 100.0;
const SYNCS: usize = 200;

/// What stands beside the figures.
#[derive(Debug)]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    pub date: String,
    pub load_average: String,
    /// One write of 8 KiB with `fdatasync`, in microseconds.
    pub fdatasync_us: f64,
}

impl Machine {
    /// `scratch` is on the disk that is measured.
    pub fn look(scratch: &Path) -> anyhow::Result<Self> {
        let processor = fs::read_to_string("/proc/cpuinfo")?;
        let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            processor: processor.map_or("unknown", |(_, name)| name).to_owned(),
            date: Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
            load_average: load_average()?,
            fdatasync_us: fdatasync_us(scratch)?,
        })
    }

    pub fn to_json(&self) -> Value {
        json!({
            "cores": self.cores, "processor": self.processor, "date": self.date,
            "loadAverage": self.load_average, "fdatasyncMicroseconds": self.fdatasync_us,
        })
    }
}

/// Of the last 1, 5 and 15 minutes.
pub fn load_average() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/loadavg").context("benchmarks need /proc, as on Linux")?;
    Ok(text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

fn fdatasync_us(scratch: &Path) -> anyhow::Result<f64> {
    let path = scratch.join("fdatasync");
    let mut file = File::create(&path)?;
    let page = [0xA5; 8192];
    file.write_all(&page)?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all_at(&page, 0)?;
        file.sync_data()?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(path)?;
    Ok(Spread::of(times).map_or(0.0, |times| times.median))
}

/// Processor time of a process, its threads, and its children that have ended, in seconds.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let numbers = stat(pid).with_context(|| format!("process {pid} is gone"))?;
    Ok(numbers[CPU_FIELDS].iter().sum::<f64>() / TICKS_PER_SECOND)
}

/// The same of a process and of the children it has.
pub fn family_cpu_seconds(parent: u32) -> anyhow::Result<f64> {
    loop {
        let before = cpu_seconds(parent)?;
        let mut seconds = before;
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if let Some(numbers) = stat(pid).filter(|numbers| numbers[PARENT_FIELD] == f64::from(parent)) {
                seconds += numbers[CPU_FIELDS].iter().sum::<f64>() / TICKS_PER_SECOND;
            }
        }
        // A child that ended meanwhile went to its parent's account, and may be in neither sum.
        if cpu_seconds(parent)? == before {
            return Ok(seconds);
        }
    }
}

const PARENT_FIELD: usize = 0;
/// utime, stime, cutime and cstime.
const CPU_FIELDS: std::ops::Range<usize> = 10..14;

/// The numbers of `/proc/PID/stat` from the parent's on. The name before them may hold anything.
fn stat(pid: u32) -> Option<Vec<f64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    let numbers: Option<Vec<f64>> =
        rest.split_whitespace().skip(1).take(14).map(|number| number.parse().ok()).collect();
    numbers.filter(|numbers| numbers.len() == 14)
}

/// Memory of a process that is in RAM, in MiB: now.
pub fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "VmRSS:")
}

/// The most there was since the process started, or since [`forget_peak`].
pub fn peak_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "VmHWM:")
}

pub fn forget_peak(pid: u32) -> anyhow::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset a process' peak of memory")
}

fn status_mib(pid: u32, name: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
    kib.map(|kib: f64| kib / 1024.0).with_context(|| format!("no {name} of process {pid}"))
}
