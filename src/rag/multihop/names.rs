//! Names in a text, by their capitals.

/// The words of a text, each with whether nothing but space stands before it.
fn words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-');
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
        let joins = text[at..start].chars().all(|c| c == ' ');
        at = end;
        Some((text[start..end].trim_end_matches(['-', '\'', '’']), joins))
    })
}

/// The words of a text in small letters.
pub(super) fn lower_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Runs of capitalised words that are no small ones, in their order, as often as they stand there.
pub(super) fn names(text: &str, is_small: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for (word, joins) in words(text) {
        let is_name = word.chars().next().is_some_and(char::is_uppercase) && !is_small(word);
        if !run.is_empty() && (!joins || !is_name) {
            names.push(std::mem::take(&mut run).join(" "));
        }
        if is_name {
            run.push(word);
        }
    }
    if !run.is_empty() {
        names.push(run.join(" "));
    }
    names
}
