//! Bytes that are taken from the front, with where they were.

use super::RecordError;

pub(super) struct Bytes<'b> {
    all: &'b [u8],
    at: usize,
}

impl<'b> Bytes<'b> {
    pub(super) fn new(all: &'b [u8]) -> Self {
        Self { all, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.all.len() - self.at
    }

    fn take(&mut self, count: usize, field: &'static str) -> Result<&'b [u8], RecordError> {
        if count > self.left() {
            let (expected, found) = (format!("{count} bytes more"), self.left().to_string());
            return Err(RecordError { byte: self.at, field, expected, found });
        }
        let taken = &self.all[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, RecordError> {
        Ok(self.take(1, field)?[0])
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, RecordError> {
        Ok(self.u32s(field, 1)?.next().unwrap_or(0))
    }

    /// So many numbers in a row.
    pub(super) fn u32s(
        &mut self,
        field: &'static str,
        count: usize,
    ) -> Result<impl Iterator<Item = u32> + 'b, RecordError> {
        let bytes = self.take(count.saturating_mul(4), field)?;
        Ok(bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])))
    }

    /// How many of something follow that have so many bytes each, at least: no more than there is room for.
    pub(super) fn count(&mut self, field: &'static str, least: usize) -> Result<usize, RecordError> {
        let byte = self.at;
        let count = self.u32(field)? as usize;
        if count.saturating_mul(least) > self.left() {
            let expected = format!("at most the {} that the bytes after it have room for", self.left() / least);
            return Err(RecordError { byte, field, expected, found: count.to_string() });
        }
        Ok(count)
    }

    /// A name in UTF-8 with its length.
    pub(super) fn name(&mut self, field: &'static str) -> Result<String, RecordError> {
        let byte = self.at;
        let length = self.take(2, field)?;
        let name = self.take(usize::from(u16::from_le_bytes([length[0], length[1]])), field)?;
        String::from_utf8(name.to_vec()).map_err(|_| RecordError {
            byte,
            field,
            expected: "UTF-8".into(),
            found: "other bytes".into(),
        })
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), RecordError> {
        match self.left() {
            0 => Ok(()),
            left => Err(RecordError {
                byte: self.at,
                field: "record",
                expected: "its end".into(),
                found: format!("{left} bytes more"),
            }),
        }
    }
}
