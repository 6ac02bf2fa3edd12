//! A question taken apart once, so that it can be compared many times.

use std::collections::BTreeSet;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;

use super::lexicon;
use crate::util::script::is_unspaced;

/// Words of a question that are compared: comparing grows with the square, and no question is about more than that.
const MOST_WORDS: usize = 128;

/// What kind of answer a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionKind {
    /// A way to do something: how, what is the best way.
    How,
    /// How many, how long, how much: a quantity of this kind.
    Quantity(Quantity),
    /// What, which.
    What,
    /// A reason.
    Why,
    /// A time.
    When,
    /// A place.
    Where,
    /// A person.
    Who,
    /// Yes or no.
    YesNo,
    /// It does not say: a statement, keywords.
    Open,
}

/// What is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// How many, how much.
    Amount,
    /// How long, how often: time.
    Duration,
    /// How often.
    Frequency,
    /// How old, big, far, high, …
    Size,
}

impl QuestionKind {
    /// Whether an answer to one may be an answer to the other. Keywords agree with everything; "What is the best way" is
    /// how; "what" and "who" often ask for the same.
    pub fn agrees(self, other: Self) -> bool {
        use QuestionKind::{How, Open, Quantity, What, When, Where, Who, Why, YesNo};
        match (self, other) {
            (a, b) if a == b => true,
            (Open, _) | (_, Open) => true,
            (What, How | Who | Where) | (How | Who | Where, What) => true,
            (How, YesNo) | (YesNo, How) => true,
            (What, Quantity(_)) | (Quantity(_), What) => false,
            (What | Why | When | Where | Who | How | YesNo | Quantity(_), _) => false,
        }
    }
}

/// A word that tells what a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Lower case.
    pub text: String,
    /// Without its ending.
    pub stem: String,
    /// Written as a name: capitalised within the sentence, or with capitals, digits or signs inside.
    pub name: bool,
}

impl Word {
    /// Whether the two are forms of one word.
    pub fn same(&self, other: &Self) -> bool {
        self.stem == other.stem || same_stem(&self.text, &other.text)
    }
}

/// Two words with what stands between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relation<'a> {
    /// The word before.
    pub(super) from: &'a Word,
    /// The word behind.
    pub(super) to: &'a Word,
    /// The word between.
    pub(super) by: &'a str,
    /// Whether that is a preposition that sets a direction; else it is a word such as a verb.
    pub(super) directed: bool,
}

/// The numbers of a text, with their units, and dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Written with digits, and dates.
    exact: BTreeSet<String>,
    /// Written as words: "two steps" is as often a figure of speech as a number.
    spelled: BTreeSet<String>,
}

impl Numbers {
    /// Whether one has a number in digits that the other has not, or each has a number that the other has not.
    pub fn differ_from(&self, other: &Self) -> bool {
        let lacks = |own: &BTreeSet<String>, other: &Self| {
            own.iter().any(|number| !other.exact.contains(number) && !other.spelled.contains(number))
        };
        lacks(&self.exact, other)
            || lacks(&other.exact, self)
            || lacks(&self.spelled, other) && lacks(&other.spelled, self)
    }
}

/// A question taken apart.
#[derive(Debug, Clone)]
pub struct Wording {
    numbers: Numbers,
    negated: bool,
    kind: QuestionKind,
    words: Vec<Word>,
    /// By position in `words`: what stands between a word and the next.
    between: Vec<Option<String>>,
}

impl Wording {
    /// Takes a question apart.
    pub fn of(question: &str) -> Self {
        let tokens = tokens(question);
        let mut wording = Self {
            numbers: Numbers::default(),
            negated: false,
            kind: kind(&tokens),
            words: Vec::new(),
            between: Vec::new(),
        };
        let stemmer = Stemmer::new(Algorithm::English);
        let mut link: Option<String> = None;
        let mut previous_number: Option<String> = None;
        for (at, token) in tokens.iter().enumerate() {
            let lower = token.lower.as_str();
            let number_before = previous_number.take();
            if let Some(number) = token.number() {
                wording.numbers.exact.insert(number.clone());
                previous_number = Some(number);
                continue;
            }
            if let Some(number) = lexicon::number(lower) {
                wording.numbers.spelled.insert(number.to_owned());
                previous_number = Some(number.to_owned());
                continue;
            }
            if let Some(date) = lexicon::date(lower) {
                wording.numbers.exact.insert(date.to_owned());
                continue;
            }
            if let (Some(number), Some(unit)) = (number_before, lexicon::unit(lower)) {
                for numbers in [&mut wording.numbers.exact, &mut wording.numbers.spelled] {
                    if numbers.remove(&number) {
                        numbers.insert(format!("{number} {unit}"));
                    }
                }
                continue;
            }
            if lexicon::is_negation(lower) || token.negating {
                let next = tokens.get(at + 1).map(|next| next.lower.as_str());
                let before = at.checked_sub(1).map(|at| tokens[at].lower.as_str());
                // "whether or not", "not only", "why don't we", "no, it does not" negate nothing by themselves.
                let idle = next == Some("only")
                    || matches!(before, Some("or" | "oder"))
                    || at == 0 && (token.pause || matches!(lower, "don't" | "dont"));
                wording.negated ^= !idle;
                continue;
            }
            if lexicon::is_function_word(lower) {
                if lexicon::is_direction(lower) || lexicon::is_symmetric(lower) {
                    link = Some(lower.to_owned());
                }
                continue;
            }
            if wording.words.len() == MOST_WORDS {
                continue;
            }
            if let Some(last) = wording.between.last_mut() {
                *last = link.take();
            }
            link = None;
            let stem = if lower.is_ascii() { stemmer.stem(lower).into_owned() } else { lower.to_owned() };
            wording.words.push(Word { text: lower.to_owned(), stem, name: token.name });
            wording.between.push(None);
        }
        wording
    }

    /// Numbers with their units, and dates.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Whether it is negated an odd number of times.
    pub fn negated(&self) -> bool {
        self.negated
    }

    /// What kind of answer it asks for.
    pub fn kind(&self) -> QuestionKind {
        self.kind
    }

    /// The words that tell what it is about, in their order.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// The words that the other question does not have, each once.
    pub fn without<'a>(&'a self, other: &Self) -> Vec<&'a Word> {
        let mut only: Vec<&Word> = Vec::new();
        for word in &self.words {
            if !other.words.iter().any(|theirs| theirs.same(word)) && !only.iter().any(|known| known.same(word)) {
                only.push(word);
            }
        }
        only
    }

    /// Neighbouring words with a direction between them, and words with one other word between them.
    pub(super) fn relations(&self) -> impl Iterator<Item = Relation<'_>> {
        let around_direction = self.words.windows(2).zip(&self.between).filter_map(|(pair, link)| {
            let by = link.as_deref().filter(|link| lexicon::is_direction(link))?;
            Some(Relation { from: &pair[0], to: &pair[1], by, directed: true })
        });
        let around_word = self.words.windows(3).enumerate().filter_map(|(at, triple)| {
            let joined = |link: &Option<String>| link.as_deref().is_some_and(lexicon::is_symmetric);
            (!joined(&self.between[at]) && !joined(&self.between[at + 1])).then(|| Relation {
                from: &triple[0],
                to: &triple[2],
                by: &triple[1].stem,
                directed: false,
            })
        });
        around_direction.chain(around_word)
    }
}

/// Whether two words differ in short endings only: at least five common letters and at most three others in each.
fn same_stem(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    common >= 5 && a.len() - common <= 3 && b.len() - common <= 3
}

/// A word as it is written, and what can be told from that.
struct Token {
    lower: String,
    name: bool,
    negating: bool,
    /// A comma follows.
    pause: bool,
}

impl Token {
    /// The number that it is, written in one way.
    fn number(&self) -> Option<String> {
        // "v2.10" is version 2.10.
        let unversioned = self.lower.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let written = unversioned.unwrap_or(&self.lower);
        if !written.starts_with(char::is_numeric) {
            return None;
        }
        let plain: String = written.chars().filter(|c| *c != ',').collect();
        let digits = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
        let (value, rest) = plain.split_at(digits);
        let value = match value.parse::<f64>() {
            Ok(number) if value.contains('.') && !value.ends_with('.') => number.to_string(),
            _ => value.to_owned(),
        };
        // "5mg" is "5 mg".
        Some(match lexicon::unit(rest) {
            Some(unit) => format!("{value} {unit}"),
            None => format!("{value}{rest}"),
        })
    }
}

/// Words, numbers and identifiers; in scripts without spaces, single characters.
fn tokens(question: &str) -> Vec<Token> {
    let text: String = question.nfc().map(|c| if c == '’' { '\'' } else { c }).collect();
    let mut tokens = Vec::new();
    let mut rest = text.as_str();
    let mut first = true;
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric()) {
        rest = &rest[start..];
        let Some(head) = rest.chars().next() else { break };
        if is_unspaced(head) {
            let lower = head.to_string();
            tokens.push(Token { negating: lexicon::is_negating_character(head), name: false, pause: false, lower });
            rest = &rest[head.len_utf8()..];
            first = false;
            continue;
        }
        let mut end = rest
            .char_indices()
            .find(|(_, c)| (!c.is_alphanumeric() || is_unspaced(*c)) && !"'_-.,".contains(*c))
            .map_or(rest.len(), |(at, _)| at);
        // Signs stay only between letters and digits: "3.5", "load_dataset", "state-of-the-art" is taken apart below.
        end = rest[..end].trim_end_matches(['\'', '-', '.', ',']).len();
        let piece = &rest[..end];
        rest = &rest[end..];
        for part in piece.split(['-']).filter(|part| !part.is_empty()) {
            for word in split_sentence_signs(part) {
                let lower = word.to_lowercase();
                let lower = lower.strip_suffix("'s").unwrap_or(&lower).to_owned();
                let name = is_name(word, first);
                tokens.push(Token { lower, name, negating: false, pause: false });
                first = false;
            }
        }
        if let Some(last) = tokens.last_mut() {
            last.pause = rest.starts_with(',');
        }
    }
    tokens
}

/// "word.Word" and "word,word" are two words, "3.5" and "1,000" are one.
fn split_sentence_signs(part: &str) -> impl Iterator<Item = &str> {
    let number = part.strip_prefix(['v', 'V']).unwrap_or(part).starts_with(char::is_numeric);
    part.split(move |c| !number && (c == '.' || c == ',')).filter(|word| !word.is_empty())
}

/// Whether a word is written as a name. The first word of a question is capitalised anyway.
fn is_name(word: &str, first: bool) -> bool {
    let mut letters = word.chars();
    let head = letters.next().is_some_and(char::is_uppercase);
    let inside = word.chars().skip(1).any(|c| c.is_uppercase() || c == '_') || word.chars().any(|c| c.is_ascii_digit());
    word.chars().count() > 1 && (inside || head && !first)
}

fn kind(tokens: &[Token]) -> QuestionKind {
    use QuestionKind::{How, Open, What, When, Where, Who, Why, YesNo};
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map_or("", |token| token.lower.as_str());
        let found = match token.lower.as_str() {
            "how" | "wie" => match next {
                "many" | "much" | "viel" | "viele" | "vielen" => QuestionKind::Quantity(Quantity::Amount),
                "long" | "lange" => QuestionKind::Quantity(Quantity::Duration),
                "often" | "oft" => QuestionKind::Quantity(Quantity::Frequency),
                "old" | "far" | "big" | "tall" | "large" | "fast" | "high" | "alt" | "weit" | "groß" | "hoch" => {
                    QuestionKind::Quantity(Quantity::Size)
                }
                _ => How,
            },
            "what" | "whats" | "which" | "was" if token.lower != "was" || at == 0 => {
                let way = tokens[at..].iter().take(8).any(|token| matches!(token.lower.as_str(), "way" | "ways"));
                if way { How } else { What }
            }
            "welche" | "welcher" | "welches" | "welchen" | "welchem" => What,
            "why" | "warum" | "wieso" | "weshalb" => Why,
            "when" | "wann" => When,
            "where" | "wo" | "woher" | "wohin" => Where,
            "who" | "whom" | "whose" | "wer" | "wen" | "wem" => Who,
            // "Is there …", "Do you know …", "Can I …" ask for what there is, and how.
            "is" | "are" | "were" | "does" | "did" | "will" | "would" | "should" | "ist" | "sind" | "darf" | "muss"
                if at == 0 =>
            {
                if matches!(next, "there" | "it" | "you" | "anyone" | "any" | "es") {
                    Open
                } else {
                    YesNo
                }
            }
            "do" | "can" | "could" | "has" | "have" | "may" | "am" | "must" | "shall" | "kann" | "hat" | "gibt"
                if at == 0 =>
            {
                Open
            }
            _ => continue,
        };
        return found;
    }
    Open
}
