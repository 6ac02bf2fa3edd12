//! How fast and how exact is vector search? Prints a table; run with `cargo bench --bench vector_index`.
//!
//! Vectors are clustered as sentence embeddings are: 1,000 topics, each vector its topic plus noise. Sizes as arguments,
//! e.g. `cargo bench --bench vector_index -- 100000 300000`.

mod support;

use std::time::Instant;

use ragctl::{
    domain::{Changes, ChunkContext, ChunkId, DocumentId, Hit, IndexedChunk, Stamp},
    index::{
        Scope,
        vector::{VectorIndex, VectorOptions},
    },
};
use support::Random;

const DIMENSION: usize = 256;
const QUERIES: usize = 1_000;

fn index(vectors: &[Vec<f32>], exact_limit: usize) -> VectorIndex {
    let index = VectorIndex::new(VectorOptions { exact_limit });
    let added = vectors.iter().enumerate().map(|(n, vector)| IndexedChunk {
        id: ChunkId(n as i64),
        language: "en".into(),
        text: String::new(),
        vector: vector.clone(),
        document: DocumentId(n as u32),
        context: ChunkContext::default(),
    });
    let to = Stamp { db: "bench".into(), revision: 1 };
    index.follow_one(Changes { to, added: added.collect(), ..Changes::default() }).expect("it takes the vectors");
    index
}

fn measure(index: &VectorIndex, queries: &[Vec<f32>]) -> (Vec<f64>, Vec<Vec<Hit>>) {
    let mut times = Vec::new();
    let found = queries
        .iter()
        .map(|query| {
            let started = Instant::now();
            let hits = index.search(query, 100, &Scope::everything()).expect("a search");
            times.push(started.elapsed().as_secs_f64() * 1e6);
            hits
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times, found)
}

fn recall(exact: &[Vec<Hit>], found: &[Vec<Hit>], at: usize) -> f64 {
    let hit = |(exact, found): (&Vec<Hit>, &Vec<Hit>)| {
        exact.iter().take(at).filter(|e| found.iter().take(at).any(|f| f.chunk == e.chunk)).count()
    };
    exact.iter().zip(found).map(hit).sum::<usize>() as f64 / (at * exact.len()) as f64
}

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![5_000, 20_000, 50_000, 100_000] } else { sizes };
    println!("| vectors | search | filled in s | median µs | p99 µs | recall@10 | recall@100 |");
    println!("|---|---|---|---|---|---|---|");
    for size in sizes {
        let mut random = Random(3);
        let topics: Vec<Vec<f32>> = (0..1_000).map(|_| random.around(&[0.0; DIMENSION], 1.0)).collect();
        let vectors: Vec<Vec<f32>> = (0..size).map(|n| random.around(&topics[n % topics.len()], 0.06)).collect();
        let queries: Vec<Vec<f32>> =
            (0..QUERIES).map(|n| random.around(&topics[(n * 7) % topics.len()], 0.06)).collect();

        let started = Instant::now();
        let exact = index(&vectors, usize::MAX);
        let filled = started.elapsed().as_secs_f64();
        let (times, truth) = measure(&exact, &queries);
        let row = |what: &str, filled: f64, times: &[f64], found: &[Vec<Hit>]| {
            let at = |share: f64| times[(times.len() as f64 * share) as usize];
            let (ten, hundred) = (recall(&truth, found, 10), recall(&truth, found, 100));
            println!("| {size} | {what} | {filled:.2} | {:.0} | {:.0} | {ten:.4} | {hundred:.4} |", at(0.5), at(0.99));
        };
        row("scan", filled, &times, &truth);
        drop(exact);
        if size >= VectorOptions::default().exact_limit {
            let started = Instant::now();
            let approximate = index(&vectors, size - 1);
            while !approximate.is_approximate() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            let filled = started.elapsed().as_secs_f64();
            let (times, found) = measure(&approximate, &queries);
            row("inverted file", filled, &times, &found);
        }
    }
}
