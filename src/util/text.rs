//! Texts of somebody else, made harmless.

/// A text that cannot command a terminal, nor turn the direction of what stands beside it.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if is_unseen(c) { ' ' } else { c }).take(400).collect()
}

/// Whether a character is not seen itself, but changes how others are: controls, marks of direction, ends of lines.
pub fn is_unseen(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    turns || c.is_control()
}
