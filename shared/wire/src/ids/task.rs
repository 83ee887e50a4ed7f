use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::IdError;
use crate::defaults::MAX_TASK_ID_BYTES;

/// Name of a task: 1 to 64 characters out of `a-z 0-9 . _ -`.
///
/// The alphabet is that narrow because the name becomes part of file names, metric labels and
/// database keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TaskId(String);

impl TaskId {
    /// Checks a name.
    pub fn new(name: impl Into<String>) -> Result<Self, IdError> {
        let name = name.into();
        if name.is_empty() || name.len() > MAX_TASK_ID_BYTES {
            return Err(IdError::TaskLength(name.len()));
        }
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if !name.bytes().all(allowed) {
            return Err(IdError::TaskCharacter);
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl AsRef<str> for TaskId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaskId {
    type Err = IdError;

    fn from_str(name: &str) -> Result<Self, IdError> {
        Self::new(name)
    }
}

impl<'de> Deserialize<'de> for TaskId {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(input)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "news.en-1_x", &"z".repeat(64)] {
            assert_eq!(good.parse::<TaskId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        assert_eq!("".parse::<TaskId>(), Err(IdError::TaskLength(0)));
        assert_eq!("z".repeat(65).parse::<TaskId>(), Err(IdError::TaskLength(65)));
        for bad in ["A", "a b", "a/b", "ä", "a\0"] {
            assert_eq!(bad.parse::<TaskId>(), Err(IdError::TaskCharacter));
        }
    }
}
