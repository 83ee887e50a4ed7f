use std::time::Duration;

use quinn::RecvStream;
use silhouette_wire::{CheckIn, CheckInReply, Message};

use super::Connection;
use crate::stream::{ExchangeError, expect_end, read_frame, within, write_message};

impl Connection {
    /// Offers to take part. The reply may be held back until the cohort is chosen.
    pub async fn check_in(&self, request: &CheckIn) -> Result<CheckInReply, ExchangeError> {
        match self.ask(request, self.limits.check_in_timeout).await {
            // One word for one thing, whichever layer of the server refused.
            Err(ExchangeError::Refused(code)) => Ok(CheckInReply::Refused(code)),
            reply => reply,
        }
    }

    /// One request, one reply, nothing after it.
    pub(super) async fn ask<Q: Message, A: Message>(
        &self,
        request: &Q,
        patience: Duration,
    ) -> Result<A, ExchangeError> {
        within(patience, async {
            let (mut send, mut recv) = self.connection.open_bi().await?;
            // A server that refuses early stops the stream; its reply says why.
            match write_message(&mut send, request).await {
                Ok(bytes) => self.traffic.sent(bytes),
                Err(ExchangeError::Abandoned) => {}
                Err(error) => return Err(error),
            }
            let _ = send.finish();
            let reply = self.reply(&mut recv).await?;
            expect_end(&mut recv).await?;
            Ok(reply)
        })
        .await
    }

    /// Reads a reply; what may follow it stays on the stream.
    pub(super) async fn reply<A: Message>(&self, recv: &mut RecvStream) -> Result<A, ExchangeError> {
        let frame = read_frame(recv, &self.frames).await?;
        self.traffic.received(frame.size);
        frame.reply()
    }
}
