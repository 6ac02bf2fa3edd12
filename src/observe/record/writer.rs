//! Writes recordings.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    columns,
    format::{Header, MAX_LINE, MIN_BYTES, Poll, RecordError, older},
    lines, lock,
    reader::goes_on,
    reader::is_recording,
    transitions::KnownTransitions,
};

/// Writes a recording, as CSV when its path ends in `.csv`, else as NDJSON.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    header: Header,
    csv: bool,
    /// Most bytes of a file: FILE and FILE.1 share the bound.
    half: u64,
    /// None while a file could not be begun; every poll tries again.
    file: Option<File>,
    /// Bytes in the file, and those of them that are no polls.
    size: u64,
    head: u64,
    /// A header that goes before the next poll: whoever starts again and again, and polls nothing, adds nothing.
    due: Vec<u8>,
    /// The file holds part of a header: it may be written over.
    unfinished: bool,
    /// The file may end within a line.
    torn: bool,
    told: KnownTransitions,
}

impl Recorder {
    /// Begins a recording, or goes on with the one that is there: polls are added to a FILE that is a recording of the
    /// same format and smaller than half of `max_bytes`. Any other recording becomes FILE.1, instead of what that was.
    ///
    /// `max_bytes` bounds FILE and FILE.1 together, at least [`MIN_BYTES`]: at half of it FILE becomes FILE.1, and
    /// another FILE is begun. A poll that is larger than that half gets a FILE of its own; an earlier recording that is
    /// larger stays FILE.1 until it is replaced.
    ///
    /// # Errors
    ///
    /// When its folder is missing, when FILE or FILE.1 is something else than a recording, when another process records
    /// to FILE, or when writing fails.
    pub fn create(path: &Path, header: Header, max_bytes: u64) -> Result<Self, RecordError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.exists()) {
            return Err(RecordError::NoFolder(folder.to_owned()));
        }
        if path.file_name().is_none() {
            return Err(RecordError::NotAFile(path.to_owned()));
        }
        check_replaceable(&older(path))?;
        let mut recorder = Self {
            path: path.to_owned(),
            header,
            csv: path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")),
            half: max_bytes.max(MIN_BYTES) / 2,
            file: None,
            size: 0,
            head: 0,
            due: Vec::new(),
            unfinished: false,
            torn: false,
            told: KnownTransitions::default(),
        };
        recorder.begin(false)?;
        Ok(recorder)
    }

    /// Writes a poll, and makes room for it when the file is full.
    ///
    /// # Errors
    ///
    /// When writing fails, or the poll is too large: it is lost then. The next one is tried anew.
    pub fn record(&mut self, poll: &Poll) -> Result<(), RecordError> {
        if self.file.is_none() {
            self.begin(false)?;
        }
        let mut line = self.line(poll)?;
        if self.size > self.head && self.size + (self.due.len() + line.len()) as u64 > self.half {
            self.begin(true)?;
            line = self.line(poll)?;
        }
        self.append(&line)?;
        self.told.remember(poll);
        Ok(())
    }

    fn line(&self, poll: &Poll) -> Result<Vec<u8>, RecordError> {
        let written = if self.csv {
            columns::write_poll(poll)
        } else {
            let mut poll = poll.clone();
            self.told.leave_news(&mut poll);
            lines::write_poll(&poll)
        };
        let line = written.map_err(|source| self.write_error(source))?;
        if line.len() > MAX_LINE {
            return Err(RecordError::TooLarge { target: poll.target.clone() });
        }
        Ok(line)
    }

    /// Opens FILE for the next poll. What is in it is moved aside when that is `full` or not to be gone on with.
    fn begin(&mut self, full: bool) -> Result<(), RecordError> {
        // What somebody moved away is theirs; what is there instead may not be full, and may be somebody else's.
        let held = self.file.take().filter(|file| lock::is_at(file, &self.path));
        let full = full && held.is_some();
        let mut file = held.map_or_else(|| self.claim(), Ok)?;
        let mut size = self.size_of(&file)?;
        let polls = if full || size >= self.half { None } else { goes_on(&self.path, self.csv) };
        if size > 0 && polls.is_none() {
            file = self.move_aside(file)?;
            size = self.size_of(&file)?;
        }
        let header = if self.csv { columns::write_header() } else { lines::write_header(&self.header) };
        let header = header.map_err(|source| self.write_error(source))?;
        self.unfinished = false;
        self.torn = size > 0;
        if size > 0 {
            // A file without polls is not worth the place of one with polls, however large the next one is.
            self.head = if polls == Some(false) { size } else { 0 };
            (self.size, self.due) = (size, header);
        } else {
            if let Err(source) = file.write_all(&header).and_then(|()| file.flush()) {
                // Part of a header must not be moved over what is worth keeping: emptying the file needs no room.
                self.unfinished = file.set_len(0).is_err();
                return Err(self.write_error(source));
            }
            (self.head, self.due) = (header.len() as u64, Vec::new());
            self.size = self.head;
        }
        self.file = Some(file);
        // Every file tells its story without the other one, and so does everything after a header.
        self.told = KnownTransitions::default();
        Ok(())
    }

    /// Opens what is there, or an empty file, for nobody but this recorder.
    fn claim(&self) -> Result<File, RecordError> {
        if !self.unfinished {
            check_replaceable(&self.path)?;
        }
        let file = lock::open(&self.path)?;
        if self.unfinished && !is_recording(&self.path) {
            file.set_len(0).map_err(|source| self.write_error(source))?;
        }
        Ok(file)
    }

    /// Makes FILE, which is open, FILE.1, and opens the next FILE.
    fn move_aside(&self, file: File) -> Result<File, RecordError> {
        // Windows does not move open files. Elsewhere nobody comes in between.
        let held = if cfg!(windows) { None } else { Some(file) };
        let to = older(&self.path);
        let moved = make_way(&to).and_then(|()| fs::rename(&self.path, &to));
        moved.map_err(|source| RecordError::Move { path: self.path.clone(), to, source })?;
        let next = lock::open(&self.path);
        drop(held);
        next
    }

    fn append(&mut self, line: &[u8]) -> Result<(), RecordError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mend: &[u8] = match self.torn && ends_torn(file) {
            // With its end, a row that lost its last digits could pass for a whole one: another cell spoils it.
            true if self.csv => b",torn\n",
            true => b"\n",
            false => b"",
        };
        let plain = mend.is_empty() && self.due.is_empty();
        let all = if plain { Cow::Borrowed(line) } else { Cow::Owned([mend, &self.due, line].concat()) };
        match file.write_all(&all).and_then(|()| file.flush()) {
            Ok(()) => {
                self.torn = false;
                self.due.clear();
                self.size += all.len() as u64;
                Ok(())
            }
            Err(source) => {
                // Half a line would spoil the next one, too.
                self.torn = file.set_len(self.size).is_err() || self.torn;
                self.size = file.metadata().map_or(self.size, |file| file.len());
                Err(self.write_error(source))
            }
        }
    }

    fn size_of(&self, file: &File) -> Result<u64, RecordError> {
        file.metadata().map(|found| found.len()).map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: io::Error) -> RecordError {
        RecordError::Write { path: self.path.clone(), source }
    }
}

/// Whether a recording may take a file's place: that of nothing, and of a recording.
fn check_replaceable(path: &Path) -> Result<(), RecordError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(RecordError::NotAFile(path.to_owned())),
        Ok(found) if found.len() > 0 && !is_recording(path) => Err(RecordError::Occupied(path.to_owned())),
        _ => Ok(()),
    }
}

/// Whether a file ends within a line, as after a crash; one that cannot be asked may.
fn ends_torn(mut file: &File) -> bool {
    let mut last = [0];
    let read = file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last));
    read.is_err() || last != *b"\n"
}

/// Removes the older part where moving would not replace it.
fn make_way(to: &Path) -> io::Result<()> {
    if !cfg!(windows) {
        return Ok(());
    }
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
