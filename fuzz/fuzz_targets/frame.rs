//! Whole frames: the header, and the body by its type.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use silhouette_wire::{
    BodyHeader, CheckIn, CheckInReply, Enroll, EnrollReply, Fetch, FrameHeader, Hello, HelloReply,
    Limits, MessageType, Refusal, Upload, UploadReply, message,
};

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let limits = Limits::default();
    let Ok(header) = FrameHeader::decode(&mut rest, &limits) else {
        assert_eq!(rest, bytes);
        return;
    };
    assert!(header.length() as u64 <= limits.of(header.kind()));
    let Some(body) = rest.get(..header.length()) else { return };
    match header.kind() {
        MessageType::Hello => common::canonical::<Hello>(body),
        MessageType::HelloReply => common::canonical::<HelloReply>(body),
        MessageType::CheckIn => common::canonical::<CheckIn>(body),
        MessageType::CheckInReply => common::canonical::<CheckInReply>(body),
        MessageType::Fetch => common::canonical::<Fetch>(body),
        MessageType::BodyHeader => common::canonical::<BodyHeader>(body),
        MessageType::Upload => common::canonical::<Upload>(body),
        MessageType::UploadReply => common::canonical::<UploadReply>(body),
        MessageType::Enroll => common::canonical::<Enroll>(body),
        MessageType::EnrollReply => common::canonical::<EnrollReply>(body),
        MessageType::Refusal => common::canonical::<Refusal>(body),
        MessageType::SecaggAdvert => common::canonical::<message::SecaggAdvert>(body),
        MessageType::SecaggRoster => common::canonical::<message::SecaggRoster>(body),
        MessageType::SecaggShares => common::canonical::<message::SecaggShares>(body),
        MessageType::SecaggInbox => common::canonical::<message::SecaggInbox>(body),
        MessageType::SecaggMaskedInput => common::canonical::<message::SecaggMaskedInput>(body),
        MessageType::SecaggSurvivors => common::canonical::<message::SecaggSurvivors>(body),
        MessageType::SecaggConsistency => common::canonical::<message::SecaggConsistency>(body),
        MessageType::SecaggUnmask => common::canonical::<message::SecaggUnmask>(body),
        MessageType::SecaggRevealed => common::canonical::<message::SecaggRevealed>(body),
        _ => {}
    }
});
