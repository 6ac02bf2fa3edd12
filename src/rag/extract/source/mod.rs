//! Texts that are written for a program: markup languages, whose structure becomes Markdown, and source code, which stays as it is.

pub(super) mod adoc;
pub(super) mod code;
pub(super) mod rst;
pub(super) mod tex;

/// How far a line is indented, in columns.
fn indent(line: &str) -> usize {
    line.chars().take_while(|c| matches!(c, ' ' | '\t')).map(|c| if c == '\t' { 8 } else { 1 }).sum()
}

/// The lines from `at` on that are indented by more than `by`, and blank ones between them, with what they have in common cut
/// off; and where they end.
fn indented(lines: &[&str], at: usize, by: usize) -> (String, usize) {
    let mut end = at;
    for (index, line) in lines.iter().enumerate().skip(at) {
        if line.trim().is_empty() {
            continue;
        }
        if indent(line) <= by {
            break;
        }
        end = index + 1;
    }
    let block = &lines[at..end];
    let common = block.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    let cut = |line: &&str| {
        let mut left = common;
        let rest = line.trim_start_matches(|c| {
            let width = if c == '\t' { 8 } else { 1 };
            let goes = matches!(c, ' ' | '\t') && left >= width;
            left -= if goes { width } else { 0 };
            goes
        });
        rest.trim_end().to_owned()
    };
    (block.iter().map(cut).collect::<Vec<_>>().join("\n"), end)
}
