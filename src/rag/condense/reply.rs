//! Whether what an LLM said is the follow-up as a question that stands alone, and nothing else.

use super::{Words, same};
use crate::{
    domain::UNKNOWN_LANGUAGE,
    providers::Message,
    rag::language::LanguageDetector,
    util::{
        script::is_unspaced,
        words::{Token, tokens},
    },
};

/// Longest stand-alone question, in characters: as long, or so many times as long as it was asked.
const MOST_CHARACTERS: usize = 400;
const MOST_TIMES: usize = 3;

/// Telling words of a question of which its stand-alone form must keep one.
const ENOUGH_WORDS: usize = 2;

/// What is wrong with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyFault {
    /// It says nothing.
    Empty,
    /// It is longer than a question.
    TooLong,
    /// It has several lines.
    SeveralLines,
    /// It is no question, although one was asked; or it cites passages.
    NoQuestion,
    /// It is in another language than the question.
    OtherLanguage,
    /// It has a number that nobody has said.
    NewNumber,
    /// It has none of the question's words.
    OffTopic,
}

impl ReplyFault {
    /// The name in responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::SeveralLines => "several_lines",
            Self::NoQuestion => "no_question",
            Self::OtherLanguage => "other_language",
            Self::NewNumber => "new_number",
            Self::OffTopic => "off_topic",
        }
    }
}

/// The stand-alone question in a reply.
///
/// # Errors
/// Why it is none.
pub(super) fn accept(reply: &str, history: &[Message], question: &str) -> Result<String, ReplyFault> {
    let text = reply.trim().trim_matches(['"', '“', '”', '„', '«', '»', '*', '`']).trim();
    let length = text.chars().count();
    let is_question = |text: &str| text.trim_end().ends_with(['?', '？', '؟']);
    if !text.chars().any(char::is_alphanumeric) {
        return Err(ReplyFault::Empty);
    }
    if text.lines().nth(1).is_some() {
        return Err(ReplyFault::SeveralLines);
    }
    if length > MOST_CHARACTERS.max(MOST_TIMES * question.chars().count()) {
        return Err(ReplyFault::TooLong);
    }
    if is_question(question) && !is_question(text) || cites(text) {
        return Err(ReplyFault::NoQuestion);
    }
    if is_in_another_language(text, question) {
        return Err(ReplyFault::OtherLanguage);
    }
    let was_said =
        |number: &&str| question.contains(*number) || history.iter().any(|turn| turn.content.contains(*number));
    if !numbers(text).iter().all(was_said) {
        return Err(ReplyFault::NewNumber);
    }
    let asked = Words::of(question).telling;
    let kept = |word: &&str| contains_word(text, word);
    if asked.len() >= ENOUGH_WORDS && !asked.iter().any(kept) {
        return Err(ReplyFault::OffTopic);
    }
    Ok(text.to_owned())
}

fn contains_word(text: &str, word: &str) -> bool {
    if word.chars().all(is_unspaced) {
        return text.contains(word);
    }
    tokens(text).any(|token| match token {
        Token::Word(other) | Token::Signed { name: other, .. } => same(other, word),
        _ => false,
    })
}

/// Whether it has a citation such as `[1]`.
fn cites(text: &str) -> bool {
    text.split('[').skip(1).any(|rest| rest.split(']').next().is_some_and(|inner| inner.parse::<u32>().is_ok()))
}

fn numbers(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).collect()
}

/// Whether both are long enough to know that their languages differ, or they share no script.
fn is_in_another_language(reply: &str, question: &str) -> bool {
    let certain = |text: &str| LanguageDetector::for_document(text).of_document();
    let (of_reply, of_question) = (certain(reply), certain(question));
    let unspaced = |text: &str| text.chars().any(is_unspaced);
    let known = ![of_reply, of_question].contains(&UNKNOWN_LANGUAGE);
    known && of_reply != of_question || unspaced(question) && !unspaced(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Role;

    fn of(reply: &str, question: &str) -> Result<String, ReplyFault> {
        let turn = |content: &str| Message { role: Role::User, content: content.to_owned() };
        accept(reply, &[turn("How long are the releases of 2024 kept by the harbor project?")], question)
    }

    #[test]
    fn a_question_is_taken_without_its_quotation_marks() {
        for (reply, question, taken) in [
            ("How long are snapshots kept?", "And snapshots?", "How long are snapshots kept?"),
            ("**How long are snapshots of 2024 kept?**\n", "And snapshots?", "How long are snapshots of 2024 kept?"),
            ("Snapshots of the harbor project", "and snapshots", "Snapshots of the harbor project"),
            ("备份在哪里？", "它在哪里？", "备份在哪里？"),
            (
                "„Wer ist für die Einarbeitung zuständig?“",
                "Wer ist dafür zuständig?",
                "Wer ist für die Einarbeitung zuständig?",
            ),
        ] {
            assert_eq!(of(reply, question).as_deref(), Ok(taken));
        }
    }

    #[test]
    fn what_is_no_stand_alone_question_is_refused_with_its_reason() {
        let long = format!("{}?", "How long ".repeat(60));
        for (reply, question, fault) in [
            ("", "And snapshots?", ReplyFault::Empty),
            ("\"…\"", "And snapshots?", ReplyFault::Empty),
            (&long, "And snapshots?", ReplyFault::TooLong),
            ("Sure!\nHow long are snapshots kept?", "And snapshots?", ReplyFault::SeveralLines),
            ("Snapshots are kept for nine days.", "And snapshots?", ReplyFault::NoQuestion),
            ("Is it nine days [1]?", "And snapshots?", ReplyFault::NoQuestion),
            ("How long are the 17 snapshots kept?", "And snapshots?", ReplyFault::NewNumber),
            ("Where do ships sail to in winter?", "And the older snapshots elsewhere?", ReplyFault::OffTopic),
            (
                "Wie lange werden die Sicherungen des Projekts aufbewahrt?",
                "And how long are the snapshots kept by the other project?",
                ReplyFault::OtherLanguage,
            ),
            ("Where are the backups kept?", "它在哪里？", ReplyFault::OtherLanguage),
        ] {
            assert_eq!(of(reply, question), Err(fault), "{reply}");
        }
    }
}
