//! XLS → Markdown: the workbooks of Excel 5 to 2003, a compound file with one stream of records. Those of Excel 5 and 95 have
//! texts in the encoding of the machine that wrote them.

use std::io::{Cursor, Read};

use encoding_rs::{Encoding, WINDOWS_1252};

use super::{
    Sheet, Styles, Workbook, compressed_number, error_text,
    records::{Record, decode},
    truth,
};
use crate::rag::extract::{
    ExtractError, Limits, Raw,
    blocks::Blocks,
    encoding::code_page,
    format::FormatReader,
    sandbox::{self, Deadline},
};

const FORMAT: &str = "XLS";

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader = FormatReader {
    name: "xls",
    extensions: &["xls", "xlt"],
    structured: true,
    is_text: false,
    // The compound file's reader looks at no clock.
    read: |bytes, limits, deadline| {
        let (bytes, limits) = (bytes.to_vec(), limits.clone());
        sandbox::run_bounded(FORMAT, deadline, move || extract(&bytes, &limits, deadline))
    },
};

// Kinds of records ([MS-XLS] 2.3).
const FORMULA: u16 = 0x0006;
const END: u16 = 0x000A;
const DATE_MODE: u16 = 0x0022;
const PASSWORD: u16 = 0x002F;
const CONTINUE: u16 = 0x003C;
const CODE_PAGE: u16 = 0x0042;
const SHEET: u16 = 0x0085;
const NUMBERS: u16 = 0x00BD;
const RICH_LABEL: u16 = 0x00D6;
const STYLE: u16 = 0x00E0;
const MERGES: u16 = 0x00E5;
const STRINGS: u16 = 0x00FC;
const SHARED_STRING: u16 = 0x00FD;
const NUMBER: u16 = 0x0203;
const LABEL: u16 = 0x0204;
const TRUTH: u16 = 0x0205;
const FORMULA_STRING: u16 = 0x0207;
const SHORT_NUMBER: u16 = 0x027E;
const NUMBER_FORMAT: u16 = 0x041E;
const BEGIN: u16 = 0x0809;

/// The text of a workbook.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
    let stream = file.open_stream("/Workbook").or_else(|_| file.open_stream("/Book"));
    let stream = stream.map_err(|_| damaged("it holds no workbook".to_owned()))?;
    let mut content = Vec::new();
    let limit = limits.max_unpacked_bytes;
    stream.take(limit.saturating_add(1)).read_to_end(&mut content).map_err(|error| damaged(error.to_string()))?;
    if content.len() as u64 > limit {
        return Err(ExtractError::Bomb { limit });
    }
    let mut book = Book::default();
    book.read_globals(&content, deadline)?;
    let mut text = Workbook::new(Blocks::new(limits));
    for entry in std::mem::take(&mut book.sheets) {
        if !entry.is_worksheet {
            continue;
        }
        if entry.hidden {
            text.skip_hidden();
            continue;
        }
        text.add(&entry.name, book.read_sheet(&content, entry.start, limits, deadline)?, deadline)?;
    }
    let (text, warnings) = text.finish();
    Ok(Raw { text, title: None, warnings, ..Raw::default() })
}

/// A sheet as the workbook lists it.
struct Entry {
    start: usize,
    hidden: bool,
    is_worksheet: bool,
    name: String,
}

/// What holds for all sheets.
#[derive(Default)]
struct Book {
    styles: Styles,
    strings: Vec<String>,
    sheets: Vec<Entry>,
    texts: Texts,
}

/// How texts are written.
#[derive(Clone, Copy, Default)]
enum Texts {
    /// In 16 bits or their lower halves, as a byte before them says.
    #[default]
    Unicode,
    /// In this encoding.
    Encoded(&'static Encoding),
}

impl Book {
    fn read_globals(&mut self, content: &[u8], deadline: Deadline) -> Result<(), ExtractError> {
        let mut strings: Vec<&[u8]> = Vec::new();
        let mut in_strings = false;
        each(content, 0, deadline, |kind, bytes| {
            let mut record = Record::new(bytes);
            in_strings = kind == STRINGS || in_strings && kind == CONTINUE;
            match kind {
                PASSWORD => return Err(ExtractError::Encrypted),
                // The version is that of Excel 5 and 95.
                BEGIN if record.u16() == Some(0x0500) => self.texts = Texts::Encoded(WINDOWS_1252),
                CODE_PAGE => {
                    if let (Texts::Encoded(_), Some(encoding)) = (self.texts, record.u16().and_then(code_page)) {
                        self.texts = Texts::Encoded(encoding);
                    }
                }
                DATE_MODE => self.styles.is_1904 = record.u16() == Some(1),
                NUMBER_FORMAT => {
                    if let (Some(id), Some(code)) = (record.u16(), self.text(&mut record, self.is_unicode())) {
                        self.styles.codes.insert(id.into(), code);
                    }
                }
                STYLE => {
                    record.u16();
                    self.styles.cells.push(record.u16().unwrap_or(0).into());
                }
                SHEET => self.sheets.extend(self.entry(&mut record)),
                _ if in_strings => strings.push(bytes),
                _ => {}
            }
            Ok(kind != END)
        })?;
        self.strings = shared_strings(&strings, deadline)?;
        Ok(())
    }

    fn read_sheet(
        &mut self,
        content: &[u8],
        start: usize,
        limits: &Limits,
        deadline: Deadline,
    ) -> Result<Sheet, ExtractError> {
        let mut sheet = Sheet::new(limits);
        // A chart in a sheet is a stream of its own, in which records mean other things.
        let mut depth = 0_usize;
        let mut waiting: Option<(u32, u32)> = None;
        each(content, start, deadline, |kind, bytes| {
            match kind {
                BEGIN => depth += 1,
                END => depth = depth.saturating_sub(1),
                FORMULA_STRING if depth == 1 => {
                    if let (Some((row, column)), Some(shown)) =
                        (waiting.take(), self.text(&mut Record::new(bytes), true))
                    {
                        sheet.text(row, column, shown)?;
                    }
                }
                MERGES if depth == 1 => merges(&mut sheet, Record::new(bytes)),
                kind if depth == 1 => {
                    if let Some(place) = self.put(&mut sheet, kind, Record::new(bytes))? {
                        waiting = Some(place);
                    }
                }
                _ => {}
            }
            Ok(depth > 0)
        })?;
        Ok(sheet)
    }

    fn is_unicode(&self) -> bool {
        matches!(self.texts, Texts::Unicode)
    }

    /// A text behind its length in 16 bits, or in 8.
    fn text(&self, record: &mut Record<'_>, long: bool) -> Option<String> {
        let count = if long { usize::from(record.u16()?) } else { usize::from(record.u8()?) };
        let Texts::Unicode = self.texts else {
            let bytes = record.bytes(count.min(record.len()))?;
            return Some(self.decoded(bytes));
        };
        let flags = record.u8()?;
        if flags & 8 != 0 {
            record.u16()?;
        }
        if flags & 4 != 0 {
            record.u32()?;
        }
        let wide = flags & 1 != 0;
        // What does not fit a record is continued in the next; cells of that length have shared strings.
        let fitting = if wide { record.len() / 2 } else { record.len() };
        record.chars(count.min(fitting), wide)
    }

    fn decoded(&self, bytes: &[u8]) -> String {
        match self.texts {
            Texts::Unicode => decode(bytes, false),
            Texts::Encoded(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        }
    }

    fn entry(&self, record: &mut Record<'_>) -> Option<Entry> {
        let start = record.u32()? as usize;
        let hidden = record.u8()? & 3 != 0;
        let is_worksheet = record.u8()? == 0;
        let name = self.text(record, false)?;
        Some(Entry { start, hidden, is_worksheet, name })
    }

    /// Puts what a record says into its cells. The place of a formula whose value is the text in a record that follows.
    fn put(
        &mut self,
        sheet: &mut Sheet,
        kind: u16,
        mut record: Record<'_>,
    ) -> Result<Option<(u32, u32)>, ExtractError> {
        if !matches!(kind, FORMULA | NUMBERS | SHARED_STRING | NUMBER | LABEL | RICH_LABEL | TRUTH | SHORT_NUMBER) {
            return Ok(None);
        }
        let (Some(row), Some(column)) = (record.u16().map(u32::from), record.u16().map(u32::from)) else {
            return Ok(None);
        };
        if kind == NUMBERS {
            let mut column = column;
            while let (true, Some(style), Some(bits)) = (record.len() >= 8, record.u16(), record.u32()) {
                sheet.value(row, column, self.styles.show(style.into(), compressed_number(bits)))?;
                column += 1;
            }
            return Ok(None);
        }
        let style = usize::from(record.u16().unwrap_or(0));
        match kind {
            SHARED_STRING => {
                let string = record.u32().and_then(|index| self.strings.get(index as usize));
                sheet.text(row, column, string.cloned().unwrap_or_default())?;
            }
            LABEL | RICH_LABEL => sheet.text(row, column, self.text(&mut record, true).unwrap_or_default())?,
            SHORT_NUMBER => {
                if let Some(bits) = record.u32() {
                    sheet.value(row, column, self.styles.show(style, compressed_number(bits)))?;
                }
            }
            NUMBER => {
                if let Some(value) = record.f64() {
                    sheet.value(row, column, self.styles.show(style, value))?;
                }
            }
            TRUTH => {
                if let (Some(value), Some(is_error)) = (record.u8(), record.u8()) {
                    let shown = if is_error == 0 { truth(value != 0) } else { error_text(value) };
                    sheet.value(row, column, shown.to_owned())?;
                }
            }
            _ => match record.bytes(8) {
                Some([0, .., 0xFF, 0xFF]) => return Ok(Some((row, column))),
                Some([1, _, value, .., 0xFF, 0xFF]) => sheet.value(row, column, truth(*value != 0).to_owned())?,
                Some([2, _, value, .., 0xFF, 0xFF]) => sheet.value(row, column, error_text(*value).to_owned())?,
                Some([_, .., 0xFF, 0xFF]) | None => {}
                Some(bytes) => {
                    if let Some(value) = Record::new(bytes).f64() {
                        sheet.value(row, column, self.styles.show(style, value))?;
                    }
                }
            },
        }
        Ok(None)
    }
}

fn merges(sheet: &mut Sheet, mut record: Record<'_>) {
    record.u16();
    while let (Some(first), Some(last), Some(left), Some(right)) =
        (record.u16(), record.u16(), record.u16(), record.u16())
    {
        sheet.merge((first.into(), last.into()), (left.into(), right.into()));
    }
}

/// The shared strings of a table that goes on in several records.
fn shared_strings(records: &[&[u8]], deadline: Deadline) -> Result<Vec<String>, ExtractError> {
    let mut strings = Vec::new();
    let Some((first, rest)) = records.split_first() else {
        return Ok(strings);
    };
    let mut parts = Continued { record: Record::new(first), rest };
    parts.record.bytes(8);
    while let Some(string) = shared_string(&mut parts) {
        if strings.len().is_multiple_of(4096) {
            deadline.check()?;
        }
        strings.push(string);
    }
    Ok(strings)
}

fn shared_string(parts: &mut Continued<'_>) -> Option<String> {
    parts.settle()?;
    let count = usize::from(parts.record.u16()?);
    let flags = parts.record.u8()?;
    let runs = if flags & 8 != 0 { usize::from(parts.record.u16()?) } else { 0 };
    let extension = if flags & 4 != 0 { parts.record.u32()? as usize } else { 0 };
    let string = parts.chars(count, flags & 1 != 0)?;
    parts.skip(runs * 4 + extension)?;
    Some(string)
}

/// A record and those that continue it.
struct Continued<'a> {
    record: Record<'a>,
    rest: &'a [&'a [u8]],
}

impl Continued<'_> {
    /// Goes on to the next record when this one is at its end.
    fn settle(&mut self) -> Option<()> {
        while self.record.len() == 0 {
            let (next, rest) = self.rest.split_first()?;
            self.record = Record::new(next);
            self.rest = rest;
        }
        Some(())
    }

    /// Characters; where they go on in another record, that says anew how wide they are.
    fn chars(&mut self, count: usize, wide: bool) -> Option<String> {
        let (mut left, mut wide) = (count, wide);
        let mut text = String::new();
        loop {
            let fitting = if wide { self.record.len() / 2 } else { self.record.len() };
            let taken = left.min(fitting);
            text.push_str(&decode(self.record.bytes(if wide { taken * 2 } else { taken })?, wide));
            left -= taken;
            if left == 0 {
                return Some(text);
            }
            let (next, rest) = self.rest.split_first()?;
            self.record = Record::new(next);
            self.rest = rest;
            wide = self.record.u8()? & 1 != 0;
        }
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        let mut left = count;
        while left > 0 {
            self.settle()?;
            let taken = left.min(self.record.len());
            self.record.bytes(taken)?;
            left -= taken;
        }
        Some(())
    }
}

/// Visits the records from here on, until it is told that it is enough.
fn each<'a>(
    content: &'a [u8],
    start: usize,
    deadline: Deadline,
    mut visit: impl FnMut(u16, &'a [u8]) -> Result<bool, ExtractError>,
) -> Result<(), ExtractError> {
    let mut rest = Record::new(content.get(start..).unwrap_or_default());
    let mut step = 0_usize;
    while let Some(kind) = rest.u16() {
        step += 1;
        if step.is_multiple_of(4096) {
            deadline.check()?;
        }
        let Some(bytes) = rest.u16().and_then(|length| rest.bytes(length.into())) else {
            return Err(damaged("its records end in the middle".to_owned()));
        };
        if !visit(kind, bytes)? {
            return Ok(());
        }
    }
    Ok(())
}

fn damaged(detail: String) -> ExtractError {
    ExtractError::Damaged { format: FORMAT, detail }
}
