//! CSV records of bounded length.

use csv_core::{ReadRecordResult, Reader};

use super::super::{ReadOptions, RowReason, source::Input};

/// Most columns of a record; rows with more are counted as too wide by their column count.
const MAX_COLUMNS: usize = 4_096;

/// Parses records into one buffer of the longest allowed length: the rest of a record that is
/// longer is parsed, to find its end, and thrown away.
#[derive(Debug)]
pub(super) struct Records {
    input: Input,
    parser: Box<Reader>,
    output: Vec<u8>,
    ends: Vec<usize>,
    total: u64,
    // Counted here: the parser counts a CRLF that ends a record only with the record after it.
    newlines: u64,
    max_line: usize,
    max_total: u64,
}

/// One record, and the line on which it begins.
#[derive(Debug)]
pub(super) struct Record<'r> {
    pub(super) line: u64,
    text: &'r str,
    ends: &'r [usize],
}

impl<'r> Record<'r> {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cells. A cell that would split a character, which no record has whose whole text is
    /// UTF-8, reads as empty.
    pub(super) fn cells(&self) -> impl Iterator<Item = &'r str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let text = self.text;
        starts.zip(self.ends).map(move |(start, &end)| text.get(start..end).unwrap_or_default())
    }
}

/// Where the parser stands in the buffers.
#[derive(Default)]
struct Progress {
    written: usize,
    ended: usize,
    discarded: u64,
    too_wide: bool,
}

impl Records {
    pub(super) fn new(input: Input, options: &ReadOptions) -> Self {
        Self {
            input,
            parser: Box::new(Reader::new()),
            output: vec![0; 4_096.min(options.max_line_bytes.max(1))],
            ends: vec![0; 64],
            total: 0,
            newlines: 0,
            max_line: options.max_line_bytes.max(1),
            max_total: options.max_total_bytes,
        }
    }

    /// The next record; `None` at the end of the file. An error comes with its line.
    pub(super) fn next_record(&mut self) -> Option<Result<Record<'_>, (u64, RowReason)>> {
        let skipped = self.skip_line_ends();
        let line = self.newlines + 1;
        let progress = match skipped.and_then(|()| self.parse()) {
            Ok(progress) => progress?,
            Err(reason) => return Some(Err((self.newlines + 1, reason))),
        };
        let Progress { written, ended, discarded, too_wide } = progress;
        if discarded > 0 {
            let found = written as u64 + discarded;
            return Some(Err((line, RowReason::TooLong { limit: self.max_line, found })));
        }
        if too_wide {
            let reason = RowReason::ColumnCount { expected: MAX_COLUMNS, found: MAX_COLUMNS + 1 };
            return Some(Err((line, reason)));
        }
        let ends = &self.ends[..ended];
        Some(match str::from_utf8(&self.output[..written]) {
            Ok(text) => Ok(Record { line, text, ends }),
            Err(error) => Err((line, RowReason::InvalidUtf8 { offset: error.valid_up_to() })),
        })
    }

    fn skip_line_ends(&mut self) -> Result<(), RowReason> {
        loop {
            let gzip = self.input.gzip;
            let chunk = self.input.bytes.fill_buf().map_err(|error| RowReason::from_io(&error, gzip))?;
            let blank = chunk.iter().take_while(|&&byte| byte == b'\r' || byte == b'\n').count();
            let more = blank > 0 && blank == chunk.len();
            self.consume(blank)?;
            if !more {
                return Ok(());
            }
        }
    }

    fn consume(&mut self, read: usize) -> Result<(), RowReason> {
        if let Ok(chunk) = self.input.bytes.fill_buf() {
            let newlines = chunk[..read].iter().filter(|&&byte| byte == b'\n').count();
            self.newlines += newlines as u64;
        }
        self.input.bytes.consume(read);
        self.total += read as u64;
        if self.total > self.max_total {
            return Err(RowReason::TooMuch { limit: self.max_total });
        }
        Ok(())
    }

    fn parse(&mut self) -> Result<Option<Progress>, RowReason> {
        let mut at = Progress::default();
        loop {
            let gzip = self.input.gzip;
            let chunk = self.input.bytes.fill_buf().map_err(|error| RowReason::from_io(&error, gzip))?;
            let (result, read, wrote, ends) =
                self.parser.read_record(chunk, &mut self.output[at.written..], &mut self.ends[at.ended..]);
            at.written += wrote;
            at.ended += ends;
            self.consume(read)?;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.make_room(&mut at),
                ReadRecordResult::OutputEndsFull => self.make_room_for_ends(&mut at),
                ReadRecordResult::Record => return Ok(Some(at)),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn make_room(&mut self, at: &mut Progress) {
        if self.output.len() < self.max_line {
            let length = (self.output.len() * 2).min(self.max_line);
            self.output.resize(length, 0);
        } else {
            at.discarded += at.written as u64;
            at.written = 0;
        }
    }

    fn make_room_for_ends(&mut self, at: &mut Progress) {
        if self.ends.len() < MAX_COLUMNS {
            self.ends.resize(self.ends.len() * 2, 0);
        } else {
            at.too_wide = true;
            at.ended = 0;
        }
    }
}
