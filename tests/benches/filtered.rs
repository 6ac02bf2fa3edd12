//! How fast and how exact are searches that a filter narrows? Prints a table; run with `cargo bench --bench filtered`.
//!
//! Documents of ten chunks each, of words that are as frequent as in texts (Zipf), with vectors clustered as sentence
//! embeddings are. A filter compares a number of each document, so that it leaves a share of them, spread over all. The number
//! of chunks as argument, e.g. `cargo bench --bench filtered -- 300000`. Exactness is measured against scores of all chunks:
//! of how many of the ten best, or of as many as there are, is one as good found?

mod support;

use std::{collections::HashMap, time::Instant};

use ragctl::{
    domain::{
        ChangeSet, Changes, ChunkContext, ChunkId, DocumentAttributes, DocumentId, Filter, Hit, IndexedChunk,
        IndexedDocument, Metadata, MetadataValue, Number, Scalar, SearchFilter, Stamp, Want,
    },
    index::{ChangeFeed, EmbeddedSearch, IndexError, Search},
};
use support::Random;

const DIMENSION: usize = 256;
const CHUNKS_OF_A_DOCUMENT: usize = 10;
const WORDS: usize = 20_000;
const WORDS_OF_A_CHUNK: usize = 80;
const QUERIES: usize = 200;
const K: usize = 10;

/// The n-th word is about as frequent as 1/n.
fn word(random: &mut Random) -> String {
    let rank = (WORDS as f32).powf(random.uniform()) as usize;
    format!("w{rank}x")
}

/// A store that was filled in one change.
struct Feed {
    texts: Vec<String>,
    vectors: Vec<Vec<f32>>,
}

impl Feed {
    fn chunk(&self, n: usize, want: Want) -> IndexedChunk {
        IndexedChunk {
            id: ChunkId(n as i64),
            language: "en".into(),
            text: if want == Want::Text { self.texts[n].clone() } else { String::new() },
            vector: if want == Want::Vector { self.vectors[n].clone() } else { Vec::new() },
            document: document_of(n),
            context: ChunkContext::default(),
        }
    }

    fn document(&self, n: usize) -> IndexedDocument {
        let mut metadata = Metadata::default();
        let number = Number::new(number_of(n, self.texts.len()) as f64).expect("it is finite");
        metadata.insert("n", MetadataValue::One(Scalar::Number(number))).expect("it is within bounds");
        let source = format!("{n}.md");
        let attributes =
            DocumentAttributes { source, format: "markdown".into(), metadata, ..DocumentAttributes::default() };
        IndexedDocument { id: DocumentId(n as u32), attributes }
    }
}

fn document_of(chunk: usize) -> DocumentId {
    DocumentId((chunk / CHUNKS_OF_A_DOCUMENT) as u32)
}

/// Numbers from 0 on, in no order that the documents have.
fn number_of(document: usize, chunks: usize) -> usize {
    let documents = chunks / CHUNKS_OF_A_DOCUMENT;
    // No multiple of a prime that documents are not a multiple of comes twice.
    document * 7_919 % documents
}

impl ChangeFeed for Feed {
    fn newest(&self) -> Result<Stamp, IndexError> {
        Ok(Stamp { db: "bench".into(), revision: 1 })
    }

    fn changes(&self, from: Option<&Stamp>, want: Want, _: usize) -> Result<ChangeSet, IndexError> {
        if from.is_some() {
            return Ok(ChangeSet::Current);
        }
        let documents = match want {
            Want::Attributes => (0..self.texts.len() / CHUNKS_OF_A_DOCUMENT).map(|n| self.document(n)).collect(),
            _ => Vec::new(),
        };
        let added = (0..self.texts.len()).map(|n| self.chunk(n, want)).collect();
        Ok(ChangeSet::Next(Changes { to: self.newest()?, added, documents, ..Changes::default() }))
    }
}

/// Times in microseconds, sorted, and what was found.
fn measure<Q>(queries: &[Q], search: impl Fn(&Q) -> Vec<Hit>) -> (Vec<f64>, Vec<Vec<Hit>>) {
    let mut times = Vec::new();
    let found = queries
        .iter()
        .map(|query| {
            let started = Instant::now();
            let hits = search(query);
            times.push(started.elapsed().as_secs_f64() * 1e6);
            hits
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times, found)
}

/// Share of the best that something as good was found for.
fn recall(truth: &[Vec<f32>], found: &[Vec<Hit>]) -> f64 {
    let (mut all, mut met) = (0, 0);
    for (truth, found) in truth.iter().zip(found) {
        all += truth.len();
        met += truth.iter().zip(found).filter(|(best, hit)| hit.score >= **best - 1e-4 * best.abs().max(1.0)).count();
    }
    if all == 0 { 1.0 } else { met as f64 / all as f64 }
}

fn main() {
    let chunks = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000_usize);
    let mut random = Random(3);
    let topics: Vec<Vec<f32>> = (0..1_000).map(|_| random.around(&[0.0; DIMENSION], 1.0)).collect();
    let text = |random: &mut Random, words: usize| (0..words).map(|_| word(random)).collect::<Vec<_>>().join(" ");
    let feed = Feed {
        texts: (0..chunks).map(|_| text(&mut random, WORDS_OF_A_CHUNK)).collect(),
        vectors: (0..chunks).map(|n| random.around(&topics[n * 31 % topics.len()], 0.06)).collect(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let started = Instant::now();
    let search = EmbeddedSearch::open(folder.path());
    search.follow(&feed).expect("it follows");
    search.finish();
    println!("{chunks} chunks indexed in {:.1} s", started.elapsed().as_secs_f64());

    let questions: Vec<String> = (0..QUERIES).map(|_| text(&mut random, 8)).collect();
    let vectors: Vec<Vec<f32>> = (0..QUERIES).map(|n| random.around(&topics[n * 7 % topics.len()], 0.06)).collect();
    let everything = SearchFilter::default();
    // Scores of all chunks: the lexical ones by the search that ranks all, the others one by one.
    let lexical: Vec<HashMap<ChunkId, f32>> = questions
        .iter()
        .take(50)
        .map(|question| {
            let all = search.lexical(question, chunks, &everything).expect("a search");
            all.into_iter().map(|hit| (hit.chunk, hit.score)).collect()
        })
        .collect();
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();

    println!("| filter leaves | search | resolve µs | median µs | p99 µs | recall@10 |");
    println!("|---|---|---|---|---|---|");
    let documents = chunks / CHUNKS_OF_A_DOCUMENT;
    for share in [None, Some(1.0), Some(0.5), Some(0.1), Some(0.01), Some(0.001), Some(0.000_1)] {
        let most = share.map_or(documents, |share| ((documents as f64 * share).round() as usize).max(1));
        let inside = |chunk: ChunkId| number_of(document_of(chunk.0 as usize).0 as usize, chunks) < most;
        let filter = SearchFilter {
            documents: share.map(|_| Filter::from_short(&[format!("n<{most}")]).expect("a filter").expect("one")),
            ..SearchFilter::default()
        };
        let started = Instant::now();
        search.lexical("w1x", 1, &filter).expect("a search");
        let resolved = started.elapsed().as_secs_f64() * 1e6;
        let best = |mut scores: Vec<f32>| {
            scores.sort_by(|a, b| b.total_cmp(a));
            scores.truncate(K);
            scores
        };
        let row = |name: &str, times: &[f64], recall: f64| {
            let at = |share: f64| times[(times.len() as f64 * share) as usize];
            let left = share.map_or("no filter".to_owned(), |share| format!("{} %", share * 100.0));
            println!("| {left} | {name} | {resolved:.0} | {:.0} | {:.0} | {recall:.4} |", at(0.5), at(0.99));
        };
        let (times, found) = measure(&questions, |question| search.lexical(question, K, &filter).expect("a search"));
        let truth: Vec<Vec<f32>> = lexical
            .iter()
            .map(|scores| best(scores.iter().filter(|(id, _)| inside(**id)).map(|(_, score)| *score).collect()))
            .collect();
        row("words", &times, recall(&truth, &found));
        let (times, found) = measure(&vectors, |vector| search.nearest(vector, K, &filter).expect("a search"));
        let truth: Vec<Vec<f32>> = vectors
            .iter()
            .take(50)
            .map(|query| {
                let of = (0..chunks).filter(|n| inside(ChunkId(*n as i64)));
                best(of.map(|n| cosine(query, &feed.vectors[n])).collect())
            })
            .collect();
        row("vectors", &times, recall(&truth, &found));
    }
}
