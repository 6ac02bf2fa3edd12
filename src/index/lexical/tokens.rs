//! How the terms of a document come to the engine: as one text, a line each.
//!
//! The engine has a form for tokens that were made elsewhere, but writes it as JSON into its buffer and reads that again, which
//! takes longer than everything else it does with them.

use tantivy::{
    Index,
    tokenizer::{Token, TokenStream, Tokenizer},
};

/// The name under which an index knows [`TermLines`].
pub(super) const TERM_LINES: &str = "term-lines";

/// Between two terms: no term holds it.
const SEPARATOR: char = '\n';

/// The text that stands for these terms.
pub(super) fn joined(terms: impl Iterator<Item = String>, capacity: usize) -> String {
    let mut lines = String::with_capacity(capacity);
    for term in terms {
        lines.push_str(&term);
        lines.push(SEPARATOR);
    }
    lines
}

/// Makes an index able to read such texts.
pub(super) fn register(index: &Index) {
    index.tokenizers().register(TERM_LINES, TermLines::default());
}

/// Takes a text of terms apart.
#[derive(Debug, Clone, Default)]
struct TermLines {
    token: Token,
}

/// The terms that are still to come.
struct Lines<'t> {
    rest: &'t str,
    token: &'t mut Token,
}

impl Tokenizer for TermLines {
    type TokenStream<'t> = Lines<'t>;

    fn token_stream<'t>(&'t mut self, text: &'t str) -> Lines<'t> {
        self.token.reset();
        Lines { rest: text, token: &mut self.token }
    }
}

impl TokenStream for Lines<'_> {
    fn advance(&mut self) -> bool {
        let Some((term, rest)) = self.rest.split_once(SEPARATOR) else { return false };
        self.rest = rest;
        self.token.position = self.token.position.wrapping_add(1);
        self.token.text.clear();
        self.token.text.push_str(term);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_come_out_as_they_went_in() {
        let terms = ["việc nam", "~c", "", "c++"];
        let text = joined(terms.iter().map(|term| (*term).to_owned()), 0);
        let mut tokenizer = TermLines::default();
        for _ in 0..2 {
            let mut found = Vec::new();
            tokenizer.token_stream(&text).process(&mut |token| found.push((token.position, token.text.clone())));
            let expected: Vec<_> = terms.iter().map(|term| (*term).to_owned()).enumerate().collect();
            assert_eq!(found, expected);
        }
        assert!(!tokenizer.token_stream("").advance());
    }
}
