//! Reads recordings.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use super::{
    columns::{Columns, CsvRow},
    format::{Header, MAX_LINE, PROGRAM, Poll, RecordError, SCHEMA, older},
    lines::{self, FirstLine},
    transitions::KnownTransitions,
};
use crate::util::time::UnixMillis;

/// The bytes that spreadsheets put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A recording, read line by line: an iterator over its polls in the order of the file. FILE.1 comes first when it is
/// the older part. A change of a breaker is in the first poll only that told it. Ends after an error.
#[derive(Debug)]
pub struct Recording {
    header: Header,
    parts: VecDeque<RecordingFile>,
    told: KnownTransitions,
    /// Whether a file ended within a line, as after a crash. Known once everything was read.
    pub truncated: bool,
    /// Lines so far that could not be read, and were passed over.
    pub damaged: u64,
}

impl Recording {
    /// Opens a recording, and its older part if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is empty, is no recording, or comes from a newer ragctl.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let newest = RecordingFile::open(path)?;
        let mut header = newest.header.clone();
        let mut parts = VecDeque::from([newest]);
        if let Some(before) = part_before(path, header.started)? {
            header.started = before.header.started;
            parts.push_front(before);
        }
        Ok(Self { header, parts, told: KnownTransitions::default(), truncated: false, damaged: 0 })
    }

    /// What it says about itself: the newest file's first header, with the start of the oldest. CSV knows its start only, which is its
    /// first poll.
    pub const fn header(&self) -> &Header {
        &self.header
    }
}

impl Iterator for Recording {
    type Item = Result<Poll, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(part) = self.parts.front_mut() {
            match part.step() {
                Ok(ReadLine::Poll(mut poll)) => {
                    self.told.leave_news(&mut poll);
                    self.told.remember(&poll);
                    return Some(Ok(*poll));
                }
                Ok(ReadLine::Nothing) => {}
                Ok(ReadLine::Damaged) => self.damaged += 1,
                Ok(ReadLine::End { truncated }) => {
                    self.truncated |= truncated;
                    self.parts.pop_front();
                }
                Err(source) => {
                    let path = part.path.clone();
                    self.parts.clear();
                    return Some(Err(RecordError::Read { path, source }));
                }
            }
        }
        None
    }
}

/// Whether a file begins as a recording does, be it of a newer version.
pub fn is_recording(path: &Path) -> bool {
    matches!(RecordingFile::open(path), Ok(_) | Err(RecordError::Newer { .. }))
}

/// Whether there are polls in a file that more polls of this format can be added to; `None` when they cannot.
pub(super) fn goes_on(path: &Path, csv: bool) -> Option<bool> {
    let mut part =
        RecordingFile::open(path).ok().filter(|part| part.header.schema == SCHEMA && part.columns.is_some() == csv)?;
    loop {
        match part.step() {
            Ok(ReadLine::End { .. }) => return Some(false),
            Ok(ReadLine::Nothing | ReadLine::Damaged) => {}
            Ok(ReadLine::Poll(_)) | Err(_) => return Some(true),
        }
    }
}

/// FILE.1, unless it is none of this recording's business. `started` is when FILE begins, if it says so.
fn part_before(path: &Path, started: UnixMillis) -> Result<Option<RecordingFile>, RecordError> {
    let path = older(path);
    if !path.is_file() {
        return Ok(None);
    }
    match RecordingFile::open(&path) {
        Ok(part) => Ok((started == UnixMillis::default() || part.header.started <= started).then_some(part)),
        Err(error @ RecordError::Read { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A file of a recording.
#[derive(Debug)]
struct RecordingFile {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    /// None for NDJSON.
    columns: Option<Columns>,
    header: Header,
    /// Lines that were read to find the time of the first poll, and are still to be returned.
    ahead: VecDeque<ReadLine>,
}

/// The next line of a file.
#[derive(Debug)]
enum ReadLine {
    Poll(Box<Poll>),
    Nothing,
    Damaged,
    End { truncated: bool },
}

impl RecordingFile {
    fn open(path: &Path) -> Result<Self, RecordError> {
        let failed = |source| RecordError::Read { path: path.to_owned(), source };
        let found = fs::metadata(path).map_err(failed)?;
        if !found.is_file() {
            return Err(RecordError::NotAFile(path.to_owned()));
        }
        if found.len() == 0 {
            return Err(RecordError::Empty(path.to_owned()));
        }
        let file = File::open(path).map_err(failed)?;
        let mut lines = Lines { reader: BufReader::with_capacity(1 << 16, file), line: Vec::new() };
        let other = || RecordError::NotARecording(path.to_owned());
        let first = loop {
            match lines.advance().map_err(failed)? {
                Ending::Whole | Ending::Cut if lines.is_blank() => {}
                Ending::Whole | Ending::Cut => break lines.text(),
                Ending::TooLong => return Err(other()),
                Ending::Nothing => return Err(RecordError::Empty(path.to_owned())),
            }
        };
        let newer = |schema| RecordError::Newer { path: path.to_owned(), schema };
        if first.starts_with(b"{") {
            return match lines::read_header(first) {
                FirstLine::Header(header) => {
                    Ok(Self { path: path.to_owned(), lines, columns: None, header, ahead: VecDeque::new() })
                }
                FirstLine::Newer(schema) => Err(newer(schema)),
                FirstLine::Other => Err(other()),
            };
        }
        let columns = Some(Columns::parse(first).ok_or_else(other)?);
        let mut part = Self { path: path.to_owned(), lines, columns, header: unknown_header(), ahead: VecDeque::new() };
        part.look_ahead().map_err(failed)?.map_or(Ok(part), |schema| Err(newer(schema)))
    }

    /// CSV begins when its first poll does. Tells the version when it is a later one.
    fn look_ahead(&mut self) -> io::Result<Option<u32>> {
        const ROWS: usize = 100;
        for _ in 0..ROWS {
            let step = self.read()?;
            if let (ReadLine::Damaged, Some(columns)) = (&step, &self.columns)
                && let CsvRow::Newer(schema) = columns.read(self.lines.text())
            {
                return Ok(Some(schema));
            }
            let enough = matches!(step, ReadLine::Poll(_) | ReadLine::End { .. });
            if let ReadLine::Poll(poll) = &step {
                self.header.started = poll.at;
            }
            self.ahead.push_back(step);
            if enough {
                break;
            }
        }
        Ok(None)
    }

    fn step(&mut self) -> io::Result<ReadLine> {
        self.ahead.pop_front().map_or_else(|| self.read(), Ok)
    }

    fn read(&mut self) -> io::Result<ReadLine> {
        let ending = self.lines.advance()?;
        let line = self.lines.text();
        Ok(match (ending, &self.columns) {
            (Ending::Nothing, _) => ReadLine::End { truncated: false },
            (Ending::TooLong, _) => ReadLine::Damaged,
            (Ending::Whole | Ending::Cut, _) if self.lines.is_blank() => ReadLine::Nothing,
            // A number that lost its last digits is a number still: only a row with its end can be trusted.
            (Ending::Cut, Some(_)) => ReadLine::End { truncated: true },
            (Ending::Whole, Some(columns)) => match columns.read(line) {
                CsvRow::Poll(poll) => ReadLine::Poll(poll),
                // Files that were joined, or one that was gone on with: what follows may be of another ragctl.
                _ => match Columns::parse(line) {
                    Some(columns) => {
                        self.columns = Some(columns);
                        ReadLine::Nothing
                    }
                    None => ReadLine::Damaged,
                },
            },
            (ending, None) => match lines::read_poll(line) {
                Some(poll) => ReadLine::Poll(Box::new(poll)),
                None if matches!(ending, Ending::Cut) => ReadLine::End { truncated: true },
                None if matches!(lines::read_header(line), FirstLine::Header(_)) => ReadLine::Nothing,
                None => ReadLine::Damaged,
            },
        })
    }
}

/// The header of a CSV recording, which has none of its own.
fn unknown_header() -> Header {
    Header {
        schema: SCHEMA,
        program: PROGRAM.to_owned(),
        version: String::new(),
        started: UnixMillis::default(),
        interval_seconds: 0.0,
        targets: Vec::new(),
    }
}

/// Lines of a file, one at a time.
#[derive(Debug)]
struct Lines<R> {
    reader: R,
    line: Vec<u8>,
}

/// The end of a line.
#[derive(Clone, Copy)]
enum Ending {
    /// As it should.
    Whole,
    /// With the file.
    Cut,
    /// Not soon enough; the rest was passed over.
    TooLong,
    /// There was none.
    Nothing,
}

impl<R: BufRead> Lines<R> {
    fn advance(&mut self) -> io::Result<Ending> {
        self.line.clear();
        let most = MAX_LINE as u64 + 1;
        let length = self.reader.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        if length == 0 {
            return Ok(Ending::Nothing);
        }
        if self.line.ends_with(b"\n") {
            return Ok(Ending::Whole);
        }
        if length as u64 == most {
            self.line.clear();
            self.reader.skip_until(b'\n')?;
            return Ok(Ending::TooLong);
        }
        Ok(Ending::Cut)
    }

    /// The line without what surrounds it.
    fn text(&self) -> &[u8] {
        self.line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.line).trim_ascii()
    }

    fn is_blank(&self) -> bool {
        self.text().is_empty()
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
