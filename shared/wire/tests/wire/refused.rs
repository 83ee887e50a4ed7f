//! What a decoder has to refuse.

use std::fmt::Debug;

use silhouette_wire::{
    bounded::{Bytes, List},
    *,
};

use crate::{samples, secagg_samples};

fn decode<M: Message>(bytes: &[u8]) -> Result<M, DecodeError> {
    decode_frame(&mut &bytes[..], &Limits::default())
}

/// Every prefix, one byte too many inside the frame, and a number longer than it needs to be.
fn damaged<M: Message + PartialEq + Debug>(message: &M) {
    let frame = encode_frame(message).unwrap();
    for end in 0..frame.len() {
        let error = decode::<M>(&frame[..end]).unwrap_err();
        assert_eq!(error, DecodeError::Frame(FrameError::Truncated));
    }
    let body = encode_body(message, &Extensions::default()).unwrap();
    for end in 0..body.len() {
        assert!(decode_body::<M>(&body[..end]).is_err(), "prefix of {end} bytes");
    }
    let longer = [body.as_slice(), &[0]].concat();
    assert_eq!(decode_body::<M>(&longer).unwrap_err(), DecodeError::Trailing(1));
    // The last byte is the count of extensions: 0 spelled in two bytes.
    let padded = [&body[..body.len() - 1], &[0x80, 0]].concat();
    assert_eq!(decode_body::<M>(&padded).unwrap_err(), DecodeError::NotCanonical);
}

#[test]
fn damaged_messages() {
    damaged(&samples::hello());
    damaged(&samples::hello_reply());
    damaged(&samples::check_in());
    samples::check_in_replies().iter().for_each(damaged);
    damaged(&samples::fetch());
    damaged(&samples::body_header());
    damaged(&samples::upload());
    samples::upload_replies().iter().for_each(damaged);
    damaged(&samples::enroll());
    samples::enroll_replies().iter().for_each(damaged);
    damaged(&samples::refusal());
    secagg_samples::adverts().iter().for_each(damaged);
    damaged(&secagg_samples::roster());
    damaged(&secagg_samples::shares());
    damaged(&secagg_samples::inbox());
    damaged(&secagg_samples::masked_input());
    damaged(&secagg_samples::survivors());
    damaged(&secagg_samples::consistency());
    damaged(&secagg_samples::unmask());
    damaged(&secagg_samples::revealed());
}

#[test]
fn length_of_a_tebibyte() {
    for kind in MessageType::ALL {
        let bytes = [kind.number(), 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
        let error = FrameHeader::decode(&mut &bytes[..], &Limits::default()).unwrap_err();
        assert!(matches!(error, FrameError::TooLarge { length, .. } if length == 1 << 40));
    }
}

#[test]
fn length_in_more_bytes_than_needed() {
    let frame = encode_frame(&samples::refusal()).unwrap();
    let padded = [&[frame[0], frame[1] | 0x80, 0], &frame[2..]].concat();
    assert_eq!(decode::<Refusal>(&padded), Err(FrameError::Length.into()));
}

#[test]
fn other_type_than_expected() {
    let frame = encode_frame(&samples::refusal()).unwrap();
    assert_eq!(
        decode::<Hello>(&frame),
        Err(FrameError::UnexpectedType { expected: MessageType::Hello, found: MessageType::Refusal }.into())
    );
}

fn extension(id: u16, critical: bool) -> Extension {
    Extension { id, critical, bytes: Bytes::new(*b"later").unwrap() }
}

#[test]
fn unknown_extensions() {
    let with = |items| {
        let extensions = Extensions::new(items).unwrap();
        encode_frame_with(&samples::fetch(), &extensions).unwrap()
    };
    assert_eq!(decode(&with(vec![extension(900, false)])), Ok(samples::fetch()));
    assert_eq!(
        decode::<Fetch>(&with(vec![extension(900, false), extension(901, true)])),
        Err(DecodeError::UnknownCritical(901))
    );
    assert_eq!(
        decode::<Fetch>(&with(vec![extension(900, false), extension(900, false)])),
        Err(DecodeError::NotCanonical)
    );
    assert!(Extensions::new(vec![extension(1, false); 17]).is_err());
    assert!(Bytes::<4>::new(*b"later").is_err());
}

#[test]
fn more_extensions_than_allowed() {
    let mut body = encode_body(&samples::refusal(), &Extensions::default()).unwrap();
    body.pop();
    body.push(17);
    for id in 1..=17 {
        body.extend([id, 0, 0]);
    }
    assert_eq!(decode_body::<Refusal>(&body).unwrap_err(), DecodeError::Layout);
}

#[test]
fn inner_length_beyond_the_message() {
    // A token said to have 2^32 - 1 bytes: refused without looking for them.
    let body = [0xff, 0xff, 0xff, 0xff, 0x0f];
    assert_eq!(decode_body::<Enroll>(&body).unwrap_err(), DecodeError::Layout);
}

#[test]
fn contradictions() {
    let short = Upload { byte_len: 2999, ..samples::upload() };
    assert_eq!(encode_frame(&short), Err(EncodeError::Inconsistent(ErrorCode::WrongLength)));
    let odd = Upload { modulus_bits: 20, ..samples::upload() };
    assert_eq!(encode_frame(&odd), Err(EncodeError::Inconsistent(ErrorCode::Malformed)));
    let empty = Upload { dimension: 0, byte_len: 0, ..samples::upload() };
    assert_eq!(encode_frame(&empty), Err(EncodeError::Inconsistent(ErrorCode::WrongDimension)));
    let beyond = BodyHeader { offset: 3_000_001, ..samples::body_header() };
    assert!(encode_frame(&beyond).is_err());
    assert!(encode_frame(&CheckInReply::Wait { min_ms: 2, max_ms: 1 }).is_err());
    assert!(List::<u16, 2>::new([1, 2, 3]).is_err());
}

#[test]
fn names_are_checked_while_decoding() {
    let frame = encode_frame(&samples::check_in()).unwrap();
    let at = frame.windows(4).position(|window| window == b"news").unwrap();
    let mut spoiled = frame;
    spoiled[at] = b'N';
    assert_eq!(decode::<CheckIn>(&spoiled), Err(DecodeError::Layout));
}
