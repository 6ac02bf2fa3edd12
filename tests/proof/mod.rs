//! Sentences that are true and false, made from collections of questions with answers: what the proof of answers is measured by.
//!
//! Every sentence comes with the passages of an answer: its own, and neighbours from the same collection, most of them from the
//! same article. The generator has its own lists of words and its own idea of sentences and names; it knows nothing of how
//! sentences are proven. The same seed makes the same sentences.

// Every user of this module uses a part of it.
#![allow(dead_code)]

use std::{collections::HashMap, fs, path::Path};

use fastrand::Rng;
use serde_json::Value;

mod words;

/// Passages of an answer.
const PASSAGES: usize = 5;

/// How a sentence was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Make {
    /// As it stands in the passage.
    Verbatim,
    /// Without what stands in brackets, or behind the last comma.
    Shortened,
    /// Two sentences in one.
    Joined,
    /// Some words by others that mean the same.
    Reworded,
    /// A question of the collection turned into a statement with its answer.
    Statement,
    /// The answer alone.
    Answer,
    /// Another number.
    Number,
    /// Another name.
    Name,
    /// Denied, or no longer denied.
    Negation,
    /// A word by its opposite, or two names in each other's place.
    Direction,
    /// A sentence of a passage that the answer does not have.
    Elsewhere,
}

impl Make {
    pub const ALL: [Self; 11] = [
        Self::Verbatim,
        Self::Shortened,
        Self::Joined,
        Self::Reworded,
        Self::Statement,
        Self::Answer,
        Self::Number,
        Self::Name,
        Self::Negation,
        Self::Direction,
        Self::Elsewhere,
    ];

    /// Whether such sentences are true.
    pub fn is_true(self) -> bool {
        self < Self::Number
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Verbatim => "verbatim",
            Self::Shortened => "shortened",
            Self::Joined => "two joined",
            Self::Reworded => "synonyms",
            Self::Statement => "question as statement",
            Self::Answer => "answer alone",
            Self::Number => "number changed",
            Self::Name => "name changed",
            Self::Negation => "negation changed",
            Self::Direction => "direction changed",
            Self::Elsewhere => "from elsewhere",
        }
    }
}

/// A sentence and the passages that it is held against.
#[derive(Debug, Clone)]
pub struct Case {
    pub make: Make,
    /// Whether the sentence was made from a statement, and not from a sentence of the passage.
    pub from_statement: bool,
    pub language: &'static str,
    /// A question about its passage.
    pub question: String,
    pub sentence: String,
    pub passages: Vec<String>,
    /// Number of its passage, from 1, which it cites.
    pub own: usize,
}

impl Case {
    /// The sentence with the mark of its passage, as a model writes it.
    pub fn cited(&self) -> String {
        let end = self.sentence.trim_end_matches(['.', '!', '?', '。', '！', '？']);
        format!("{end} [{}]{}", self.own, &self.sentence[end.len()..])
    }
}

/// A collection of passages and questions.
pub struct Collection {
    language: &'static str,
    passages: Vec<String>,
    /// Passage, question, answer.
    questions: Vec<(usize, String, String)>,
}

impl Collection {
    /// Reads a folder; `None` when it is not there.
    pub fn read(folder: &Path, language: &'static str) -> Option<Self> {
        let lines = |name: &str| -> Option<Vec<Value>> {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            text.lines().map(|line| serde_json::from_str(line).ok()).collect()
        };
        let corpus = lines("corpus.jsonl")?;
        let places: HashMap<&str, usize> =
            corpus.iter().enumerate().filter_map(|(at, line)| Some((line["_id"].as_str()?, at))).collect();
        let answers: Value = serde_json::from_str(&fs::read_to_string(folder.join("answers.json")).ok()?).ok()?;
        let texts: HashMap<String, String> = lines("queries.jsonl")?
            .iter()
            .filter_map(|line| Some((line["_id"].as_str()?.to_owned(), line["text"].as_str()?.to_owned())))
            .collect();
        let qrels = fs::read_to_string(folder.join("qrels.tsv")).ok()?;
        let questions = qrels.lines().skip(1).filter_map(|line| {
            let mut fields = line.split('\t');
            let (query, passage) = (fields.next()?, fields.next()?);
            let answer = answers[query].as_array()?.first()?.as_str()?.to_owned();
            Some((*places.get(passage)?, texts.get(query)?.clone(), answer))
        });
        let questions = questions.collect();
        let passages = corpus.iter().map(|line| line["text"].as_str().unwrap_or_default().to_owned()).collect();
        Some(Self { language, passages, questions })
    }

    /// The sentences that are made of it: `each` of every make at most, the same for the same seed.
    pub fn cases(&self, seed: u64, each: usize) -> Vec<Case> {
        let mut rng = Rng::with_seed(seed);
        let mut order: Vec<usize> = (0..self.questions.len()).collect();
        rng.shuffle(&mut order);
        let mut cases = Vec::new();
        for make in Make::ALL {
            let mut of_make = 0;
            for (n, question) in order.iter().enumerate() {
                if of_make == each {
                    break;
                }
                if let Some(case) = self.case(make, *question, n, &mut rng) {
                    of_make += 1;
                    cases.push(case);
                }
            }
        }
        cases
    }

    fn case(&self, make: Make, question: usize, n: usize, rng: &mut Rng) -> Option<Case> {
        let (passage, asked, answer) = &self.questions[question];
        let text = &self.passages[*passage];
        let all = sentences(text);
        let of_passage = || all.get(rng_below(n, all.len())).cloned();
        let statement = statement(asked, answer, self.language);
        // Half of the false ones are made of statements.
        let from_statement = match make {
            Make::Statement => true,
            Make::Number | Make::Name | Make::Negation | Make::Direction => n % 2 == 1 && statement.is_some(),
            _ => false,
        };
        let base = if from_statement { statement.clone()? } else { of_passage()? };
        let names = Names { collection: self, passage: *passage, base: &base };
        let mut away = None;
        let sentence = match make {
            Make::Verbatim => base,
            Make::Shortened => shortened(&base)?,
            Make::Joined => {
                let at = rng_below(n, all.len().checked_sub(1).filter(|rest| *rest > 0)?);
                joined(&all[at], &all[at + 1], self.language)
            }
            Make::Reworded => replaced(&base, words::synonyms(self.language), self.language, rng)?,
            Make::Statement => base,
            Make::Answer => format!("{}{}", answer.trim_end_matches(['.', '。']), stop(self.language)),
            Make::Number => other_number(&base, text, n, rng)?,
            Make::Name => names.other(&self.questions, answer, n, rng)?,
            Make::Negation => denied(&base, self.language)?,
            Make::Direction if n.is_multiple_of(3) => names.swapped()?,
            Make::Direction => replaced(&base, words::opposites(self.language), self.language, rng)?,
            Make::Elsewhere => {
                let other = if n.is_multiple_of(2) { passage + 1 + PASSAGES } else { rng.usize(..self.passages.len()) }
                    % self.passages.len();
                let others = sentences(&self.passages[other]);
                away = Some(other);
                others.get(rng_below(n, others.len()))?.clone()
            }
        };
        let (passages, own) = self.around(*passage, away, n)?;
        // What stands in a passage all the same is not false.
        if !make.is_true() && passages.iter().any(|passage| passage.contains(sentence.trim_end_matches(['.', '。']))) {
            return None;
        }
        Some(Case { make, from_statement, language: self.language, question: asked.clone(), sentence, passages, own })
    }

    /// The passages of an answer: this one, and those that stand near it, without one that is left out.
    fn around(&self, passage: usize, without: Option<usize>, n: usize) -> Option<(Vec<String>, usize)> {
        if without == Some(passage) {
            return None;
        }
        let mut chosen = vec![passage];
        for step in 1.. {
            for near in [passage.checked_sub(step), Some(passage + step)].into_iter().flatten() {
                if chosen.len() < PASSAGES && near < self.passages.len() && Some(near) != without {
                    chosen.push(near);
                }
            }
            if chosen.len() == PASSAGES || step > self.passages.len() {
                break;
            }
        }
        let own = n % chosen.len();
        chosen.swap(0, own);
        Some((chosen.into_iter().map(|at| self.passages[at].clone()).collect(), own + 1))
    }
}

fn rng_below(n: usize, bound: usize) -> usize {
    if bound == 0 { 0 } else { n.wrapping_mul(7919) % bound }
}

fn stop(language: &str) -> &'static str {
    if language == "zh" { "。" } else { "." }
}

/// Sentences of a passage that are long enough to say something.
fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    for (n, (at, c)) in chars.iter().enumerate() {
        let wide = matches!(c, '。' | '！' | '？');
        let next = chars.get(n + 1).map(|(_, c)| *c);
        let after = chars.get(n + 2).map(|(_, c)| *c);
        let before: String = text[start..*at].chars().rev().take_while(|c| c.is_alphanumeric()).collect();
        let narrow = matches!(c, '.' | '!' | '?')
            && next.is_none_or(char::is_whitespace)
            && after.is_none_or(|c| !c.is_lowercase())
            && before.chars().count() > 3;
        if wide || narrow {
            let end = at + c.len_utf8();
            found.push(text[start..end].trim().to_owned());
            start = end;
        }
    }
    let enough = |sentence: &String| {
        let chars = sentence.chars().count();
        if sentence.chars().any(is_han) { (12..=120).contains(&chars) } else { (40..=320).contains(&chars) }
    };
    found.retain(enough);
    found
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c)
}

/// Without what stands in brackets, else without what follows the last comma when most is left.
fn shortened(sentence: &str) -> Option<String> {
    for (open, close) in [('(', ')'), ('（', '）')] {
        if let (Some(from), Some(to)) = (sentence.find(open), sentence.find(close))
            && from < to
        {
            let rest = format!("{}{}", sentence[..from].trim_end(), &sentence[to + close.len_utf8()..]);
            return (rest.chars().count() * 2 > sentence.chars().count()).then_some(rest);
        }
    }
    let end: String = sentence.chars().rev().take(1).collect();
    let at = sentence.rfind([',', '，'])?;
    let rest = &sentence[..at];
    (rest.chars().count() * 5 > sentence.chars().count() * 3).then(|| format!("{rest}{end}"))
}

fn joined(one: &str, other: &str, language: &str) -> String {
    let one = one.trim_end_matches(['.', '。', '!', '?', '！', '？']);
    if language == "zh" { format!("{one}；{other}") } else { format!("{one}; {other}") }
}

/// A question and its answer as a statement. `None` for questions that are put in unusual ways.
fn statement(question: &str, answer: &str, language: &str) -> Option<String> {
    let answer = answer.trim_end_matches(['.', '。', ',']);
    let question = question.trim().trim_end_matches(['?', '？', '.', ' ']);
    match language {
        "en" => english(question, answer),
        // The verb stays where it is: "Wann endete der Krieg" is "1648 endete der Krieg".
        "de" => {
            let rest = words::QUESTION_DE.iter().find_map(|word| question.strip_prefix(word)?.strip_prefix(' '))?;
            let verb = rest.split(' ').position(|word| word.chars().next().is_some_and(char::is_lowercase))?;
            let rest: Vec<&str> = rest.split(' ').skip(verb).collect();
            (rest.len() > 2).then(|| format!("{answer} {}.", rest.join(" ")))
        }
        // The answer stands where the question word stood.
        _ => {
            let words = if language == "vi" { words::QUESTION_VI } else { words::QUESTION_ZH };
            let word = words.iter().find(|word| question.contains(**word))?;
            Some(format!("{}{}", question.replacen(word, answer, 1), stop(language)))
        }
    }
}

/// "When did X do Y" becomes "X did do Y in ANSWER", "who did Y" becomes "ANSWER did Y".
fn english(question: &str, answer: &str) -> Option<String> {
    let words: Vec<&str> = question.split_whitespace().collect();
    let first = words.first()?.to_lowercase();
    if !matches!(first.as_str(), "what" | "which" | "who" | "when" | "where" | "how") || words.len() < 4 {
        return None;
    }
    let helping = |word: &str| {
        matches!(
            word,
            "did"
                | "does"
                | "do"
                | "is"
                | "was"
                | "are"
                | "were"
                | "has"
                | "have"
                | "had"
                | "can"
                | "could"
                | "will"
                | "would"
        )
    };
    let verb = words.iter().position(|word| helping(word))?;
    let noun = words[1..verb].join(" ").trim_start_matches("many ").trim_start_matches("much ").to_owned();
    let rest = words[verb + 1..].join(" ");
    let said = match words[verb] {
        "did" | "does" | "do" if first == "when" || first == "where" => format!("{} in {answer}", rest),
        "did" | "does" | "do" => format!("{rest} {answer} {noun}"),
        verb if first == "when" || first == "where" => format!("{rest} {verb} in {answer}"),
        verb if first == "how" => format!("{answer} {noun} {verb} {rest}"),
        verb => format!("{answer} {verb} {rest}"),
    };
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = said.chars();
    let head = chars.next()?.to_uppercase();
    Some(format!("{head}{}.", chars.as_str()))
}

/// Digits of a text, with the signs between them.
fn numbers(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + start;
        let length =
            text[start..].find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(text.len() - start);
        let number = text[start..start + length].trim_end_matches([',', '.']);
        found.push((start, number));
        at = start + length;
    }
    found
}

/// One number by another: one of the passage, or one that differs in a digit.
fn other_number(sentence: &str, passage: &str, n: usize, rng: &mut Rng) -> Option<String> {
    let own = numbers(sentence);
    let (at, number) = *own.get(rng_below(n, own.len()))?;
    let of_passage: Vec<&str> = numbers(passage)
        .into_iter()
        .map(|(_, other)| other)
        .filter(|other| other.len() == number.len() && own.iter().all(|(_, own)| own != other))
        .collect();
    let other = match of_passage.get(rng_below(n, of_passage.len())).filter(|_| n % 4 < 2) {
        Some(other) => (*other).to_owned(),
        None => {
            let digits: Vec<usize> =
                number.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
            let place = digits[rng.usize(..digits.len())];
            let old = number.as_bytes()[place] - b'0';
            let new = (old + rng.u8(1..9)) % 10;
            let new = if place == 0 && new == 0 { if old == 9 { 8 } else { old + 1 } } else { new };
            format!("{}{new}{}", &number[..place], &number[place + 1..])
        }
    };
    Some(format!("{}{other}{}", &sentence[..at], &sentence[at + number.len()..]))
}

/// The names of a sentence.
struct Names<'a> {
    collection: &'a Collection,
    passage: usize,
    base: &'a str,
}

impl Names<'_> {
    /// One name by another.
    fn other(&self, questions: &[(usize, String, String)], answer: &str, n: usize, rng: &mut Rng) -> Option<String> {
        let own = self.of(self.base);
        let name = match own.get(rng_below(n, own.len())) {
            Some(name) => name.clone(),
            // Where letters do not tell, an answer to a question for a name is one.
            None if self.base.contains(answer) && is_name(answer, self.collection.language) => answer.to_owned(),
            None => return None,
        };
        for try_ in 0..200 {
            let near = n.is_multiple_of(2) && try_ < 20;
            let (passage, _, other) = &questions[rng.usize(..questions.len())];
            if near && *passage != self.passage {
                continue;
            }
            let other = other.trim_end_matches(['.', '。', ',']);
            if is_name(other, self.collection.language)
                && !self.base.contains(other)
                && !name.contains(other)
                && !other.contains(&name)
            {
                return Some(self.base.replacen(&name, other, 1));
            }
        }
        None
    }

    /// Names that the letters of a sentence show, its first word apart.
    fn of(&self, sentence: &str) -> Vec<String> {
        match self.collection.language {
            "en" | "vi" => {
                let mut names: Vec<String> = Vec::new();
                let mut open: Option<String> = None;
                for (n, word) in sentence.split(' ').enumerate() {
                    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
                    let capital =
                        n > 0 && bare.chars().next().is_some_and(char::is_uppercase) && bare.chars().count() > 1;
                    if capital && word.starts_with(bare) {
                        open = Some(open.map_or(bare.to_owned(), |name| format!("{name} {bare}")));
                    }
                    if !capital || !word.starts_with(bare) || !word.ends_with(bare) {
                        names.extend(open.take());
                    }
                }
                names.extend(open);
                names
            }
            // The answers to the collection's questions are the names that are known.
            language => {
                let answers = self.collection.questions.iter().filter(|(passage, ..)| *passage == self.passage);
                let mut names: Vec<String> = answers
                    .map(|(_, _, answer)| answer.trim_end_matches(['.', '。', ',']).to_owned())
                    .filter(|answer| is_name(answer, language) && sentence.contains(answer.as_str()))
                    .collect();
                names.dedup();
                names
            }
        }
    }

    /// Two names in each other's place, where a word stands between them that is no "and".
    fn swapped(&self) -> Option<String> {
        let names = self.of(self.base);
        for (at, one) in names.iter().enumerate() {
            for other in &names[at + 1..] {
                let (from, to) = (self.base.find(one.as_str())?, self.base.find(other.as_str())?);
                let (first, second) = if from < to { ((from, one), (to, other)) } else { ((to, other), (from, one)) };
                let Some(between) = self.base.get(first.0 + first.1.len()..second.0) else { continue };
                let list = [" and ", " und ", " và ", " or ", "和", "与", "、", ",", "，", "("]
                    .iter()
                    .any(|join| between.contains(join));
                let letters = between.chars().filter(|c| c.is_alphabetic()).count();
                if one != other
                    && !list
                    && letters >= 2
                    && !one.contains(other.as_str())
                    && !other.contains(one.as_str())
                {
                    let (before, after) = (&self.base[..first.0], &self.base[second.0 + second.1.len()..]);
                    return Some(format!("{before}{}{between}{}{after}", second.1, first.1));
                }
            }
        }
        None
    }
}

/// Whether an answer is a name by its letters.
fn is_name(answer: &str, language: &str) -> bool {
    let chars = answer.chars().count();
    if answer.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    match language {
        "zh" => answer.contains('·') && chars <= 12,
        _ => {
            let words: Vec<&str> = answer.split(' ').collect();
            (1..=4).contains(&words.len())
                && chars >= 4
                && words.iter().all(|word| word.chars().next().is_some_and(char::is_uppercase))
                && (language != "de" || words.len() > 1)
        }
    }
}

/// The sentence denied, or no longer denied.
fn denied(sentence: &str, language: &str) -> Option<String> {
    let padded = format!(" {sentence}");
    let done = |text: String| Some(text.trim_start().to_owned());
    for (from, to) in words::undenied(language) {
        if padded.contains(from) {
            // Some negations negate nothing.
            return if from == to { None } else { done(padded.replacen(from, to, 1)) };
        }
    }
    for (from, to) in words::denied(language) {
        if padded.contains(from) {
            return done(padded.replacen(from, to, 1));
        }
    }
    None
}

/// One word of a list by its partner; words are taken in an order that differs from sentence to sentence.
fn replaced(sentence: &str, pairs: &[(&str, &str)], language: &str, rng: &mut Rng) -> Option<String> {
    let spaced = language != "zh";
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    rng.shuffle(&mut order);
    for at in order {
        let (a, b) = pairs[at];
        for (from, to) in [(a, b), (b, a)] {
            let place = if spaced { find_word(sentence, from) } else { sentence.find(from) };
            if let Some(place) = place {
                return Some(format!("{}{to}{}", &sentence[..place], &sentence[place + from.len()..]));
            }
        }
    }
    None
}

/// Where a word stands, in small letters and with nothing but it.
fn find_word(sentence: &str, word: &str) -> Option<usize> {
    sentence.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = sentence[..*at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let behind = sentence[at + word.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric());
        before && behind
    })
}
