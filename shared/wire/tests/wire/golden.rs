//! Pinned bytes. A change here is a change of the protocol: it takes a new type number, not an edit.

use std::fmt::Debug;

use silhouette_wire::{ErrorCode, Limits, Message, Refusal, SignedManifest, decode_frame, encode_frame};

use crate::{samples, secagg_samples};

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pinned<M: Message + PartialEq + Debug>(name: &str, message: &M) {
    let path = format!("{}/tests/vectors/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let bytes = encode_frame(message).unwrap();
    assert_eq!(to_hex(&bytes), to_hex(&from_hex(&text)), "{name} is not what {path} pins");
    let back: M = decode_frame(&mut bytes.as_slice(), &Limits::default()).unwrap();
    assert_eq!(&back, message);
}

macro_rules! golden {
    ($($name:ident => $value:expr;)*) => {
        $(#[test] fn $name() { pinned(stringify!($name), &$value); })*
    };
}

golden! {
    hello => samples::hello();
    hello_reply => samples::hello_reply();
    check_in => samples::check_in();
    check_in_assigned => samples::check_in_replies()[0];
    check_in_assigned_evaluation => samples::evaluation();
    check_in_wait => samples::check_in_replies()[1];
    check_in_finished => samples::check_in_replies()[2];
    check_in_refused => samples::check_in_replies()[3];
    fetch => samples::fetch();
    body_header => samples::body_header();
    upload => samples::upload();
    upload_receipt => samples::upload_replies()[0];
    upload_refused => samples::upload_replies()[1];
    enroll => samples::enroll();
    enroll_issued => samples::enroll_replies()[0];
    enroll_refused => samples::enroll_replies()[1];
    refusal => samples::refusal();
    secagg_advert => secagg_samples::adverts()[0];
    secagg_advert_signed => secagg_samples::adverts()[1];
    secagg_roster => secagg_samples::roster();
    secagg_shares => secagg_samples::shares();
    secagg_inbox => secagg_samples::inbox();
    secagg_masked_input => secagg_samples::masked_input();
    secagg_survivors => secagg_samples::survivors();
    secagg_consistency => secagg_samples::consistency();
    secagg_unmask => secagg_samples::unmask();
    secagg_revealed => secagg_samples::revealed();
}

#[test]
fn refusal_spelled_out() {
    // Type 11, two bytes, code 1, no extensions.
    assert_eq!(encode_frame(&Refusal { code: ErrorCode::WrongVersion }).unwrap(), [11, 2, 1, 0]);
}

#[test]
fn manifest_hash_is_pinned() {
    let signed = SignedManifest::sign(&samples::manifest(), &samples::key()).unwrap();
    assert_eq!(signed.hash().to_string(), include_str!("../vectors/manifest_hash.hex").trim());
}
