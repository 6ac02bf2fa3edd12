//! The semantic cache must not give the answer to another question, and is to know a paraphrase when it sees one.

use ragctl::providers::embedded::StaticEmbedder;

#[path = "../near_questions/mod.rs"]
mod sets;

use sets::{SETS, THRESHOLDS};

#[test]
fn near_questions_are_kept_apart_and_paraphrases_are_served() {
    let embedder = StaticEmbedder::bundled().unwrap();
    let mut failed = Vec::new();
    for name in SETS {
        let pairs = sets::read(name);
        if std::env::var_os("RAGCTL_SHOW_PAIRS").is_some() {
            for (kind, pairs) in sets::unrefused(&pairs) {
                pairs.iter().for_each(|pair| println!("LEAK {kind}: {} || {}", pair.stored, pair.asked));
            }
            for pair in pairs.iter().filter(|pair| pair.is_paraphrase()) {
                if let Some(reason) = pair.refusal() {
                    println!("LOST {reason}: {} || {}", pair.stored, pair.asked);
                }
            }
        }
        for threshold in THRESHOLDS {
            let outcome = sets::at_threshold(&pairs, threshold, &embedder);
            println!("{name} {threshold:.2}: {outcome:?}");
            if outcome.leak_rate() > 0.02 {
                failed.push(format!("{name}: {} of {} leak at {threshold}", outcome.leaks, outcome.near));
            }
            if threshold == 0.80 && outcome.served_rate() < 0.45 {
                failed.push(format!("{name}: only {} of {} are served at {threshold}", outcome.served, outcome.same));
            }
        }
        let outcome = sets::verified(&pairs, &embedder, 1);
        println!("{name} verified: {outcome:?}");
        if outcome.leak_rate() > 0.02 {
            failed.push(format!("{name}: {} of {} leak in verified mode", outcome.leaks, outcome.near));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_sets_are_large_enough_to_tell() {
    let all: Vec<sets::QuestionPair> = SETS.iter().flat_map(|name| sets::read(name)).collect();
    // Each is asked both ways round.
    let near = all.iter().filter(|pair| !pair.is_paraphrase()).count() / 2;
    assert!(near >= 200 && all.len() / 2 - near >= 150, "{near} of {}", all.len() / 2);
    for language in ["en", "de", "vi", "fr", "es", "zh"] {
        assert!(all.iter().filter(|pair| pair.language == language).count() >= 60, "{language}");
    }
}
