//! What the fake model says and embeds: deterministic, and not without meaning.

use std::collections::HashSet;

use serde_json::Value;

/// Dimensions of the fake embeddings.
const DIMENSION: usize = 384;

/// Weight of words of up to three letters, which are mostly grammar.
const SHORT_WORD: f32 = 0.1;

/// A unit vector of a text: its words and their trigrams, hashed into signed buckets, so that texts that share words are
/// near each other.
pub fn embedding(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0f32; DIMENSION];
    let mut add = |feature: &str, weight: f32| {
        let hash = blake3::hash(feature.as_bytes());
        let bytes = hash.as_bytes();
        let sign = if bytes[2] < 128 { 1.0 } else { -1.0 };
        vector[usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) % DIMENSION] += sign * weight;
    };
    for word in words(text) {
        let letters: Vec<char> = word.chars().collect();
        if letters.len() <= 3 {
            add(&word, SHORT_WORD);
            continue;
        }
        add(&word, 1.0);
        for trigram in letters.windows(3) {
            add(&trigram.iter().collect::<String>(), 0.3);
        }
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length == 0.0 {
        // A text without words points somewhere, too: real models never return zeros.
        vector[0] = 1.0;
        return vector;
    }
    vector.iter().map(|x| x / length).collect()
}

/// What the model says to a conversation: the answer to its last question; of an answer that broke off, the rest.
pub(super) fn reply(messages: &Value) -> String {
    let messages: &[Value] = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let last = messages.last().map(text).unwrap_or_default();
    if let Some(reply) = condensed(&last).or_else(|| subquestions(&last)) {
        return reply;
    }
    let asks = |message: &Value| split(&text(message)).is_some();
    let asked = messages.iter().rposition(asks).unwrap_or(messages.len().saturating_sub(1));
    let answer = answer(&messages.get(asked).map(text).unwrap_or_default());
    let said = messages.iter().skip(asked + 1).find(|message| message["role"] == "assistant").map(text);
    let rest = said.as_deref().and_then(|said| answer.strip_prefix(said.trim_end())).map(str::trim_start);
    rest.filter(|rest| !rest.is_empty()).map(str::to_owned).unwrap_or(answer)
}

/// A follow-up with the words of the conversation that it lacks, as a question; `None` when that is not asked for.
fn condensed(prompt: &str) -> Option<String> {
    let (_, rest) = prompt.rsplit_once("<follow_up>")?;
    let question = rest.split("</follow_up>").next()?.trim();
    let (_, rest) = prompt.split_once("<conversation>")?;
    let conversation = rest.rsplit_once("</conversation>")?.0;
    let asked: HashSet<String> = words(question).into_iter().collect();
    let turns = conversation.lines().filter_map(|line| line.strip_prefix("user: "));
    let mut about: Vec<String> = Vec::new();
    for word in turns.flat_map(words).filter(|word| word.chars().count() > 4) {
        if !asked.contains(&word) && !about.contains(&word) {
            about.push(word);
        }
    }
    let question = question.trim_end_matches('?');
    Some(if about.is_empty() { format!("{question}?") } else { format!("{question}, about {}?", about.join(" ")) })
}

/// Two sub-questions about the names in what was found; none where nothing was, or nothing has a name. `None` when they are not
/// asked for.
fn subquestions(prompt: &str) -> Option<String> {
    let (_, found) = prompt.rsplit_once("<found>")?;
    let is_name = |word: &&str| word.chars().count() > 3 && word.chars().next().is_some_and(char::is_uppercase);
    let mut asked: Vec<String> = Vec::new();
    for word in found.split(|c: char| !c.is_alphanumeric()).filter(is_name).filter(|word| !prompt.starts_with(word)) {
        let question = format!("Who or what is {word}?");
        if !asked.contains(&question) {
            asked.push(question);
        }
    }
    asked.truncate(2);
    Some(if asked.is_empty() { "none".to_owned() } else { asked.join("\n") })
}

/// The question of a prompt, and its contexts, which begin with `[1]` at the start of a line.
fn split(prompt: &str) -> Option<(&str, &str)> {
    let (question, contexts) = prompt.split_at(prompt.find("\n[1] ")?);
    // The line before them says that they come.
    let question = question.trim_end();
    let question = question.strip_suffix(':').and_then(|said| Some(said.rsplit_once('\n')?.0)).unwrap_or(question);
    Some((question, contexts))
}

/// The answer to a prompt: the sentence of the numbered contexts that shares most words with the question, and the number
/// of its context; without contexts, the question itself.
pub(super) fn answer(prompt: &str) -> String {
    let (question, contexts) = split(prompt).unwrap_or((prompt, ""));
    let asked: HashSet<String> = words(question).into_iter().collect();
    let shared =
        |sentence: &str| words(sentence).into_iter().filter(|word| asked.contains(word)).collect::<HashSet<_>>().len();
    let best = numbered(contexts)
        .into_iter()
        .flat_map(|(n, context)| sentences(context).map(move |sentence| (n, sentence)))
        .rev()
        .max_by_key(|(_, sentence)| shared(sentence));
    match best {
        Some((n, sentence)) => format!("{sentence} [{n}]"),
        None => format!("You asked: {}", question.trim()),
    }
}

/// Sentences and lines.
fn sentences(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.split_inclusive(". ").collect::<Vec<_>>())
        .map(str::trim)
        .filter(|s| !s.is_empty())
}

/// Contexts that begin with `[n]` at the start of a line.
fn numbered(text: &str) -> Vec<(usize, &str)> {
    let starts: Vec<(usize, usize, usize)> = text
        .match_indices("\n[")
        .filter_map(|(at, _)| {
            let rest = &text[at + 2..];
            let end = rest.find(']')?;
            Some((at, rest[..end].parse().ok()?, at + 2 + end + 1))
        })
        .collect();
    starts
        .iter()
        .enumerate()
        .map(|(n, &(_, number, from))| {
            let to = starts.get(n + 1).map_or(text.len(), |next| next.0);
            (number, text[from..to].trim())
        })
        .collect()
}

/// The answer in pieces, as a model would send its tokens.
pub(super) fn tokens(answer: &str) -> Vec<&str> {
    answer.split_inclusive(' ').collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn similar_texts_are_nearer_than_others() {
        let near = |a: &str, b: &str| embedding(a).iter().zip(embedding(b)).map(|(x, y)| x * y).sum::<f32>();
        let question = "How long are releases kept?";
        assert!(near(question, "Releases are kept for 30 days") > near(question, "Nobody may approve a voyage"));
        assert!((near(question, question) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn the_answer_quotes_the_context_that_fits_and_cites_it() {
        let prompt = "Question: How long are logs kept?\n\nContexts:\n\n[1] Ships sail.\n\n[2] Logs matter. Logs are kept for 9 days. Really.\n";
        assert_eq!(answer(prompt), "Logs are kept for 9 days. [2]");
    }

    #[test]
    fn a_follow_up_is_given_the_words_of_its_conversation() {
        let said = "<conversation>\nuser: How long are releases kept?\nassistant: 9 days\n</conversation>\n\n<follow_up>And snapshots?</follow_up>";
        assert_eq!(reply(&json!([{ "role": "user", "content": said }])), "And snapshots, about releases?");
        let german = "Frage: Wie lange?\n\nAuszüge:\n\n[1] Wie lange: 9 Tage.\n";
        assert_eq!(answer(german), "Wie lange: 9 Tage. [1]");
    }

    #[test]
    fn an_answer_that_broke_off_is_continued() {
        let asked = json!({ "role": "user", "content": "Question: How long?\n\nContexts:\n\n[1] How long: 9 days.\n" });
        let said = |text: &str| json!({ "role": "assistant", "content": text });
        let more = json!({ "role": "user", "content": "Go on." });
        assert_eq!(reply(&json!([asked])), "How long: 9 days. [1]");
        assert_eq!(reply(&json!([asked, said("How long: "), more])), "9 days. [1]");
        assert_eq!(reply(&json!([asked, said("Something else"), more])), "How long: 9 days. [1]");
        assert_eq!(reply(&json!([more])), "You asked: Go on.");
        assert_eq!(reply(&Value::Null), "You asked: ");
    }
}
