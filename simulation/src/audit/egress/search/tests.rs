use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::*;

const TEXTS: [&str; 2] = ["my secret kumquat recipe", "我的秘密金桔"];

#[test]
fn a_planted_text_is_found_in_every_spelling() {
    for text in TEXTS {
        let canary = Canary::new(text);
        let is_found = |bytes: &[u8], spelling| assert!(canary.in_bytes(bytes).contains(&spelling), "{spelling}");
        is_found(format!("x{text}y").as_bytes(), Spelling::Utf8);
        is_found(text.to_ascii_uppercase().as_bytes(), Spelling::Utf8);
        let utf16: Vec<u16> = format!("x{text}y").encode_utf16().collect();
        is_found(&utf16.iter().flat_map(|u| u.to_le_bytes()).collect::<Vec<_>>(), Spelling::Utf16Le);
        is_found(&utf16.iter().flat_map(|u| u.to_be_bytes()).collect::<Vec<_>>(), Spelling::Utf16Be);
        let hex: String = text.bytes().map(|b| format!("{b:02X}")).collect();
        is_found(hex.as_bytes(), Spelling::Hex);
        is_found(format!("{:?}", text.as_bytes()).as_bytes(), Spelling::Bytes);
        is_found(serde_json::to_string(text.as_bytes()).unwrap().as_bytes(), Spelling::Bytes);
        for before in 0..9 {
            let bytes = [&vec![0xfb; before], text.as_bytes(), b"after"].concat();
            for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                is_found(encoded.as_bytes(), Spelling::Base64(before % 3));
            }
        }
    }
    let escaped = br#"{"text":"\u6211\u7684\u79D8\u5bc6\u91d1\u6854"}"#;
    assert_eq!(Canary::new(TEXTS[1]).in_bytes(escaped), [Spelling::Json]);
    let address = b"q=%E6%88%91%E7%9A%84%e7%a7%98%e5%af%86%e9%87%91%e6%a1%94&";
    assert_eq!(Canary::new(TEXTS[1]).in_bytes(address), [Spelling::Percent]);
}

#[test]
fn runs_of_feature_numbers_are_found_and_single_ones_are_not() {
    let (sorted, read) = (vec![3, 900, 1000, 4000, 70_000], vec![900, 70_000, 3, 4000, 1000]);
    let canary = Canary::with_features("kumquat", &[sorted.clone(), read.clone()]);
    let found = |bytes: Vec<u8>| canary.in_bytes(&[b"before".to_vec(), bytes, b"after".to_vec()].concat());
    for ids in [&sorted[..], &sorted[1..], &read[..]] {
        let le = |width: usize| ids.iter().flat_map(|&id| u64::from(id).to_le_bytes()[..width].to_vec()).collect();
        assert_eq!(found(le(4)), [Spelling::Features(Coding::U32Le)]);
        assert_eq!(found(le(8)), [Spelling::Features(Coding::U64Le)]);
        let varints = ids.iter().flat_map(|&id| varint(id)).collect();
        assert_eq!(found(varints), [Spelling::Features(Coding::Varint)]);
        assert_eq!(found(format!("{ids:?}").into_bytes()), [Spelling::Features(Coding::Decimal)]);
    }
    let three = sorted[..3].iter().flat_map(|id| id.to_le_bytes()).collect();
    assert_eq!(found(three), []);
}

#[test]
fn a_text_that_is_not_there_is_not_found() {
    let other = "quite another text, 另一段文字".repeat(50);
    for bytes in [other.as_bytes(), STANDARD_NO_PAD.encode(&other).as_bytes(), b"", b"m"] {
        assert!(TEXTS.iter().all(|text| Canary::new(text).in_bytes(bytes).is_empty()));
    }
}

#[test]
fn files_and_their_names_are_searched() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("a").join("b");
    std::fs::create_dir_all(&below).unwrap();
    std::fs::write(below.join("log"), format!("... {} ...", TEXTS[0])).unwrap();
    std::fs::write(below.join(format!("{}.txt", TEXTS[1])), "").unwrap();
    let found = |text| Canary::new(text).in_folder(folder.path()).unwrap().len();
    assert_eq!((found(TEXTS[0]), found(TEXTS[1]), found("nothing")), (1, 1, 0));
}
