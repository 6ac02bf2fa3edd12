//! How well are answers proven, and how fast? `cargo bench --bench answers`
//!
//! True and false sentences are made from collections of questions with answers in `../shared/data/retrieval`, where that folder
//! is there (see `tests/proof`). A false one is found when it is not supported; a true one that is not is flagged wrongly.

use std::{collections::BTreeMap, path::Path, time::Instant};

use ragctl::rag::prove::{Flaw, Source, prove};

#[path = "../proof/mod.rs"]
mod proof;

use proof::{Case, Collection, Make};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/retrieval");

/// Collections, their languages, and the sentences of each make.
const COLLECTIONS: [(&str, &str, usize); 5] = [
    ("squad2-dev", "en", 400),
    ("xquad-en", "en", 200),
    ("xquad-de", "de", 200),
    ("xquad-vi", "vi", 200),
    ("xquad-zh", "zh", 200),
];

const LANGUAGES: [&str; 4] = ["en", "de", "vi", "zh"];

/// The rules were made looking at the sentences of seed 1; those of another seed are others.
const SEEDS: [u64; 2] = [1, 20_261_128];

fn main() {
    for seed in SEEDS {
        let mut cases = Vec::new();
        for (name, language, each) in COLLECTIONS {
            match Collection::read(&Path::new(SHARED).join(name), language) {
                Some(collection) => cases.extend(collection.cases(seed, each)),
                None => println!("{name}: skipped, there is no {SHARED}/{name}"),
            }
        }
        if cases.is_empty() {
            return;
        }
        println!("\n## Seed {seed}: {} sentences, 5 passages each\n", cases.len());
        for cited in [true, false] {
            table(&cases, cited);
        }
        if seed == SEEDS[0] {
            speed(&cases);
        }
    }
}

/// Whether a sentence is flagged.
fn flagged(case: &Case, cited: bool) -> Option<Flaw> {
    let sources: Vec<Source<'_>> = case.passages.iter().map(|text| Source { text, title: None }).collect();
    let text = if cited { case.cited() } else { case.sentence.clone() };
    prove(&case.question, &text, &sources).into_iter().find_map(|proof| proof.claim?.flaw)
}

fn table(cases: &[Case], cited: bool) {
    let mut rows: BTreeMap<(Make, &str), (usize, usize)> = BTreeMap::new();
    for case in cases {
        let (all, found) = rows.entry((case.make, case.language)).or_default();
        *all += 1;
        *found += usize::from(flagged(case, cited).is_some());
    }
    println!("{}\n", if cited { "Each cites its passage:" } else { "None cites anything:" });
    println!("| | {} | all |\n|---|{}---|", LANGUAGES.join(" | "), "---|".repeat(LANGUAGES.len()));
    let line = |name: &str, of: &dyn Fn(Make) -> bool| {
        let count = |language: Option<&str>| {
            let mine = rows
                .iter()
                .filter(|((make, theirs), _)| of(*make) && language.is_none_or(|language| language == *theirs));
            let (all, found) = mine.fold((0, 0), |sum, (_, row)| (sum.0 + row.0, sum.1 + row.1));
            format!("{:.1} % of {all}", 100.0 * found as f64 / all.max(1) as f64)
        };
        let cells: Vec<String> = LANGUAGES.map(Some).into_iter().chain([None]).map(count).collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    for make in Make::ALL {
        let verdict = if make.is_true() { "flagged" } else { "found" };
        line(&format!("{}: {verdict}", make.name()), &|other| other == make);
    }
    line("**true ones flagged** (goal ≤ 5 %)", &Make::is_true);
    line("**false ones found** (goal ≥ 90 %)", &|make: Make| !make.is_true());
    println!();
}

/// Time of an answer of one sentence, and of one of three from the same passages.
fn speed(cases: &[Case]) {
    let mut times: Vec<f64> = Vec::new();
    let mut longer: Vec<f64> = Vec::new();
    for group in cases.chunks(3) {
        let [one, ..] = group else { continue };
        let sources: Vec<Source<'_>> = one.passages.iter().map(|text| Source { text, title: None }).collect();
        let answer: Vec<String> = group.iter().map(Case::cited).collect();
        for (text, times) in [(answer[0].clone(), &mut times), (answer.join(" "), &mut longer)] {
            let started = Instant::now();
            let proofs = prove(&one.question, &text, &sources);
            times.push(1e3 * started.elapsed().as_secs_f64());
            assert!(!proofs.is_empty());
        }
    }
    for (name, mut times) in [("one sentence", times), ("three sentences", longer)] {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        println!(
            "An answer of {name}, its passages read: mean {mean:.3} ms, median {:.3} ms, 99 % within {:.3} ms (goal: 2 ms).",
            at(0.5),
            at(0.99)
        );
    }
}
