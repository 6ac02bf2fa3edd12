//! What the words mean: where text goes, and what it is.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::damaged;
use crate::rag::extract::{ExtractError, Limits, Raw, Warning, blocks::Blocks, clean::squeeze, encoding::code_page};

/// Deepest nesting of groups. Programs write a few dozen levels.
const MAX_DEPTH: usize = 10_000;

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Body,
    /// Not part of the text.
    Nowhere,
    Fonts,
    Styles,
    /// What is said about the document, of which only the title is read.
    Info,
    Title,
    /// The number or sign before a list item.
    ListMark,
    Footnote,
}

/// What holds until the group ends.
#[derive(Debug, Clone, Copy)]
struct Group {
    target: Target,
    hidden: bool,
    font: i32,
    /// How many characters follow each `\u` for programs that do not know it.
    fallback: usize,
    /// Nothing of it was read yet.
    fresh: bool,
    /// A word `\*` began it.
    ignorable: bool,
    /// Where the Unicode version of a text goes, of which there are two: the other is passed over.
    versions: Option<Target>,
    paragraph: Paragraph,
}

/// The paragraph that is open.
#[derive(Debug, Default, Clone, Copy)]
struct Paragraph {
    in_table: bool,
    style: i32,
    outline: Option<usize>,
    level: usize,
}

pub(super) struct Document {
    blocks: Blocks,
    groups: Vec<Group>,
    group: Group,
    text: String,
    /// Bytes that are not decoded yet, all of one font.
    bytes: Vec<u8>,
    code_page: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    headings: HashMap<i32, usize>,
    /// The style that is being defined, and its name.
    style: (i32, String),
    mark: String,
    title: String,
    notes: Vec<String>,
    note: String,
    cell: String,
    row: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Characters still to be passed over after `\u`.
    passing: usize,
    /// The first half of a character outside the basic plane.
    surrogate: Option<u16>,
}

impl Document {
    pub fn new(limits: &Limits) -> Self {
        let group = Group {
            target: Target::Body,
            hidden: false,
            font: -1,
            fallback: 1,
            fresh: true,
            ignorable: false,
            versions: None,
            paragraph: Paragraph::default(),
        };
        Self {
            blocks: Blocks::new(limits),
            groups: Vec::new(),
            group,
            text: String::new(),
            bytes: Vec::new(),
            code_page: WINDOWS_1252,
            fonts: HashMap::new(),
            headings: HashMap::new(),
            style: (0, String::new()),
            mark: String::new(),
            title: String::new(),
            notes: Vec::new(),
            note: String::new(),
            cell: String::new(),
            row: Vec::new(),
            rows: Vec::new(),
            passing: 0,
            surrogate: None,
        }
    }

    pub fn open(&mut self) -> Result<(), ExtractError> {
        self.decode();
        if self.groups.len() >= MAX_DEPTH {
            return Err(damaged("its groups are nested more than 10000 deep"));
        }
        self.group.fresh = false;
        self.groups.push(self.group);
        self.group.fresh = true;
        if self.group.versions.is_some() {
            self.group.target = Target::Nowhere;
        }
        Ok(())
    }

    /// Ends a group; `false` when it was the outermost.
    pub fn close(&mut self) -> Result<bool, ExtractError> {
        self.decode();
        self.passing = 0;
        let ended = self.group.target;
        let Some(group) = self.groups.pop() else {
            return Err(damaged("it ends a group that never began"));
        };
        self.group = group;
        if ended == Target::Styles && self.group.target == Target::Styles {
            self.end_style();
        }
        if ended == Target::Footnote && self.group.target != Target::Footnote {
            self.notes.push(std::mem::take(&mut self.note));
        }
        Ok(!self.groups.is_empty())
    }

    /// In the middle of a group, it means nothing.
    pub fn ignorable(&mut self) {
        self.group.ignorable = std::mem::take(&mut self.group.fresh);
    }

    pub fn byte(&mut self, byte: u8) {
        if self.passing > 0 {
            self.passing -= 1;
            return;
        }
        if self.is_read() {
            self.bytes.push(byte);
        }
        self.group.fresh = false;
        self.group.ignorable = false;
    }

    pub fn char(&mut self, c: char) {
        if self.passing > 0 {
            self.passing -= 1;
            return;
        }
        self.decode();
        self.push(c.encode_utf8(&mut [0; 4]));
    }

    fn is_read(&self) -> bool {
        !self.group.hidden && !matches!(self.group.target, Target::Nowhere | Target::Info | Target::Fonts)
    }

    /// Takes in the bytes that were collected.
    fn decode(&mut self) {
        if !self.bytes.is_empty() {
            let encoding = self.fonts.get(&self.group.font).copied().unwrap_or(self.code_page);
            let bytes = std::mem::take(&mut self.bytes);
            let (text, _) = encoding.decode_without_bom_handling(&bytes);
            self.push(&text);
        }
    }

    fn push(&mut self, text: &str) {
        if !self.is_read() {
            return;
        }
        match self.group.target {
            Target::Body => self.text.push_str(text),
            Target::Title => self.title.push_str(text),
            Target::ListMark => self.mark.push_str(text),
            Target::Footnote => self.note.push_str(text),
            Target::Styles => self.style.1.push_str(text),
            Target::Nowhere | Target::Info | Target::Fonts => {}
        }
    }

    pub fn word(&mut self, word: &str, number: Option<i32>) -> Result<(), ExtractError> {
        let value = number.unwrap_or(0);
        self.group.fresh = false;
        if word == "u" {
            self.unicode(value);
            return Ok(());
        }
        if self.passing > 0 {
            self.passing -= 1;
        }
        self.decode();
        let ignorable = std::mem::take(&mut self.group.ignorable);
        if self.destination(word, ignorable) {
            return Ok(());
        }
        match word {
            "ansicpg" => self.code_page = u16::try_from(value).ok().and_then(code_page).unwrap_or(self.code_page),
            "mac" => self.code_page = code_page(10_000).unwrap_or(self.code_page),
            "f" => self.group.font = value,
            "fcharset" if self.group.target == Target::Fonts => {
                if let Some(encoding) = charset(value) {
                    self.fonts.insert(self.group.font, encoding);
                }
            }
            "uc" => self.group.fallback = usize::try_from(value).unwrap_or(0).min(16),
            "plain" => self.group.hidden = false,
            // Hidden, and deleted by somebody whose changes are not accepted yet.
            "v" | "deleted" => self.group.hidden = number != Some(0),
            "s" if self.group.target == Target::Styles => self.style.0 = value,
            "s" => self.group.paragraph.style = value,
            "outlinelevel" => self.outline(value),
            "ilvl" => self.group.paragraph.level = usize::try_from(value).unwrap_or(0),
            "intbl" => self.group.paragraph.in_table = true,
            "pard" => self.group.paragraph = Paragraph::default(),
            "par" | "sect" | "page" => self.end_paragraph()?,
            "cell" => self.end_cell(),
            "row" => self.end_row(),
            "nestcell" | "nestrow" => self.push(" "),
            "line" | "lbr" => self.push("\n"),
            "tab" => self.push("\t"),
            _ => {
                if let Some(text) = symbol(word) {
                    self.push(text);
                }
            }
        }
        Ok(())
    }

    fn unicode(&mut self, value: i32) {
        self.passing = 0;
        self.decode();
        self.group.ignorable = false;
        // Numbers above 32767 are written as negative ones.
        let unit = value as u16;
        let c = match (self.surrogate.take(), unit) {
            (_, 0xD800..=0xDBFF) => {
                self.surrogate = Some(unit);
                None
            }
            (Some(high), 0xDC00..=0xDFFF) => char::decode_utf16([high, unit]).next().and_then(Result::ok),
            _ => char::from_u32(unit.into()),
        };
        if let Some(c) = c {
            self.push(c.encode_utf8(&mut [0; 4]));
        }
        self.passing = self.group.fallback;
    }

    /// A word that says where the text of its group goes; whether it is one.
    fn destination(&mut self, word: &str, ignorable: bool) -> bool {
        if word == "upr" {
            self.group.versions = Some(self.group.target);
            return true;
        }
        if let ("ud", Some(target)) = (word, self.group.versions) {
            self.group.versions = None;
            self.group.target = target;
            return true;
        }
        if self.group.target == Target::Nowhere {
            return false;
        }
        let target = match word {
            "fonttbl" => Target::Fonts,
            "stylesheet" => Target::Styles,
            "title" if self.group.target == Target::Info => Target::Title,
            "listtext" | "pntext" => Target::ListMark,
            "footnote" => Target::Footnote,
            // Text in a drawing.
            "shpinst" | "shptxt" | "shp" => return true,
            "info" => Target::Info,
            "colortbl" | "pict" | "object" | "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl"
            | "footerr" | "footerf" | "annotation" | "atnid" | "atnauthor" | "fldinst" | "filetbl" | "revtbl"
            | "nonesttables" | "sp" | "xe" | "tc" | "bkmkstart" | "bkmkend" | "themedata" | "datastore"
            | "nonshppict" => Target::Nowhere,
            _ if ignorable => Target::Nowhere,
            _ => return false,
        };
        self.group.target = target;
        true
    }

    fn outline(&mut self, value: i32) {
        let level = usize::try_from(value).ok().filter(|level| *level < 9).map(|level| level + 1);
        match (self.group.target, level) {
            (Target::Styles, Some(level)) => drop(self.headings.insert(self.style.0, level)),
            (_, level) => self.group.paragraph.outline = level,
        }
    }

    /// A style is defined: headings are known by their names where they have no level.
    fn end_style(&mut self) {
        let (number, name) = std::mem::take(&mut self.style);
        let name = name.trim().trim_end_matches(';').to_ascii_lowercase();
        let level = name.strip_prefix("heading ").and_then(|level| level.trim().parse().ok());
        if let Some(level @ 1..=9) = level {
            self.headings.entry(number).or_insert(level);
        }
    }

    fn end_paragraph(&mut self) -> Result<(), ExtractError> {
        match self.group.target {
            Target::Body => {}
            Target::Footnote => {
                self.note.push('\n');
                return Ok(());
            }
            _ => return Ok(()),
        }
        let text = std::mem::take(&mut self.text);
        let mark = squeeze(&std::mem::take(&mut self.mark));
        if self.group.paragraph.in_table {
            self.cell.push_str(&format!(" {mark} {text}"));
            return Ok(());
        }
        self.end_table()?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let level = self.group.paragraph.outline.or_else(|| self.headings.get(&self.group.paragraph.style).copied());
        if let Some(level) = level {
            return self.blocks.heading(level, &format!("{mark} {text}"));
        }
        let digits = mark.trim_end_matches(['.', ')']);
        let is_number =
            !digits.is_empty() && digits.len() < mark.len() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match mark.as_str() {
            "" => self.blocks.paragraph(&text),
            _ if is_number => self.blocks.list_item(self.group.paragraph.level, &mark, &text),
            mark if mark.chars().count() == 1 && !mark.contains(char::is_alphanumeric) => {
                self.blocks.list_item(self.group.paragraph.level, "-", &text)
            }
            mark => self.blocks.paragraph(&format!("{mark} {text}")),
        }
    }

    fn end_cell(&mut self) {
        let mark = std::mem::take(&mut self.mark);
        let text = std::mem::take(&mut self.text);
        self.cell.push_str(&format!(" {mark} {text}"));
        self.row.push(squeeze(&std::mem::take(&mut self.cell)));
    }

    fn end_row(&mut self) {
        if !self.row.is_empty() {
            self.rows.push(std::mem::take(&mut self.row));
        }
    }

    fn end_table(&mut self) -> Result<(), ExtractError> {
        self.end_row();
        let cell = std::mem::take(&mut self.cell);
        self.blocks.table(&std::mem::take(&mut self.rows))?;
        // A paragraph that was in a table which never had a cell.
        self.blocks.paragraph(&cell)
    }

    pub fn finish(mut self) -> Result<Raw, ExtractError> {
        self.decode();
        let is_cut = !self.groups.is_empty();
        self.group.target = Target::Body;
        self.end_paragraph()?;
        self.end_table()?;
        for note in std::mem::take(&mut self.notes) {
            self.blocks.paragraph(&note)?;
        }
        let (text, heading) = self.blocks.finish();
        let title = squeeze(&self.title);
        Ok(Raw {
            text,
            title: Some(title).filter(|title| !title.is_empty()).or(heading),
            warnings: is_cut.then_some(Warning::EndsInTheMiddle).into_iter().collect(),
            ..Raw::default()
        })
    }
}

/// Words that stand for characters.
fn symbol(word: &str) -> Option<&'static str> {
    Some(match word {
        "emdash" => "—",
        "endash" => "–",
        "lquote" => "‘",
        "rquote" => "’",
        "ldblquote" => "“",
        "rdblquote" => "”",
        "bullet" => "•",
        "emspace" | "enspace" | "qmspace" => " ",
        _ => return None,
    })
}

/// The encoding of a font's character set.
fn charset(number: i32) -> Option<&'static Encoding> {
    code_page(match number {
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}
