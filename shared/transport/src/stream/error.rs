use quinn::{ConnectionError, ReadError, ReadExactError, WriteError};
use silhouette_wire::{DecodeError, EncodeError, ErrorCode};

/// Why a connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lost {
    /// Nothing was heard for too long, or nobody is there.
    #[error("the peer does not answer")]
    Silent,
    /// One side did not accept the other's certificate, or none was shown.
    #[error("a certificate was refused (tls alert {alert})")]
    Certificate {
        /// The TLS alert, such as 45 for expired or 48 for an unknown authority.
        alert: u8,
    },
    /// The peer closed the connection on purpose.
    #[error("the peer closed the connection (code {code})")]
    Closed {
        /// One of [`crate::defaults::close`].
        code: u64,
    },
    /// The peer has no capacity for further connections, or is shutting down.
    #[error("the peer accepts no connections now")]
    NotAccepting,
    /// This side closed the connection.
    #[error("the connection was closed here")]
    Local,
    /// The two sides do not speak the same protocol.
    #[error("the peers do not speak the same protocol")]
    Protocol,
}

/// QUIC carries a TLS alert as a transport error from 0x100 on.
const TLS_ALERTS: std::ops::Range<u64> = 0x100..0x200;

/// Alerts about certificates: handshake failure, the range from bad certificate to illegal
/// parameter, unknown authority and access denied, decrypt error, certificate required.
const CERTIFICATE_ALERTS: [u8; 11] = [40, 42, 43, 44, 45, 46, 48, 49, 51, 113, 116];

fn from_code(code: u64) -> Lost {
    let alert = TLS_ALERTS.contains(&code).then_some((code & 0xff) as u8);
    match alert {
        Some(alert) if CERTIFICATE_ALERTS.contains(&alert) => Lost::Certificate { alert },
        None if code == u64::from(quinn::TransportErrorCode::CONNECTION_REFUSED) => Lost::NotAccepting,
        _ => Lost::Protocol,
    }
}

impl From<ConnectionError> for Lost {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::TimedOut | ConnectionError::Reset => Self::Silent,
            ConnectionError::ApplicationClosed(close) => Self::Closed { code: close.error_code.into_inner() },
            ConnectionError::ConnectionClosed(close) => from_code(close.error_code.into()),
            ConnectionError::TransportError(error) => from_code(error.code.into()),
            ConnectionError::LocallyClosed => Self::Local,
            ConnectionError::VersionMismatch | ConnectionError::CidsExhausted => Self::Protocol,
        }
    }
}

/// Why an exchange of messages failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The connection is gone.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The peer gave up on this exchange.
    #[error("the peer gave up on the exchange")]
    Abandoned,
    /// The stream ended inside a message or a body.
    #[error("the stream ended too early")]
    Ended,
    /// Bytes follow the last message.
    #[error("bytes follow the last message of the exchange")]
    Trailing,
    /// A deadline passed.
    #[error("the exchange took too long")]
    TimedOut,
    /// The peer sent something that is not a valid message.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The message to be sent is not a valid one.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The peer refused.
    #[error("refused: {0}")]
    Refused(ErrorCode),
}

impl ExchangeError {
    /// What to answer the peer that caused this.
    pub(crate) const fn code(&self) -> ErrorCode {
        match self {
            Self::Decode(error) => error.code(),
            Self::TimedOut => ErrorCode::Late,
            Self::Refused(code) => *code,
            _ => ErrorCode::Malformed,
        }
    }
}

impl From<ConnectionError> for ExchangeError {
    fn from(error: ConnectionError) -> Self {
        Self::Lost(error.into())
    }
}

impl From<WriteError> for ExchangeError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::ConnectionLost(error) => error.into(),
            _ => Self::Abandoned,
        }
    }
}

impl From<ReadError> for ExchangeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::ConnectionLost(error) => error.into(),
            _ => Self::Abandoned,
        }
    }
}

impl From<ReadExactError> for ExchangeError {
    fn from(error: ReadExactError) -> Self {
        match error {
            ReadExactError::FinishedEarly(_) => Self::Ended,
            ReadExactError::ReadError(error) => error.into(),
        }
    }
}
