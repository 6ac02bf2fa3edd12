//! The file of a sparse index: what was added and removed, one frame after the other.
//!
//! Making the vectors takes by far the longest, so that every few dozen of them are written as soon as they are made. A frame
//! that a kill or a power cut left unfinished fails its checksum and is cut off by the next who writes. Nothing waits for the disk: the
//! index is derived. One process at a time writes, by a lock; the others read what it appends. When more than half of the file
//! is of no use any more it is written anew beside the old one, whose readers notice by the name in its first line.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::entries::{Entry, Quantized};
use crate::{
    domain::{ChunkId, DocumentId, Stamp},
    index::{IndexError, folder},
    util::files::write_whole,
};

/// The file in the index's folder.
const FILE: &str = "vectors";

/// Raised whenever the form of a frame changes.
const FORMAT: u32 = 1;

/// Bytes of the first line, which names the format, the encoder and this very file.
const HEADER: usize = 128;

/// Bytes before a frame: its length and its checksum.
const PREFIX: usize = 4 + 8;

/// What happened to the index in one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Frame {
    /// The state of the store that the index mirrors after it; `None` in the midst of a change.
    pub(super) stamp: Option<Stamp>,
    pub(super) removed: Vec<ChunkId>,
    pub(super) added: Vec<Entry>,
}

/// What reading on has found.
pub(super) enum Reading {
    /// These frames, which may be none.
    On(Vec<Frame>),
    /// Another file than before, with these frames: what was known is void.
    Anew(Vec<Frame>),
}

/// The file, as far as it was read.
pub(super) struct Journal {
    folder: PathBuf,
    encoder: String,
    /// The first line of the file that was read; `None` when there was no usable one.
    header: Option<[u8; HEADER]>,
    /// Where the next frame begins.
    end: u64,
}

impl Journal {
    /// The journal in this folder; nothing is read yet.
    pub(super) fn new(folder: &Path, encoder: &str) -> Self {
        Self { folder: folder.to_owned(), encoder: encoder.to_owned(), header: None, end: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Bytes of the file, as far as it is known.
    pub(super) fn len(&self) -> u64 {
        self.end
    }

    /// Takes the right to write; `None` when another process has it.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub(super) fn lock(&self) -> Result<Option<File>, IndexError> {
        folder::make_folder(&self.folder)?;
        folder::lock(&self.folder)
    }

    /// Reads what was appended since, whoever did.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(super) fn read_on(&mut self) -> Result<Reading, IndexError> {
        let path = self.path();
        let failed = |error| IndexError::io(format!("read {}", path.display()), error);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(self.lost());
            }
            Err(error) => return Err(failed(error)),
        };
        let length = file.metadata().map_err(failed)?.len();
        let mut header = [0; HEADER];
        let usable = length >= HEADER as u64 && file.read_exact(&mut header).is_ok() && self.is_ours(&header);
        if !usable {
            return Ok(self.lost());
        }
        let same = self.header == Some(header) && length >= self.end;
        if !same {
            (self.header, self.end) = (Some(header), HEADER as u64);
        } else if length == self.end {
            return Ok(Reading::On(Vec::new()));
        }
        file.seek(SeekFrom::Start(self.end)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let mut frames = Vec::new();
        let mut rest = &bytes[..];
        while let Some((frame, tail)) = first_frame(rest) {
            frames.push(frame);
            rest = tail;
        }
        self.end += (bytes.len() - rest.len()) as u64;
        Ok(if same { Reading::On(frames) } else { Reading::Anew(frames) })
    }

    fn lost(&mut self) -> Reading {
        self.end = 0;
        match self.header.take() {
            Some(_) => Reading::Anew(Vec::new()),
            None => Reading::On(Vec::new()),
        }
    }

    fn is_ours(&self, header: &[u8; HEADER]) -> bool {
        header.starts_with(self.title().as_bytes())
    }

    fn title(&self) -> String {
        format!("ragctl sparse vectors {FORMAT} {} ", self.encoder)
    }

    /// Appends a frame, in place of what is torn. The lock must be held, and everything be read.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn append(&mut self, frame: &Frame) -> Result<(), IndexError> {
        if self.header.is_none() {
            return self.replace(std::slice::from_ref(frame));
        }
        let path = self.path();
        let failed = |error| IndexError::io(format!("write {}", path.display()), error);
        let mut file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
        file.set_len(self.end).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let bytes = frame_bytes(frame);
        file.write_all(&bytes).map_err(failed)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Writes the file anew with these frames. The lock must be held.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn replace(&mut self, frames: &[Frame]) -> Result<(), IndexError> {
        let path = self.path();
        let mut bytes = format!("{}{:016x}", self.title(), fastrand::u64(..)).into_bytes();
        bytes.resize(HEADER - 1, b' ');
        bytes.push(b'\n');
        let header = bytes.first_chunk::<HEADER>().copied();
        frames.iter().for_each(|frame| bytes.extend(frame_bytes(frame)));
        // A folder in the file's place is nothing of ours.
        if path.is_dir() {
            fs::remove_dir_all(&path).map_err(|error| IndexError::io(format!("remove {}", path.display()), error))?;
        }
        write_whole(&path, &bytes).map_err(|error| IndexError::io(format!("write {}", path.display()), error))?;
        (self.header, self.end) = (header, bytes.len() as u64);
        Ok(())
    }
}

fn checksum(payload: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(payload);
    let [first, ..] = hash.as_bytes().as_chunks::<8>().0 else { unreachable!("a hash has 32 bytes") };
    *first
}

fn frame_bytes(frame: &Frame) -> Vec<u8> {
    let Frame { stamp, removed, added } = frame;
    let mut bytes = vec![0; PREFIX];
    let out = &mut bytes;
    put_text(out, stamp.as_ref().map_or("", |stamp| &stamp.db));
    out.extend(stamp.as_ref().map_or(u64::MAX, |stamp| stamp.revision).to_le_bytes());
    out.extend((removed.len() as u32).to_le_bytes());
    removed.iter().for_each(|id| out.extend(id.0.to_le_bytes()));
    out.extend((added.len() as u32).to_le_bytes());
    for Entry { id, document, language, vector: Quantized { terms, weights } } in added {
        out.extend(id.0.to_le_bytes());
        out.extend(document.0.to_le_bytes());
        put_text(out, language);
        out.extend((terms.len() as u32).to_le_bytes());
        terms.iter().for_each(|term| out.extend(term.to_le_bytes()));
        out.extend(weights);
    }
    let (prefix, payload) = bytes.split_at_mut(PREFIX);
    prefix[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    prefix[4..].copy_from_slice(&checksum(payload));
    bytes
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

/// The first frame and what comes behind it; `None` when it is torn.
fn first_frame(bytes: &[u8]) -> Option<(Frame, &[u8])> {
    let (prefix, rest) = bytes.split_at_checked(PREFIX)?;
    let length = u32::from_le_bytes(*prefix.first_chunk()?) as usize;
    let (payload, rest) = rest.split_at_checked(length)?;
    if prefix[4..] != checksum(payload) {
        return None;
    }
    Some((Bytes(payload).frame()?, rest))
}

/// What is left of a payload.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.first_chunk().copied()
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn frame(&mut self) -> Option<Frame> {
        let (db, revision) = (self.text()?, u64::from_le_bytes(self.array()?));
        let removed =
            (0..self.count()?).map(|_| Some(ChunkId(i64::from_le_bytes(self.array()?)))).collect::<Option<_>>()?;
        let added = (0..self.count()?).map(|_| self.entry()).collect::<Option<_>>()?;
        Some(Frame { stamp: (revision != u64::MAX).then_some(Stamp { db, revision }), removed, added })
    }

    fn entry(&mut self) -> Option<Entry> {
        let (id, document) =
            (ChunkId(i64::from_le_bytes(self.array()?)), DocumentId(u32::from_le_bytes(self.array()?)));
        let (language, terms) = (self.text()?, self.count()?);
        let vector = Quantized {
            terms: self.take(terms * 2)?.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect(),
            weights: self.take(terms)?.to_vec(),
        };
        Some(Entry { id, document, language, vector })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(n: i64) -> Frame {
        let vector = Quantized { terms: vec![3, n as u16 + 4], weights: vec![200, 1] };
        let entry = Entry { id: ChunkId(n), document: DocumentId(9), language: "én".into(), vector };
        let stamp = (n % 2 == 0).then(|| Stamp { db: "id".into(), revision: n as u64 });
        Frame { stamp, removed: vec![ChunkId(n - 1)], added: vec![entry] }
    }

    fn read(journal: &mut Journal) -> (bool, Vec<Frame>) {
        match journal.read_on().unwrap() {
            Reading::On(frames) => (false, frames),
            Reading::Anew(frames) => (true, frames),
        }
    }

    #[test]
    fn what_one_appends_another_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let (mut writer, mut reader) = (Journal::new(&path, "m@1"), Journal::new(&path, "m@1"));
        assert_eq!(read(&mut reader), (false, vec![]), "there is none");
        let _lock = writer.lock().unwrap().expect("nobody else has it");
        writer.append(&frame(1)).unwrap();
        writer.append(&frame(2)).unwrap();
        assert_eq!(read(&mut reader), (true, vec![frame(1), frame(2)]));
        writer.append(&frame(3)).unwrap();
        assert_eq!(read(&mut reader), (false, vec![frame(3)]));
        assert_eq!(read(&mut reader), (false, vec![]));
        writer.replace(&[frame(4)]).unwrap();
        assert_eq!(read(&mut reader), (true, vec![frame(4)]));
        assert_eq!(read(&mut Journal::new(&path, "m@2")), (false, vec![]), "of another model");
    }

    #[test]
    fn a_torn_frame_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let mut writer = Journal::new(&path, "m@1");
        drop(writer.lock().unwrap());
        (1..=3).for_each(|n| writer.append(&frame(n)).unwrap());
        let file = path.join(FILE);
        let whole = fs::read(&file).unwrap();
        let last = frame_bytes(&frame(3)).len();
        for cut in [1, last / 2, last - 1] {
            fs::write(&file, &whole[..whole.len() - cut]).unwrap();
            let mut journal = Journal::new(&path, "m@1");
            assert_eq!(read(&mut journal), (true, vec![frame(1), frame(2)]), "{cut} bytes less");
            journal.append(&frame(3)).unwrap();
            assert_eq!(fs::read(&file).unwrap(), whole);
        }
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&file, damaged).unwrap();
        assert_eq!(read(&mut Journal::new(&path, "m@1")), (true, vec![frame(1), frame(2)]));
        fs::write(&file, "something else").unwrap();
        assert_eq!(read(&mut Journal::new(&path, "m@1")), (false, vec![]));
    }
}
