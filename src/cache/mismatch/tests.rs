use super::*;

fn verdict(a: &str, b: &str) -> Option<Rejection> {
    let (a, b) = (Wording::of(a), Wording::of(b));
    let there = refuse(&a, &b);
    assert_eq!(there, refuse(&b, &a), "symmetric");
    there
}

#[test]
fn the_same_question_in_other_words_passes() {
    for (a, b) in [
        ("How long can a voyage be paused?", "For how long can I pause a voyage?"),
        ("How do I reset my password?", "What is the best way to reset a password?"),
        ("What are the limits of releases?", "What's the limit of a release?"),
        ("Which ports does the server use?", "What ports are used by the server?"),
        ("Should I use the cache or not?", "Should I use the cache?"),
        ("What is the difference between Roku and Chromecast?", "What is the difference between Chromecast and Roku?"),
        ("backup schedule", "What is the backup schedule?"),
        ("Is it 5 mg?", "Is it 5mg?"),
        ("Is two enough?", "Is 2 enough?"),
    ] {
        assert_eq!(verdict(a, b), None, "{a} | {b}");
    }
}

#[test]
fn each_guard_tells_its_difference() {
    use Rejection::*;
    for (reason, a, b) in [
        (Numbers, "How do I upgrade from version 2 to 3?", "How do I upgrade from version 2 to 4?"),
        (Numbers, "Is 5 mg too much?", "Is 5 g too much?"),
        (Numbers, "What happened in March 2019?", "What happened in March 2020?"),
        (Numbers, "Is the office open on Monday?", "Is the office open on Friday?"),
        (Numbers, "Roku 2 or Roku stick?", "Roku 3 or Roku stick?"),
        (Negation, "Why does the cache start?", "Why does the cache not start?"),
        (Negation, "Can I deploy with a token?", "Can I deploy without a token?"),
        (Negation, "Why can’t I log in?", "Why can I log in?"),
        (Negation, "Warum startet der Server?", "Warum startet der Server nicht?"),
        (Negation, "系统可以重启吗？", "系统不可以重启吗？"),
        (Antonyms, "How do I enable the cache?", "How do I disable the cache?"),
        (Antonyms, "How is a volume mounted?", "How is a volume unmounted?"),
        (Antonyms, "What are the advantages of it?", "What are the disadvantages of it?"),
        (Antonyms, "How do I increase the limit?", "How can I decrease the limit?"),
        (Entities, "How do I install Docker on Ubuntu?", "How do I install Docker on Windows?"),
        (Entities, "Who founded Apple?", "Who founded Microsoft?"),
        (Entities, "What does `load_dataset` do?", "What does `save_dataset` do?"),
        (Direction, "How do I convert PDF to Word?", "How do I convert Word to PDF?"),
        (Direction, "how do i convert pdf to word", "how do i convert word to pdf"),
        (Direction, "Did Germany attack Poland?", "Did Poland attack Germany?"),
        (QuestionWord, "When are releases made?", "Why are releases made?"),
        (QuestionWord, "How many nodes are there?", "Why are there nodes?"),
        (
            Wording,
            "What is the best coaching center for physics students near the station in town?",
            "What is the best coaching center for chemistry students near the station in town?",
        ),
    ] {
        assert_eq!(verdict(a, b), Some(reason), "{a} | {b}");
    }
}

#[test]
fn odd_texts_do_no_harm() {
    for text in ["", "???", "'''", "...", "a", "🙂", "3.", "1,000.5.", "---", "n't", "ความหมาย", &"x ".repeat(8_000)]
    {
        assert_eq!(verdict(text, text), None, "{text}");
    }
}
