//! Where the text of one model goes on with that of another.

use crate::util::script::is_unspaced;

/// Joins what is written next to what is there. Pure: text in, text out.
#[derive(Debug)]
pub(super) struct Joint {
    /// What is there, without white space around it.
    before: String,
    /// Whether white space ends it.
    spaced: bool,
    /// What may turn out to be what is there, written again.
    held: String,
    joined: bool,
    /// Whether white space that comes next is there already.
    skips_blanks: bool,
}

impl Joint {
    pub(super) fn new(before: &str) -> Self {
        let spaced = before.ends_with(char::is_whitespace);
        let before = before.trim().to_owned();
        Self { joined: before.is_empty(), before, spaced, held: String::new(), skips_blanks: false }
    }

    /// More text; returns what of it belongs to the answer, as far as that can be told.
    pub(super) fn push(&mut self, text: &str) -> Option<String> {
        if self.joined {
            return self.passed(text);
        }
        self.held.push_str(text);
        let next = self.held.trim_start();
        if next.is_empty() || next.len() < self.before.len() && self.before.starts_with(next) {
            return None;
        }
        self.joined = true;
        // A model that was asked to go on may begin again from the start, in the same words.
        if let Some(rest) = next.strip_prefix(&self.before) {
            let rest = rest.to_owned();
            self.skips_blanks = self.spaced;
            return self.passed(&rest);
        }
        self.glued()
    }

    /// Text behind the joint.
    fn passed(&mut self, text: &str) -> Option<String> {
        let text = if self.skips_blanks { text.trim_start() } else { text };
        self.skips_blanks &= text.is_empty();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// There is no more text; returns what was held.
    pub(super) fn end(&mut self) -> Option<String> {
        if std::mem::replace(&mut self.joined, true) { None } else { self.glued() }
    }

    /// What was held, behind a blank where words would run together.
    fn glued(&self) -> Option<String> {
        let next = self.held.trim_start();
        let blank = match (self.before.chars().next_back(), next.chars().next()) {
            (Some(last), Some(first)) if !self.spaced => {
                !matches!(last, '(' | '[' | '{' | '-' | '/' | '„' | '«')
                    && !is_unspaced(last)
                    && !is_unspaced(first)
                    && (first.is_alphanumeric() || matches!(first, '(' | '[' | '{' | '"' | '„' | '“' | '*' | '`' | '«'))
            }
            _ => false,
        };
        (!next.is_empty()).then(|| if blank { format!(" {next}") } else { next.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(before: &str, pieces: &[&str]) -> String {
        let mut joint = Joint::new(before);
        let mut text = before.to_owned();
        for piece in pieces {
            text.extend(joint.push(piece));
        }
        text.extend(joint.end());
        text
    }

    #[test]
    fn words_do_not_run_together() {
        assert_eq!(joined("The fuse is rated", &["30", " mA [1]."]), "The fuse is rated 30 mA [1].");
        assert_eq!(joined("The fuse is rated ", &[" 30 mA"]), "The fuse is rated 30 mA");
        assert_eq!(joined("The fuse is rated 30 mA", &["."]), "The fuse is rated 30 mA.");
        assert_eq!(joined("rated 30 mA", &["[1]"]), "rated 30 mA [1]");
        assert_eq!(joined("保险丝", &["是 30 mA"]), "保险丝是 30 mA");
        assert_eq!(joined("a self-", &["test"]), "a self-test");
    }

    #[test]
    fn who_begins_again_is_not_heard_twice() {
        assert_eq!(joined("The fuse is", &["The", " fuse is ", "rated"]), "The fuse is rated");
        assert_eq!(joined("The fuse ", &["The fuse is"]), "The fuse is");
        // The same beginning, then other words: it is told as it is.
        assert_eq!(joined("The fuse is", &["The ", "fuse was"]), "The fuse is The fuse was");
        assert_eq!(joined("The fuse is", &["The"]), "The fuse is The");
    }

    proptest! {
        /// However it is cut, the same text comes out, and what was there stays.
        #[test]
        fn pieces_make_no_difference(before in "[ab .]{0,8}", next in "[ab .]{0,12}", size in 1_usize..5) {
            let chars: Vec<char> = next.chars().collect();
            let pieces: Vec<String> = chars.chunks(size).map(|piece| piece.iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let text = joined(&before, &pieces);
            prop_assert!(text.starts_with(&before));
            prop_assert_eq!(text, joined(&before, &[&next]));
        }
    }
}
