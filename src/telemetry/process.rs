//! What Linux tells about this process: CPU, memory, file descriptors, threads, start time. Names and meanings are those that
//! Prometheus' client libraries agree on.

use std::fs;

use parking_lot::Mutex;
use prometheus::{
    Counter, Gauge, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};

/// Registers the process's metrics.
pub(super) fn register(registry: &Registry) {
    registry.register(Box::new(ProcessMetrics::new())).expect("its names are its own, which the tests check");
}

/// Reads the process's state whenever the metrics are asked for.
struct ProcessMetrics {
    /// Held while the counter is brought up to date: two scrapes at once must not add the same seconds.
    cpu: Mutex<Counter>,
    open_files: Gauge,
    max_files: Gauge,
    virtual_bytes: Gauge,
    resident_bytes: Gauge,
    started: Gauge,
    threads: Gauge,
    descriptions: Vec<Desc>,
}

impl ProcessMetrics {
    fn new() -> Self {
        const VALID: &str = "names are literals that the tests check";
        let gauge = |name, help| Gauge::new(name, help).expect(VALID);
        let mut metrics = Self {
            cpu: Counter::new("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")
                .expect(VALID)
                .into(),
            open_files: gauge("process_open_fds", "Number of open file descriptors."),
            max_files: gauge("process_max_fds", "Maximum number of open file descriptors."),
            virtual_bytes: gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
            resident_bytes: gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
            started: gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds."),
            threads: gauge("process_threads", "Number of OS threads in the process."),
            descriptions: Vec::new(),
        };
        let cpu = metrics.cpu.lock().clone();
        let gauges = metrics.gauges();
        metrics.descriptions =
            cpu.desc().into_iter().chain(gauges.iter().flat_map(|gauge| gauge.desc())).cloned().collect();
        metrics
    }

    fn gauges(&self) -> [Gauge; 6] {
        [&self.open_files, &self.max_files, &self.virtual_bytes, &self.resident_bytes, &self.started, &self.threads]
            .map(Clone::clone)
    }

    /// What cannot be read keeps its last value.
    fn update(&self) {
        if let Some(files) = open_files() {
            self.open_files.set(files as f64);
        }
        if let Some(limit) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
            self.max_files.set(limit as f64);
        }
        let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::parse) else { return };
        let ticks_a_second = rustix::param::clock_ticks_per_second();
        let cpu = self.cpu.lock();
        cpu.inc_by((stat.cpu_ticks as f64 / ticks_a_second as f64 - cpu.get()).max(0.0));
        self.virtual_bytes.set(stat.virtual_bytes as f64);
        self.resident_bytes.set(stat.resident_pages as f64 * rustix::param::page_size() as f64);
        self.threads.set(stat.threads as f64);
        if let Some(boot) = fs::read_to_string("/proc/stat").ok().as_deref().and_then(boot_seconds) {
            self.started.set((boot + stat.start_ticks / ticks_a_second) as f64);
        }
    }
}

impl Collector for ProcessMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.update();
        let mut families = self.cpu.lock().collect();
        families.extend(self.gauges().iter().flat_map(Collector::collect));
        families
    }
}

/// Newer kernels (6.2) tell the number as the folder's size.
fn open_files() -> Option<u64> {
    const FOLDER: &str = "/proc/self/fd";
    match fs::metadata(FOLDER).ok()?.len() {
        0 => Some(fs::read_dir(FOLDER).ok()?.count() as u64),
        size => Some(size),
    }
}

/// Seconds since 1970 at which the system started, from `/proc/stat`.
fn boot_seconds(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The fields of `/proc/self/stat` that count here; see proc_pid_stat(5).
#[derive(Debug, PartialEq)]
struct Stat {
    /// User and system time in clock ticks.
    cpu_ticks: u64,
    threads: u64,
    /// From the system's start to the process's, in clock ticks.
    start_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the program's name in brackets, which may hold spaces and brackets itself.
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        // Fields are numbered from 1 in the manual, and the third is the first here.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            start_ticks: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "42 (a) b) S 1 42 42 0 -1 4194304 900 0 0 0 250 50 0 0 20 0 7 0 1200 1000000 300 18446744073709551615";

    #[test]
    fn the_fields_are_those_of_the_manual_whatever_the_program_is_called() {
        let expected =
            Stat { cpu_ticks: 300, threads: 7, start_ticks: 1200, virtual_bytes: 1_000_000, resident_pages: 300 };
        assert_eq!(Stat::parse(LINE), Some(expected));
        assert_eq!(Stat::parse("42 (a) S 1 42"), None);
        assert_eq!(Stat::parse(""), None);
        assert_eq!(boot_seconds("cpu  1 2 3\nbtime 1700000000\nprocesses 5\n"), Some(1_700_000_000));
    }

    #[test]
    fn this_process_is_described_with_plausible_values() {
        let registry = Registry::new();
        register(&registry);
        let read = || -> Vec<(String, f64)> {
            let families = registry.gather();
            let value = |family: &MetricFamily| {
                let metric = &family.get_metric()[0];
                if family.name() == "process_cpu_seconds_total" {
                    metric.get_counter().get_value()
                } else {
                    metric.get_gauge().get_value()
                }
            };
            families.iter().map(|family| (family.name().to_owned(), value(family))).collect()
        };
        let before = read();
        let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "process_cpu_seconds_total",
            "process_max_fds",
            "process_open_fds",
            "process_resident_memory_bytes",
            "process_start_time_seconds",
            "process_threads",
            "process_virtual_memory_bytes",
        ];
        assert_eq!(names, expected);
        assert!(before.iter().filter(|(name, _)| name != "process_cpu_seconds_total").all(|(_, value)| *value >= 1.0));
        let value = |name: &str| before.iter().find(|(n, _)| n == name).expect("there").1;
        assert!(value("process_resident_memory_bytes") < value("process_virtual_memory_bytes"));
        assert!(value("process_open_fds") <= value("process_max_fds"));
        let age = jiff::Timestamp::now().as_second() as f64 - value("process_start_time_seconds");
        assert!((-2.0..86_400.0 * 365.0).contains(&age), "{age}");
        let after = read();
        assert!(after[0].1 >= before[0].1, "CPU time never goes back");
    }
}
