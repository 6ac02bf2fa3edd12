use futures::StreamExt;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::SpecKey,
    providers::{GenerationStats, Message, Role},
    resilience::CallContext,
};

const INSTRUCTION: &str = "You answer questions about a team's documents. Use only the numbered contexts.";

fn request(passages: &[&str]) -> GenerationRequest {
    GenerationRequest {
        spec: SpecKey::new([]),
        question: "How long do refunds take?".into(),
        passages: passages.iter().map(|text| (*text).to_owned()).collect(),
        messages: [Message { role: Role::System, content: INSTRUCTION.into() }].into(),
        call: CallContext::without_deadline(),
        stand_in: false,
        first_token_by: None,
        reasoning: true,
        most_tokens: None,
    }
}

/// What is read of a model that writes these pieces: its reasoning, its answer, and how it ended.
async fn read_with(
    pieces: impl IntoIterator<Item = GenerationEvent>,
    request: &GenerationRequest,
    habits: &Habits,
) -> (String, String, Result<Ending, ProviderError>) {
    let done = GenerationEvent::Done(GenerationStats::default());
    let raw: Vec<_> = pieces.into_iter().chain([done]).map(Ok).collect();
    let mut events = answer(futures::stream::iter(raw).boxed(), request, ProviderKind::OpenAi, habits);
    let (mut reasoning, mut text) = (String::new(), String::new());
    while let Some(event) = events.next().await {
        match event {
            Ok(GenerationEvent::Reasoning(piece)) => reasoning += &piece,
            Ok(GenerationEvent::Restart) => text.clear(),
            Ok(GenerationEvent::Author(_)) => {}
            Ok(GenerationEvent::Text(piece)) => text += &piece,
            Ok(GenerationEvent::Done(stats)) => return (reasoning, text, Ok(stats.ending)),
            Err(error) => return (reasoning, text, Err(error)),
        }
    }
    panic!("a stream ends with an event that says so");
}

fn texts<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<GenerationEvent> {
    pieces.into_iter().map(|piece| GenerationEvent::Text(piece.to_owned())).collect()
}

async fn read(text: &str) -> (String, String, Result<Ending, ProviderError>) {
    read_with(texts([text]), &request(&[]), &Habits::of("plain")).await
}

/// The same text in pieces of so many characters.
fn cut(text: &str, size: usize) -> Vec<GenerationEvent> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(size).map(|piece| GenerationEvent::Text(piece.iter().collect())).collect()
}

#[tokio::test]
async fn reasoning_is_told_apart_however_it_is_cut() {
    for (written, reasoning, wanted) in [
        ("<think>\nLet me see.\n</think>\n\nRefunds take 45 days [1].", "\nLet me see.\n", "Refunds take 45 days [1]."),
        ("\n\n<thinking>a < b</thinking>Yes.", "a < b", "Yes."),
        ("</think>\n\nYes.", "", "Yes."),
        ("<think></think>Yes.", "", "Yes."),
        ("No reasoning <think> here </think>, it is quoted.", "", "No reasoning <think> here </think>, it is quoted."),
        ("The tag </think> ends it.", "", "The tag </think> ends it."),
        ("a <thi", "", "a <thi"),
    ] {
        for size in 1..=written.len() {
            let (reasoned, text, ending) = read_with(cut(written, size), &request(&[]), &Habits::of("plain")).await;
            assert_eq!((reasoned.as_str(), text.as_str()), (reasoning, wanted), "{written:?} by {size}");
            assert_eq!(ending.unwrap(), Ending::Complete);
        }
    }
}

#[tokio::test]
async fn reasoning_that_is_only_closed_is_taken_back_once_and_held_from_then_on() {
    let habits = Habits::of("plain");
    let written = "The user asks about refunds.\n</think>\n\nThey take 45 days.";
    for size in [1, 7, 200] {
        let (_, text, _) = read_with(cut(written, size), &request(&[]), &habits).await;
        assert_eq!(text, "They take 45 days.");
        assert!(habits.holds() && habits.reasons());
    }
    // The second time nothing of it is given as an answer, not even for a moment.
    let mut events = answer(
        futures::stream::iter(cut(written, 3).into_iter().map(Ok)).boxed(),
        &request(&[]),
        ProviderKind::OpenAi,
        &habits,
    );
    let mut text = String::new();
    while let Some(Ok(event)) = events.next().await {
        assert_ne!(event, GenerationEvent::Restart);
        if let GenerationEvent::Text(piece) = event {
            text += &piece;
        }
    }
    assert_eq!(text, "They take 45 days.");
}

#[tokio::test]
async fn a_model_that_was_expected_to_reason_and_did_not_is_heard_all_the_same() {
    let habits = Habits::of("deepseek-r1:7b");
    assert!(habits.holds());
    let (_, text, ending) = read_with(texts(["They take ", "45 days."]), &request(&[]), &habits).await;
    assert_eq!((text.as_str(), ending.unwrap()), ("They take 45 days.", Ending::Complete));
    assert!(!habits.holds(), "its next answer is not held");
}

#[tokio::test]
async fn reasoning_in_a_field_of_its_own_is_no_part_of_the_answer() {
    let pieces = vec![GenerationEvent::Reasoning("hm".into()), GenerationEvent::Text("Yes.".into())];
    let (reasoning, text, _) = read_with(pieces, &request(&[]), &Habits::of("deepseek-r1")).await;
    assert_eq!((reasoning.as_str(), text.as_str()), ("hm", "Yes."));
}

#[tokio::test]
async fn nothing_is_no_answer() {
    for written in ["", "  \n\n ", "<think>all of it</think>", "<|im_end|>", "<think>never closed"] {
        let (_, text, ending) = read(written).await;
        assert!(matches!(ending, Err(ProviderError::Empty { .. })), "{written:?}: {text:?} {ending:?}");
    }
}

#[tokio::test]
async fn a_model_that_makes_up_further_contexts_is_stopped() {
    let about = request(&["Refunds take 45 days.", "They are paid to the card."]);
    for (written, wanted, ended) in [
        ("45 days [1].\n\n[3] # How long do refunds take?\n\nLong.", "45 days [1].", Ending::RanAway),
        ("45 days [1].\n[2] says so.", "45 days [1].\n[2] says so.", Ending::Complete),
        ("45 days, not [3] days", "45 days, not [3] days", Ending::Complete),
    ] {
        for size in 1..6 {
            let (_, text, ending) = read_with(cut(written, size), &about, &Habits::of("plain")).await;
            assert_eq!((text.as_str(), ending.unwrap()), (wanted, ended));
        }
    }
}

#[tokio::test]
async fn marks_of_chat_templates_end_an_answer() {
    for (written, wanted, ended) in [
        ("Yes.<|im_end|>", "Yes.", Ending::Complete),
        ("Yes. <end_of_turn>\n<start_of_turn>user\nAnd?", "Yes.", Ending::Complete),
        ("Yes.\n<|im_start|>user\nAnd now?", "Yes.", Ending::RanAway),
        ("<|im_start|>assistant\nYes.", "Yes.", Ending::Complete),
        (
            "Yes.\n\nYou answer questions about a team's documents. Use only the numbered contexts.",
            "Yes.",
            Ending::RanAway,
        ),
        ("a < b and c <| d", "a < b and c <| d", Ending::Complete),
    ] {
        for size in [1, 2, 5, 300] {
            let (_, text, ending) = read_with(cut(written, size), &request(&[]), &Habits::of("plain")).await;
            assert_eq!((text.as_str(), ending.unwrap()), (wanted, ended), "{written:?} by {size}");
        }
    }
}

#[tokio::test]
async fn documents_about_templates_can_be_quoted() {
    let about = request(&["A turn ends with <|im_end|> in ChatML."]);
    let (_, text, ending) =
        read_with(texts(["It ends with <|im_end|>, they say [1]."]), &about, &Habits::of("plain")).await;
    assert_eq!((text.as_str(), ending.unwrap()), ("It ends with <|im_end|>, they say [1].", Ending::Complete));
}

#[tokio::test]
async fn a_model_that_repeats_itself_is_stopped_unless_a_passage_does() {
    let line = "The desk is on the second floor of the house. ";
    let (_, text, ending) = read_with(cut(&line.repeat(200), 5), &request(&[]), &Habits::of("plain")).await;
    assert_eq!(ending.unwrap(), Ending::RanAway);
    assert!(text.len() < 20 * line.len(), "{}", text.len());
    let passage = line.repeat(20);
    let (_, text, ending) = read_with(cut(&passage, 5), &request(&[&passage]), &Habits::of("plain")).await;
    assert_eq!((text.as_str(), ending.unwrap()), (passage.trim_end(), Ending::Complete));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// An answer without tags, marks and repetition comes out as it went in, but for white space at its ends.
    #[test]
    fn plain_text_passes_unchanged(words in prop::collection::vec("[a-zäß<>|/\\[\\]]{1,9}", 1..40), size in 1_usize..12) {
        let written = words.join(" ");
        // Signs that happen to make a mark do mean something.
        let marks = marks::Marks::beside(std::iter::empty(), None, 0);
        prop_assume!(marks.find(&written).is_none() && !written.contains("think>"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (_, text, ending) = runtime.block_on(read_with(cut(&written, size), &request(&[]), &Habits::of("plain")));
        prop_assert_eq!(text, written);
        prop_assert!(matches!(ending, Ok(Ending::Complete)));
    }
}
