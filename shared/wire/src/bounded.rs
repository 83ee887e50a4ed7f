//! Values whose size has a limit in their type, so that a decoder cannot be talked past it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The value is larger than its type allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {limit} allowed, got {found}")]
pub struct TooLong {
    /// What the type allows.
    pub limit: usize,
    /// What was offered.
    pub found: usize,
}

fn check(limit: usize, found: usize) -> Result<(), TooLong> {
    if found > limit { Err(TooLong { limit, found }) } else { Ok(()) }
}

/// At most `MAX` bytes.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Bytes<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Bytes<MAX> {
    /// Takes the bytes if they are few enough.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, TooLong> {
        let bytes = bytes.into();
        check(MAX, bytes.len()).map(|()| Self(bytes))
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Gives the bytes back.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl<const MAX: usize> TryFrom<Vec<u8>> for Bytes<MAX> {
    type Error = TooLong;

    fn try_from(bytes: Vec<u8>) -> Result<Self, TooLong> {
        Self::new(bytes)
    }
}

impl<const MAX: usize> TryFrom<&[u8]> for Bytes<MAX> {
    type Error = TooLong;

    fn try_from(bytes: &[u8]) -> Result<Self, TooLong> {
        Self::new(bytes)
    }
}

impl<const MAX: usize> AsRef<[u8]> for Bytes<MAX> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Bytes<MAX> {
    // Tokens and certificates pass through here: the length is enough for a log.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Bytes({} of at most {MAX})", self.0.len())
    }
}

impl<const MAX: usize> Serialize for Bytes<MAX> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_bytes(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Bytes<MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        // Borrowed first: the length is judged before a copy is made.
        let bytes = <&'de [u8]>::deserialize(input)?;
        Self::new(bytes).map_err(de::Error::custom)
    }
}

/// At most `MAX` bytes of printable ASCII, such as the name of a build.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Keeps what is printable ASCII, up to the limit. Names of builds are for people: a shortened
    /// one is better than an error.
    pub fn lossy(text: &str) -> Self {
        Self(text.chars().filter(|c| matches!(c, ' '..='~')).take(MAX).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = <&'de str>::deserialize(input)?;
        check(MAX, text.len()).map_err(de::Error::custom)?;
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(de::Error::custom("only printable ascii is allowed"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// At most `MAX` items.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    /// Takes the items if they are few enough.
    pub fn new(items: impl Into<Vec<T>>) -> Result<Self, TooLong> {
        let items = items.into();
        check(MAX, items.len()).map(|()| Self(items))
    }

    /// The items.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// Gives the items back.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> TryFrom<Vec<T>> for List<T, MAX> {
    type Error = TooLong;

    fn try_from(items: Vec<T>) -> Result<Self, TooLong> {
        Self::new(items)
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_seq(ListVisitor::<T, MAX>(std::marker::PhantomData))
    }
}

struct ListVisitor<T, const MAX: usize>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> de::Visitor<'de> for ListVisitor<T, MAX> {
    type Value = List<T, MAX>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "at most {MAX} items")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut input: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = input.next_element()? {
            check(MAX, items.len() + 1).map_err(de::Error::custom)?;
            items.push(item);
        }
        Ok(List(items))
    }
}
