//! Reads numbers and texts from the records of binary workbooks. What a record does not hold is missing, never guessed at.

use encoding_rs::{UTF_16LE, WINDOWS_1252};

/// The rest of a record.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    rest: &'a [u8],
}

impl<'a> Record<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// A text of this many characters, each of one byte or of two.
    pub fn chars(&mut self, count: usize, wide: bool) -> Option<String> {
        let bytes = self.bytes(if wide { count.checked_mul(2)? } else { count })?;
        Some(decode(bytes, wide))
    }

    /// A text behind its length in 32 bits (XLSB); a length of all ones is a text that is missing.
    pub fn long_text(&mut self) -> Option<String> {
        match self.u32()? {
            u32::MAX => Some(String::new()),
            count => self.chars(count as usize, true),
        }
    }
}

/// A text of 16-bit characters, or of their low bytes.
pub(super) fn decode(bytes: &[u8], wide: bool) -> String {
    // The low bytes are Latin-1, of which Windows-1252 differs by control characters only.
    let encoding = if wide { UTF_16LE } else { WINDOWS_1252 };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}
