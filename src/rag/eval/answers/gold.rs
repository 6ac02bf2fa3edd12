//! Whether a text has the words of a known answer.

use unicode_normalization::UnicodeNormalization;

use crate::util::script::is_unspaced;

/// A text as its words, lower case, without signs, in one spelling: ` in the 10th and 11th centuries `.
pub(super) struct Words(String);

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = String::with_capacity(text.len() + 2);
        words.push(' ');
        for c in text.nfkc().flat_map(char::to_lowercase) {
            // Each character of a script without spaces is a word.
            let alone = is_unspaced(c);
            if (alone || !c.is_alphanumeric()) && !words.ends_with(' ') {
                words.push(' ');
            }
            if c.is_alphanumeric() || alone {
                words.push(c);
            }
            if alone {
                words.push(' ');
            }
        }
        if !words.ends_with(' ') {
            words.push(' ');
        }
        Self(words)
    }

    /// Whether it has these words, one behind the other.
    pub(super) fn have(&self, gold: &str) -> bool {
        let gold = Self::of(gold);
        gold.0.len() > 1 && self.0.contains(&gold.0)
    }
}

/// An answer without the marks of its citations, ` [1]`.
pub(super) fn without_marks(answer: &str) -> String {
    let mut text = String::with_capacity(answer.len());
    let mut rest = answer;
    while let Some((before, after)) = rest.split_once('[') {
        let mark = after
            .split_once(']')
            .filter(|(number, _)| (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()));
        match mark {
            Some((_, behind)) => {
                text.push_str(before.strip_suffix(' ').unwrap_or(before));
                rest = behind;
            }
            None => {
                text.push_str(before);
                text.push('[');
                rest = after;
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_their_signs_and_case_but_whole() {
        let text = Words::of("It was built in 1,862 — by Ann-Marie O’Neil, for US$ 5.");
        assert!(text.have("ann marie") && text.have("1,862") && text.have("$5") && text.have("O'Neil"));
        assert!(!text.have("ann mar") && !text.have("") && !text.have("—"));
        assert!(!Words::of("1862").have("862"));
        assert!(Words::of("黑豹队的防守只丢了308分。").have("308分") && Words::of("黑豹队").have("豹队"));
        assert!(Words::of("Kho\u{302}ng").have("không"));
    }

    #[test]
    fn marks_of_citations_are_no_part_of_an_answer() {
        assert_eq!(without_marks("They won 24 [1]. Then [3]."), "They won 24. Then.");
        assert_eq!(without_marks("他来了 [2]。"), "他来了。");
        assert_eq!(without_marks("a[x] [1234] ["), "a[x] [1234] [");
    }
}
