//! Cuts a text into chunks that fit a prompt and still make sense alone.
//!
//! The splitter prefers the strongest boundary that fits: headings and blocks of Markdown, paragraphs, sentences, words,
//! graphemes. Neighbouring chunks overlap, so that a sentence at a boundary is whole in one of them. Pieces of a table carry
//! its header row (see `tables`).

mod tables;

use std::{borrow::Cow, ops::Range};

use tables::{Table, chars, trimmed};
use text_splitter::{Characters, ChunkConfig, ChunkConfigError, MarkdownSplitter, TextSplitter};

use crate::domain::ChunkSizes;

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
pub struct InvalidChunkSizes {
    size: usize,
    overlap: usize,
    source: ChunkConfigError,
}

/// One chunk: a range of the text, and what belongs before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// The header row of the table that the range is a piece of.
    pub header: Option<Range<usize>>,
}

impl Piece {
    /// What is stored and searched: the range, below its header row.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let own = &text[self.range.clone()];
        match &self.header {
            Some(header) => format!("{}\n{own}", &text[header.clone()]).into(),
            None => own.into(),
        }
    }
}

/// Tables of a Markdown text.
pub fn table_count(text: &str) -> usize {
    tables::find(text).len()
}

/// Cuts texts. Cheap to make, meant to be made once per ingestion.
pub struct Chunker {
    plain: TextSplitter<Characters>,
    markdown: MarkdownSplitter<Characters>,
    size: usize,
}

/// How often the text between long tables is looked through for tables that it tears apart.
const MAX_ROUNDS: usize = 3;

impl Chunker {
    /// A chunker for these sizes.
    ///
    /// # Errors
    /// [`InvalidChunkSizes`] when the overlap is not smaller than the size.
    pub fn new(params: ChunkSizes) -> Result<Self, InvalidChunkSizes> {
        let config = || {
            ChunkConfig::new(params.size).with_overlap(params.overlap).map_err(|source| InvalidChunkSizes {
                size: params.size,
                overlap: params.overlap,
                source,
            })
        };
        let (plain, markdown) = (TextSplitter::new(config()?), MarkdownSplitter::new(config()?));
        Ok(Self { plain, markdown, size: params.size })
    }

    /// The chunks, in order. White space at their edges is left out; everything else is in at least one chunk. Boundaries
    /// fall on graphemes, unless a single grapheme is larger than a chunk.
    pub fn split(&self, text: &str, structure: Structure) -> Vec<Piece> {
        match structure {
            Structure::Plain => self.plain.chunk_indices(text).map(|(start, chunk)| piece(start, chunk)).collect(),
            Structure::Markdown => {
                let mut pieces = Vec::new();
                self.split_between(text, 0..text.len(), &tables::find(text), MAX_ROUNDS, &mut pieces);
                pieces
            }
        }
    }

    /// Cuts a part of a Markdown text that has these tables.
    fn split_between(&self, text: &str, range: Range<usize>, tables: &[Table], rounds: usize, out: &mut Vec<Piece>) {
        let is_long = |table: &&Table| rounds == 0 || chars(text, table.range.clone()) > self.size;
        let mut torn: Vec<&Table> = tables.iter().filter(is_long).collect();
        if torn.is_empty() {
            let cut = self.markdown.chunk_indices(&text[range.clone()]);
            let mut pieces: Vec<Piece> = cut.map(|(start, chunk)| piece(range.start + start, chunk)).collect();
            let is_whole = |table: &Table| {
                let at = pieces.partition_point(|piece| piece.range.end < table.range.end);
                pieces[at..]
                    .iter()
                    .take(2)
                    .any(|piece| piece.range.start <= table.range.start && table.range.end <= piece.range.end)
            };
            torn.extend(tables.iter().filter(|table| !is_whole(table)));
            if torn.is_empty() {
                pieces.retain_mut(|piece| starts_outside(text, piece, tables));
                out.append(&mut pieces);
                return;
            }
        }
        let mut at = range.start;
        for table in torn {
            self.split_text(text, at..table.range.start, tables, rounds, out);
            let lead = out.last().filter(|last| {
                last.range.start >= at && last.header.is_none() && chars(text, last.range.clone()) * 4 <= self.size
            });
            let lead = lead.map(|last| last.range.start);
            let (pieces, took_lead) = table.pieces(text, self.size, lead, |row, size| split_row(text, row, size));
            if took_lead {
                out.pop();
            }
            out.extend(pieces);
            at = table.range.end;
        }
        self.split_text(text, at..range.end, tables, rounds, out);
    }

    /// Cuts what stands between long tables.
    fn split_text(&self, text: &str, range: Range<usize>, tables: &[Table], rounds: usize, out: &mut Vec<Piece>) {
        let range = trimmed(text, range);
        if text[range.clone()].trim().is_empty() {
            return;
        }
        let from = tables.partition_point(|table| table.range.start < range.start);
        let to = tables.partition_point(|table| table.range.start < range.end);
        self.split_between(text, range, &tables[from..to.max(from)], rounds.saturating_sub(1), out);
    }
}

fn piece(start: usize, chunk: &str) -> Piece {
    Piece { range: start..start + chunk.len(), header: None }
}

/// Moves the start of a chunk that repeats the end of a table behind that table: the chunk before has it whole. Whether there
/// is something left.
fn starts_outside(text: &str, piece: &mut Piece, tables: &[Table]) -> bool {
    let at = tables.partition_point(|table| table.range.end <= piece.range.start);
    if let Some(table) = tables.get(at)
        && table.range.start < piece.range.start
    {
        let rest = text.get(table.range.end..piece.range.end).unwrap_or_default();
        piece.range.start = piece.range.end - rest.trim_start().len();
    }
    !piece.range.is_empty()
}

/// Cuts a row that is longer than a chunk.
fn split_row(text: &str, row: Range<usize>, size: usize) -> Vec<Range<usize>> {
    let splitter = TextSplitter::new(ChunkConfig::new(size.max(1)));
    splitter
        .chunk_indices(&text[row.clone()])
        .map(|(start, chunk)| row.start + start..row.start + start + chunk.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    use super::*;

    fn chunker(size: usize, overlap: usize) -> Chunker {
        Chunker::new(ChunkSizes { size, overlap }).unwrap()
    }

    #[test]
    fn a_short_text_is_one_chunk() {
        let text = "One sentence.";
        let chunks = chunker(800, 120).split(text, Structure::Plain);
        assert_eq!(chunks.iter().map(|piece| piece.text(text)).collect::<Vec<_>>(), [text]);
    }

    #[test]
    fn white_space_alone_is_no_chunk() {
        assert!(chunker(800, 120).split(" \n\n\t ", Structure::Plain).is_empty());
    }

    #[test]
    fn a_heading_starts_a_chunk_with_its_section() {
        let text = "# One\n\nThe first section has some words.\n\n# Two\n\nThe second section has others.\n";
        let chunks: Vec<_> =
            chunker(60, 0).split(text, Structure::Markdown).into_iter().map(|piece| piece.text(text)).collect();
        assert_eq!(chunks, ["# One\n\nThe first section has some words.", "# Two\n\nThe second section has others."]);
    }

    #[test]
    fn sentences_stay_whole_where_they_fit() {
        let text = "The first sentence is here. The second one follows it. The third one ends it.";
        for piece in chunker(40, 0).split(text, Structure::Plain) {
            assert!(piece.text(text).ends_with('.'), "{:?}", piece.text(text));
        }
    }

    #[test]
    fn neighbours_overlap() {
        let text = "Words that go on and on without any end to them ".repeat(20);
        let ranges = chunker(100, 30).split(&text, Structure::Plain);
        assert!(ranges.windows(2).all(|pair| pair[1].range.start < pair[0].range.end), "{ranges:?}");
    }

    fn parts_list(rows: usize) -> String {
        let rows: String = (0..rows).map(|n| format!("| PN-{n} | {} | shelf {n} |\n", n * 3 + 7)).collect();
        format!("## Spare parts\n\n| Part | Price | Place |\n| --- | --- | --- |\n{rows}")
    }

    #[test]
    fn every_piece_of_a_table_has_the_header_once() {
        let text = format!("{}\nAll prices in euros.\n", parts_list(60));
        let pieces = chunker(200, 40).split(&text, Structure::Markdown);
        let chunks: Vec<_> = pieces.iter().map(|piece| piece.text(&text)).collect();
        assert!(
            chunks[0].starts_with("## Spare parts\n\n| Part | Price | Place |\n| --- | --- | --- |\n| PN-0 |"),
            "{}",
            chunks[0]
        );
        for chunk in &chunks[..chunks.len() - 1] {
            assert_eq!(chunk.matches("| Part | Price | Place |").count(), 1, "{chunk}");
            assert!(chunk.contains("| PN-") && chunk.ends_with('|') && chunk.chars().count() <= 200, "{chunk}");
        }
        assert_eq!(chunks.last().map(|last| &**last), Some("All prices in euros."));
        for n in 0..60 {
            assert_eq!(chunks.iter().filter(|chunk| chunk.contains(&format!("| PN-{n} |"))).count(), 1, "row {n}");
        }
    }

    #[test]
    fn a_table_that_fits_is_whole_and_not_repeated_in_part() {
        let text = format!("{}\n{}", parts_list(4), "Words that follow the table and go on for a while. ".repeat(12));
        let pieces = chunker(300, 150).split(&text, Structure::Markdown);
        let with_rows: Vec<_> = pieces.iter().filter(|piece| piece.text(&text).contains("PN-")).collect();
        assert_eq!(with_rows.len(), 1, "{with_rows:?}");
        assert!(pieces.iter().all(|piece| piece.header.is_none()));
    }

    #[test]
    fn rows_longer_than_a_chunk_are_cut_below_the_header() {
        let text = format!("| Name | Notes |\n| --- | --- |\n| a | {} |\n| b | short |\n", "word ".repeat(60));
        let pieces = chunker(120, 0).split(&text, Structure::Markdown);
        for piece in &pieces {
            let chunk = piece.text(&text);
            assert!(chunk.starts_with("| Name | Notes |") && chunk.chars().count() <= 120, "{chunk}");
        }
        assert!(pieces.len() > 3);
    }

    #[test]
    fn an_overlap_as_large_as_the_chunk_is_refused() {
        let Err(error) = Chunker::new(ChunkSizes { size: 100, overlap: 100 }) else { panic!("accepted") };
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
            1 => (1usize..20).prop_map(|rows| format!("\n\n| Key | Value |\n| --- | --- |\n{}", "| some key | some value |\n".repeat(rows))),
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
            let pieces = chunker(size, size * overlap_percent / 100).split(&text, structure);

            let mut covered = 0;
            for piece in &pieces {
                let chunk = piece.text(&text);
                prop_assert!(chunk.chars().count() <= size, "{} characters", chunk.chars().count());
                prop_assert!(!text[piece.range.clone()].trim().is_empty());
                // A header is in the text of the pieces below it.
                let start = piece.header.as_ref().map_or(piece.range.start, |header| header.start.max(covered).min(piece.range.start));
                if start > covered {
                    let gap = &text[covered..start];
                    prop_assert!(gap.trim().is_empty(), "lost {gap:?}");
                }
                covered = covered.max(piece.range.end);
            }
            prop_assert!(text[covered..].trim().is_empty(), "lost {:?}", &text[covered..]);

            let boundaries: std::collections::HashSet<usize> =
                text.grapheme_indices(true).map(|(index, _)| index).chain([text.len()]).collect();
            for Piece { range, .. } in &pieces {
                prop_assert!(boundaries.contains(&range.start), "starts inside a grapheme");
                prop_assert!(boundaries.contains(&range.end), "ends inside a grapheme");
            }
        }
    }
}
