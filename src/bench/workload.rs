//! What is asked: questions in clusters of paraphrases, and which of them comes when.
//!
//! The question number n of a run depends on n and the seed alone, so that two runs, or the two arms of a comparison, ask
//! the same whoever sends it.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Deserialize;

use crate::util::table::{Table, decode};

/// Questions about the sample documents and about RAG in general, for a start without a file.
const BUILT_IN: &str = include_str!("../../fixtures/queries/default.csv");

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadQuery {
    /// Its words.
    pub text: String,
    /// Sources that a good answer is made from; none: not known.
    pub expected: Vec<String>,
}

/// Why a file of queries cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The file cannot be read.
    #[error("cannot read the queries in {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The file has no question.
    #[error("{} holds no query; wanted: one a line, a CSV with a column query, question or text, or JSON lines", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A line that is not what its ending says.
    #[error("{}, line {line}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The reason.
        reason: String,
    },
}

/// In which order queries come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mix {
    /// One after the other, again and again.
    Sequential,
    /// Each as likely as the other.
    Uniform,
    /// Clusters with a frequency that falls with their rank to the power of this exponent; within a cluster each
    /// paraphrase alike.
    Zipf(f64),
}

impl FromStr for Mix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sequential" => Ok(Self::Sequential),
            "uniform" => Ok(Self::Uniform),
            _ => text
                .strip_prefix("zipf:")
                .and_then(|exponent| exponent.parse().ok())
                .filter(|exponent| (0.0..=10.0).contains(exponent))
                .map(Self::Zipf)
                .ok_or("sequential, uniform or zipf:EXPONENT is wanted, like zipf:1.1 (0 to 10)"),
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequential => f.write_str("sequential"),
            Self::Uniform => f.write_str("uniform"),
            Self::Zipf(exponent) => write!(f, "zipf:{exponent}"),
        }
    }
}

/// Queries and their order.
#[derive(Debug, Clone)]
pub struct Workload {
    queries: Vec<WorkloadQuery>,
    /// Indexes of queries, by cluster.
    clusters: Vec<Vec<usize>>,
    /// Sums of the weights of the clusters up to each.
    cumulative: Vec<f64>,
    mix: Mix,
    seed: u64,
    fingerprint: String,
}

impl Workload {
    /// The built-in questions.
    pub fn built_in(mix: Mix, seed: u64) -> Self {
        let read = from_csv(Path::new("default.csv"), BUILT_IN).unwrap_or_default();
        Self::new(read, mix, seed)
    }

    /// The questions of a file: by its ending CSV (with commas, semicolons or tabs), JSON lines, or one a line.
    ///
    /// # Errors
    /// A file that cannot be read, is no such file, or is empty. Blocks.
    pub fn load(path: &Path, mix: Mix, seed: u64) -> Result<Self, WorkloadError> {
        let bytes = std::fs::read(path).map_err(|source| WorkloadError::Io { path: path.to_owned(), source })?;
        let text = decode(&bytes);
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let read = match ending.as_str() {
            "csv" | "tsv" => from_csv(path, &text)?,
            "jsonl" | "ndjson" => from_json_lines(path, &text)?,
            _ => text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(|line| (line.to_owned(), None, Vec::new()))
                .collect(),
        };
        if read.is_empty() {
            return Err(WorkloadError::Empty { path: path.to_owned() });
        }
        Ok(Self::new(read, mix, seed))
    }

    /// One and the same thing again and again, for endpoints that take no question.
    pub fn single() -> Self {
        Self::new(vec![(String::new(), None, Vec::new())], Mix::Sequential, 0)
    }

    fn new(read: Vec<QueryLine>, mix: Mix, seed: u64) -> Self {
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let (mut queries, mut clusters) = (Vec::new(), Vec::<Vec<usize>>::new());
        let mut hash = blake3::Hasher::new();
        for (at, (text, cluster, expected)) in read.into_iter().enumerate() {
            hash.update(text.as_bytes()).update(b"\0").update(cluster.as_deref().unwrap_or("").as_bytes());
            hash.update(b"\0").update(expected.join("\0").as_bytes()).update(b"\n");
            // A query that names no cluster is one of its own.
            let known = match cluster {
                Some(name) => *by_name.entry(name).or_insert(clusters.len()),
                None => clusters.len(),
            };
            if known == clusters.len() {
                clusters.push(Vec::new());
            }
            clusters[known].push(at);
            queries.push(WorkloadQuery { text, expected });
        }
        let exponent = if let Mix::Zipf(exponent) = mix { exponent } else { 0.0 };
        let cumulative = (1..=clusters.len())
            .scan(0.0, |sum, rank| {
                *sum += (rank as f64).powf(-exponent);
                Some(*sum)
            })
            .collect();
        let fingerprint = hash.finalize().to_hex()[..16].to_owned();
        Self { queries, clusters, cumulative, mix, seed, fingerprint }
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// All queries.
    pub fn queries(&self) -> &[WorkloadQuery] {
        &self.queries
    }

    /// Their order.
    pub const fn mix(&self) -> Mix {
        self.mix
    }

    /// Clusters of paraphrases.
    pub fn clusters(&self) -> usize {
        self.clusters.len()
    }

    /// A hash of queries, clusters and expected sources.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Which query request number `n` of the run asks.
    pub fn pick(&self, n: u64) -> usize {
        if self.mix == Mix::Sequential {
            return (n % self.queries.len() as u64) as usize;
        }
        // Neighbouring numbers as seeds would give related draws: the golden ratio keeps them apart.
        let mut random = fastrand::Rng::with_seed(self.seed ^ n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        if self.mix == Mix::Uniform {
            return random.usize(..self.queries.len());
        }
        let drawn = random.f64() * self.cumulative.last().copied().unwrap_or(1.0);
        let cluster = self.cumulative.partition_point(|sum| *sum <= drawn).min(self.clusters.len() - 1);
        let cluster = &self.clusters[cluster];
        cluster[random.usize(..cluster.len())]
    }
}

/// Words, cluster, expected sources.
type QueryLine = (String, Option<String>, Vec<String>);

const TEXT: [&str; 4] = ["query", "question", "text", "q"];
const CLUSTER: [&str; 2] = ["cluster", "intent"];
const EXPECTED: [&str; 3] = ["expected", "expected_sources", "sources"];

fn from_csv(path: &Path, text: &str) -> Result<Vec<QueryLine>, WorkloadError> {
    let malformed = |line, reason: String| WorkloadError::Malformed { path: path.to_owned(), line, reason };
    let columns = [&TEXT[..], &CLUSTER, &EXPECTED].concat();
    let table = Table::of(text, |name| columns.contains(&name));
    let mut reader = table.reader().flexible(true).from_reader(table.text.as_bytes());
    let headers = reader.headers().map_err(|error| malformed(1, error.to_string()))?.clone();
    let column = |names: &[&str]| headers.iter().position(|header| names.contains(&header.to_lowercase().as_str()));
    let Some(text) = column(&TEXT) else {
        if headers.is_empty() {
            return Ok(Vec::new());
        }
        return Err(malformed(1, format!("no column {} in the header", TEXT.join(", "))));
    };
    let (cluster, expected) = (column(&CLUSTER), column(&EXPECTED));
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line) + table.lines_before;
            malformed(line, "no such row is possible in a CSV".into())
        })?;
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).filter(|value| !value.is_empty());
        let Some(words) = field(Some(text)) else { continue };
        let sources = field(expected).unwrap_or_default().split(['|', ';']).map(str::trim);
        let sources = sources.filter(|source| !source.is_empty()).map(str::to_owned).collect();
        lines.push((words.to_owned(), field(cluster).map(str::to_owned), sources));
    }
    Ok(lines)
}

#[derive(Deserialize)]
struct JsonLine {
    #[serde(alias = "question", alias = "text", alias = "q")]
    query: String,
    #[serde(default, alias = "intent")]
    cluster: Option<String>,
    #[serde(default, alias = "expected_sources", alias = "sources")]
    expected: Vec<String>,
}

fn from_json_lines(path: &Path, text: &str) -> Result<Vec<QueryLine>, WorkloadError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let read: JsonLine = serde_json::from_str(line).map_err(|error| WorkloadError::Malformed {
                path: path.to_owned(),
                line: at as u64 + 1,
                reason: error.to_string(),
            })?;
            Ok((read.query, read.cluster, read.expected))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, text: impl AsRef<[u8]>, mix: Mix) -> Result<Workload, WorkloadError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Workload::load(&path, mix, 1)
    }

    #[test]
    fn every_form_gives_the_same_queries() {
        let txt = load("q.txt", "# a comment\none\n\ntwo\n", Mix::Sequential).unwrap();
        assert_eq!(txt.queries().iter().map(|q| q.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        let csv = load("q.csv", "Intent,Text,expected\na,one,x.md|y.md\na,two,\n", Mix::Sequential).unwrap();
        assert_eq!(csv.clusters(), 1);
        assert_eq!(csv.queries()[0].expected, ["x.md", "y.md"]);
        let json =
            load("q.jsonl", "{\"question\":\"one\",\"cluster\":\"a\",\"expected_sources\":[\"x.md\",\"y.md\"]}\n{\"query\":\"two\",\"cluster\":\"a\"}", Mix::Sequential)
                .unwrap();
        assert_eq!(json.queries(), csv.queries());
        assert_eq!(json.fingerprint(), csv.fingerprint());
        assert_ne!(json.fingerprint(), txt.fingerprint());
    }

    #[test]
    fn files_of_spreadsheets_and_windows_give_the_same_queries() {
        let wanted = load("q.csv", "query,cluster\n\"Größe, in €?\",a\nWhy?,b\n", Mix::Sequential).unwrap();
        let windows = b"query;cluster\r\n\"Gr\xf6\xdfe, in \x80?\";a\r\nWhy?;b\r\n";
        let utf16: Vec<u8> =
            "\u{feff}query\tcluster\nGröße, in €?\ta\nWhy?\tb\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (name, bytes) in [
            ("q.csv", &windows[..]),
            ("q.tsv", &utf16),
            ("q.csv", "\u{feff}sep=;\nQuery;Cluster\nGröße, in €?;a\nWhy?;b\n".as_bytes()),
            (
                "q.jsonl",
                "\u{feff}{\"query\":\"Größe, in €?\",\"cluster\":\"a\"}\n{\"q\":\"Why?\",\"cluster\":\"b\"}".as_bytes(),
            ),
        ] {
            let read = load(name, bytes, Mix::Sequential).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(read.fingerprint(), wanted.fingerprint(), "{name}: {:?}", read.queries());
        }
        let lines =
            load("q.txt", b"\xef\xbb\xbf# first\r\nGr\xc3\xb6\xc3\x9fe, in \xe2\x82\xac?\r\nWhy?\r\n", Mix::Sequential)
                .unwrap();
        assert_eq!(lines.queries(), wanted.queries());
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_line() {
        for (name, text, wanted) in [
            ("q.txt", "\n# nothing\n", "holds no query"),
            ("q.csv", "", "holds no query"),
            ("q.csv", "a,b\n1,2\n", "no column query"),
            ("q.jsonl", "{\"query\":\"a\"}\n{\"quarry\":1}\n", "line 2"),
        ] {
            let error = load(name, text, Mix::Sequential).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let absent = Workload::load(Path::new("/no/such/file"), Mix::Uniform, 1).unwrap_err().to_string();
        assert!(absent.contains("/no/such/file"), "{absent}");
    }

    #[test]
    fn the_order_is_that_of_the_number_and_the_seed() {
        let text: String = (0..50).map(|n| format!("query {n}\n")).collect();
        for mix in [Mix::Sequential, Mix::Uniform, Mix::Zipf(1.0)] {
            let one = load("q.txt", &text, mix).unwrap();
            let same = load("q.txt", &text, mix).unwrap();
            let picks = |workload: &Workload| (0..200).map(|n| workload.pick(n)).collect::<Vec<_>>();
            assert_eq!(picks(&one), picks(&same));
            assert_eq!(picks(&one) == picks(&one.clone().with_seed(2)), mix == Mix::Sequential);
        }
    }

    #[test]
    fn zipf_follows_its_law_over_clusters() {
        let text: String =
            "query,cluster\n".to_owned() + &(0..30).map(|n| format!("q{n},c{}\n", n / 3)).collect::<String>();
        let workload = load("q.csv", &text, Mix::Zipf(1.0)).unwrap();
        let mut counts = [0u32; 10];
        for n in 0..60_000 {
            counts[workload.pick(n) / 3] += 1;
        }
        let harmonic: f64 = (1..=10).map(|rank| 1.0 / f64::from(rank)).sum();
        for (rank, count) in counts.iter().enumerate() {
            let wanted = 60_000.0 / harmonic / (rank as f64 + 1.0);
            assert!((f64::from(*count) - wanted).abs() < 5.0 * wanted.sqrt(), "rank {rank}: {count} of {wanted}");
        }
        assert!("zipf:x".parse::<Mix>().is_err() && "zipf:1.1".parse::<Mix>().unwrap() == Mix::Zipf(1.1));
    }

    #[test]
    fn the_built_in_questions_are_there() {
        let workload = Workload::built_in(Mix::Sequential, 1);
        assert!(workload.queries().len() >= 40 && workload.clusters() < workload.queries().len());
        assert!(workload.queries().iter().any(|query| !query.expected.is_empty()));
    }
}
