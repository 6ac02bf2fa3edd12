//! Files of formats that have successors and are not read. Their names are known so that whoever gives one is told, and so
//! that one that is really something else (RTF and web pages are often called `.doc`) is read.

use super::{ExtractError, format::FormatReader};

/// What they are called.
pub(super) const NAMES: &str = "DOC, PPT or MSG";

/// How it is not read.
pub(super) const READER: FormatReader = FormatReader {
    name: "old-office",
    extensions: &["doc", "dot", "ppt", "pps", "pot", "msg"],
    structured: false,
    is_text: false,
    // What is of these formats was recognised by its content.
    read: |_, _, _| {
        let detail = "it is no document that is known by its content".to_owned();
        Err(ExtractError::Damaged { format: NAMES, detail })
    },
};
