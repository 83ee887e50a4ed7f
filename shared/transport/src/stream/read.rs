use bytes::Bytes;
use quinn::RecvStream;
use silhouette_wire::{
    DecodeError, FrameError, FrameHeader, Limits, Message, MessageType, Refusal, decode_body,
    defaults::MAX_FRAME_HEADER_BYTES,
};

use super::ExchangeError;
use crate::defaults::CHUNK_BYTES;

/// A frame whose length was judged before its body was read.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: MessageType,
    /// Bytes on the wire, header included.
    pub(crate) size: u64,
    body: Vec<u8>,
}

impl Frame {
    /// The message of the expected type; a refusal in its place becomes an error.
    pub(crate) fn reply<M: Message>(&self) -> Result<M, ExchangeError> {
        if self.kind == MessageType::Refusal && M::TYPE != MessageType::Refusal {
            let (refusal, _) = decode_body::<Refusal>(&self.body)?;
            return Err(ExchangeError::Refused(refusal.code));
        }
        self.message()
    }

    /// The message of the expected type.
    pub(crate) fn message<M: Message>(&self) -> Result<M, ExchangeError> {
        if self.kind != M::TYPE {
            let (expected, found) = (M::TYPE, self.kind);
            let error = FrameError::UnexpectedType { expected, found };
            return Err(DecodeError::Frame(error).into());
        }
        Ok(decode_body::<M>(&self.body)?.0)
    }
}

/// Reads one frame. The header comes byte by byte, so that nothing behind the frame is taken and a
/// length is judged as soon as it is complete.
pub(crate) async fn read_frame(stream: &mut RecvStream, limits: &Limits) -> Result<Frame, ExchangeError> {
    let mut head = [0; MAX_FRAME_HEADER_BYTES];
    let mut filled = 0;
    let header = loop {
        match FrameHeader::decode(&mut &head[..filled], limits) {
            Ok(header) => break header,
            Err(FrameError::Truncated) if filled < head.len() => {
                stream.read_exact(&mut head[filled..=filled]).await?;
                filled += 1;
            }
            Err(error) => return Err(DecodeError::Frame(error).into()),
        }
    };
    let mut body = vec![0; header.length()];
    stream.read_exact(&mut body).await?;
    Ok(Frame { kind: header.kind(), size: (filled + body.len()) as u64, body })
}

/// Waits for the peer to end its side; anything else that comes is one byte too many.
pub(crate) async fn expect_end(stream: &mut RecvStream) -> Result<(), ExchangeError> {
    match stream.read(&mut [0]).await? {
        None => Ok(()),
        Some(_) => Err(ExchangeError::Trailing),
    }
}

/// The next piece of a raw body; `None` at the end of the stream.
pub(crate) async fn next_chunk(stream: &mut RecvStream) -> Result<Option<Bytes>, ExchangeError> {
    Ok(stream.read_chunk(CHUNK_BYTES, true).await?.map(|chunk| chunk.bytes))
}
