//! JSON as it streams past: what is not kept is never held, and nothing kept outgrows its limit.

use std::path::Path;

use serde_json::Value;

use super::{MAX_NAME, MAX_NAME_BYTES, MAX_USERS};
use crate::read::{ReadOptions, RowError, RowReason, source::Input};

/// Deepest nesting of what is passed over.
const MAX_DEPTH: usize = 128;

/// Longest spelling of a number.
const MAX_NUMBER: usize = 64;

/// Text of a bounded length.
pub(super) enum Text {
    Whole(String),
    /// Its length in the file, in bytes.
    TooLong(u64),
}

/// The bytes, and where we are among them.
#[derive(Debug)]
pub(super) struct Scanner {
    input: Input,
    /// Bytes read.
    pub(super) byte: u64,
    line: u64,
    max_total: u64,
    pub(super) max_text: usize,
}

impl Scanner {
    pub(super) fn new(input: Input, options: &ReadOptions) -> Self {
        Self { input, byte: 0, line: 1, max_total: options.max_total_bytes, max_text: options.max_line_bytes }
    }

    /// What is wrong here.
    pub(super) fn error(&self, file: &Path, reason: RowReason) -> RowError {
        RowError::new(file.to_owned(), self.line, reason).at_byte(self.byte)
    }

    /// The next byte that is no space, which stays where it is; `None` at the end.
    pub(super) fn next_byte(&mut self) -> Result<Option<u8>, RowReason> {
        loop {
            let chunk = self.fill()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let spaces = chunk.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
            let found = chunk.get(spaces).copied();
            self.consume(spaces)?;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The same, where something has to follow.
    pub(super) fn peek(&mut self, field: &'static str, expected: &'static str) -> Result<u8, RowReason> {
        self.next_byte()?.ok_or_else(|| wrong(field, expected, "the end of the file"))
    }

    /// Passes over one byte, which has to be this one.
    pub(super) fn take(&mut self, wanted: u8, field: &'static str, expected: &'static str) -> Result<(), RowReason> {
        match self.peek(field, expected)? {
            found if found == wanted => self.consume(1),
            found => Err(wrong(field, expected, kind_of(found))),
        }
    }

    /// Whether a list or an object that has been opened goes on; passes over the comma, or the end.
    pub(super) fn more(&mut self, first: &mut bool, close: u8) -> Result<bool, RowReason> {
        let expected = "a comma or the end of a list or object";
        let next = self.peek("file", expected)?;
        if next == close {
            self.consume(1)?;
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            self.take(b',', "file", expected)?;
        }
        Ok(true)
    }

    /// A string of up to so many bytes as it is spelt. The rest of a longer one streams past.
    pub(super) fn text(&mut self, field: &'static str, limit: usize) -> Result<Text, RowReason> {
        self.take(b'"', field, "text")?;
        let (mut raw, mut length, mut escaped) = (vec![b'"'], 0_u64, false);
        loop {
            let chunk = self.fill()?;
            if chunk.is_empty() {
                return Err(wrong(field, "the end of a text", "the end of the file"));
            }
            let end = chunk.iter().position(|&byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            });
            let part = &chunk[..end.map_or(chunk.len(), |end| end + 1)];
            length += part.len() as u64;
            if length <= limit as u64 + 1 {
                raw.extend_from_slice(part);
            } else {
                raw.clear();
            }
            let taken = part.len();
            self.consume(taken)?;
            if end.is_some() {
                break;
            }
        }
        if length > limit as u64 + 1 {
            return Ok(Text::TooLong(length - 1));
        }
        let text = serde_json::from_slice(&raw);
        text.map(Text::Whole).map_err(|_| wrong(field, "JSON text in UTF-8", "a bad escape, character or byte"))
    }

    /// A short string: a user or a key.
    pub(super) fn name(&mut self, field: &'static str) -> Result<String, RowReason> {
        match self.text(field, MAX_NAME)? {
            Text::Whole(name) => Ok(name),
            Text::TooLong(length) => Err(wrong(field, "a name of up to 1024 bytes", format!("{length} bytes"))),
        }
    }

    /// The list of users, one by one.
    pub(super) fn names(&mut self, tell: &mut dyn FnMut(String)) -> Result<(), RowReason> {
        self.take(b'[', "users", "a list")?;
        let (mut first, mut count, mut bytes) = (true, 0, 0);
        while self.more(&mut first, b']')? {
            let name = self.name("users")?;
            count += 1;
            bytes += name.len();
            if count > MAX_USERS || bytes > MAX_NAME_BYTES {
                return Err(wrong("users", "up to 4194304 names of 67108864 bytes in all", "more"));
            }
            tell(name);
        }
        Ok(())
    }

    /// A number, `true`, `false`, `null`, or text of a bounded length.
    pub(super) fn scalar(&mut self, field: &'static str) -> Result<Value, RowReason> {
        let expected = "text or a number";
        let first = self.peek(field, expected)?;
        if first == b'"' {
            return match self.text(field, self.max_text)? {
                Text::Whole(text) => Ok(Value::String(text)),
                Text::TooLong(length) => Err(wrong(field, "a shorter text", format!("{length} bytes"))),
            };
        }
        if matches!(first, b'[' | b'{') {
            return Err(wrong(field, expected, kind_of(first)));
        }
        let mut raw = Vec::new();
        while raw.len() <= MAX_NUMBER {
            // A number or a word ends at the first byte that is part of none.
            let Some(&byte) = self.fill()?.first() else { break };
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
                break;
            }
            raw.push(byte);
            self.consume(1)?;
        }
        serde_json::from_slice(&raw).map_err(|_| wrong(field, expected, "what is no JSON value"))
    }

    /// Passes over a value of any kind.
    pub(super) fn skip(&mut self) -> Result<(), RowReason> {
        let (field, mut depth) = ("file", 0_usize);
        loop {
            match self.peek(field, "a value")? {
                b'"' => drop(self.text(field, 0)?),
                b'[' | b'{' if depth < MAX_DEPTH => {
                    depth += 1;
                    self.consume(1)?;
                    continue;
                }
                b'[' | b'{' => return Err(wrong(field, "JSON nested at most 128 deep", "deeper nesting")),
                b']' | b'}' if depth > 0 => {
                    depth -= 1;
                    self.consume(1)?;
                }
                b',' | b':' if depth > 0 => {
                    self.consume(1)?;
                    continue;
                }
                _ => drop(self.scalar(field)?),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn fill(&mut self) -> Result<&[u8], RowReason> {
        let gzip = self.input.gzip;
        self.input.bytes.fill_buf().map_err(|error| RowReason::from_io(&error, gzip))
    }

    fn consume(&mut self, count: usize) -> Result<(), RowReason> {
        let chunk = self.fill()?;
        let lines = chunk.iter().take(count).filter(|&&byte| byte == b'\n').count();
        self.input.bytes.consume(count);
        self.line += lines as u64;
        self.byte += count as u64;
        if self.byte > self.max_total { Err(RowReason::TooMuch { limit: self.max_total }) } else { Ok(()) }
    }
}

pub(super) fn wrong(field: &'static str, expected: impl Into<Box<str>>, found: impl Into<Box<str>>) -> RowReason {
    RowReason::Leaf { field, expected: expected.into(), found: found.into() }
}

/// What a value that begins with this byte is.
pub(super) fn kind_of(byte: u8) -> &'static str {
    match byte {
        b'"' => "text",
        b'[' => "a list",
        b'{' => "an object",
        b'0'..=b'9' | b'-' => "a number",
        b't' | b'f' => "true or false",
        b'n' => "null",
        b']' | b'}' | b',' | b':' => "a punctuation mark",
        _ => "a byte that begins no JSON value",
    }
}
