//! Frames over QUIC streams, with a bound on every wait.

mod error;
mod read;

use std::time::Duration;

use quinn::SendStream;
use silhouette_wire::{Message, encode_frame};

pub use error::{ExchangeError, Lost};
pub(crate) use read::{Frame, expect_end, next_chunk, read_frame};

/// Runs a step of an exchange with a deadline.
pub(crate) async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, ExchangeError>>,
) -> Result<T, ExchangeError> {
    tokio::time::timeout(limit, step).await.unwrap_or(Err(ExchangeError::TimedOut))
}

/// Sends one message and says how many bytes that took.
pub(crate) async fn write_message<M: Message>(stream: &mut SendStream, message: &M) -> Result<u64, ExchangeError> {
    let frame = encode_frame(message)?;
    stream.write_all(&frame).await?;
    Ok(frame.len() as u64)
}
