//! What travels between a device and the aggregator, byte for byte.
//!
//! This crate turns bytes into typed values and back. It opens no socket, reads no clock and starts
//! no thread, so the same code runs on a phone, in the aggregator and in a browser.
//!
//! - [`frame`]: one type byte, one length, one body; the length is judged before anything is read.
//! - [`message`]: the messages, each with a frozen layout under its own type number.
//! - [`manifest`]: the signed terms of one round, which a device checks before it takes part.
//! - [`pack`]: the raw body of an upload, little-endian integers of 16, 24 or 32 bits.
//!
//! ```
//! use silhouette_wire::{ContentHash, Limits, decode_frame, encode_frame};
//! use silhouette_wire::message::Fetch;
//!
//! let request = Fetch { hash: ContentHash::of(b"model"), offset: 0 };
//! let bytes = encode_frame(&request)?;
//! let back: Fetch = decode_frame(&mut bytes.as_slice(), &Limits::default())?;
//! assert_eq!(back, request);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not do: it keeps no state between messages, and it does not decide whether a device
//! ought to accept a manifest that is well formed and properly signed.

pub mod bounded;
mod codec;
pub mod defaults;
mod error_code;
mod extensions;
pub mod frame;
pub mod hex;
mod ids;
pub mod manifest;
pub mod message;
mod mode;
pub mod pack;
mod run;
pub mod signature;

pub use codec::{DecodeError, EncodeError, decode_body, decode_frame, encode_body, encode_frame, encode_frame_with};
pub use error_code::ErrorCode;
pub use extensions::{Extension, Extensions};
pub use frame::{FrameError, FrameHeader, Limits, MessageType};
pub use ids::{ContentHash, DeviceId, IdError, Nonce, TaskId};
pub use manifest::{
    AdaptiveClip, Correlation, LocalTraining, Manifest, ManifestError, QueryKind, SignedManifest, SignedTask, TaskTerms,
};
pub use message::{
    BodyHeader, CheckIn, CheckInReply, Enroll, EnrollReply, Fetch, Hello, HelloReply, Message, Refusal, Upload,
    UploadReply,
};
pub use mode::{Mode, UnknownMode};
pub use pack::{PackError, Unpacker, pack, unpack};
pub use run::Run;
