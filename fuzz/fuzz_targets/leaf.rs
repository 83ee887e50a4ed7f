//! The reader of LEAF's JSON: one object with many users' texts.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use silhouette_text::read::{EventReader, Format, ReadOptions};

const LONGEST: usize = 512;

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions { max_line_bytes: LONGEST, max_total_bytes: 1 << 16, ..ReadOptions::default() };
    let input = Cursor::new(bytes.to_vec());
    let mut reader = EventReader::from_reader(input, "input", Format::Leaf, options).expect("memory can be opened");
    let mut events = 0_u64;
    let mut refused = false;
    for item in reader.by_ref() {
        assert!(!refused, "nothing comes after an error");
        match item {
            Ok(event) => {
                events += 1;
                assert!(event.text.len() <= LONGEST && !event.text.trim().is_empty());
            }
            Err(error) => {
                refused = true;
                assert!(error.reason.is_fatal() && error.byte.is_some());
            }
        }
    }
    let report = reader.into_report();
    assert_eq!((report.kept, report.rows), (events, report.kept + report.skipped));
    // What is read whole is JSON for another parser too, and agrees with it on who is there.
    if !refused && report.ended_early.is_none() {
        let value: serde_json::Value = serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
            .unwrap_or_default();
        if let (Some(users), Some(data)) = (value["users"].as_array(), value["user_data"].as_object()) {
            assert_eq!(users.len(), data.len());
        }
    }
});
