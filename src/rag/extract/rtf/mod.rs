//! RTF → Markdown. The format is a stream of control words, groups and text; what a word holds for ends with its group.
//!
//! Groups are kept on the heap, their depth is bounded. Hidden text, fields' instructions, pictures, headers and footers are left
//! out.

mod lexer;
mod state;
#[cfg(test)]
mod tests;

use super::{
    ExtractError, Limits, Raw,
    format::FormatReader,
    sandbox::{self, Deadline},
};
use lexer::{Lexer, Token};
use state::Document;

const FORMAT: &str = "RTF";

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "rtf",
    extensions: &["rtf"],
    structured: true,
    is_text: false,
    read: |bytes, limits, deadline| sandbox::catch(FORMAT, || extract(bytes, limits, deadline)),
};

/// The text of a document.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    if !bytes.starts_with(b"{\\rtf") {
        return Err(damaged("it does not start with {\\rtf"));
    }
    let mut document = Document::new(limits);
    let mut lexer = Lexer::new(bytes);
    let mut step = 0_usize;
    while let Some(token) = lexer.next() {
        step += 1;
        if step.is_multiple_of(4096) {
            deadline.check()?;
        }
        match token {
            Token::Open => document.open()?,
            Token::Close => {
                if !document.close()? {
                    // What follows the outermost group is no part of it.
                    break;
                }
            }
            Token::Word(word, number) => document.word(word, number)?,
            Token::Byte(byte) => document.byte(byte),
            Token::Char(c) => document.char(c),
            Token::Ignorable => document.ignorable(),
        }
    }
    document.finish()
}

fn damaged(detail: &str) -> ExtractError {
    ExtractError::Damaged { format: FORMAT, detail: detail.to_owned() }
}
