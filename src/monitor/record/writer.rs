//! Writes recordings.

use std::{
    borrow::Cow,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{Header, MAX_LINE, MIN_BYTES, Poll, RecordError, columns, is_recording, lines, older, turns::Turns};

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
    /// The file holds part of a header: it may be written over.
    unfinished: bool,
    /// The file ends within a line.
    torn: bool,
    told: Turns,
}

impl Recorder {
    /// Begins a recording. What was recorded there before becomes FILE.1, instead of what that was.
    ///
    /// `max_bytes` bounds FILE and FILE.1 together, at least [`MIN_BYTES`]: at half of it FILE becomes FILE.1, and
    /// another FILE is begun. A poll that is larger than that half gets a FILE of its own; an earlier recording that is
    /// larger stays FILE.1 until it is replaced.
    ///
    /// # Errors
    ///
    /// When its folder is missing, when FILE or FILE.1 is something else than a recording, or when writing fails.
    pub fn create(path: &Path, header: Header, max_bytes: u64) -> Result<Self, RecordError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.exists()) {
            return Err(RecordError::NoFolder(folder.to_owned()));
        }
        if path.file_name().is_none() {
            return Err(RecordError::NotAFile(path.to_owned()));
        }
        for file in [path, &older(path)] {
            check_replaceable(file)?;
        }
        let mut recorder = Self {
            path: path.to_owned(),
            header,
            csv: path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")),
            half: max_bytes.max(MIN_BYTES) / 2,
            file: None,
            size: 0,
            head: 0,
            unfinished: false,
            torn: false,
            told: Turns::default(),
        };
        recorder.begin()?;
        Ok(recorder)
    }

    /// Writes a poll, and makes room for it when the file is full.
    ///
    /// # Errors
    ///
    /// When writing fails, or the poll is too large: it is lost then. The next one is tried anew.
    pub fn record(&mut self, poll: &Poll) -> Result<(), RecordError> {
        if self.file.is_none() {
            self.begin()?;
        }
        let mut line = self.line(poll)?;
        if self.size > self.head && self.size + line.len() as u64 > self.half {
            self.begin()?;
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

    /// Begins a file, after what is there was moved aside.
    fn begin(&mut self) -> Result<(), RecordError> {
        // Closed first: Windows does not move open files.
        self.file = None;
        self.move_aside()?;
        let header = if self.csv { columns::write_header() } else { lines::write_header(&self.header) };
        let header = header.map_err(|source| self.write_error(source))?;
        let begun = fs::write(&self.path, &header).and_then(|()| OpenOptions::new().append(true).open(&self.path));
        // Part of a header must not be moved over what is worth keeping: emptying the file needs no room.
        self.unfinished = begun.is_err() && fs::write(&self.path, b"").is_err();
        self.file = Some(begun.map_err(|source| self.write_error(source))?);
        self.torn = false;
        self.head = header.len() as u64;
        self.size = self.head;
        // Every file tells its story without the other one.
        self.told = Turns::default();
        Ok(())
    }

    fn move_aside(&self) -> Result<(), RecordError> {
        let filled = fs::metadata(&self.path).is_ok_and(|file| file.len() > 0);
        if !filled || self.unfinished {
            return Ok(());
        }
        let to = older(&self.path);
        let moved = make_way(&to).and_then(|()| fs::rename(&self.path, &to));
        moved.map_err(|source| RecordError::Move { path: self.path.clone(), to, source })
    }

    fn append(&mut self, line: &[u8]) -> Result<(), RecordError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mended = if self.torn { Cow::Owned([b"\n", line].concat()) } else { Cow::Borrowed(line) };
        match file.write_all(&mended).and_then(|()| file.flush()) {
            Ok(()) => {
                self.torn = false;
                self.size += mended.len() as u64;
                Ok(())
            }
            Err(source) => {
                // Half a line would spoil the next one, too.
                self.torn = self.torn || file.set_len(self.size).is_err();
                self.size = file.metadata().map_or(self.size, |file| file.len());
                Err(self.write_error(source))
            }
        }
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
