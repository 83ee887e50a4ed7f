//! What can be wrong with a folder of weights.

use thiserror::Error;

/// A folder that is no encoder.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BertError {
    /// A file can't be read.
    #[error("{file}: {reason}")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// A file has something else than it must.
    #[error("{file}, {field}: expected {expected}, found {found}")]
    Field {
        /// The file.
        file: String,
        /// The field or tensor.
        field: String,
        /// What is accepted.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Other weights than those that are needed.
    #[error("encoder weights: expected a folder whose model.safetensors has the SHA-256 {expected}, found {found}")]
    Weights {
        /// The hash that the task states.
        expected: String,
        /// The folder's, or that there is none.
        found: String,
    },
}

/// A [`BertError::Field`].
#[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike are said where the error is made")]
pub(super) fn field(file: &str, field: &str, expected: impl ToString, found: impl ToString) -> BertError {
    BertError::Field {
        file: file.to_owned(),
        field: field.to_owned(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}
