//! From a path to decompressed bytes: format by name, gzip by its first bytes, no byte-order mark.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use super::{OpenError, folder, leaf};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Input buffer: large enough that system calls do not show, small enough for any device.
const BUFFER_BYTES: usize = 64 << 10;

/// Bytes looked at to tell LEAF's JSON from JSON Lines: they hold its first key.
const LEAF_START: u64 = 256;

/// The shape of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// LEAF's JSON: one object with many users' samples, or a folder of such files.
    Leaf,
    /// A folder of `.txt` files, one event each.
    TextFolder,
}

impl Format {
    /// The format a path stands for: by its name, and for `.json` by its first bytes.
    ///
    /// # Errors
    ///
    /// When nothing is there or the name tells no known format.
    pub fn of(path: &Path) -> Result<Self, OpenError> {
        let metadata = path.metadata().map_err(|source| open_error(path, source))?;
        if metadata.is_dir() {
            let texts = folder::has_texts(path);
            return Ok(if !texts && leaf::is_folder(path) { Self::Leaf } else { Self::TextFolder });
        }
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase());
        let name = name.unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("json") if begins_as_leaf(path)? => Ok(Self::Leaf),
            Some("jsonl" | "json" | "ndjson") => Ok(Self::JsonLines),
            Some("csv") => Ok(Self::Csv),
            _ => Err(OpenError::UnknownFormat { file: path.to_path_buf() }),
        }
    }
}

/// Whether a file's first bytes are those of one of LEAF's. What can't be read is reported when it is read.
fn begins_as_leaf(path: &Path) -> Result<bool, OpenError> {
    let mut start = Vec::new();
    match open(path)?.bytes.take(LEAF_START).read_to_end(&mut start) {
        Ok(_) | Err(_) => Ok(leaf::begins(&start)),
    }
}

/// Decompressed bytes, and whether they were compressed: that tells what a read failure means.
pub(super) struct Input {
    pub(super) bytes: Box<dyn BufRead + Send>,
    pub(super) gzip: bool,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("gzip", &self.gzip).finish_non_exhaustive()
    }
}

pub(super) fn open(path: &Path) -> Result<Input, OpenError> {
    let file = File::open(path).map_err(|source| open_error(path, source))?;
    let input = unpack(Box::new(file), path)?;
    let says_gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    if says_gzip && !input.gzip {
        return Err(OpenError::NotGzip { file: path.to_path_buf() });
    }
    Ok(input)
}

pub(super) fn unpack(mut raw: Box<dyn Read + Send>, path: &Path) -> Result<Input, OpenError> {
    let start = peek(&mut raw, GZIP_MAGIC.len()).map_err(|source| open_error(path, source))?;
    let gzip = start == GZIP_MAGIC;
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(raw));
    if !gzip {
        return Ok(Input { bytes: without_mark(whole), gzip });
    }
    Ok(Input { bytes: without_mark(MultiGzDecoder::new(whole)), gzip })
}

fn without_mark(mut reader: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    match peek(&mut reader, BYTE_ORDER_MARK.len()) {
        Ok(start) => {
            let start = if start == BYTE_ORDER_MARK { Vec::new() } else { start };
            Box::new(BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(reader)))
        }
        // Raised again at the first row, where it is reported like any other.
        Err(error) => Box::new(BufReader::new(Failed(error.kind()))),
    }
}

fn peek(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(length);
    reader.take(length as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// A reader that failed before its first row.
struct Failed(io::ErrorKind);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

pub(super) fn open_error(path: &Path, source: io::Error) -> OpenError {
    let file = path.to_path_buf();
    match source.kind() {
        io::ErrorKind::NotFound => OpenError::NoSuchFile { file },
        _ => OpenError::Io { file, source },
    }
}
