//! Globs, checked before the glob library sees them.
//!
//! The library turns a pattern into a regular expression by recursion: thousands of nested braces overflow the stack,
//! which ends the process, and some hundreds exceed the size of a regular expression. So everything that costs is
//! counted first.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use globset::{GlobBuilder, GlobSet};

/// Longest pattern in characters, the same as the longest path of a request.
const MAX_PATTERN_CHARS: usize = super::MAX_PATH_CHARS;

/// Braces within braces.
const MAX_BRACE_DEPTH: usize = 8;

/// Opening braces and commas together: each may add an alternative.
const MAX_ALTERNATIVES: usize = 256;

/// `*`, `?` and `[` together. `**` counts twice.
const MAX_WILDCARDS: usize = 64;

/// A glob whose cost is bounded.
#[derive(Debug)]
pub(super) struct PathGlob {
    folder: PathBuf,
    pattern: GlobSet,
}

impl PathGlob {
    /// Compiles `pattern` below a folder whose own name is taken literally.
    ///
    /// # Errors
    /// In words for the person who gave the pattern: the bound that it passes, or what is wrong with its syntax.
    pub(super) fn below(folder: &Path, pattern: &Path) -> Result<Self, String> {
        let pattern = with_slashes(pattern);
        check(&pattern)?;
        let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
        // A set of one: unlike a single matcher, it returns an error where the regular expression is too large.
        let set = glob.and_then(|glob| GlobSet::builder().add(glob).build());
        let folder = folder.to_owned();
        set.map(|pattern| Self { folder, pattern }).map_err(|error| format!("not a glob: {}", error.kind()))
    }

    /// Whether the pattern describes this path.
    pub(super) fn is_match(&self, path: &Path) -> bool {
        // Not a pattern of the folder's name as well: that may hold bytes that no pattern can name.
        path.strip_prefix(&self.folder).is_ok_and(|inside| self.pattern.is_match(inside))
    }
}

/// Whether a path or a part of it has characters that make it a pattern.
pub(super) fn has_wildcard(part: &OsStr) -> bool {
    part.to_string_lossy().contains(['*', '?', '[', '{'])
}

fn with_slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Counts what a pattern costs. Braces in a character class (`[{]`) are counted as well: that can only refuse more.
fn check(pattern: &str) -> Result<(), String> {
    let chars = pattern.chars().count();
    if chars > MAX_PATTERN_CHARS {
        return Err(format!("is a glob of {chars} characters; at most {MAX_PATTERN_CHARS} are allowed"));
    }
    let (mut depth, mut alternatives, mut wildcards) = (0usize, 0usize, 0usize);
    for c in pattern.chars() {
        match c {
            '{' => {
                depth += 1;
                alternatives += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            ',' => alternatives += 1,
            '*' | '?' | '[' => wildcards += 1,
            _ => {}
        }
        if depth > MAX_BRACE_DEPTH {
            return Err(format!(
                "is a glob whose braces are nested more than {MAX_BRACE_DEPTH} deep; write it flatter"
            ));
        }
    }
    if alternatives > MAX_ALTERNATIVES {
        return Err(format!("is a glob of more than {MAX_ALTERNATIVES} alternatives; write several globs"));
    }
    if wildcards > MAX_WILDCARDS {
        return Err(format!("is a glob of more than {MAX_WILDCARDS} wildcards; name the folder instead"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(pattern: &str) -> Result<PathGlob, String> {
        PathGlob::below(Path::new("/base"), Path::new(pattern))
    }

    #[test]
    fn ordinary_globs_match_as_shells_do() {
        let glob = compile("{a,b{1,2}}/**/*.{md,txt}").unwrap();
        assert!(glob.is_match(Path::new("/base/a/x.md")) && glob.is_match(Path::new("/base/b2/c/d/x.txt")));
        assert!(!glob.is_match(Path::new("/base/c/x.md")) && !glob.is_match(Path::new("/base/a/x.pdf")));
    }

    #[test]
    fn a_folder_is_taken_literally() {
        let glob = PathGlob::below(Path::new("/base [1]"), Path::new("*.md")).unwrap();
        assert!(glob.is_match(Path::new("/base [1]/x.md")) && !glob.is_match(Path::new("/base 1/x.md")));
    }

    #[test]
    fn patterns_that_would_cost_too_much_are_refused() {
        let nested = |depth| format!("{}b{}", "{a,".repeat(depth), "}".repeat(depth));
        for (pattern, says) in [
            (nested(9), "nested more than 8 deep"),
            (nested(300), "nested more than 8 deep"),
            (nested(50_000), "at most 4096"),
            ("{".repeat(100), "nested more than 8 deep"),
            ("{a,b}".repeat(200), "more than 256 alternatives"),
            ("**/".repeat(40), "more than 64 wildcards"),
            ("?".repeat(65), "more than 64 wildcards"),
            ("[!-ÿ]".repeat(65), "more than 64 wildcards"),
            ("x".repeat(4_097), "at most 4096"),
            ("[".into(), "not a glob"),
            ("[z-a]".into(), "not a glob"),
            ("{a,b".into(), "not a glob"),
        ] {
            let error = compile(&pattern).unwrap_err();
            assert!(error.contains(says), "{}…: {error}", &pattern[..8.min(pattern.len())]);
        }
    }

    #[test]
    fn the_most_expensive_pattern_that_is_allowed_compiles_and_matches() {
        for pattern in [
            format!("{}{}", "**/".repeat(32), "x".repeat(3_900)),
            "[!-~]x".repeat(64),
            format!("{}b{}{}", "{*a,".repeat(8), "}".repeat(8), "{x,y}".repeat(120)),
            format!("{{{}}}", "0123456789abc,".repeat(255)),
        ] {
            let glob = compile(&pattern).unwrap();
            assert!(!glob.is_match(Path::new(&format!("/base/{}", "a/".repeat(1_000)))));
        }
    }
}
