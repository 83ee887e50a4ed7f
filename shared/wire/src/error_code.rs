use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a request was refused. The numbers are part of the wire format and never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// 1: no protocol version in common.
    WrongVersion,
    /// 2: the task does not exist here.
    UnknownTask,
    /// 3: the round does not exist.
    UnknownRound,
    /// 4: the round is over.
    Late,
    /// 5: this participation was already counted with other content.
    Duplicate,
    /// 6: the vector does not have the announced dimension.
    WrongDimension,
    /// 7: more or fewer bytes than announced or expected.
    WrongLength,
    /// 8: the bytes do not have the announced hash.
    HashMismatch,
    /// 9: the update is larger than the clip norm allows.
    NormExceeded,
    /// 10: the device is not part of the cohort.
    NotSelected,
    /// 11: the nonce is not the one that was assigned.
    BadNonce,
    /// 12: the enrolment token was used before.
    TokenUsed,
    /// 13: the enrolment token was never issued.
    TokenUnknown,
    /// 14: the device is not enrolled for this task.
    NotEnrolled,
    /// 15: the device was revoked.
    Revoked,
    /// 16: no capacity now; come back later.
    Busy,
    /// 17: the bytes are not a valid message.
    Malformed,
    /// 18: the aggregator failed; nothing was counted.
    Internal,
    /// 19: no content with this hash is on offer.
    UnknownContent,
    /// A number this build has no name for. Never holds a number listed above:
    /// [`ErrorCode::from_number`] sees to it.
    Unrecognised(u16),
}

impl ErrorCode {
    /// Every code that has a name, in the order of the numbers.
    pub const NAMED: [Self; 19] = [
        Self::WrongVersion,
        Self::UnknownTask,
        Self::UnknownRound,
        Self::Late,
        Self::Duplicate,
        Self::WrongDimension,
        Self::WrongLength,
        Self::HashMismatch,
        Self::NormExceeded,
        Self::NotSelected,
        Self::BadNonce,
        Self::TokenUsed,
        Self::TokenUnknown,
        Self::NotEnrolled,
        Self::Revoked,
        Self::Busy,
        Self::Malformed,
        Self::Internal,
        Self::UnknownContent,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::WrongVersion => 1,
            Self::UnknownTask => 2,
            Self::UnknownRound => 3,
            Self::Late => 4,
            Self::Duplicate => 5,
            Self::WrongDimension => 6,
            Self::WrongLength => 7,
            Self::HashMismatch => 8,
            Self::NormExceeded => 9,
            Self::NotSelected => 10,
            Self::BadNonce => 11,
            Self::TokenUsed => 12,
            Self::TokenUnknown => 13,
            Self::NotEnrolled => 14,
            Self::Revoked => 15,
            Self::Busy => 16,
            Self::Malformed => 17,
            Self::Internal => 18,
            Self::UnknownContent => 19,
            Self::Unrecognised(number) => number,
        }
    }

    /// The code with this number.
    pub fn from_number(number: u16) -> Self {
        let place = usize::from(number).wrapping_sub(1);
        Self::NAMED.get(place).copied().unwrap_or(Self::Unrecognised(number))
    }

    /// The code in words, for logs and for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::WrongVersion => "no protocol version in common",
            Self::UnknownTask => "unknown task",
            Self::UnknownRound => "unknown round",
            Self::Late => "the round is over",
            Self::Duplicate => "already counted",
            Self::WrongDimension => "wrong dimension",
            Self::WrongLength => "wrong length",
            Self::HashMismatch => "hash mismatch",
            Self::NormExceeded => "norm exceeded",
            Self::NotSelected => "not selected",
            Self::BadNonce => "bad nonce",
            Self::TokenUsed => "enrolment token already used",
            Self::TokenUnknown => "unknown enrolment token",
            Self::NotEnrolled => "not enrolled",
            Self::Revoked => "revoked",
            Self::Busy => "busy, come back later",
            Self::Malformed => "malformed message",
            Self::Internal => "internal error",
            Self::UnknownContent => "unknown content",
            Self::Unrecognised(_) => "refused for a reason this build does not know",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (code {})", self.words(), self.number())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_u16(self.number())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        u16::deserialize(input).map(Self::from_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable_and_unique() {
        for (place, code) in ErrorCode::NAMED.into_iter().enumerate() {
            assert_eq!(usize::from(code.number()), place + 1);
            assert_eq!(ErrorCode::from_number(code.number()), code);
        }
        assert_eq!(ErrorCode::from_number(0), ErrorCode::Unrecognised(0));
        assert_eq!(ErrorCode::from_number(20), ErrorCode::Unrecognised(20));
    }
}
