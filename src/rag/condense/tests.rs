//! Conversations, and what their last question is about.

use proptest::prelude::*;

use super::*;

fn turn(role: Role, content: &str) -> Message {
    Message { role, content: content.to_owned() }
}

/// Questions with an answer after each but the last.
fn conversation(turns: &[&str]) -> String {
    let (question, before) = turns.split_last().unwrap();
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    let history: Vec<Message> = before.iter().zip(roles).map(|(text, role)| turn(role, text)).collect();
    standalone(&history, question).into_owned()
}

#[test]
fn what_stands_alone_stays_as_it_is() {
    for question in [
        "How long are snapshots kept?",
        "Wie lange werden Sicherungen aufbewahrt?",
        "Dự án Harbor lưu bản sao lưu bao lâu?",
        "备份保留多长时间？",
    ] {
        assert_eq!(conversation(&["Who is on call at night?", "Mira Okafor.", question]), question);
        assert_eq!(conversation(&[question]), question);
    }
}

#[test]
fn a_follow_up_is_given_what_the_conversation_is_about() {
    for (turns, whole) in [
        (&["How long are releases kept?", "30 days [1].", "And snapshots?"][..], "And snapshots? (releases kept)"),
        (
            &["What is the semantic cache?", "It keeps answers.", "How do I turn it off?"],
            "How do I turn it off? (semantic cache)",
        ),
        (&["How is the harbor backup made?", "By a job.", "Why?"], "Why? (harbor backup made)"),
        (
            &["Wie lange dauert die Einarbeitung?", "Zwei Wochen.", "Wer ist dafür zuständig?"],
            "Wer ist dafür zuständig? (dauert Einarbeitung)",
        ),
        (&["备份保留多长时间？", "三十天。", "它在哪里？"], "它在哪里？ (备份保留 长 间)"),
    ] {
        let standalone = conversation(turns);
        if turns[0].is_ascii() || turns[0].starts_with("Wie") {
            assert_eq!(standalone, whole);
        } else {
            assert!(standalone.starts_with("它在哪里？ (备份保留"), "{standalone}");
        }
    }
}

#[test]
fn follow_ups_of_follow_ups_keep_the_thread() {
    let turns = ["What does the Aurora plan cost?", "21 euros.", "And per year?", "210.", "Can it be cancelled?"];
    assert_eq!(conversation(&turns), "Can it be cancelled? (year Aurora plan cost)");
    let other =
        ["What does the Aurora plan cost?", "21 euros.", "Who runs the harbor office?", "Mira.", "Where is it?"];
    assert_eq!(conversation(&other), "Where is it? (runs harbor office)");
}

#[test]
fn who_is_meant_is_looked_for_in_the_answer() {
    let turns = ["Who has the night watch?", "The night watch has Mira Okafor [1].", "When did she start?"];
    assert_eq!(conversation(&turns), "When did she start? (night watch Mira Okafor)");
}

#[test]
fn the_small_words_are_in_order() {
    assert!(SMALL.is_sorted());
    assert!(SMALL.iter().chain(POINTS_BACK).all(|word| *word == word.to_lowercase()));
}

proptest! {
    /// The question's own words are never touched, and what is added is bounded and was said before.
    #[test]
    fn only_words_of_the_conversation_are_added(
        history in prop::collection::vec(("[a-zA-Z它备份 ?.]{0,40}", any::<bool>()), 0..40),
        question in "[a-zA-Z它备份 ?]{1,40}",
    ) {
        let history: Vec<Message> = history
            .into_iter()
            .map(|(text, is_user)| turn(if is_user { Role::User } else { Role::Assistant }, &text))
            .collect();
        let whole = standalone(&history, &question);
        prop_assert!(whole.starts_with(&question));
        let added = whole[question.len()..].trim_start_matches(" (").trim_end_matches(')');
        let words: Vec<&str> = added.split(' ').filter(|word| !word.is_empty()).collect();
        prop_assert!(words.len() <= MOST_WORDS);
        prop_assert!(words.iter().all(|word| history.iter().any(|turn| turn.content.contains(word))));
    }
}
