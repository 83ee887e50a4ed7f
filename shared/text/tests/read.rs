//! Every way in which a file can be broken, and what the reader makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{fs, io::Write, path::PathBuf};

use flate2::{Compression, write::GzEncoder};
use silhouette_text::{
    Event, EventReader, Format, OpenError, ReadOptions, ReadReport,
    read::{ReadError, RowReason},
    read_all,
};
use tempfile::TempDir;

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, name: &str, bytes: impl AsRef<[u8]>) -> (Vec<Event>, ReadReport) {
        read_all(&self.write(name, bytes), &ReadOptions::default()).unwrap()
    }

    fn fails(&self, name: &str, bytes: impl AsRef<[u8]>) -> ReadError {
        read_all(&self.write(name, bytes), &ReadOptions::default()).unwrap_err()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Rows whose text does not compress, so that a truncated file still holds whole rows.
fn many_rows(count: u64) -> String {
    let mut state = 1u64;
    let mut text = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{state:x}")
    };
    (0..count).map(|row| format!("{{\"user\":\"u{row}\",\"text\":\"{}{}\"}}\n", text(), text())).collect()
}

fn texts(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.text.as_str()).collect()
}

const GOOD: &str = "{\"user\":\"u\",\"text\":\"good\"}\n";

#[test]
fn a_truncated_gzip_keeps_the_rows_before_the_cut() {
    let files = Files::new();
    let whole = gzip(many_rows(2_000).as_bytes());
    for cut in [whole.len() / 2, whole.len() - 4, 30, 12, 5] {
        let (events, report) = files.read("a.jsonl.gz", &whole[..cut]);
        let error = report.ended_early.expect("the cut is noticed");
        assert_eq!(error.reason, RowReason::TruncatedGzip, "{cut}");
        let message = error.to_string();
        assert!(message.contains(&format!("a.jsonl.gz:{}:", events.len() + 1)), "{message}");
        assert_eq!(report.kept as usize, events.len());
        assert!(cut < 100 || events.len() > 500, "{}", events.len());
    }
    let strict = ReadOptions { strict: true, ..ReadOptions::default() };
    let path = files.write("b.jsonl.gz", &whole[..whole.len() / 2]);
    assert!(matches!(read_all(&path, &strict), Err(ReadError::Row(_))));
}

#[test]
fn a_truncated_or_damaged_gzip_csv_is_noticed_too() {
    let files = Files::new();
    let rows: String = (0..2_000).map(|row| format!("u{row},text {}\n", row * row)).collect();
    let whole = gzip(format!("user,text\n{rows}").as_bytes());
    let (events, report) = files.read("a.csv.gz", &whole[..whole.len() - 2_000]);
    assert!(!events.is_empty());
    assert_eq!(report.by_reason["truncated_gzip"], 1);
    let mut damaged = whole;
    let end = damaged.len();
    damaged[end - 8] ^= 0xff;
    let (events, report) = files.read("b.csv.gz", &damaged);
    assert_eq!(events.len(), 2_000);
    assert_eq!(report.ended_early.unwrap().reason, RowReason::CorruptGzip);
}

#[test]
fn ratings_that_are_not_finite_are_bad_rows() {
    let files = Files::new();
    let rows: String = ["NaN", "\"NaN\"", "1e999", "-Infinity", "1e300", "5"]
        .map(|rating| format!("{{\"user\":\"u\",\"text\":\"t\",\"rating\":{rating}}}\n"))
        .concat();
    let (events, report) = files.read("a.jsonl", rows);
    assert_eq!(events.len(), 1);
    assert_eq!(report.by_reason["not_finite"], 5);
    let (events, report) = files.read("a.csv", "user,text,rating\nu,t,NaN\nu,t,inf\nu,t,\nu,t,4.5\n");
    assert_eq!(events.iter().map(|event| event.rating).collect::<Vec<_>>(), [None, Some(4.5)]);
    assert_eq!(report.by_reason["not_finite"], 2);
    assert_eq!(report.first_errors[0].field, Some("rating"));
    assert_eq!(report.first_errors[0].line, 2);
}

#[test]
fn a_very_long_line_is_skipped() {
    let files = Files::new();
    let long = "x".repeat(10 << 20);
    let (events, report) = files.read("a.jsonl", format!("{GOOD}{{\"user\":\"u\",\"text\":\"{long}\"}}\n{GOOD}"));
    assert_eq!(events.len(), 2);
    let expected = RowReason::TooLong { limit: 1 << 20, found: (10 << 20) + 22 };
    assert_eq!((report.first_errors[0].line, &report.first_errors[0].reason), (2, &expected));
    let (events, report) = files.read("a.csv", format!("user,text\nu,a\nu,\"{long}\"\nu,b\n"));
    assert_eq!(texts(&events), ["a", "b"]);
    assert_eq!(report.by_reason["too_long"], 1);
    assert_eq!(report.first_errors[0].line, 3);
}

#[test]
fn a_line_of_just_the_limit_is_read() {
    let line = "{\"user\":\"u\",\"text\":\"t\"}";
    for (limit, kept) in [(line.len(), 1), (line.len() - 1, 0)] {
        let options = ReadOptions { max_line_bytes: limit, ..ReadOptions::default() };
        let reader = EventReader::from_reader(line.as_bytes(), "x", Format::JsonLines, options).unwrap();
        assert_eq!(reader.count(), kept);
    }
}

#[test]
fn invalid_utf8_is_skipped_with_its_offset() {
    let files = Files::new();
    let mut bytes = GOOD.as_bytes().to_vec();
    bytes.extend_from_slice(b"{\"user\":\"u\",\"text\":\"\xff\"}\n");
    bytes.extend_from_slice(GOOD.as_bytes());
    let (events, report) = files.read("a.jsonl", bytes);
    assert_eq!(events.len(), 2);
    assert_eq!(report.first_errors[0].reason, RowReason::InvalidUtf8 { offset: 20 });
    let (events, report) = files.read("a.csv", b"user,text\nu,\xe4\xbd\nu,ok\n");
    assert_eq!(texts(&events), ["ok"]);
    assert_eq!(report.first_errors[0].reason, RowReason::InvalidUtf8 { offset: 1 });
}

#[test]
fn empty_users_and_texts_are_bad_rows() {
    let files = Files::new();
    let (events, report) = files.read("a.csv", "user,text\n,t\nu,\nu, \nu,ok\n");
    assert_eq!(texts(&events), ["ok"]);
    assert_eq!(report.by_reason["empty_field"], 3);
    assert_eq!((report.rows, report.kept, report.skipped), (4, 1, 3));
    let fields: Vec<_> = report.first_errors.iter().map(|error| error.field).collect();
    assert_eq!(fields, [Some("user"), Some("text"), Some("text")]);
}

#[test]
fn an_empty_file_has_no_rows_and_an_empty_csv_no_header() {
    let files = Files::new();
    let (events, report) = files.read("a.jsonl", "");
    assert_eq!((events.len(), report), (0, ReadReport::default()));
    let (events, _) = files.read("b.jsonl.gz", gzip(b""));
    assert!(events.is_empty());
    assert!(matches!(files.fails("a.csv", ""), ReadError::Open(OpenError::EmptyFile { .. })));
    assert!(matches!(files.fails("c.jsonl.gz", ""), ReadError::Open(OpenError::NotGzip { .. })));
}

#[test]
fn a_missing_column_is_fatal_and_lists_what_was_found() {
    let files = Files::new();
    let message = files.fails("a.csv", "user,label\nu,1\n").to_string();
    assert!(message.contains("text, content, comment, review, body"), "{message}");
    assert!(message.contains("`user`, `label`"), "{message}");
    assert!(matches!(files.fails("b.csv", "text\nt\n"), ReadError::Open(OpenError::MissingColumn { .. })));
    // Without a header the first row is the person's text.
    let diary = "today I told nobody about the secret that I keep";
    let message = files.fails("c.csv", format!("{diary},x\n")).to_string();
    assert!(!message.contains("secret"), "{message}");
    assert!(message.contains("(48 characters)"), "{message}");
}

#[test]
fn a_column_twice_is_fatal() {
    let files = Files::new();
    let error = files.fails("a.csv", "user,text,Text\nu,a,b\n");
    assert!(matches!(&error, ReadError::Open(OpenError::DuplicateColumn { column, .. }) if column == "`Text`"));
}

#[test]
fn marks_and_line_ends_of_other_systems_are_read() {
    let files = Files::new();
    let (events, report) = files.read("a.jsonl", format!("\u{feff}{GOOD}\r\n\r\n{GOOD}\r\n"));
    assert_eq!((events.len(), report.skipped), (2, 0));
    let (events, report) =
        files.read("a.csv", "\u{feff}uid,review,label\r\n1,\"两行\r\n文字\",x\r\n\r\n2,b,y\r\nbad\r\n");
    assert_eq!(texts(&events), ["两行\r\n文字", "b"]);
    assert_eq!(events[1].field("label").unwrap().to_string(), "y");
    assert_eq!(report.first_errors[0].line, 6);
    assert_eq!(report.first_errors[0].reason, RowReason::ColumnCount { expected: 3, found: 1 });
    let (events, _) = files.read("b.jsonl.gz", gzip(format!("\u{feff}{GOOD}").as_bytes()));
    assert_eq!(events.len(), 1);
}

#[test]
fn json_that_is_no_flat_object_is_skipped() {
    let files = Files::new();
    let deep = format!("{{\"user\":\"u\",\"text\":\"t\",\"x\":{}{}}}", "[".repeat(99_999), "]".repeat(99_999));
    let lines = [deep.as_str(), "[1,2]", "\"text\"", "null", "{\"user\":", "{}", "", GOOD].join("\n");
    let (events, report) = files.read("a.json", lines);
    assert_eq!(events.len(), 1);
    assert_eq!(report.rows, 7);
    let counts: Vec<_> = report.by_reason.into_iter().collect();
    assert_eq!(counts, [("invalid_json", 1), ("missing_field", 1), ("not_an_object", 3), ("too_deep", 1)]);
}

#[test]
fn a_folder_of_text_is_read_by_file_and_by_subfolder() {
    let files = Files::new();
    files.write("texts/ann.txt", "\u{feff}hello");
    files.write("texts/bob/2.txt", "second");
    files.write("texts/bob/1.txt", "first");
    files.write("texts/bob/3.txt", b"\xff");
    files.write("texts/readme.md", "not this");
    files.write("texts/empty.txt", "");
    let folder = files.0.path().join("texts");
    let (events, report) = read_all(&folder, &ReadOptions::default()).unwrap();
    let read: Vec<_> = events.iter().map(|event| (event.user.as_str(), event.text.as_str())).collect();
    assert_eq!(read, [("ann", "hello"), ("bob", "first"), ("bob", "second")]);
    assert!(events.iter().all(|event| event.time.is_none()));
    assert_eq!(report.skipped, 2);
    let small = ReadOptions { max_line_bytes: 6, ..ReadOptions::default() };
    let (_, report) = read_all(&folder, &small).unwrap();
    assert_eq!(report.by_reason["too_long"], 1);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let files = Files::new();
    files.write("none/a.md", "x");
    for (name, expected) in [
        ("none", "expected .txt files, found none among 1 entries"),
        ("missing.jsonl", "found nothing"),
        ("none/a.md", "another extension"),
    ] {
        let error = read_all(&files.0.path().join(name), &ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_decompression_bomb_ends_at_the_limit() {
    let files = Files::new();
    let bomb = gzip(&vec![b'x'; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let options = ReadOptions { max_total_bytes: 4 << 20, ..ReadOptions::default() };
    let (events, report) = read_all(&files.write("a.jsonl.gz", &bomb), &options).unwrap();
    assert!(events.is_empty());
    assert_eq!(report.ended_early.unwrap().reason, RowReason::TooMuch { limit: 4 << 20 });
    let many = gzip(format!("user,text\n{}", "u,t\n".repeat(2 << 20)).as_bytes());
    let (events, report) = read_all(&files.write("a.csv.gz", many), &options).unwrap();
    assert!(events.len() > 1_000_000);
    assert!(report.ended_early.is_some());
}

#[test]
fn several_gzip_members_are_one_file() {
    let files = Files::new();
    let (events, _) = files.read("a.jsonl.gz", [gzip(GOOD.as_bytes()), gzip(GOOD.as_bytes())].concat());
    assert_eq!(events.len(), 2);
    let (events, _) = files.read("b.jsonl", gzip(GOOD.as_bytes()));
    assert_eq!(events.len(), 1, "the first bytes tell gzip, not the name");
}

#[test]
fn strict_reading_ends_at_the_first_bad_row() {
    let options = ReadOptions { strict: true, ..ReadOptions::default() };
    let rows = format!("{GOOD}[]\n{GOOD}");
    let bytes = std::io::Cursor::new(rows.into_bytes());
    let mut reader = EventReader::from_reader(bytes, "pipe", Format::JsonLines, options).unwrap();
    assert!(reader.next().unwrap().is_ok());
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "pipe:2: expected a JSON object, found an array");
    assert!(reader.next().is_none());
    assert_eq!(reader.report().skipped, 1);
}

#[test]
fn limits_and_defaults_apply() {
    let options = ReadOptions {
        limit: Some(2),
        default_user: Some("me".into()),
        allow_empty_text: true,
        keep_errors: 1,
        ..ReadOptions::default()
    };
    let rows = "[]\n[]\n{\"kind\":\"view\",\"item\":\"a\"}\n{\"text\":\"x\"}\n{\"text\":\"y\"}\n";
    let mut reader = EventReader::from_reader(rows.as_bytes(), "pipe", Format::JsonLines, options).unwrap();
    let events: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(texts(&events), ["", "x"]);
    assert!(events.iter().all(|event| event.user == "me"));
    let report = reader.into_report();
    assert_eq!((report.skipped, report.first_errors.len()), (2, 1));
}

#[test]
fn no_message_shows_what_the_person_wrote() {
    let files = Files::new();
    let secret = "hush-hush";
    let rows = [
        format!("{{\"user\":\"u\",\"text\":[\"{secret}\"]}}"),
        format!("{{\"user\":\"u\",\"text\":\"{secret}\",\"rating\":\"{secret}\"}}"),
        format!("{{\"user\":\"u\",\"text\":\"{secret}\",\"time\":\"{secret}\"}}"),
        format!("{{\"user\":\"u\",\"text\":\"{secret}\" {secret}"),
        format!("\"{secret}\""),
        format!("{{\"user\":\"\",\"text\":\"{secret}\"}}"),
    ];
    let (events, report) = files.read("a.jsonl", rows.join("\n"));
    assert!(events.is_empty());
    assert_eq!(report.first_errors.len(), rows.len());
    assert!(!format!("{report:?}").contains(secret), "{report:?}");
    assert!(!serde_json::to_string(&report).unwrap().contains(secret));
}
