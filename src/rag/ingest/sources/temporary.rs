//! Files that other programs leave beside documents, and that are none.

use std::ffi::OsStr;

/// What file managers keep in a folder for themselves, lower case.
const FOLDER_NOTES: &[&[u8]] = &[b"thumbs.db", b"ehthumbs.db", b"desktop.ini", b"icon\r"];

/// Whether a file is hidden, or by its name one that an editor or file manager made for itself:
///
/// - `~$report.docx`: Word, Excel and PowerPoint, while somebody has the document open;
/// - `.~lock.report.odt#`, `._report.pdf`, `.report.txt.swp`, `.DS_Store`: LibreOffice, macOS, Vim (hidden by their dot);
/// - `notes.txt~`, `#notes.txt#`: copies that editors keep;
/// - `Thumbs.db` and `desktop.ini`: Windows.
pub(in crate::rag) fn is_passed_over(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || is_owner_file(name) || is_editor_copy(name) || is_folder_note(name)
}

/// Whether it only says who has a document open, although its extension is that of a document.
pub(super) fn is_owner_file(name: &[u8]) -> bool {
    name.starts_with(b"~$")
}

fn is_editor_copy(name: &[u8]) -> bool {
    let swap = [b".swp".as_slice(), b".swo", b".swx", b".kate-swp"].iter().any(|end| name.ends_with(end));
    name.ends_with(b"~") || swap || (name.len() > 1 && name.starts_with(b"#") && name.ends_with(b"#"))
}

fn is_folder_note(name: &[u8]) -> bool {
    FOLDER_NOTES.iter().any(|note| name.eq_ignore_ascii_case(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_leave_is_passed_over() {
        for name in [
            "~$report.docx",
            "._report.pdf",
            ".~lock.report.docx#",
            "notes.md~",
            ".notes.md.swp",
            "notes.txt.swp",
            "#notes.md#",
            ".#notes.md",
            "Thumbs.db",
            "THUMBS.DB",
            ".DS_Store",
            "desktop.ini",
        ] {
            assert!(is_passed_over(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn documents_are_not() {
        for name in ["~report.docx", "$report.docx", "#1 of 3.md", "notes~1.txt", "report (1).pdf", "a#b.md", "#"] {
            assert!(!is_passed_over(OsStr::new(name)), "{name}");
        }
    }
}
