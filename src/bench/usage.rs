//! CPU, memory and open files of the load generator itself: it must not be what is measured.

use std::time::{Duration, Instant};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::util::process::raise_fd_limit;

/// CPU and memory during a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct GeneratorUsage {
    /// Share of one core that this process used, on average; 1 is one core.
    pub own_cores: f64,
    /// Share of all cores of the machine that was used by anybody, in percent.
    pub machine_percent: f64,
    /// Memory of the machine that is in use, in percent.
    pub memory_percent: f64,
    /// Memory of the machine that is free for use, in MiB.
    pub memory_available_mb: f64,
    /// Memory of this process at the end, in MiB.
    pub own_memory_mb: f64,
}

/// The counters of the system at the start of a run.
pub(super) struct Started {
    /// Where the system tells nothing, everything is 0.
    system: Option<System>,
    own: Option<Pid>,
    cpu_ms: u64,
    at: Instant,
}

impl GeneratorUsage {
    pub(super) fn start() -> Started {
        let mut system = System::new().ok();
        let own = sysinfo::get_current_pid().ok();
        let cpu_ms = system.as_mut().map_or(0, |system| {
            system.refresh_cpu_usage();
            own_cpu(system, own).0
        });
        Started { system, own, cpu_ms, at: Instant::now() }
    }
}

impl Started {
    pub(super) fn finish(self) -> GeneratorUsage {
        let Some(mut system) = self.system else { return GeneratorUsage::default() };
        system.refresh_cpu_usage();
        system.refresh_memory();
        let (cpu_ms, memory) = own_cpu(&mut system, self.own);
        let used = Duration::from_millis(cpu_ms.saturating_sub(self.cpu_ms));
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (total, available) = (system.total_memory(), system.available_memory());
        GeneratorUsage {
            own_cores: used.as_secs_f64() / self.at.elapsed().as_secs_f64().max(1e-6),
            machine_percent: f64::from(system.global_cpu_usage()),
            memory_percent: if total == 0 {
                0.0
            } else {
                100.0 * (total.saturating_sub(available)) as f64 / total as f64
            },
            memory_available_mb: mib(available),
            own_memory_mb: mib(memory),
        }
    }
}

/// CPU time of this process in milliseconds, and its memory in bytes.
fn own_cpu(system: &mut System, own: Option<Pid>) -> (u64, u64) {
    let Some(own) = own else { return (0, 0) };
    let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), true, what);
    system.process(own).map_or((0, 0), |process| (process.accumulated_cpu_time(), process.memory()))
}

/// Files that are open besides connections.
const OTHER_FILES: u64 = 64;

/// More connections than files may be open.
#[derive(Debug, thiserror::Error)]
#[error(
    "{wanted} connections need more open files than this process may have ({limit}); lower --concurrency, or raise `ulimit -n`"
)]
pub struct FdLimitError {
    wanted: usize,
    limit: u64,
}

/// Raises the limit on open files to what the system grants, so that so many connections can be open.
///
/// # Errors
/// The system grants fewer.
pub(super) fn raise_fd_limit_for(connections: usize) -> Result<(), FdLimitError> {
    match raise_fd_limit() {
        Some(limit) if limit < connections as u64 + OTHER_FILES => Err(FdLimitError { wanted: connections, limit }),
        _ => Ok(()),
    }
}
