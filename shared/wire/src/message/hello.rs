use serde::{Deserialize, Serialize};

use super::Message;
use crate::{
    bounded::{List, Text},
    defaults::{MAX_BUILD_BYTES, MAX_VERSIONS},
    frame::MessageType,
};

/// Name of a build, for the operator's logs.
pub type Build = Text<MAX_BUILD_BYTES>;

/// First request of every connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol versions the device speaks, best first.
    pub versions: List<u16, MAX_VERSIONS>,
    /// Optional features the device can use, one bit each. None is assigned in version 1.
    pub features: u64,
    /// Build of the device's program.
    pub build: Build,
}

impl Message for Hello {
    const TYPE: MessageType = MessageType::Hello;
}

/// What the aggregator accepts at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedLimits {
    /// Largest upload body in bytes.
    pub max_upload_bytes: u64,
    /// Longest silence in milliseconds before the connection counts as dead.
    pub idle_timeout_ms: u64,
}

/// Answer to [`Hello`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloReply {
    /// The version this connection uses.
    pub version: u16,
    /// The features both sides can use.
    pub features: u64,
    /// The aggregator's clock, in milliseconds since 1970. For display and for pacing only: a device
    /// never lets it decide what its privacy budget is.
    pub server_time_ms: u64,
    /// What the aggregator accepts at most.
    pub limits: AnnouncedLimits,
}

impl Message for HelloReply {
    const TYPE: MessageType = MessageType::HelloReply;
}
