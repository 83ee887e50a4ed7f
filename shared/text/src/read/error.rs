//! Why a file or a row cannot be read.
//!
//! A message says which file, line and column, what was expected, and the type or length of what
//! was found. It never shows the value: that is the person's own text.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::event::FieldError;

/// Why a file cannot be read at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Two columns of a header have the same name.
    #[error("{}:1: expected every column once, found `{column}` twice", .file.display())]
    DuplicateColumn {
        /// The file.
        file: PathBuf,
        /// The name found twice.
        column: String,
    },
    /// A CSV file without a header.
    #[error("{}: expected a header line, found an empty file", .file.display())]
    EmptyFile {
        /// The file.
        file: PathBuf,
    },
    /// A folder without text files.
    #[error("{}: expected .txt files, found none among {entries} entries", .folder.display())]
    EmptyFolder {
        /// The folder.
        folder: PathBuf,
        /// How many entries it has.
        entries: usize,
    },
    /// The header is not usable text.
    #[error("{}:1: expected a header of UTF-8 text up to {limit} bytes, found {found}", .file.display())]
    Header {
        /// The file.
        file: PathBuf,
        /// Longest header accepted.
        limit: usize,
        /// What is wrong with it.
        found: &'static str,
    },
    /// The operating system refused.
    #[error("{}: cannot be read", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A CSV file without a column we cannot do without.
    #[error(
        "{}:1: expected one of the columns {}, found {}",
        .file.display(), .names.join(", "), .found.join(", ")
    )]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// The names that would do.
        names: &'static [&'static str],
        /// The columns found; long names, which may be text, are replaced by their length.
        found: Vec<String>,
    },
    /// There is no such file.
    #[error("{}: expected a file or a folder, found nothing", .file.display())]
    NoSuchFile {
        /// The file.
        file: PathBuf,
    },
    /// A name that ends in `.gz` for a file that is not gzip.
    #[error("{}: expected a gzip file as its name says, found other bytes", .file.display())]
    NotGzip {
        /// The file.
        file: PathBuf,
    },
    /// A file of a folder, whose users had to be known first.
    #[error(transparent)]
    Row(Box<RowError>),
    /// The name does not tell the format.
    #[error(
        "{}: expected .jsonl, .json, .ndjson or .csv (or these with .gz), or a folder of .txt or LEAF's .json \
         files, found another extension", .file.display()
    )]
    UnknownFormat {
        /// The file.
        file: PathBuf,
    },
}

impl OpenError {
    /// The same as what ends the reading of a folder, one of whose files can't be opened.
    pub(super) fn into_row_error(self, file: &Path) -> RowError {
        let kind = match &self {
            Self::Io { source, .. } => source.kind(),
            Self::NoSuchFile { .. } => io::ErrorKind::NotFound,
            _ => io::ErrorKind::InvalidData,
        };
        RowError::new(file.to_owned(), 1, RowReason::Io { kind })
    }
}

/// Why [`read_all`](super::read_all) failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read at all.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A bad row, in strict mode, or a LEAF file that contradicts itself.
    #[error(transparent)]
    Row(#[from] Box<RowError>),
}

/// A bad row: where it is and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowError {
    /// The file.
    pub file: PathBuf,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// Bytes of the file up to where the error is, after decompression, where a line may hold a whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// The column at fault, where it is known.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub reason: RowReason,
}

impl RowError {
    pub(super) fn new(file: PathBuf, line: u64, reason: RowReason) -> Self {
        let field = match &reason {
            RowReason::Field(error) => Some(error.field()),
            RowReason::Leaf { field, .. } => Some(*field),
            _ => None,
        };
        Self { file, line, byte: None, field, reason }
    }

    pub(super) fn at_byte(self, byte: u64) -> Self {
        Self { byte: Some(byte), ..self }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        self.byte.map_or(Ok(()), |byte| write!(f, "byte {byte}: "))?;
        self.reason.fmt(f)
    }
}

impl std::error::Error for RowError {}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowReason {
    /// The gzip stream is damaged.
    #[error("expected a sound gzip stream, found a damaged one; the rest of the file is lost")]
    CorruptGzip,
    /// A CSV row with too many or too few columns.
    #[error("expected {expected} columns as in the header, found {found}")]
    ColumnCount {
        /// Columns in the header.
        expected: usize,
        /// Columns in the row.
        found: usize,
    },
    /// A value that cannot be used.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The line is not JSON.
    #[error("expected a JSON object, found a syntax error at byte {column} of {length}")]
    InvalidJson {
        /// Where the error is, from 1.
        column: usize,
        /// Length of the line in bytes.
        length: usize,
    },
    /// The row is not UTF-8.
    #[error("expected UTF-8 text, found an invalid byte at offset {offset} of the row")]
    InvalidUtf8 {
        /// Bytes of the row before the invalid one.
        offset: usize,
    },
    /// The operating system failed while reading.
    #[error("expected more of the file, found a read error: {kind}")]
    Io {
        /// The kind of failure.
        kind: io::ErrorKind,
    },
    /// A LEAF file that is not as such files are, or whose parts do not agree.
    #[error("field `{field}`: expected {expected}, found {found}")]
    Leaf {
        /// The part of the file.
        field: &'static str,
        /// What it should hold.
        expected: Box<str>,
        /// The type or the number found.
        found: Box<str>,
    },
    /// A number that JSON or a 64-bit float does not have.
    #[error("expected a finite number, found one that is not finite at byte {column}")]
    NotFinite {
        /// Where it is, from 1.
        column: usize,
    },
    /// JSON, but not an object.
    #[error("expected a JSON object, found {found}")]
    NotAnObject {
        /// The type found.
        found: &'static str,
    },
    /// JSON nested too deeply.
    #[error("expected JSON nested at most 128 deep, found deeper")]
    TooDeep,
    /// The row is longer than the limit.
    #[error("expected at most {limit} bytes, found a row of {found}")]
    TooLong {
        /// The limit.
        limit: usize,
        /// The length found.
        found: u64,
    },
    /// The file is larger than the limit.
    #[error("expected at most {limit} bytes after decompression, found more; the rest is not read")]
    TooMuch {
        /// The limit.
        limit: u64,
    },
    /// The gzip stream ends too soon.
    #[error("expected the end of the gzip stream, found a truncated file; the rest is lost")]
    TruncatedGzip,
}

impl RowReason {
    /// A stable short name, under which reports count.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CorruptGzip => "corrupt_gzip",
            Self::ColumnCount { .. } => "column_count",
            Self::Field(FieldError::Empty { .. }) => "empty_field",
            Self::Field(FieldError::Missing { .. }) => "missing_field",
            Self::Field(FieldError::NotFinite { .. }) | Self::NotFinite { .. } => "not_finite",
            Self::Field(FieldError::Type { .. }) => "wrong_type",
            Self::InvalidJson { .. } => "invalid_json",
            Self::InvalidUtf8 { .. } => "invalid_utf8",
            Self::Io { .. } => "read_failure",
            Self::Leaf { .. } => "leaf",
            Self::NotAnObject { .. } => "not_an_object",
            Self::TooDeep => "too_deep",
            Self::TooLong { .. } => "too_long",
            Self::TooMuch { .. } => "too_much",
            Self::TruncatedGzip => "truncated_gzip",
        }
    }

    /// Whether nothing can be read after this.
    pub fn ends_the_stream(&self) -> bool {
        matches!(self, Self::CorruptGzip | Self::Io { .. } | Self::TooMuch { .. } | Self::TruncatedGzip)
            || self.is_fatal()
    }

    /// Whether what was read before is worth nothing either, so that it is an error even where bad rows are skipped.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Leaf { .. })
    }

    /// What a failure to read means, given whether the file is gzip.
    pub(super) fn from_io(error: &io::Error, gzip: bool) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof if gzip => Self::TruncatedGzip,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if gzip => Self::CorruptGzip,
            kind => Self::Io { kind },
        }
    }
}

impl Serialize for RowReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
