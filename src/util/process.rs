//! What the system allows this process.

/// Highest limit of open files that is asked for: some systems reserve memory for each.
#[cfg(unix)]
const MOST_FILES: u64 = 1 << 20;

/// Raises the limit of open files to what the system grants without asking anybody, and returns the limit that holds;
/// `None`: there is none.
#[cfg(unix)]
pub fn raise_fd_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    let wanted = limit.maximum.unwrap_or(MOST_FILES).min(MOST_FILES);
    if wanted <= current {
        return Some(current);
    }
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    Some(if setrlimit(Resource::Nofile, raised).is_ok() { wanted } else { current })
}

/// There is no limit of open files that a process could raise.
#[cfg(not(unix))]
pub fn raise_fd_limit() -> Option<u64> {
    None
}

/// Lets other processes have the processor first, where the system knows such a thing.
pub fn be_nice() {
    #[cfg(unix)]
    {
        // As much as is possible: above 19 nothing changes. Without it the work is done all the same.
        let _ = rustix::process::nice(19);
    }
}

/// Whether this process was started so that a hang-up does not concern it, as `nohup` does.
#[cfg(target_os = "linux")]
pub fn ignores_hangups() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignored_signals(&status) & 1 == 1)
}

/// Signals that are ignored, one bit each from that of SIGHUP up.
#[cfg(target_os = "linux")]
fn ignored_signals(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Whether this process was started so that a hang-up does not concern it. The system does not tell, but what `nohup` starts has
/// no terminal.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn ignores_hangups() -> bool {
    !super::terminal::is_attached()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert_eq!(ignored_signals("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t1"), 0x1001);
        assert_eq!(ignored_signals("Name:\tx\n"), 0);
    }
}
