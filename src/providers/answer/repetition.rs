//! A text that repeats itself: a model that cannot find its end.

/// Characters that are looked at. A unit of up to a quarter of it is seen to repeat.
const WINDOW: usize = 2_400;

/// How often the window is looked at, in characters.
const STEP: usize = 48;

/// Repetitions that are no style of writing any more.
const TIMES: usize = 4;

/// Characters that they must fill.
const LEAST: usize = 240;

/// The same where no letter is among them: rules of tables and rows of dots are long.
const LEAST_WITHOUT_LETTERS: usize = 1_200;

/// Watches a text for units that follow each other again and again. Numbers count as equal, so that a numbered list of one
/// sentence is seen, too; white space counts as one space.
#[derive(Debug, Default)]
pub(super) struct Repetition {
    window: Vec<char>,
    since: usize,
}

impl Repetition {
    /// Takes more text; says whether it has begun to repeat itself.
    pub(super) fn push(&mut self, text: &str) -> bool {
        for c in text.chars() {
            let c = match c {
                c if c.is_numeric() => '0',
                c if c.is_whitespace() => ' ',
                c => c,
            };
            if matches!(c, '0' | ' ') && self.window.last() == Some(&c) {
                continue;
            }
            self.window.push(c);
            self.since += 1;
        }
        if self.since < STEP {
            return false;
        }
        self.since = 0;
        if self.window.len() > WINDOW {
            self.window.drain(..self.window.len() - WINDOW);
        }
        repeats(&self.window)
    }
}

/// Whether the end of a text is one unit, repeated. By the failure function of Knuth, Morris and Pratt (1977) on the reversed
/// text: a prefix of length n whose longest border is b has the period n - b.
fn repeats(text: &[char]) -> bool {
    let reversed: Vec<char> = text.iter().rev().copied().collect();
    let mut borders = vec![0_usize; reversed.len()];
    for n in 1..reversed.len() {
        let mut border = borders[n - 1];
        while border > 0 && reversed[n] != reversed[border] {
            border = borders[border - 1];
        }
        borders[n] = border + usize::from(reversed[n] == reversed[border]);
        let (length, period) = (n + 1, n + 1 - borders[n]);
        if length >= LEAST && length >= TIMES * period {
            let letters = reversed[..period].iter().any(|c| c.is_alphabetic());
            if letters || length >= LEAST_WITHOUT_LETTERS {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn runs_away(text: &str) -> bool {
        let mut seen = Repetition::default();
        text.chars().any(|c| seen.push(c.encode_utf8(&mut [0; 4])))
    }

    #[test]
    fn sentences_and_lists_that_repeat_are_seen() {
        assert!(runs_away(&"The desk is on the second floor. ".repeat(12)));
        assert!(runs_away(&("The answer is here.\n".to_owned() + &"no ".repeat(120))));
        let numbered: String = (1..40).map(|n| format!("{n}. The desk is open on weekdays.\n")).collect();
        assert!(runs_away(&numbered));
    }

    #[test]
    fn writing_that_only_looks_like_it_is_left_alone() {
        let table = format!("| a | b |\n|{}|\n| 1 | 2 |\n", "---|".repeat(60));
        assert!(!runs_away(&table));
        let list: String = ["ships", "lorries", "trains", "planes", "bicycles", "carts", "sledges", "canoes"]
            .iter()
            .map(|what| format!("- The rules for {what} are in the handbook.\n"))
            .collect();
        assert!(!runs_away(&list));
        assert!(!runs_away(&"Yes. ".repeat(20)));
    }

    proptest! {
        #[test]
        fn a_unit_is_seen_wherever_it_begins(before in "[a-z ]{0,200}", unit in "[a-z]{2,8} [a-z]{3,20}", size in 1_usize..9) {
            let text = before + &(unit + " ").repeat(80);
            let mut seen = Repetition::default();
            let letters: Vec<char> = text.chars().collect();
            let found = letters.chunks(size).any(|piece| seen.push(&piece.iter().collect::<String>()));
            prop_assert!(found);
        }
    }
}
