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

/// Lowest priority: above it nothing changes.
#[cfg(unix)]
const LOWEST_PRIORITY: i32 = 19;

/// Lets other processes have the processor first, where the system knows such a thing. Threads that are there already are
/// included, and those that come later inherit it. Without it the work is done all the same.
#[cfg(target_os = "linux")]
pub fn lower_priority() {
    // Here a priority is a thread's, not a process's as POSIX has it.
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let id =
            thread.file_name().to_str().and_then(|name| name.parse().ok()).and_then(rustix::process::Pid::from_raw);
        // A thread may have ended meanwhile.
        let _ = rustix::process::setpriority_process(id, LOWEST_PRIORITY);
    }
}

/// Lets other processes have the processor first, where the system knows such a thing. Without it the work is done all the same.
#[cfg(not(target_os = "linux"))]
pub fn lower_priority() {
    #[cfg(unix)]
    let _ = rustix::process::nice(LOWEST_PRIORITY);
}

/// Does work that can wait on a thread of its own, to which the others of this process are preferred where the system has
/// priorities of threads. Blocks until it is done.
pub fn at_low_priority<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let done = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // A thread without the right to be preferred again must not go back to other work.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::setpriority_process(None, LOWEST_PRIORITY);
            work()
        });
        thread.join()
    });
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn priority(thread: &str) -> i64 {
        let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
        // Behind the name, which may hold anything, the priority is the 17th field.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.split(' ').nth(16).unwrap().parse().unwrap()
    }

    fn own_id() -> String {
        let link = std::fs::read_link("/proc/thread-self").unwrap();
        link.file_name().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn work_that_can_wait_has_the_lowest_priority_and_leaves_that_of_the_caller_alone() {
        let before = priority(&own_id());
        let (there, inherited) = at_low_priority(|| {
            let inherited = std::thread::spawn(|| priority(&own_id()));
            (priority(&own_id()), inherited.join().unwrap())
        });
        assert_eq!((there, inherited), (19, 19));
        assert_eq!(priority(&own_id()), before);
    }

    #[test]
    #[should_panic(expected = "told to the caller")]
    fn a_panic_of_work_that_can_wait_is_told_to_the_caller() {
        at_low_priority(|| panic!("told to the caller"));
    }

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert_eq!(ignored_signals("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t1"), 0x1001);
        assert_eq!(ignored_signals("Name:\tx\n"), 0);
    }
}
