//! LEAF's JSON: files and folders of it, and what is wrong with those that are not.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may panic")]

use std::{collections::BTreeMap, fs, io::Write, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};
use silhouette_text::{Event, EventReader, Format, ReadError, ReadOptions, ReadReport, read_all};

/// A file in memory.
fn read(bytes: impl Into<Vec<u8>>, options: &ReadOptions) -> Result<(Vec<Event>, ReadReport), String> {
    let input = std::io::Cursor::new(bytes.into());
    let mut reader = EventReader::from_reader(input, "a.json", Format::Leaf, options.clone()).unwrap();
    let events = reader.by_ref().collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    Ok((events, reader.into_report()))
}

fn refused(bytes: impl Into<Vec<u8>>) -> String {
    read(bytes, &ReadOptions::default()).unwrap_err()
}

fn written(place: &Path, name: &str, value: &Value) {
    fs::create_dir_all(place.join(name).parent().unwrap()).unwrap();
    fs::write(place.join(name), value.to_string()).unwrap();
}

/// The users of a file and their texts, each with the label `label of TEXT`.
fn leaf(users: &[(&str, &[&str])]) -> Value {
    let data: serde_json::Map<String, Value> = users
        .iter()
        .map(|(user, texts)| {
            let labels: Vec<_> = texts.iter().map(|text| format!("label of {text}")).collect();
            ((*user).to_owned(), json!({"x": texts, "y": labels}))
        })
        .collect();
    json!({
        "users": users.iter().map(|(user, _)| user).collect::<Vec<_>>(),
        "num_samples": users.iter().map(|(_, texts)| texts.len()).collect::<Vec<_>>(),
        "user_data": data,
    })
}

const USERS: &str = r#""users": ["u", "v"]"#;
const COUNTS: &str = r#""num_samples": [2, 1]"#;
const DATA: &str = r#""user_data": {"u": {"x": ["a", "b"], "y": [0, "one"]}, "v": {"y": [null], "x": ["c \u4e2d\n"]}}"#;

#[test]
fn parts_may_come_in_any_order_and_others_are_passed_over() {
    let more = r#""hierarchies": [["p", {"q": "[}"}], 1.5e3, true, null]"#;
    for parts in [
        [USERS, COUNTS, more, DATA],
        [more, USERS, COUNTS, DATA],
        [more, COUNTS, DATA, USERS],
        [DATA, more, COUNTS, USERS],
        [USERS, DATA, COUNTS, more],
    ] {
        let (events, report) =
            read(format!("\u{feff}{{\n{}\n}}\n", parts.join(",\n")), &ReadOptions::default()).unwrap();
        let rows: Vec<_> = events.iter().map(|e| (e.user.as_str(), e.text.as_str(), e.field("y"))).collect();
        let labels: Vec<_> = rows.iter().map(|row| row.2.as_ref().map(ToString::to_string)).collect();
        assert_eq!(
            rows.iter().map(|row| (row.0, row.1)).collect::<Vec<_>>(),
            [("u", "a"), ("u", "b"), ("v", "c 中\n")]
        );
        assert_eq!(labels, [Some("0".to_owned()), Some("one".into()), None]);
        assert_eq!((report.kept, report.skipped), (3, 0));
    }
}

#[test]
fn of_sent140s_parts_the_fifth_is_the_text() {
    let file = r#"{"users": ["u"], "num_samples": [2], "user_data": {"u": {
        "x": [["7", "Mon", "NO_QUERY", "u", "so happy", "training"], [8, null, "", "u", "so sad", ""]], "y": ["4", 0]}}}"#;
    let (events, _) = read(file, &ReadOptions::default()).unwrap();
    assert_eq!(events.iter().map(|e| e.text.as_str()).collect::<Vec<_>>(), ["so happy", "so sad"]);
}

#[test]
fn a_file_is_known_by_its_first_bytes() {
    let place = tempfile::tempdir().unwrap();
    let of = |name: &str, bytes: &[u8]| {
        fs::write(place.path().join(name), bytes).unwrap();
        Format::of(&place.path().join(name)).unwrap()
    };
    assert_eq!(of("a.json", b" {\n \"users\" : [ \"u\"]"), Format::Leaf);
    assert_eq!(of("b.json", b"{\"user_data\":{"), Format::Leaf);
    assert_eq!(of("c.json", b"{\"user\": \"u\", \"text\": \"t\"}"), Format::JsonLines);
    assert_eq!(of("d.json", b"{\"users\": \"u\", \"text\": \"t\"}"), Format::JsonLines);
    assert_eq!(of("e.jsonl", b"{\"users\": [\"u\"]"), Format::JsonLines);
    assert_eq!(of("f.json", b""), Format::JsonLines);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(leaf(&[("u", &["t"])]).to_string().as_bytes()).unwrap();
    assert_eq!(of("g.json.gz", &packed.finish().unwrap()), Format::Leaf);
    let (events, _) = read_all(&place.path().join("g.json.gz"), &ReadOptions::default()).unwrap();
    assert_eq!(events[0].field("y").unwrap().to_string(), "label of t");
}

#[test]
fn a_folders_train_and_test_are_a_split_of_users_or_of_samples() {
    let place = tempfile::tempdir().unwrap();
    let splits = |column: &str| {
        let (events, _) = read_all(place.path(), &ReadOptions::default()).unwrap();
        let split = |e: &Event| (e.user.clone(), e.text.clone(), e.field(column).map(|value| value.to_string()));
        events.iter().map(split).map(|(u, t, s)| format!("{u} {t} {}", s.unwrap_or_default())).collect::<Vec<_>>()
    };
    written(place.path(), "all/b.json", &leaf(&[("w", &["3"])]));
    written(place.path(), "train/b.json", &leaf(&[("w", &["3"])]));
    written(place.path(), "train/a.json", &leaf(&[("u", &["1"]), ("v", &["2"])]));
    written(place.path(), "test/a.json", &leaf(&[("x", &["4"])]));
    assert_eq!(splits("split_user"), ["u 1 train", "v 2 train", "w 3 train", "x 4 test"]);
    written(place.path(), "test/b.json", &leaf(&[("v", &["5"])]));
    assert_eq!(splits("split_sample"), ["u 1 train", "v 2 train", "w 3 train", "x 4 test", "v 5 test"]);
    // Files at the top are all there is where there are no such subfolders.
    let flat = tempfile::tempdir().unwrap();
    written(flat.path(), "a.json", &leaf(&[("u", &["1"])]));
    let (events, _) = read_all(flat.path(), &ReadOptions::default()).unwrap();
    assert_eq!((events.len(), events[0].field("split_user")), (1, None));
    // A file whose users can't be known is told with its place.
    fs::write(place.path().join("test/c.json"), "{\"users\": [1]}").unwrap();
    let error = read_all(place.path(), &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, ReadError::Open(_)));
    assert!(error.to_string().contains("c.json:1: byte 11: field `users`: expected text, found a number"), "{error}");
}

#[test]
fn what_does_not_agree_is_an_error_strict_or_not() {
    let file = |parts: &[&str]| refused(format!("{{{}}}", parts.join(",")));
    let one = r#""user_data": {"u": {"x": ["a", "b"], "y": [0, 1]}}"#;
    let other = r#""user_data": {"u": {"x": ["a", "b"], "y": [0, 1]}, "w": {"x": ["a"], "y": [0]}}"#;
    let twice = r#""user_data": {"u": {"x": ["a", "b"], "y": [0, 1]}, "u": {"x": ["a"], "y": [0]}}"#;
    let short = r#""user_data": {"u": {"x": ["a", "b"], "y": [0]}}"#;
    for (parts, said) in [
        (&[USERS, COUNTS, one][..], "`user_data`: expected each of the listed users, found 1 of them missing"),
        (&[USERS, COUNTS, other], "`user_data`: expected each of the listed users once, found somebody else"),
        (
            &[USERS, COUNTS, twice],
            "`user_data`: expected each of the listed users once, found somebody else, or the same",
        ),
        (&[other, USERS, COUNTS], "`user_data`: expected each of the listed users once"),
        (&[USERS, r#""num_samples": [1, 1]"#, DATA], "`user_data`: expected 1 samples as num_samples says, found 2"),
        (&[USERS, r#""num_samples": [2]"#, DATA], "`num_samples`: expected 2 numbers, one for each user, found 1"),
        (&[USERS, r#""num_samples": [2, -1]"#, DATA], "`num_samples`: expected whole numbers"),
        (&[r#""users": ["u", "u"]"#, COUNTS, DATA], "`users`: expected each user once, found 1 of them again"),
        (&[USERS, COUNTS, short], "`y`: expected 2 labels, one for each x, found 1"),
        (&[COUNTS, DATA], "`users`: expected such a list, found none"),
        (&[USERS, DATA], "`num_samples`: expected such a list, found none"),
        (&[USERS, COUNTS], "`user_data`: expected each of the listed users, found 2 of them missing"),
        (&[USERS, USERS, COUNTS, DATA], "`users`: expected one such list, found two"),
        (&[USERS, COUNTS, DATA, DATA], "`user_data`: expected one such object, found two"),
        (&[USERS, COUNTS, r#""user_data": {"u": {"x": []}}"#], "`y`: expected a list for each user, found none"),
        (&[USERS, COUNTS, r#""user_data": []"#], "`user_data`: expected an object, found a list"),
    ] {
        let error = file(parts);
        assert!(error.contains(said) && error.starts_with("a.json:1: byte "), "{said}: {error}");
    }
    let error = refused(format!("{{{USERS}, {COUNTS}, {DATA}}} x"));
    assert!(error.contains("expected nothing after its one object"), "{error}");
}

#[test]
fn numbers_and_lists_of_lists_are_no_texts() {
    let file = |x: &str, y: &str| {
        refused(format!(r#"{{"users": ["u"], "num_samples": [1], "user_data": {{"u": {{"x": [{x}], "y": [{y}]}}}}}}"#))
    };
    let pixels = format!("[{}]", vec!["0.0"; 784].join(","));
    for (x, found) in [
        (pixels.as_str(), "a list of numbers"),
        ("0.5", "a number"),
        (r#"["a", "b"]"#, "a list of 2 parts"),
        (r#"[["<BOS>", "reddit"]]"#, "a list of lists or objects"),
        ("{}", "an object"),
        ("null", "null"),
    ] {
        let error = file(x, "1");
        let said = format!("field `x`: expected text, or a list of parts whose fifth is text, found {found}");
        assert!(error.ends_with(&said), "{x:.30}: {error}");
    }
    assert!(file("\"t\"", "[1]").ends_with("field `y`: expected text or a number, found a list"));
    assert!(file("\"t\"", "{\"a\": 1}").ends_with("found an object"));
    assert!(file("\"t\"", "NaN").ends_with("found what is no JSON value"));
    assert!(file("\"\\ud800\"", "1").contains("expected JSON text in UTF-8"));
}

#[test]
fn empty_and_overlong_texts_are_bad_rows_with_their_place() {
    let long = "z".repeat(2_000);
    let file = leaf(&[("u", &["a", " ", &long, "b"])]).to_string();
    let options = ReadOptions { max_line_bytes: 1_000, ..ReadOptions::default() };
    let error = read(file.clone(), &options).unwrap_err();
    assert!(error.contains("field `y`: expected a shorter text, found 2009 bytes"), "{error}");
    // A label can't be passed over as a text can.
    let file = file.replace(&format!("label of {long}"), "label");
    let (events, report) = read(file.clone(), &options).unwrap();
    assert_eq!(events.iter().map(|e| e.text.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((report.by_reason["empty_field"], report.by_reason["too_long"]), (1, 1));
    let place = file.find(&long).unwrap() + long.len() + 1;
    assert!(report.first_errors[1].to_string().contains(&format!(":1: byte {place}: expected at most 1000 bytes")));
    let strict = ReadOptions { strict: true, ..options };
    assert!(read(file, &strict).unwrap_err().contains("field `text`"));
}

#[test]
fn limits_hold_before_anything_is_kept() {
    let name = "n".repeat(1_025);
    assert!(refused(format!("{{\"users\": [\"{name}\"]}}")).contains("expected a name of up to 1024 bytes"));
    let deep = format!("{{\"hierarchies\": {}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(refused(deep).contains("expected JSON nested at most 128 deep"));
    let options = ReadOptions { max_total_bytes: 50, ..ReadOptions::default() };
    let (events, report) = read(leaf(&[("u", &["a", "b"])]).to_string(), &options).unwrap();
    assert!(events.is_empty() && report.ended_early.unwrap().reason.name() == "too_much");
    let options = ReadOptions { limit: Some(1), ..ReadOptions::default() };
    assert_eq!(read(leaf(&[("u", &["a", "b"])]).to_string(), &options).unwrap().0.len(), 1);
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = format!("{{{USERS}, {COUNTS}, {DATA}}}");
    for end in 0..whole.len() {
        let error = refused(&whole.as_bytes()[..end]);
        assert!(error.contains("found the end of the file") || error.contains("no JSON value"), "{end}: {error}");
    }
}

#[test]
fn no_message_shows_what_somebody_wrote() {
    let secret = "my secret diary";
    for file in [
        format!(r#"{{"users": ["{secret}", "{secret}"], "num_samples": [1, 1]}}"#),
        format!(r#"{{"{secret}": {secret}"#),
        format!(r#"{{"users": ["u"], "num_samples": [1], "user_data": {{"{secret}": {{"x": [], "y": []}}}}}}"#),
        format!(r#"{{"users": ["u"], "num_samples": [1], "user_data": {{"u": {{"x": ["{secret}"], "y": []}}}}}}"#),
    ] {
        let error = refused(file);
        assert!(!error.contains("secret"), "{error}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        users in prop::collection::btree_map("\\PC{1,8}[a-z]", prop::collection::vec(("\\PC{0,20}[a-z]", 0_u8..9), 0..5), 0..6),
        pretty: bool, first in 0_usize..3,
    ) {
        let mut parts = [
            ("users", json!(users.keys().collect::<Vec<_>>())),
            ("num_samples", json!(users.values().map(Vec::len).collect::<Vec<_>>())),
            ("user_data", json!(users.iter().map(|(user, samples)| {
                let (x, y): (Vec<_>, Vec<_>) = samples.iter().cloned().unzip();
                (user.clone(), json!({"x": x, "y": y}))
            }).collect::<BTreeMap<_, _>>())),
        ];
        parts.rotate_left(first);
        let spell = |value: &Value| if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        let body: Vec<_> = parts.iter().map(|(key, value)| format!("\"{key}\": {}", spell(value).unwrap())).collect();
        let (events, report) = read(format!("{{{}}}", body.join(",")), &ReadOptions::default()).unwrap();
        let rows: Vec<_> = events.iter().map(|e| (e.user.clone(), e.text.clone(), e.field("y").unwrap().to_string())).collect();
        let expected: Vec<_> = users.iter()
            .flat_map(|(user, samples)| samples.iter().map(|(x, y)| (user.trim().to_owned(), x.clone(), y.to_string())))
            .collect();
        prop_assert_eq!(rows, expected);
        prop_assert_eq!(report.skipped, 0);
    }

    #[test]
    fn a_garbled_file_is_read_or_refused(at in 0_usize..120, with: u8) {
        let mut bytes = format!("{{{USERS}, {COUNTS}, {DATA}}}").into_bytes();
        let at = at % bytes.len();
        bytes[at] = with;
        if let Ok((events, _)) = read(bytes, &ReadOptions::default()) {
            prop_assert!(events.len() <= 3);
        }
    }
}
