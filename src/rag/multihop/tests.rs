//! What the hops of a search look for, and how what they find becomes one list.

use proptest::prelude::*;

use super::{rules::*, run::read, *};

fn passage(key: &str, title: &str, text: &str, score: f32) -> Passage {
    let title = (!title.is_empty()).then(|| title.to_owned());
    Passage { key: key.into(), source: key.into(), title, text: text.into(), score, ..Passage::default() }
}

#[test]
fn a_compound_question_is_taken_apart_and_its_parts_stand_alone() {
    for (question, whole) in [
        (
            "Who runs the harbor office, and when does it open?",
            &["Who runs the harbor office", "when does it open? (runs harbor office)"][..],
        ),
        (
            "Wer leitet das Hafenbüro und wann öffnet es?",
            &["Wer leitet das Hafenbüro", "wann öffnet es? (leitet Hafenbüro)"],
        ),
        (
            "Who runs the harbor office? Where is the archive kept?",
            &["Who runs the harbor office?", "Where is the archive kept?"],
        ),
        ("Who runs the harbor and the office?", &[]),
        ("And why?", &[]),
        ("", &[]),
    ] {
        assert_eq!(parts(question), whole, "{question}");
    }
}

#[test]
fn names_that_the_question_lacks_are_looked_for_with_what_it_asks() {
    let question = "When was the founder of the Harbor Press born?";
    let found = [
        passage("a", "Harbor Press", "The Harbor Press was founded by Mira Okafor in Bergen. She left.", 1.0),
        passage("b", "Bergen", "Bergen lies at the sea.", 0.9),
    ];
    assert_eq!(bridges(question, &found, &[], 3), ["Mira Okafor", "Bergen"]);
    assert_eq!(bridges(question, &found, &["mira okafor".into()], 1), ["Bergen"]);
    assert_eq!(about("Mira Okafor", question), "Mira Okafor founder born");
    assert_eq!(bridges("它在哪里？", &[passage("c", "", "备份在这里。", 1.0)], &[], 3), Vec::<String>::new());
}

#[test]
fn a_search_looks_for_each_thing_once_and_ranks_all_that_was_found() {
    let found = vec![passage("a", "", "Founded by Mira Okafor.", 2.0), passage("b", "", "Of Mira Okafor.", 1.0)];
    let mut search = HopSearch::new("Who founded the press?", Hops::default(), found);
    assert!(search.by_rules(0).is_empty());
    let next = search.by_rules(1);
    assert_eq!(next, ["Mira Okafor founded press"]);
    search.add(1, next[0].clone(), vec![passage("c", "", "Mira Okafor wrote.", 9.0), passage("a", "", "", 1.0)]);
    let keys: Vec<(String, f32)> = search.union(2).into_iter().map(|passage| (passage.key, passage.score)).collect();
    assert_eq!(keys, [("a".to_owned(), 1.0), ("c".to_owned(), SHARE)]);
    assert!(search.by_rules(1).iter().all(|question| !question.contains("Okafor")), "each name once");
    assert_eq!(search.fresh(vec!["mira okafor founded press".into(), "x?".into(), "X?".into()]), ["x?"]);
}

#[test]
fn a_reply_is_read_line_by_line() {
    assert_eq!(
        read("1. Who founded it?\n- \"When was he born?\"\n", 2).unwrap(),
        ["Who founded it?", "When was he born?"]
    );
    assert_eq!(read("Who?\nWhat is it?\nWhy?", 2).unwrap().len(), 2);
    assert_eq!(read(" None.\n", 2), Some(Vec::new()));
    for nonsense in ["", "The founder was Mira.", &"x".repeat(2_000)] {
        assert_eq!(read(nonsense, 2), None);
    }
}

proptest! {
    #[test]
    fn any_text_is_taken_apart_without_harm(question in "[A-Za-zİß und and who wer và ,?它]{0,120}", text in "\\PC{0,200}") {
        for part in parts(&question) {
            prop_assert!(!part.trim().is_empty());
        }
        let bounds = Hops { depth: 3, fanout: 3, ..Hops::default() };
        let mut search = HopSearch::new(&question, bounds, vec![passage("a", &text, &text, f32::NAN), passage("b", "", &text, 0.0)]);
        for hop in 0..3 {
            prop_assert!(search.by_rules(hop).len() <= 3);
        }
        prop_assert_eq!(search.union(10).len(), 2);
    }
}
