//! What to look for without a model.

use std::collections::{BTreeMap, HashSet};

use super::names::{lower_words, names};
use crate::{
    domain::Passage,
    providers::{Message, Role},
    rag::{
        condense::{is_small, standalone},
        language,
    },
};

/// Words of a part of a question at least: "and why?" is none by itself.
const FEWEST_WORDS: usize = 3;

/// What joins two questions, and what the second begins with, by language.
const JOINTS: &[(&[&str], &[&str])] = &[
    (&["and"], &["who", "whom", "whose", "what", "when", "where", "which", "why", "how", "in which", "on which"]),
    (
        &["und"],
        &[
            "wer", "wem", "wen", "wessen", "was", "wann", "wo", "woher", "wohin", "welche", "welcher", "welches",
            "warum", "wie",
        ],
    ),
    (&["và"], &["ai", "khi nào", "ở đâu", "tại sao", "vì sao", "làm sao", "bao nhiêu", "bao lâu"]),
];

/// The questions in a compound one; empty when it is a single one. What the second leaves out, it is given of the first.
pub(super) fn parts(question: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for sentence in question.split_inclusive(['?', '？']) {
        let mut rest = sentence.trim();
        while let Some((first, second)) = joint(rest) {
            parts.push(first.trim().trim_end_matches(',').to_owned());
            rest = second;
        }
        parts.push(rest.trim().to_owned());
    }
    parts.retain(|part| lower_words(part).count() >= FEWEST_WORDS);
    if parts.len() < 2 {
        return Vec::new();
    }
    let mut before: Vec<Message> = Vec::new();
    let whole = parts.into_iter().map(|part| {
        let whole = standalone(&before, &part).into_owned();
        before.push(Message { role: Role::User, content: part });
        whole
    });
    whole.collect()
}

/// Where a question goes on with another one.
fn joint(text: &str) -> Option<(&str, &str)> {
    let lower = text.to_lowercase();
    // Capitals whose small letters have another length would move the place.
    let text_of_lower = if lower.len() == text.len() { text } else { return None };
    let places = JOINTS.iter().flat_map(|(joints, begins)| {
        let lower = &lower;
        joints.iter().flat_map(move |joint| {
            begins.iter().filter_map(move |begin| {
                let at = lower.find(&format!(" {joint} {begin} "))?;
                Some((at, at + joint.len() + 2))
            })
        })
    });
    let (end, next) = places.min()?;
    Some((text_of_lower.get(..end)?, text_of_lower.get(next..)?))
}

/// The names in passages that the question lacks, the most telling first: those in the best passages, and of several words.
pub(super) fn bridges(question: &str, found: &[Passage], known: &[String], most: usize) -> Vec<String> {
    let asked: HashSet<String> = lower_words(question).collect();
    let mut scored: BTreeMap<String, (f32, usize, String)> = BTreeMap::new();
    for (rank, passage) in (1..).zip(found) {
        let mut here: HashSet<String> = HashSet::new();
        let texts = passage.title.iter().chain([&passage.text]);
        for name in texts.flat_map(|text| names(text, is_small)) {
            let lower = name.to_lowercase();
            let says_more = lower_words(&name).any(|word| !asked.contains(&word) && !is_small(&word));
            if !says_more || known.contains(&lower) || !here.insert(lower.clone()) {
                continue;
            }
            let weight = if name.contains(' ') { 1.5 } else { 1.0 };
            let order = scored.len();
            let score = &mut scored.entry(lower).or_insert((0.0, order, name)).0;
            *score += weight / rank as f32;
        }
    }
    let mut best: Vec<_> = scored.into_values().collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    best.into_iter().take(most).map(|(_, _, name)| name).collect()
}

/// What the question asks, about a name: without the names that it has itself, which have been looked for. Where nouns have
/// capitals too, all its words stay.
pub(super) fn about(name: &str, question: &str) -> String {
    let nouns_have_capitals = language::of_question(question) == "de";
    let words = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !is_small(word));
    let is_kept = |word: &&str| nouns_have_capitals || !word.chars().next().is_some_and(char::is_uppercase);
    std::iter::once(name).chain(words.filter(is_kept)).collect::<Vec<_>>().join(" ")
}
