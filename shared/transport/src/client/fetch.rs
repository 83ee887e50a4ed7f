use std::io;

use quinn::RecvStream;
use silhouette_wire::{BodyHeader, ErrorCode, Fetch};

use super::{Connection, PartialBody};
use crate::stream::{ExchangeError, next_chunk, within, write_message};

/// Why content did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The exchange failed. What arrived is kept; the next attempt goes on behind it.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The server does not offer the content.
    #[error("the server refused: {0}")]
    Refused(ErrorCode),
    /// The server answered a question that was not asked.
    #[error("the server answered for other content or another offset")]
    OtherContent,
    /// The content is larger than this device takes.
    #[error("the content has {found} bytes, at most {limit} are taken")]
    TooLarge {
        /// What the device takes.
        limit: u64,
        /// What the server announced.
        found: u64,
    },
    /// More bytes arrived than were announced.
    #[error("more bytes arrived than were announced")]
    TooLong,
    /// The stream ended early. What arrived is kept; the next attempt goes on behind it.
    #[error("the download was cut")]
    Cut,
    /// All bytes arrived, and they are not the content. Start again with a new body.
    #[error("the content does not have its hash")]
    HashMismatch,
    /// The sink failed, and may hold part of a piece. Start again with a new body.
    #[error("cannot write the content: {0}")]
    Sink(#[from] io::Error),
}

impl Connection {
    /// Downloads content by its hash, from where `body` stands, and checks it.
    pub async fn fetch_model<W: io::Write>(&self, body: &mut PartialBody<W>) -> Result<(), FetchError> {
        let (mut recv, total) = self.ask_for(body).await?;
        while body.received() < total {
            let chunk = within(self.limits.stall_timeout, next_chunk(&mut recv)).await;
            let Some(chunk) = chunk? else {
                return Err(FetchError::Cut);
            };
            self.traffic.received(chunk.len() as u64);
            if chunk.len() as u64 > total - body.received() {
                return Err(FetchError::TooLong);
            }
            body.push(&chunk)?;
        }
        body.flush()?;
        if body.is_complete() { Ok(()) } else { Err(FetchError::HashMismatch) }
    }

    async fn ask_for<W: io::Write>(&self, body: &PartialBody<W>) -> Result<(RecvStream, u64), FetchError> {
        let request = Fetch { hash: body.hash(), offset: body.received() };
        let answer = within(self.limits.reply_timeout, async {
            let (mut send, mut recv) = self.connection.open_bi().await?;
            self.traffic.sent(write_message(&mut send, &request).await?);
            let _ = send.finish();
            let header: BodyHeader = self.reply(&mut recv).await?;
            Ok((recv, header))
        });
        let (recv, header) = answer.await.map_err(|error| match error {
            ExchangeError::Refused(code) => FetchError::Refused(code),
            error => FetchError::Exchange(error),
        })?;
        if (header.hash, header.offset) != (request.hash, request.offset) {
            return Err(FetchError::OtherContent);
        }
        let (limit, found) = (self.limits.max_model_bytes, header.total_len);
        if found > limit {
            return Err(FetchError::TooLarge { limit, found });
        }
        Ok((recv, found))
    }
}
