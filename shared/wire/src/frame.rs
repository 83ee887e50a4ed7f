//! Frames: type, length, body.
//!
//! ```text
//! +------+-----------------+----------------------+
//! | type | length          | body (length bytes)  |
//! | u8   | LEB128, minimal | message, extensions  |
//! +------+-----------------+----------------------+
//! ```
//!
//! The raw bytes that follow [`BodyHeader`](crate::BodyHeader) and [`Upload`](crate::Upload) are not
//! part of the frame; the message announces their length.

mod kind;
mod varint;

pub use kind::{Limits, MessageType};

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The bytes end inside the frame; more may follow on a stream.
    #[error("the frame ends too early")]
    Truncated,
    /// The length is not written in its shortest form, or exceeds 64 bits.
    #[error("the frame length is not in its shortest form")]
    Length,
    /// The type number is not assigned.
    #[error("unknown message type {0}")]
    UnknownType(u8),
    /// Another type was expected at this point of the exchange.
    #[error("unexpected message type {found:?}, expected {expected:?}")]
    UnexpectedType {
        /// What the exchange calls for.
        expected: MessageType,
        /// What came.
        found: MessageType,
    },
    /// The announced length exceeds the limit of the type.
    #[error("a {kind:?} message of {length} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// The type.
        kind: MessageType,
        /// The announced length.
        length: u64,
        /// The limit of the type.
        limit: u64,
    },
}

/// The first bytes of a frame, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    kind: MessageType,
    length: usize,
}

impl FrameHeader {
    /// Reads a header off the front of `input` and checks the length against the limit of the type.
    ///
    /// On an error `input` is left where it was, so that a stream can try again with more bytes
    /// after [`FrameError::Truncated`].
    pub fn decode(input: &mut &[u8], limits: &Limits) -> Result<Self, FrameError> {
        let (&number, mut rest) = input.split_first().ok_or(FrameError::Truncated)?;
        let kind = MessageType::from_number(number).ok_or(FrameError::UnknownType(number))?;
        let length = varint::decode(&mut rest)?;
        let limit = limits.of(kind);
        let too_large = FrameError::TooLarge { kind, length, limit };
        if length > limit {
            return Err(too_large);
        }
        let length = usize::try_from(length).map_err(|_| too_large)?;
        *input = rest;
        Ok(Self { kind, length })
    }

    /// Type of the message.
    pub const fn kind(&self) -> MessageType {
        self.kind
    }

    /// Length of the body in bytes, within the limit of the type.
    pub const fn length(&self) -> usize {
        self.length
    }
}

/// Puts a header before a body.
pub(crate) fn encode(kind: MessageType, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(crate::defaults::MAX_FRAME_HEADER_BYTES + body.len());
    frame.push(kind.number());
    varint::encode(body.len() as u64, &mut frame);
    frame.extend_from_slice(body);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bytes: &[u8]) -> Result<FrameHeader, FrameError> {
        FrameHeader::decode(&mut &bytes[..], &Limits::default())
    }

    #[test]
    fn length_is_judged_before_the_body() {
        // 2^40 in groups of seven bits.
        let huge = [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
        assert!(matches!(header(&huge), Err(FrameError::TooLarge { length, .. }) if length == 1 << 40));
        assert_eq!(header(&[1, 5]).map(|header| header.length()), Ok(5));
    }

    #[test]
    fn strange_headers_are_refused() {
        assert_eq!(header(&[]), Err(FrameError::Truncated));
        assert_eq!(header(&[1]), Err(FrameError::Truncated));
        assert_eq!(header(&[0, 0]), Err(FrameError::UnknownType(0)));
        assert_eq!(header(&[250, 0]), Err(FrameError::UnknownType(250)));
        assert_eq!(header(&[1, 0x80, 0]), Err(FrameError::Length));
    }

    #[test]
    fn input_stays_in_place_on_an_error() {
        let mut input: &[u8] = &[1, 0x80];
        assert_eq!(FrameHeader::decode(&mut input, &Limits::default()), Err(FrameError::Truncated));
        assert_eq!(input, [1, 0x80]);
    }
}
