//! From message to frame and back.
//!
//! A body is the message followed by its extension list, both in postcard. Postcard accepts numbers
//! that are longer than they need to be; what is decoded here is therefore encoded again and
//! compared, so that every value has exactly one spelling and a hash or a signature over bytes is a
//! hash or a signature over the value.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error_code::ErrorCode,
    extensions::Extensions,
    frame::{self, FrameError, FrameHeader, Limits},
    message::Message,
};

/// Why bytes are not the expected message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame around the message is wrong.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The body is not laid out as its type says.
    #[error("the body is not a valid message")]
    Layout,
    /// Bytes follow the message.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
    /// The body decodes, but is not the one spelling of its value.
    #[error("the body is not in its canonical form")]
    NotCanonical,
    /// An extension that must be understood is not.
    #[error("the message needs extension {0}, which this build does not know")]
    UnknownCritical(u16),
    /// The fields contradict each other; the code says what to answer.
    #[error("the fields of the message contradict each other: {0}")]
    Inconsistent(ErrorCode),
}

impl DecodeError {
    /// What to answer a peer that sent this.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Inconsistent(code) => *code,
            _ => ErrorCode::Malformed,
        }
    }
}

/// Why a message cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The fields contradict each other.
    #[error("the fields of the message contradict each other: {0}")]
    Inconsistent(ErrorCode),
    /// The serialiser refused a value.
    #[error("a value cannot be serialised")]
    Value,
}

/// Encodes the body of a message, without the frame.
pub fn encode_body<M: Message>(message: &M, extensions: &Extensions) -> Result<Vec<u8>, EncodeError> {
    message.check().map_err(EncodeError::Inconsistent)?;
    to_bytes(&(message, extensions)).map_err(|_| EncodeError::Value)
}

/// Decodes the body of a message, without the frame. Unknown extensions are skipped unless critical.
pub fn decode_body<M: Message>(body: &[u8]) -> Result<(M, Extensions), DecodeError> {
    let (message, extensions): (M, Extensions) = from_bytes(body)?;
    check_extensions(&extensions)?;
    message.check().map_err(DecodeError::Inconsistent)?;
    Ok((message, extensions))
}

/// Encodes a message without extensions as a whole frame.
pub fn encode_frame<M: Message>(message: &M) -> Result<Vec<u8>, EncodeError> {
    encode_frame_with(message, &Extensions::default())
}

/// Encodes a message with extensions as a whole frame.
pub fn encode_frame_with<M: Message>(message: &M, extensions: &Extensions) -> Result<Vec<u8>, EncodeError> {
    Ok(frame::encode(M::TYPE, &encode_body(message, extensions)?))
}

/// Takes one whole frame of the expected type off the front of `input`.
pub fn decode_frame<M: Message>(input: &mut &[u8], limits: &Limits) -> Result<M, DecodeError> {
    let mut rest = *input;
    let header = FrameHeader::decode(&mut rest, limits)?;
    if header.kind() != M::TYPE {
        return Err(FrameError::UnexpectedType { expected: M::TYPE, found: header.kind() }.into());
    }
    let (body, rest) = rest.split_at_checked(header.length()).ok_or(FrameError::Truncated)?;
    let (message, _) = decode_body(body)?;
    *input = rest;
    Ok(message)
}

/// Refuses extensions that are out of order or critical and unknown.
pub(crate) fn check_extensions(extensions: &Extensions) -> Result<(), DecodeError> {
    if !extensions.in_order() {
        return Err(DecodeError::NotCanonical);
    }
    extensions.unknown_critical().map_or(Ok(()), |id| Err(DecodeError::UnknownCritical(id)))
}

pub(crate) fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(value)
}

/// Decodes a value that fills `bytes` exactly and canonically.
pub(crate) fn from_bytes<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, rest): (T, &[u8]) = postcard::take_from_bytes(bytes).map_err(|_| DecodeError::Layout)?;
    if !rest.is_empty() {
        return Err(DecodeError::Trailing(rest.len()));
    }
    if to_bytes(&value).map_err(|_| DecodeError::Layout)? != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(value)
}
