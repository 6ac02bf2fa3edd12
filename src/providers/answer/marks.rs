//! Marks of chat templates: a model that writes them goes on where its answer has ended.

/// Marks that end a turn or a text: what is before them is the whole answer.
const ENDS: [&str; 14] = [
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|end|>",
    "<|return|>",
    "<|endofprompt|>",
    "<end_of_turn>",
    "<|END_OF_TURN_TOKEN|>",
    "<｜end▁of▁sentence｜>",
    "</s>",
    "<eos>",
    "<|end_of_turn|>",
];

/// Marks that begin somebody's turn: a model that writes them plays all parts.
const STARTS: [&str; 16] = [
    "<|im_start|>",
    "<|start_header_id|>",
    "<|begin_of_text|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<|start|>",
    "<start_of_turn>",
    "<|START_OF_TURN_TOKEN|>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<bos>",
    "### Instruction:",
];

/// What a mark says about the text before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is whole.
    End,
    /// It is whole, and the model had begun to play somebody else.
    Start,
}

/// The marks that a question's text does not hold itself: documents may be about chat templates, and quoting them is right.
#[derive(Debug)]
pub(super) struct Marks {
    marks: Vec<(String, Mark)>,
    /// What they begin with: a text without any of these is passed over.
    firsts: Vec<char>,
    /// Bytes of the longest.
    longest: usize,
}

impl Marks {
    /// All that stand in none of these texts; the beginning of the instruction, which a model without a template repeats; and
    /// the number of a passage behind the last of `passages`: who writes that makes up further ones.
    pub(super) fn beside<'a>(
        texts: impl Iterator<Item = &'a str> + Clone,
        instruction: Option<&str>,
        passages: usize,
    ) -> Self {
        let ends = ENDS.iter().map(|mark| (*mark, Mark::End));
        let starts = STARTS.iter().map(|mark| (*mark, Mark::Start));
        let mut marks: Vec<(String, Mark)> = ends
            .chain(starts)
            .filter(|(mark, _)| !texts.clone().any(|text| text.contains(mark)))
            .map(|(mark, kind)| (mark.to_owned(), kind))
            .collect();
        let repeated = instruction.map(|text| text.chars().take(60).collect::<String>());
        marks.extend(repeated.filter(|text| text.chars().count() >= 30).map(|text| (text, Mark::Start)));
        let next = (passages > 0).then(|| format!("\n[{}] ", passages + 1));
        let next = next.filter(|next| !texts.clone().any(|text| text.contains(next)));
        marks.extend(next.map(|text| (text, Mark::Start)));
        let mut firsts: Vec<char> = marks.iter().filter_map(|(mark, _)| mark.chars().next()).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let longest = marks.iter().map(|(mark, _)| mark.len()).max().unwrap_or(0);
        Self { marks, firsts, longest }
    }

    /// The first mark in a text: where it starts and ends, and which it is.
    pub(super) fn find(&self, text: &str) -> Option<(usize, usize, Mark)> {
        text.find(&self.firsts[..])?;
        self.marks
            .iter()
            .filter_map(|(mark, kind)| text.find(mark).map(|start| (start, start + mark.len(), *kind)))
            .min_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)))
    }

    /// Bytes at the end of a text that may be the beginning of a mark.
    pub(super) fn possible(&self, text: &str) -> usize {
        let from = text.ceil_char_boundary(text.len().saturating_sub(self.longest));
        text[from..]
            .match_indices(&self.firsts[..])
            .map(|(at, _)| &text[from + at..])
            .find(|tail| self.marks.iter().any(|(mark, _)| mark.starts_with(tail)))
            .map_or(0, str::len)
    }
}
