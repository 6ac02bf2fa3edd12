//! What benchmarks share: settings from the environment, servers, random numbers that are the same on every machine.

// Each benchmark uses what it needs.
#![allow(dead_code)]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A number from the environment.
pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A running `ragctl serve`; it is killed when this is dropped.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    /// Starts `program serve` in this folder on a free port, with these arguments; ready when it listens.
    pub fn start(program: &Path, folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).args(["serve", "--port", "0"]).args(args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a server");
        let mut lines = BufReader::new(child.stderr.take().expect("its stderr")).lines().map_while(Result::ok);
        let url = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned)).expect("it listens");
        // A full pipe must not stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is over either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A linear congruential generator.
pub struct Random(pub u64);

impl Random {
    fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0
    }

    /// A number in `0..bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.step() >> 33) as usize % bound
    }

    /// A number in 0..1.
    pub fn uniform(&mut self) -> f32 {
        (self.step() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Roughly normal: the sum of four uniform ones.
    pub fn normal(&mut self) -> f32 {
        (0..4).map(|_| self.uniform()).sum::<f32>() - 2.0
    }

    /// A vector of length 1 near another.
    pub fn around(&mut self, centre: &[f32], noise: f32) -> Vec<f32> {
        let vector: Vec<f32> = centre.iter().map(|x| x + noise * self.normal()).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.into_iter().map(|x| x / length).collect()
    }
}

/// The value below which this share of sorted times lies, in milliseconds.
pub fn quantile(sorted: &[Duration], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * share).round() as usize).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
