//! Which of the languages in Latin script a text is in: what [`whatlang`] says, at a twentieth of its cost for a question.
//!
//! It looks up each of the 300 frequent trigrams of each of 37 languages among those of the text, which took a quarter of
//! the time of a question. Here the few trigrams of the text are looked up in one table of all languages. Scores and
//! confidence are the same to the last bit, and where two languages share the best score, `whatlang` itself decides.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use foldhash::fast::RandomState;
use whatlang::Lang;

use super::Guess;

/// Languages, their alphabets, and their trigrams, in `whatlang`'s form.
const PROFILES: &str = include_str!("latin.txt");

/// Trigrams of a language, and the distance of one that a text or a language does not have.
const PROFILE: usize = 300;

/// Trigrams of a text that count: the most frequent.
const MOST_TRIGRAMS: usize = 600;

/// Everything known of the languages; made when the first text comes.
static LANGUAGES: LazyLock<Languages> = LazyLock::new(|| Languages::read(PROFILES));

/// Three characters, in the order in which triples of them sort.
type Trigram = u64;

fn trigram(a: char, b: char, c: char) -> Trigram {
    u64::from(a) << 42 | u64::from(b) << 21 | u64::from(c)
}

/// Languages by what tells them apart.
#[derive(Debug, Default)]
struct Languages {
    codes: Vec<Lang>,
    /// For each letter the languages that have it, as bits; in the order of letters.
    letters: Vec<(char, u64)>,
    /// Each with its part of `ranks`.
    trigrams: HashMap<Trigram, Range<usize>, RandomState>,
    /// Languages that have a trigram, and its place among their most frequent ones.
    ranks: Vec<(u8, u16)>,
}

impl Languages {
    fn read(profiles: &str) -> Self {
        let mut read = Self::default();
        let mut letters = Vec::new();
        let mut found: Vec<(Trigram, u8, u16)> = Vec::new();
        for line in profiles.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('|');
            let mut column = || columns.next().unwrap_or_default();
            let (code, alphabet, trigrams) = (column(), column(), column());
            let Some(code) = Lang::from_code(code) else { continue };
            let language = read.codes.len() as u8;
            read.codes.push(code);
            letters.extend(alphabet.chars().map(|letter| (letter, 1 << language)));
            let mut characters = trigrams.chars();
            for rank in 0.. {
                let (Some(a), Some(b), Some(c)) = (characters.next(), characters.next(), characters.next()) else {
                    break;
                };
                found.push((trigram(a, b, c), language, rank));
            }
        }
        letters.sort_unstable();
        for (letter, language) in letters {
            match read.letters.last_mut() {
                Some((last, languages)) if *last == letter => *languages |= language,
                _ => read.letters.push((letter, language)),
            }
        }
        found.sort_unstable();
        for same in found.chunk_by(|(a, ..), (b, ..)| a == b) {
            let start = read.ranks.len();
            read.ranks.extend(same.iter().map(|(_, language, rank)| (*language, *rank)));
            read.trigrams.insert(same[0].0, start..read.ranks.len());
        }
        read
    }

    fn having(&self, letter: char) -> Option<u64> {
        self.letters.binary_search_by_key(&letter, |(known, _)| *known).ok().map(|at| self.letters[at].1)
    }

    fn ranks(&self, trigram: Trigram) -> &[(u8, u16)] {
        self.trigrams.get(&trigram).map_or(&[], |ranks| &self.ranks[ranks.clone()])
    }

    /// How well the letters of a text fit each language, 0 to 1, and how many they are.
    fn by_letters(&self, text: &str) -> (Vec<f64>, usize) {
        let mut counts = [0_usize; 26];
        let mut fitting = vec![0_usize; self.codes.len()];
        let mut all = 0;
        let mut count = |letter: char, times: usize| {
            // The lowest bit that is set, one after the other.
            let mut languages = self.having(letter).unwrap_or_default();
            while languages != 0 {
                fitting[languages.trailing_zeros() as usize] += times;
                languages &= languages - 1;
            }
        };
        for c in text.chars().filter(|c| !is_stop(*c)) {
            all += 1;
            match c {
                'a'..='z' => counts[usize::from(c as u8 - b'a')] += 1,
                c => count(c, 1),
            }
        }
        for (letter, times) in ('a'..='z').zip(counts).filter(|(_, times)| *times > 0) {
            count(letter, times);
        }
        // A letter that fits counts for a language, one that does not against it.
        let share = |fitting: usize| (2 * fitting).saturating_sub(all) as f64 / all as f64;
        (fitting.into_iter().map(share).collect(), all)
    }

    /// How well the trigrams of a text fit each language, 0 to 1, and how many they are.
    fn by_trigrams(&self, text: &str) -> (Vec<f64>, usize) {
        let trigrams = trigrams(text);
        // Every trigram of a language is as far as can be from a text that does not have it.
        let mut distances = vec![(PROFILE * PROFILE) as i64; self.codes.len()];
        for (rank, trigram) in trigrams.iter().enumerate() {
            for &(language, rank_there) in self.ranks(*trigram) {
                let apart = (rank as i64).abs_diff(i64::from(rank_there)).cast_signed();
                distances[usize::from(language)] += apart - PROFILE as i64;
            }
        }
        let farthest = (trigrams.len() * PROFILE) as i64;
        // A text that has fewer trigrams than a language cannot have all of them.
        let missing = (PROFILE.saturating_sub(trigrams.len()) * PROFILE) as i64;
        let likeness = |distance: i64| {
            let distance = (distance - missing).clamp(0, (PROFILE * PROFILE) as i64);
            (farthest - distance) as f64 / farthest as f64
        };
        (distances.into_iter().map(likeness).collect(), trigrams.len())
    }
}

/// The language of a text that is mostly in Latin script; `None` where two are equally likely.
pub(super) fn detect(text: &str) -> Option<Guess> {
    let languages = &*LANGUAGES;
    let text = text.to_lowercase();
    let (by_letters, letters) = languages.by_letters(&text);
    let (by_trigrams, trigrams) = languages.by_trigrams(&text);
    if letters == 0 || trigrams == 0 {
        return None;
    }
    let weight = weight_of_letters(letters);
    let scores = by_letters.iter().zip(&by_trigrams).map(|(a, t)| a * weight + t * (1.0 - weight));
    let (mut best, mut second, mut lang) = (-1.0, -1.0, None);
    for (score, code) in scores.zip(&languages.codes) {
        if score > best {
            (second, best, lang) = (best, score, Some(*code));
        } else if score > second {
            second = score;
        }
    }
    let confidence = confidence(best, second, trigrams);
    lang.filter(|_| best > second).map(|lang| Guess { lang, confidence })
}

/// The shorter a text, the more its letters count beside its trigrams.
fn weight_of_letters(letters: usize) -> f64 {
    (-(letters as f64 / 300.0) + 2.0 / 3.0).clamp(1.0 / 3.0, 2.0 / 3.0)
}

/// How far the best is from the second, measured by what `count` trigrams can tell.
fn confidence(best: f64, second: f64, count: usize) -> f64 {
    if best == 0.0 || second == 0.0 {
        return best;
    }
    let (rate, certain) = ((best - second) / second, (3.0 / count as f64) + 0.015);
    if rate > certain { 1.0 } else { rate / certain }
}

/// The trigrams of a text, the most frequent first; stop characters as spaces, of which no two follow each other.
fn trigrams(text: &str) -> Vec<Trigram> {
    let mut counts: HashMap<Trigram, u32, RandomState> =
        HashMap::with_capacity_and_hasher(text.len().min(MOST_TRIGRAMS), RandomState::default());
    let mut characters = text.chars().map(|c| if is_stop(c) { ' ' } else { c }).chain([' ']);
    let (mut a, mut b) = (' ', characters.next().unwrap_or(' '));
    for c in characters {
        if b != ' ' || a != ' ' && c != ' ' {
            *counts.entry(trigram(a, b, c)).or_default() += 1;
        }
        (a, b) = (b, c);
    }
    let mut counted: Vec<(u32, Trigram)> = counts.into_iter().map(|(trigram, count)| (count, trigram)).collect();
    counted.sort_unstable_by(|a, b| b.cmp(a));
    counted.into_iter().take(MOST_TRIGRAMS).map(|(_, trigram)| trigram).collect()
}

/// Spaces, punctuation and digits of ASCII.
fn is_stop(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphabetic() && c != '\u{7F}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same language and confidence as `whatlang` has, unless two languages are equally likely.
    fn is_as_whatlang(text: &str) -> bool {
        let theirs = whatlang::detect(text);
        match (detect(text), theirs) {
            (Some(ours), Some(theirs)) => {
                ours.lang == theirs.lang() && ours.confidence.to_bits() == theirs.confidence().to_bits()
            }
            (None, Some(theirs)) => theirs.confidence() == 0.0,
            (ours, None) => ours.is_none(),
        }
    }

    #[test]
    fn all_languages_are_as_whatlang_has_them() {
        let languages = &*LANGUAGES;
        assert_eq!((languages.codes.len(), languages.ranks.len()), (37, 37 * PROFILE));
        for line in PROFILES.lines().filter(|line| !line.starts_with('#')) {
            let trigrams: Vec<char> = line.split('|').nth(2).unwrap().chars().collect();
            for part in trigrams.chunks(90) {
                let text: String = part.iter().collect();
                assert!(is_as_whatlang(&text), "{text}");
            }
            assert!(is_as_whatlang(&trigrams.iter().collect::<String>()), "{line}");
        }
    }

    #[test]
    fn equally_likely_languages_are_told() {
        // No language has any of it.
        assert!(detect("ƿƿƿ").is_none());
        assert!(detect("123 456").is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_latin_text_is_as_whatlang_has_it(text in "([a-zA-ZàéüßñøđơạŁžİ]{1,9}[ ,.'0-9-]{1,2}){1,60}") {
            prop_assert!(is_as_whatlang(&text), "{text}");
        }

        #[test]
        fn a_part_of_a_text_is_as_whatlang_has_it(start in 0..4_000_usize, length in 1..3_000_usize) {
            let text: String = include_str!("../../../README.md").chars().skip(start * 4).take(length).collect();
            prop_assume!(whatlang::detect_script(&text) == Some(whatlang::Script::Latin));
            prop_assert!(is_as_whatlang(&text), "{text}");
        }
    }
}
