//! Cuts a text into chunks that fit a prompt and still make sense alone.
//!
//! The splitter prefers the strongest boundary that fits: headings and blocks of Markdown, paragraphs, sentences, words,
//! graphemes. Neighbouring chunks overlap, so that a sentence at a boundary is whole in one of them.

use std::ops::Range;

use text_splitter::{Characters, ChunkConfig, ChunkConfigError, MarkdownSplitter, TextSplitter};

/// How large chunks are, in characters (Unicode scalar values).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkParams {
    /// Upper bound of a chunk.
    pub size: usize,
    /// How much of a chunk may be repeated at the start of the next; less than `size`.
    pub overlap: usize,
}

impl Default for ChunkParams {
    fn default() -> Self {
        Self { size: 800, overlap: 120 }
    }
}

/// What the text's structure looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// Paragraphs and sentences.
    Plain,
    /// Markdown: headings, lists, tables and code blocks are respected, too.
    Markdown,
}

/// Chunk sizes that cannot be: the overlap is not smaller than the size, or the size is 0.
#[derive(Debug, thiserror::Error)]
#[error("chunk size {size} with overlap {overlap} is impossible: {source}")]
pub struct InvalidChunkParams {
    size: usize,
    overlap: usize,
    source: ChunkConfigError,
}

/// Cuts texts. Cheap to make, meant to be made once per ingestion.
pub struct Chunker {
    plain: TextSplitter<Characters>,
    markdown: MarkdownSplitter<Characters>,
}

impl Chunker {
    /// A chunker for these sizes.
    ///
    /// # Errors
    /// [`InvalidChunkParams`] when the overlap is not smaller than the size.
    pub fn new(params: ChunkParams) -> Result<Self, InvalidChunkParams> {
        let config = || {
            ChunkConfig::new(params.size).with_overlap(params.overlap).map_err(|source| InvalidChunkParams {
                size: params.size,
                overlap: params.overlap,
                source,
            })
        };
        Ok(Self { plain: TextSplitter::new(config()?), markdown: MarkdownSplitter::new(config()?) })
    }

    /// Byte ranges of the chunks, in order. White space at their edges is left out; everything else is in at least one
    /// chunk. Boundaries fall on graphemes, unless a single grapheme is larger than a chunk.
    pub fn split(&self, text: &str, structure: Structure) -> Vec<Range<usize>> {
        let range = |(start, chunk): (usize, &str)| start..start + chunk.len();
        match structure {
            Structure::Plain => self.plain.chunk_indices(text).map(range).collect(),
            Structure::Markdown => self.markdown.chunk_indices(text).map(range).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    use super::*;

    fn chunker(size: usize, overlap: usize) -> Chunker {
        Chunker::new(ChunkParams { size, overlap }).unwrap()
    }

    #[test]
    fn a_short_text_is_one_chunk() {
        let text = "One sentence.";
        let chunks = chunker(800, 120).split(text, Structure::Plain);
        assert_eq!(chunks.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>(), [text]);
    }

    #[test]
    fn white_space_alone_is_no_chunk() {
        assert!(chunker(800, 120).split(" \n\n\t ", Structure::Plain).is_empty());
    }

    #[test]
    fn a_heading_starts_a_chunk_with_its_section() {
        let text = "# One\n\nThe first section has some words.\n\n# Two\n\nThe second section has others.\n";
        let chunks: Vec<&str> =
            chunker(60, 0).split(text, Structure::Markdown).into_iter().map(|range| &text[range]).collect();
        assert_eq!(chunks, ["# One\n\nThe first section has some words.", "# Two\n\nThe second section has others."]);
    }

    #[test]
    fn sentences_stay_whole_where_they_fit() {
        let text = "The first sentence is here. The second one follows it. The third one ends it.";
        for range in chunker(40, 0).split(text, Structure::Plain) {
            assert!(text[range.clone()].ends_with('.'), "{:?}", &text[range]);
        }
    }

    #[test]
    fn neighbours_overlap() {
        let text = "Words that go on and on without any end to them ".repeat(20);
        let ranges = chunker(100, 30).split(&text, Structure::Plain);
        assert!(ranges.windows(2).all(|pair| pair[1].start < pair[0].end), "{ranges:?}");
    }

    #[test]
    fn an_overlap_as_large_as_the_chunk_is_refused() {
        let Err(error) = Chunker::new(ChunkParams { size: 100, overlap: 100 }) else { panic!("accepted") };
        assert!(error.to_string().contains("size 100 with overlap 100"), "{error}");
    }

    /// Texts with paragraphs, headings, several scripts, combining marks and emoji sequences.
    fn text() -> impl Strategy<Value = String> {
        let atom = prop_oneof![
            6 => "[a-zäöü]{1,12}",
            1 => "[A-Z][a-z]{2,8}[.!?]",
            1 => Just("\n\n".to_owned()),
            1 => Just("\n# ".to_owned()),
            1 => Just("\n- ".to_owned()),
            1 => Just("今日は天気がいい。".to_owned()),
            1 => Just("Tiếng Việt e\u{301}a\u{308}".to_owned()),
            1 => Just("👩‍👩‍👧‍👦🇻🇳".to_owned()),
            1 => Just("\r\n".to_owned()),
        ];
        prop::collection::vec(atom, 0..120).prop_map(|atoms| atoms.join(" "))
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_bound_holds(
            text in text(),
            size in 20usize..300,
            overlap_percent in 0usize..50,
            markdown: bool,
        ) {
            let structure = if markdown { Structure::Markdown } else { Structure::Plain };
            let ranges = chunker(size, size * overlap_percent / 100).split(&text, structure);

            let mut covered = 0;
            for range in &ranges {
                let chunk = &text[range.clone()];
                prop_assert!(chunk.chars().count() <= size, "{} characters", chunk.chars().count());
                prop_assert!(!chunk.trim().is_empty());
                if range.start > covered {
                    let gap = &text[covered..range.start];
                    prop_assert!(gap.trim().is_empty(), "lost {gap:?}");
                }
                covered = covered.max(range.end);
            }
            prop_assert!(text[covered..].trim().is_empty(), "lost {:?}", &text[covered..]);

            let boundaries: std::collections::HashSet<usize> =
                text.grapheme_indices(true).map(|(index, _)| index).chain([text.len()]).collect();
            for range in &ranges {
                prop_assert!(boundaries.contains(&range.start), "starts inside a grapheme");
                prop_assert!(boundaries.contains(&range.end), "ends inside a grapheme");
            }
        }
    }
}
