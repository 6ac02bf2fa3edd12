//! Flags of `ragctl bench`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use jiff::Timestamp;

use super::server_url;
use crate::{
    bench::{compare::Margin, gate::Gate, schedule::Arrivals, workload::Mix},
    domain::SearchMode,
    telemetry::ServiceUrl,
};

/// Put load on an API and measure it; compare measurements.
#[derive(Debug, Clone, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  ragctl bench --iterations 50 --concurrency 5\n  ragctl bench --duration 1min --rate 100/s --arrivals poisson \
                  --threshold 'p95<500ms' 'errors<1%'\n  ragctl bench --scenario spike --scale 0.1\n  ragctl bench --url \
                  http://localhost:8080 --endpoint /v1/items --duration 10s\n  ragctl bench compare main.json branch.json\n  ragctl bench ab \
                  --a http://localhost:8001 --b http://localhost:8002\n\nExit status: 0 done, 1 the server was down or died, 2 wrong usage, 3 a \
                  threshold was missed or something became worse, 130 interrupted."
)]
pub struct BenchArgs {
    /// A command beside a run.
    #[command(subcommand)]
    pub action: Option<BenchAction>,
    /// A run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Commands beside a run.
#[derive(Debug, Clone, Subcommand)]
pub enum BenchAction {
    /// Compare stored results
    Compare(CompareArgs),
    /// Compare two servers, round by round in turns: the comparison to rely on
    Ab(Box<AbArgs>),
    /// Add up the results of several load generators
    Merge(MergeArgs),
}

/// The requests.
#[derive(Debug, Clone, Args)]
pub struct RequestArgs {
    /// Endpoint to measure: query, stream, health, or a path like /v1/items
    #[arg(long, value_name = "ENDPOINT", default_value = "query", help_heading = "Request")]
    pub endpoint: String,
    /// Body of the requests to a path, or @FILE; makes them POST. {query} in it is replaced by a query
    #[arg(long, value_name = "JSON|@FILE", help_heading = "Request")]
    pub body: Option<String>,
    /// A further header; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header, help_heading = "Request")]
    pub header: Vec<(String, String)>,
    /// HTTP method for a path
    #[arg(long, value_name = "METHOD", value_parser = http_method, help_heading = "Request")]
    pub http_method: Option<String>,
    /// Search method that the server is asked to use
    #[arg(long, value_name = "METHOD", help_heading = "Request")]
    pub method: Option<SearchMode>,
    /// Passages that an answer is made from
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=50), help_heading = "Request")]
    pub k: Option<i64>,
    /// DB to ask
    #[arg(long, value_name = "NAME", help_heading = "Request")]
    pub db: Option<String>,
    /// Provider that the server is asked to use: auto, ollama, openai or embedded
    #[arg(long, value_name = "NAME", help_heading = "Request")]
    pub provider: Option<String>,
    /// Ask the server not to answer from its cache
    #[arg(long, help_heading = "Request")]
    pub no_cache: bool,
    /// Longest that a request may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = positive_time, help_heading = "Request")]
    pub timeout: Duration,
    /// File of queries: .txt with a query a line, .csv, .tsv or .jsonl; the last two may name clusters and expected sources
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Request")]
    pub queries: Option<PathBuf>,
    /// Order of the queries: sequential, uniform or zipf:EXPONENT
    #[arg(long, value_name = "MIX", help_heading = "Request")]
    pub mix: Option<Mix>,
    /// Seed of the random choices: the same seed gives the same requests
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Request")]
    pub seed: u64,
}

/// A run.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// URL of the server; may be repeated
    #[arg(long, value_name = "URL", default_value = "http://localhost:8001", value_parser = server_url, value_hint = ValueHint::Url)]
    pub url: Vec<ServiceUrl>,
    /// Requests to measure (100 when neither this nor --duration is given)
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "duration")]
    pub iterations: Option<u64>,
    /// Length of the measurement
    #[arg(short = 'd', long, value_name = "TIME", value_parser = positive_time)]
    pub duration: Option<Duration>,
    /// Closed loop: requests at once (default 10); open loop: connections (default 100)
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub concurrency: Option<u32>,
    /// Open loop: requests per second, sent whether answers come or not; latency counts from when each was due
    #[arg(short, long, value_name = "R/s", value_parser = rate)]
    pub rate: Option<f64>,
    /// Distances between requests of an open loop: constant or poisson
    #[arg(long, value_name = "HOW", value_parser = arrivals, default_value = "constant", requires = "rate")]
    pub arrivals: Arrivals,
    /// Time in which the load rises to its level; reported as a stage of its own
    #[arg(long, value_name = "TIME", value_parser = positive_time, requires = "duration")]
    pub ramp: Option<Duration>,
    /// Requests before the measurement
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub warmup: u64,
    /// Load that changes over time: normal, spike, stress, soak, circuit-breaker, or a TOML file of the same form
    #[arg(long, value_name = "NAME|FILE", conflicts_with_all = ["iterations", "duration", "concurrency", "rate", "ramp"])]
    pub scenario: Option<String>,
    /// Factor by which all times of a scenario are multiplied
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = scale, requires = "scenario")]
    pub scale: f64,
    /// URL of the fake upstream (`ragctl mock`) behind the server, on which the scenario sets its faults
    #[arg(long, value_name = "URL", value_parser = server_url, value_hint = ValueHint::Url, requires = "scenario")]
    pub mock: Option<ServiceUrl>,
    /// The requests.
    #[command(flatten)]
    pub request: RequestArgs,
    /// Conditions that the result must meet, like 'p95<500ms' 'errors<1%'
    #[arg(long, value_name = "GATE", num_args = 1.., help_heading = "Gates")]
    pub threshold: Vec<Gate>,
    /// Results to compare with: a file, a pattern, or latest or best of the output folder
    #[arg(long, value_name = "FILE|latest|best", help_heading = "Gates")]
    pub baseline: Option<String>,
    /// By how much a figure may become worse, like 'p95:10%'
    #[arg(long, value_name = "FIGURE:SHARE", num_args = 1.., requires = "baseline", help_heading = "Gates")]
    pub max_regression: Vec<Margin>,
    /// Folder for the result
    #[arg(short, long, value_name = "DIR", default_value = "test_results/baseline", value_hint = ValueHint::DirPath, help_heading = "Report")]
    pub output: PathBuf,
    /// Forms in which the result is written
    #[arg(long, value_name = "FORM,…", value_delimiter = ',', default_value = "json", help_heading = "Report")]
    pub format: Vec<ResultFormat>,
    /// Name of the run
    #[arg(long, value_name = "NAME", help_heading = "Report")]
    pub name: Option<String>,
    /// A note in the result; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag, help_heading = "Report")]
    pub tag: Vec<(String, String)>,
    /// Show the running measurement in the whole terminal
    #[arg(long, help_heading = "Report")]
    pub tui: bool,
    /// Generator threads (default: as many as the load needs)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Generator")]
    pub threads: Option<u16>,
    /// Time at which the measurement begins, like 2026-11-21T15:00:00Z; the same for several load generators
    #[arg(long, value_name = "TIME", help_heading = "Generator")]
    pub start_at: Option<Timestamp>,
    /// Longest wait for outstanding answers when the time is over
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration, help_heading = "Generator")]
    pub drain: Duration,
}

/// Form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// Everything; what `compare` and `merge` read
    Json,
    /// One line of figures
    Csv,
    /// Markdown for a pull request's comment
    Md,
    /// A page with plots
    Html,
    /// JUnit XML: a test case for each gate
    Junit,
    /// Percentiles for HdrHistogram's plotter
    Hgrm,
}

/// Compare stored results.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Also reads the result files of the predecessor. A comparison with a single baseline is advice, because runs of the same \
                  server differ. Twenty or more baselines make a gate.\n\nExit status: 0 nothing worse, 1 they cannot be compared, 3 worse than --max-regression or than twenty baselines allow."
)]
pub struct CompareArgs {
    /// Baseline: a result file, or a pattern of files
    #[arg(value_name = "BASE")]
    pub base: String,
    /// Result files to judge
    #[arg(value_name = "NEW", required = true, value_hint = ValueHint::FilePath)]
    pub new: Vec<PathBuf>,
    /// By how much a figure may become worse, like 'p95:10%'
    #[arg(long, value_name = "FIGURE:SHARE", num_args = 1..)]
    pub max_regression: Vec<Margin>,
    /// Print the verdicts as JSON
    #[arg(long)]
    pub json: bool,
}

/// Compare two servers, round by round in turns.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Exit status: 0 B is not worse, 1 no answer or the verdict is open, 3 B is worse.")]
pub struct AbArgs {
    /// URL of the server to compare with
    #[arg(long, value_name = "URL", value_parser = server_url, value_hint = ValueHint::Url)]
    pub a: ServiceUrl,
    /// URL of the server to judge
    #[arg(long, value_name = "URL", value_parser = server_url, value_hint = ValueHint::Url)]
    pub b: ServiceUrl,
    /// Rounds before the first verdict; each sends both servers the same requests
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(10..=1000))]
    pub rounds: u32,
    /// Most rounds, as long as the verdict is open
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(10..=1000))]
    pub max_rounds: u32,
    /// Requests to each server in a round
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(10..))]
    pub iterations: u64,
    /// Requests at once
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub concurrency: u32,
    /// Open loop: requests per second
    #[arg(short, long, value_name = "R/s", value_parser = rate)]
    pub rate: Option<f64>,
    /// Requests before the first round; a tenth of them before each later one
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub warmup: u64,
    /// Difference that does not matter
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = crate::bench::compare::share)]
    pub margin: f64,
    /// The requests.
    #[command(flatten)]
    pub request: RequestArgs,
    /// Folder for the result
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    /// Print the verdicts as JSON
    #[arg(long)]
    pub json: bool,
}

/// Add up the results of several load generators.
#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// Result files of the generators
    #[arg(value_name = "FILE", required = true, num_args = 2.., value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Folder for the result
    #[arg(short, long, value_name = "DIR", default_value = "test_results/baseline", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Forms in which the result is written
    #[arg(long, value_name = "FORM,…", value_delimiter = ',', default_value = "json")]
    pub format: Vec<ResultFormat>,
}

fn positive_time(text: &str) -> Result<Duration, &'static str> {
    let time = humantime::parse_duration(text).ok().filter(|time| !time.is_zero());
    time.filter(|time| *time <= crate::bench::schedule::ENDLESS).ok_or("a time is wanted, like 30s or 5min")
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let number = text.strip_suffix("/s").unwrap_or(text).trim();
    number.parse().ok().filter(|rate: &f64| (0.001..=1e6).contains(rate)).ok_or("a rate above 0 is wanted, like 100/s")
}

fn scale(text: &str) -> Result<f64, &'static str> {
    text.parse()
        .ok()
        .filter(|scale: &f64| (0.001..=1_000.0).contains(scale))
        .ok_or("a factor from 0.001 to 1000 is wanted")
}

fn arrivals(text: &str) -> Result<Arrivals, &'static str> {
    match text {
        "constant" => Ok(Arrivals::Constant),
        "poisson" => Ok(Arrivals::Poisson),
        _ => Err("constant or poisson is wanted"),
    }
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("NAME: VALUE is wanted")?;
    let (name, value) = (name.trim(), value.trim());
    let token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    let clean = value.bytes().all(|b| b == b'\t' || (b >= 0x20 && b != 0x7f));
    let ours = ["content-length", "transfer-encoding", "connection"].iter().any(|ours| name.eq_ignore_ascii_case(ours));
    match (token && clean, ours) {
        (true, false) => Ok((name.to_owned(), value.to_owned())),
        (true, true) => Err("content-length, transfer-encoding and connection are set by the load generator"),
        (false, _) => Err("this cannot be sent as a header"),
    }
}

fn http_method(text: &str) -> Result<String, &'static str> {
    let method = text.to_uppercase();
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method.as_str());
    known.then_some(method).ok_or("GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS is wanted")
}

fn tag(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("KEY=VALUE is wanted")?;
    Ok((key.to_owned(), value.to_owned()))
}
