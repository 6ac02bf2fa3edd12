use proptest::prelude::*;

use super::*;
use crate::resilience::CallContext;

fn passages(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// With and without embeddings: both ways must hold what the tests say.
fn both(question: &str, texts: &[&str]) -> [Extraction; 2] {
    let embedder = StaticEmbedder::bundled().expect("the compiled-in model loads");
    [extract(question, &passages(texts), None), extract(question, &passages(texts), Some(&embedder))]
}

const HARBOR: &str = "# Releases\n\nHarbor is a registry for packages. Releases are kept for **30 days**. \
                      Older ones go to the [archive](https://harbor.example/archive).";
const BACKUP: &str = "- Backups run every night.\n- The administrator starts a restore with `harbor restore`.";

#[test]
fn quotes_the_sentence_that_answers_and_names_its_context() {
    for found in both("How long are releases kept?", &[BACKUP, HARBOR]) {
        assert!(found.confident);
        assert!(found.sentences.contains(&("Releases are kept for 30 days.".to_owned(), 2)), "{found:?}");
    }
}

#[test]
fn overlapping_contexts_are_quoted_once() {
    let overlap = "Releases are kept for **30 days**. Then they go away.";
    let cut = "are kept for **30 days**.";
    for found in both("How long are releases kept?", &[HARBOR, overlap, cut]) {
        let quoted = found.sentences.iter().filter(|(text, _)| text.contains("30 days")).count();
        assert_eq!(quoted, 1, "{found:?}");
    }
}

#[test]
fn answers_have_at_most_four_sentences() {
    let passage = (0..20).map(|i| format!("Harbor keeps release {i}. ")).collect::<String>();
    for found in both("Which release does Harbor keep?", &[&passage]) {
        assert!((1..=4).contains(&found.sentences.len()));
    }
}

#[test]
fn a_foreign_question_is_not_answered_but_the_closest_sentence_is_shown() {
    for found in both("Which wine goes well with oysters?", &[HARBOR, BACKUP]) {
        assert!(!found.confident);
        assert_eq!(found.sentences.len(), 1);
    }
}

#[test]
fn german_vietnamese_and_chinese_are_answered() {
    let german = "Der Hafen wurde 1862 gebaut. Er gehört der Stadt. Am 3. Oktober ist er geschlossen.";
    let vietnamese = "Hà Nội là thủ đô của Việt Nam. Thành phố có nhiều hồ.";
    let chinese = "黑豹队的防守只丢了308分。他的队友贡献了6次擒杀。";
    for (question, passage, answer) in [
        ("Wann wurde der Hafen gebaut?", german, "1862"),
        ("Thủ đô của Việt Nam là gì?", vietnamese, "Hà Nội"),
        ("黑豹队的防守丢了多少分？", chinese, "308"),
    ] {
        for found in both(question, &[BACKUP, passage]) {
            assert!(found.confident && found.sentences.iter().any(|(text, _)| text.contains(answer)), "{found:?}");
        }
    }
}

#[test]
fn no_input_breaks_it() {
    for texts in [&[][..], &[""], &["———", "\u{0}"], &["...!!!???。。"], &["![](", "| | |", "```"]] {
        for question in ["", "?", "———", "How?"] {
            for found in both(question, texts) {
                assert!(!found.confident && found.sentences.len() <= 1);
            }
        }
    }
    let long = "字".repeat(100_000);
    assert!(both(&long, &[&long])[1].sentences[0].0.chars().count() <= 601);
}

async fn streamed(question: &str, texts: &[&str]) -> Vec<GenerationEvent> {
    let generator = ExtractiveGenerator::new(None);
    let request = GenerationRequest {
        question: question.into(),
        spec: crate::domain::SpecKey::new([]),
        passages: passages(texts).into(),
        messages: [].into(),
        call: CallContext::without_deadline(),
        stand_in: false,
        first_token_by: None,
        reasoning: false,
        most_tokens: None,
    };
    let stream = generator.generate(request).await.expect("starts");
    stream.map(|event| event.expect("no error")).collect().await
}

#[tokio::test]
async fn streams_a_sentence_a_piece_with_citations_and_ends() {
    let mut events = streamed("How long are releases kept?", &["Releases are kept for 30 days."]).await;
    assert_eq!(events.pop(), Some(GenerationEvent::Done(GenerationStats::default())));
    assert_eq!(events, [GenerationEvent::Text("Releases are kept for 30 days [1].".into())]);
}

#[tokio::test]
async fn says_so_when_there_is_nothing_to_quote() {
    let events = streamed("Wie heißt der Hafen?", &[]).await;
    assert_eq!(events[0], GenerationEvent::Text("Die Dokumente beantworten diese Frage nicht.".into()));
    let GenerationEvent::Text(text) = &streamed("Which wine goes with oysters?", &[BACKUP]).await[0] else {
        panic!("text comes first")
    };
    assert!(text.starts_with("The documents do not seem to answer"));
}

#[tokio::test]
async fn an_answer_that_is_none_says_which_words_are_missing_and_ends_as_unanswered() {
    let mut events = streamed("Which wine goes with oysters?", &[BACKUP, HARBOR]).await;
    let Some(GenerationEvent::Done(stats)) = events.pop() else { panic!("the end comes last") };
    assert_eq!(stats.ending, Ending::Unanswered);
    let GenerationEvent::Text(text) = &events[0] else { panic!("text comes first") };
    assert!(text.contains("No passage mentions: wine") && text.contains("oysters"), "{text}");
}

#[test]
fn a_long_sentence_is_quoted_by_the_part_that_answers() {
    let passage = "The harbor of the old town, which had been a village of fishermen for many hundreds of years before anybody \
                   thought of building ships there, was founded by Ann Reed in the spring of 1862, and since the great fire it has belonged to the city, \
                   although the guilds of the carpenters and of the sailmakers never agreed to that and sued the council twice.";
    for found in both("Who founded the harbor of the old town?", &[passage, BACKUP]) {
        let quoted = found.sentences.iter().find(|(text, _)| text.contains("Ann Reed")).expect("quoted");
        assert!(quoted.0.chars().count() < passage.chars().count() / 2, "{found:?}");
    }
}

proptest! {
    /// What is quoted is a part of its passage, whatever that is, where no markup was taken away.
    #[test]
    fn quotes_are_parts_of_their_passages(
        question in "(Who|When|Wo|谁) [a-zä黑 ]{0,30}\\?",
        passages in prop::collection::vec("([a-zäA-Z0-9黑豹]{1,9}[ ,;.，。]{1,2}){0,60}", 0..4),
    ) {
        let found = extract(&question, &passages, None);
        for (text, context) in &found.sentences {
            let text = text.strip_prefix("… ").unwrap_or(text);
            let text = text.strip_suffix('…').unwrap_or(text);
            let passage: String = passages[context - 1].split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert!(passage.contains(text), "{text:?} of {passage:?}");
        }
    }
}

#[test]
fn citations_stand_before_the_final_punctuation() {
    assert_eq!(cited(&("他来了。".into(), 2)), "他来了 [2]。");
    assert_eq!(cited(&("Really?!".into(), 1)), "Really [1]?!");
    assert_eq!(cited(&("Pro, 90".into(), 3)), "Pro, 90 [3].");
}
