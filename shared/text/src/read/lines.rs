//! Lines of bounded length from bytes of bounded number.

use std::path::{Path, PathBuf};

use super::{ReadOptions, RowError, RowReason, source::Input};

/// Reads lines into one buffer that never outgrows the limit: what is too long is counted and
/// thrown away while it streams past.
#[derive(Debug)]
pub(super) struct Lines {
    input: Input,
    file: PathBuf,
    buffer: Vec<u8>,
    line: u64,
    total: u64,
    max_line: usize,
    max_total: u64,
}

impl Lines {
    pub(super) fn new(input: Input, file: &Path, options: &ReadOptions) -> Self {
        Self {
            input,
            file: file.to_path_buf(),
            buffer: Vec::new(),
            line: 0,
            total: 0,
            max_line: options.max_line_bytes,
            max_total: options.max_total_bytes,
        }
    }

    /// The next line that is not blank, without its end; `None` at the end of the file.
    pub(super) fn next_line(&mut self) -> Option<Result<&str, RowError>> {
        loop {
            self.line += 1;
            match self.fill() {
                Ok(Filled::End) => return None,
                Ok(Filled::Line(length)) if length > self.max_line as u64 => {
                    let limit = self.max_line;
                    return Some(Err(self.error(RowReason::TooLong { limit, found: length })));
                }
                Ok(Filled::Line(_)) if self.buffer.trim_ascii().is_empty() => {}
                Ok(Filled::Line(_)) => break,
                Err(reason) => return Some(Err(self.error(reason))),
            }
        }
        match str::from_utf8(&self.buffer) {
            Ok(_) => {}
            Err(error) => {
                let offset = error.valid_up_to();
                return Some(Err(self.error(RowReason::InvalidUtf8 { offset })));
            }
        }
        // Checked a moment ago; checking twice is the price of not writing `unsafe`.
        str::from_utf8(&self.buffer).ok().map(Ok)
    }

    pub(super) fn error(&self, reason: RowReason) -> RowError {
        RowError::new(self.file.clone(), self.line, reason)
    }

    /// Reads up to the next end of line and tells the length of the line.
    fn fill(&mut self) -> Result<Filled, RowReason> {
        self.buffer.clear();
        let mut length = 0u64;
        let mut any = false;
        loop {
            let gzip = self.input.gzip;
            let chunk = self.input.bytes.fill_buf().map_err(|error| RowReason::from_io(&error, gzip))?;
            if chunk.is_empty() {
                return Ok(if any { Filled::Line(length) } else { Filled::End });
            }
            any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            length += part.len() as u64;
            if length <= self.max_line as u64 {
                self.buffer.extend_from_slice(part);
            } else {
                self.buffer.clear();
            }
            let consumed = part.len() + usize::from(end.is_some());
            self.input.bytes.consume(consumed);
            self.total += consumed as u64;
            if self.total > self.max_total {
                return Err(RowReason::TooMuch { limit: self.max_total });
            }
            if end.is_some() {
                if self.buffer.last() == Some(&b'\r') {
                    self.buffer.pop();
                }
                return Ok(Filled::Line(length));
            }
        }
    }
}

enum Filled {
    End,
    Line(u64),
}
