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
        ("How long does it take (in days)?", "How long does it take?"),
        ("Where is the (main) desk?", "Where is the \"main\" desk?"),
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
        (Entities, "Where is the desk (visitors)?", "Where is the desk (staff)?"),
        (Entities, "What does “due” mean?", "What does “open” mean?"),
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
fn small_words_and_order_tell_questions_apart_in_every_language() {
    use Rejection::*;
    for (reason, a, b) in [
        (FunctionWord, "Which rule holds for loads over two tons?", "Which rule holds for loads under two tons?"),
        (FunctionWord, "May the crew leave the deck?", "Must the crew leave the deck?"),
        (FunctionWord, "Does it need at least one key?", "Does it need at most one key?"),
        (FunctionWord, "Darf der Gast kochen?", "Muss der Gast kochen?"),
        (FunctionWord, "Was gilt vor der Abnahme?", "Was gilt während der Abnahme?"),
        (FunctionWord, "Kích thước tối đa là bao nhiêu?", "Kích thước tối thiểu là bao nhiêu?"),
        (FunctionWord, "Que faire avant la visite ?", "Que faire après la visite ?"),
        (FunctionWord, "¿Todos los perros entran?", "¿Algunos perros entran?"),
        (FunctionWord, "学生可以早退吗?", "学生必须早退吗?"),
        (FunctionWord, "¿Cuánto se gana por hora?", "¿Cuánto se gana por semana?"),
        (Direction, "Does the customer pay the shop?", "Does the shop pay the customer?"),
        (Direction, "How do I copy from drive H to drive P?", "How do I copy from drive P to drive H?"),
        (Direction, "Khách gọi thợ khi nào?", "Thợ gọi khách khi nào?"),
        (Entities, "How much is tariff S?", "How much is tariff M?"),
        (Entities, "how much is plan a per month", "how much is plan b per month"),
        (Entities, "Is it written in C?", "Is it written in C++?"),
        (Entities, "Where is the desk of Орлов?", "Where is the desk of Волков?"),
        (Numbers, "Which door does ticket 7 open?", "Which door does ticket 8 open?"),
    ] {
        assert_eq!(verdict(a, b), Some(reason), "{a} | {b}");
    }
}

fn documents(texts: &[&str]) -> Documents {
    let passages: Vec<crate::domain::Passage> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| crate::domain::Passage {
            text: (*text).to_owned(),
            key: n.to_string(),
            source: "a.md".into(),
            chunk: n as u32,
            version: String::new(),
            language: "en".into(),
            score: 1.0,
            ..crate::domain::Passage::default()
        })
        .collect();
    Documents::of(passages.iter())
}

fn beside(texts: &[&str], a: &str, b: &str) -> Option<Rejection> {
    let (documents, a, b) = (documents(texts), Wording::of(a), Wording::of(b));
    let there = refuse_beside(&documents, &a, &b);
    assert_eq!(there, refuse_beside(&documents, &b, &a), "symmetric");
    there
}

#[test]
fn two_words_that_the_documents_both_use_are_no_synonyms() {
    let (rent, repair) = ("Who pays the rent for the shed?", "Who pays the repair for the shed?");
    let both = ["The tenant pays the rent of the shed.", "Repairs to the shed are paid by the club."];
    assert_eq!(beside(&both, rent, repair), Some(Rejection::Substitution));
    assert_eq!(beside(&both[..1], rent, repair), None, "the documents do not know the other word");
    assert_eq!(beside(&both, rent, "Who pays the rent for the old shed?"), None, "they know no old shed");
    let old = [both[0], both[1], "The old shed is free."];
    assert_eq!(beside(&old, rent, "Who pays the rent for the old shed?"), Some(Rejection::Substitution));
}

#[test]
fn what_all_passages_are_about_tells_nothing() {
    let harbor = ["Harbor pauses a voyage.", "Harbor resumes it.", "Harbor ends it."];
    assert_eq!(beside(&harbor, "How do I pause a voyage?", "How do I pause a voyage in Harbor?"), None);
    assert_eq!(
        beside(&harbor[..1], "How do I pause a voyage?", "How do I pause a voyage in Harbor?"),
        Some(Rejection::Substitution)
    );
}

#[test]
fn an_answer_is_proven_by_passages_that_have_the_new_words() {
    let found = documents(&["Refunds are paid.", "Vouchers are refunded within a week."]);
    let (asked, stored) = (Wording::of("When are vouchers paid back?"), Wording::of("When are coupons paid back?"));
    assert!(is_unproven(&found, &documents(&["Refunds are paid."]), &asked, &stored));
    assert!(!is_unproven(&found, &found, &asked, &stored));
}

#[test]
fn who_does_it_and_to_whom_it_is_done_are_two_questions() {
    for (a, b) in [
        ("Who hired Anna?", "Who did Anna hire?"),
        ("Who reports to the manager?", "Who does the manager report to?"),
        ("Who must the tenant call?", "Who must call the tenant?"),
        ("Wer ruft den Arzt?", "Wen ruft der Arzt?"),
        ("¿Quién paga al casero?", "¿A quién paga el casero?"),
        ("Ai trả tiền cho chủ nhà?", "Chủ nhà trả tiền cho ai?"),
        ("谁给老板打电话?", "老板给谁打电话?"),
    ] {
        assert_eq!(beside(&[a, b], a, b), Some(Rejection::Direction), "{a} | {b}");
    }
    for (a, b) in [
        ("Who does the manager report to?", "To whom does the manager report?"),
        ("Who should I contact?", "Whom do I contact?"),
        ("Who approves refunds?", "By whom are refunds approved?"),
        ("Wer prüft das Dach?", "Von wem wird das Dach geprüft?"),
    ] {
        assert_eq!(beside(&[a, b], a, b), None, "{a} | {b}");
    }
}

#[test]
fn harmless_changes_pass_beside_the_documents() {
    let texts =
        ["The pass includes the sauna. At the hotel guests pay a fee. The port of the server is 22. Keep backups."];
    for (a, b) in [
        ("Does the pass include the sauna?", "Is the sauna included in the pass?"),
        ("Which fee do guests pay at the hotel?", "At the hotel, which fee do guests pay?"),
        ("What is the port of the server?", "What is the server's port?"),
        ("How do I keep backups?", "How are backups kept?"),
        ("Who has to pay the fee?", "Who must pay the fee?"),
        ("How much is the fee?", "What is the fee?"),
    ] {
        assert_eq!(beside(&texts, a, b), None, "{a} | {b}");
    }
}

proptest::proptest! {
    #[test]
    fn every_check_is_symmetric_and_none_refuses_the_same_words(a in "[a-zß-ÿА-я一-三 A-C?,1-3']{0,60}", b in "[a-zß-ÿА-я一-三 A-C?,1-3']{0,60}") {
        let documents = documents(&[&a, &b]);
        let (x, y) = (Wording::of(&a), Wording::of(&b));
        proptest::prop_assert_eq!(refuse(&x, &y), refuse(&y, &x));
        proptest::prop_assert_eq!(refuse_beside(&documents, &x, &y), refuse_beside(&documents, &y, &x));
        proptest::prop_assert_eq!(refuse_beside(&documents, &x, &x), None);
    }
}

#[test]
fn odd_texts_do_no_harm() {
    for text in ["", "???", "'''", "...", "a", "🙂", "3.", "1,000.5.", "---", "n't", "ความหมาย", &"x ".repeat(8_000)]
    {
        assert_eq!(verdict(text, text), None, "{text}");
    }
}
