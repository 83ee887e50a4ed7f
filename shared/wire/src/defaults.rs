//! Every fixed number of the wire format, with the reason for it.

/// Version of the framing and of the message set; the ALPN names carry the same number.
pub const PROTOCOL_VERSION: u16 = 1;

/// Longest task name in bytes. Long enough for `team.product.question-2`, short enough to be a file
/// name and a database key everywhere.
pub const MAX_TASK_ID_BYTES: usize = 64;

/// Longest extension list of one message. Extensions are for the odd addition between two versions;
/// a message that needs more deserves a new type number.
pub const MAX_EXTENSIONS: usize = 16;

/// Largest single extension in bytes, so that sixteen of them still fit any message limit below.
pub const MAX_EXTENSION_BYTES: usize = 1024;

/// Largest serialised manifest in bytes. Today's manifest takes about 200; the rest is room for
/// extensions.
pub const MAX_MANIFEST_BYTES: usize = 4096;

/// Longest enrolment token in bytes: a 256-bit secret in any text encoding, with a prefix.
pub const MAX_TOKEN_BYTES: usize = 128;

/// Largest certificate signing request in bytes. A P-256 request takes about 300; post-quantum keys
/// of the smallest parameter set still fit.
pub const MAX_CSR_BYTES: usize = 4096;

/// Largest single certificate in bytes; ours take about 500.
pub const MAX_CERTIFICATE_BYTES: usize = 8192;

/// Longest certificate chain handed to a device: leaf, two intermediates, and one to spare.
pub const MAX_CHAIN: usize = 4;

/// Most tasks named in one enrolment.
pub const MAX_TASKS: usize = 64;

/// Most protocol versions one side may offer; both sides keep the current one and the one before.
pub const MAX_VERSIONS: usize = 8;

/// Longest build name in bytes, such as `silhouette 1.2.3 (abcdef0)`.
pub const MAX_BUILD_BYTES: usize = 64;

/// Longest released vector. 2^24 values of 32 bits are 64 MiB, the most a phone should ever send.
pub const MAX_DIMENSION: u32 = 1 << 24;

/// Largest cohort of one round. With 2^20 devices and 2^10 grid steps each the exact sum still fits
/// in 32 bits, the widest modulus.
pub const MAX_COHORT: u32 = 1 << 20;

/// Most rounds in one tree of noise, so that a device counts its cost in no time.
pub const MAX_TREE_ROUNDS: u32 = 1 << 16;

/// Longest round in milliseconds: a week, after which the short-lived certificates have turned over.
pub const MAX_DEADLINE_MS: u64 = 7 * 24 * 3600 * 1000;

/// Most passes over the local records. Beyond it a round is a mistake, not a setting.
pub const MAX_EPOCHS: u32 = 1000;

/// Largest local batch in records.
pub const MAX_BATCH: u32 = 65_536;

/// Largest finite parameter (clip norm, noise multiplier, learning rate, rho) a manifest may carry.
/// A value above it has lost its meaning and would only serve to overflow what is computed from it.
pub const MAX_PARAMETER: f64 = 1e9;

/// Most neighbours of one member in secure aggregation: Shamir's scheme over GF(2^8) has 255 places.
pub const MAX_NEIGHBOURS: usize = 255;

/// Bytes of a sealed pair of shares: twice a place and 32 bytes, and the tag of 16.
pub const SEALED_SHARE_BYTES: usize = 2 * 33 + 16;

/// Most bytes a frame header takes: one type byte and a 64-bit length in groups of seven bits.
pub const MAX_FRAME_HEADER_BYTES: usize = 11;

/// Room for the extension list at the end of a message: sixteen of a kibibyte each, and their
/// headers.
const EXTENSION_ROOM: u64 = (MAX_EXTENSIONS * (MAX_EXTENSION_BYTES + 8)) as u64;

/// Limit for messages made of a handful of numbers, names and hashes.
pub const SMALL_MESSAGE_BYTES: u64 = 1024 + EXTENSION_ROOM;

/// Limit for a check-in reply, which may carry a manifest and the terms of its task.
pub const CHECK_IN_REPLY_BYTES: u64 = 1024 + 2 * MAX_MANIFEST_BYTES as u64 + EXTENSION_ROOM;

/// Limit for an enrolment request.
pub const ENROLL_BYTES: u64 = 512 + (MAX_TOKEN_BYTES + MAX_CSR_BYTES) as u64 + EXTENSION_ROOM;

/// Limit for an enrolment reply: the chain, the authority, the task names and an endorsement for each.
pub const ENROLL_REPLY_BYTES: u64 = 1024
    + ((MAX_CHAIN + 1) * MAX_CERTIFICATE_BYTES) as u64
    + (MAX_TASKS * (MAX_TASK_ID_BYTES + 2 + 64)) as u64
    + EXTENSION_ROOM;

/// Limit for a roster: a place of up to five bytes, two keys, a byte for the option, an identity and
/// two signatures for each neighbour.
pub const SECAGG_ROSTER_BYTES: u64 = 256 + (MAX_NEIGHBOURS * (5 + 64 + 1 + 32 + 128)) as u64 + EXTENSION_ROOM;

/// Limit for sealed shares: a place, a length and the bytes for each neighbour.
pub const SECAGG_SHARES_BYTES: u64 = 256 + (MAX_NEIGHBOURS * (5 + 1 + SEALED_SHARE_BYTES)) as u64 + EXTENSION_ROOM;

/// Limit for a request to unmask, the longest of its kind: a neighbour stands in one of two lists
/// and may have signed.
pub const SECAGG_LISTS_BYTES: u64 = 256 + (MAX_NEIGHBOURS * (5 + 5 + 64)) as u64 + EXTENSION_ROOM;
