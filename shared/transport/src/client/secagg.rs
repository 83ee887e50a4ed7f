use quinn::{RecvStream, SendStream};
use silhouette_privacy::secagg::MaskedVector;
use silhouette_wire::{
    ContentHash, Message, MessageType,
    message::{SecaggReply, SecaggRequest},
};

use super::{Connection, UploadError};
use crate::{
    defaults::CHUNK_BYTES,
    stream::{ExchangeError, expect_end, read_frame, within, write_message},
};

impl Connection {
    /// One exchange of a secure aggregation; a masked input is followed by its vector. The reply is
    /// held back until the step is over.
    ///
    /// There is no way to send another vector: a [`MaskedVector`] is made of a release and its masks.
    ///
    /// # Errors
    /// When the vector is not what the request announces, or the exchange fails. It is not tried
    /// again: a step is taken once.
    pub async fn secagg(
        &self,
        request: &SecaggRequest,
        vector: Option<&MaskedVector>,
    ) -> Result<SecaggReply, UploadError> {
        let body = vector.map(MaskedVector::as_bytes);
        if !describes(request, body) {
            return Err(UploadError::OtherRelease);
        }
        let limit = self.server.limits.max_upload_bytes;
        if body.is_some_and(|body| body.len() as u64 > limit) {
            return Err(UploadError::TooLarge { limit });
        }
        let exchange = async {
            let (mut send, mut recv) = self.connection.open_bi().await?;
            let sent = match request {
                SecaggRequest::Advert(message) => self.tell(&mut send, message, body).await,
                SecaggRequest::Shares(message) => self.tell(&mut send, message, body).await,
                SecaggRequest::MaskedInput(message) => self.tell(&mut send, message, body).await,
                SecaggRequest::Consistency(message) => self.tell(&mut send, message, body).await,
                SecaggRequest::Revealed(message) => self.tell(&mut send, message, body).await,
            };
            match sent {
                // The server stopped reading; its reply says why.
                Ok(()) | Err(ExchangeError::Abandoned) => {}
                Err(error) => return Err(error),
            }
            self.secagg_reply(&mut recv).await
        };
        match within(self.limits.check_in_timeout, exchange).await {
            // One word for one thing, whichever layer of the server refused.
            Err(ExchangeError::Refused(code)) => Ok(SecaggReply::Refused(code)),
            reply => Ok(reply?),
        }
    }

    async fn tell<M: Message>(
        &self,
        send: &mut SendStream,
        message: &M,
        body: Option<&[u8]>,
    ) -> Result<(), ExchangeError> {
        self.traffic.sent(write_message(send, message).await?);
        for chunk in body.unwrap_or_default().chunks(CHUNK_BYTES) {
            send.write_all(chunk).await?;
            self.traffic.sent(chunk.len() as u64);
        }
        let _ = send.finish();
        Ok(())
    }

    async fn secagg_reply(&self, recv: &mut RecvStream) -> Result<SecaggReply, ExchangeError> {
        let frame = read_frame(recv, &self.frames).await?;
        self.traffic.received(frame.size);
        let reply = match frame.kind {
            MessageType::SecaggRoster => SecaggReply::Roster(frame.reply()?),
            MessageType::SecaggInbox => SecaggReply::Inbox(frame.reply()?),
            MessageType::SecaggSurvivors => SecaggReply::Survivors(frame.reply()?),
            MessageType::SecaggUnmask => SecaggReply::Unmask(frame.reply()?),
            // A refusal in its place becomes an error, anything else is not understood.
            _ => SecaggReply::Done(frame.reply()?),
        };
        expect_end(recv).await?;
        Ok(reply)
    }
}

fn describes(request: &SecaggRequest, body: Option<&[u8]>) -> bool {
    match (request, body) {
        (SecaggRequest::MaskedInput(message), Some(body)) => {
            message.byte_len == body.len() as u64 && message.sha256 == ContentHash::of(body)
        }
        (SecaggRequest::MaskedInput(_), None) => false,
        (_, body) => body.is_none(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_vector_goes_with_a_masked_input_and_with_nothing_else() {
        let message = silhouette_wire::message::SecaggMaskedInput {
            at: silhouette_wire::message::Participation {
                task: "t".parse().unwrap(),
                round: 1,
                nonce: silhouette_wire::Nonce([0; 16]),
            },
            dimension: 1,
            modulus_bits: 16,
            byte_len: 2,
            sha256: ContentHash::of(&[1, 2]),
        };
        let input = SecaggRequest::MaskedInput(message);
        assert!(describes(&input, Some(&[1, 2])));
        assert!(!describes(&input, Some(&[1, 3])) && !describes(&input, Some(&[1])) && !describes(&input, None));
    }
}
