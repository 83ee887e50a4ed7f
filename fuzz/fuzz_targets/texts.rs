//! The readers of a person's files: JSON Lines and CSV, plain or gzip.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use silhouette_text::read::{EventReader, Format, ReadOptions};

#[derive(Arbitrary, Debug)]
struct Input {
    csv: bool,
    strict: bool,
    empty_allowed: bool,
    user: Option<String>,
    limit: Option<u8>,
    zip: bool,
    /// Put before the bytes, so that they are rows of a good table.
    headed: bool,
    bytes: Vec<u8>,
}

const LONGEST: usize = 512;

fuzz_target!(|input: Input| {
    let head: &[u8] = match (input.headed, input.csv) {
        (false, _) => b"",
        (true, true) => b"user,text,time\n",
        (true, false) => b"{\"user\":\"a\",\"text\":\"b\"}\n",
    };
    let mut bytes = [head, &input.bytes].concat();
    if input.zip {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&bytes).expect("memory takes it");
        bytes = packed.finish().expect("memory takes it");
    }
    let options = ReadOptions {
        strict: input.strict,
        max_line_bytes: LONGEST,
        max_total_bytes: 1 << 16,
        limit: input.limit.map(u64::from),
        default_user: input.user,
        allow_empty_text: input.empty_allowed,
        ..ReadOptions::default()
    };
    let format = if input.csv { Format::Csv } else { Format::JsonLines };
    let Ok(mut reader) = EventReader::from_reader(Cursor::new(bytes), "input", format, options.clone()) else { return };
    let mut events = 0;
    for item in reader.by_ref() {
        match item {
            Ok(event) => {
                events += 1;
                assert!(event.text.len() <= LONGEST && event.user.len() <= LONGEST.max(options.default_user.as_ref().map_or(0, String::len)));
                assert!(options.allow_empty_text || !event.text.trim().is_empty());
            }
            // What is wrong with a row is only ever said in strict mode, and ends the reading.
            Err(_) => assert!(options.strict),
        }
    }
    let report = reader.into_report();
    assert_eq!(report.kept, events);
    assert_eq!(report.rows, report.kept + report.skipped);
    assert!(options.limit.is_none_or(|limit| events <= limit));
    assert!(report.first_errors.len() <= options.keep_errors);
});
