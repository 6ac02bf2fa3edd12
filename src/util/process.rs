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
