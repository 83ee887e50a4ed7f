//! `silhouette profile`: a person's profile in the terminal, as a page and as a document, and what erasing does to it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn run(place: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_silhouette"));
    program.args(arguments).args(["--backend", "native"]).current_dir(place).env_remove("COLUMNS").output().unwrap()
}

fn succeeds(place: &Path, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn fails(place: &Path, code: i32, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

fn document(place: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(place, &[arguments, &["--json"]].concat())).unwrap()
}

/// The review that is erased.
const ERASED: &str = "The zanzibar hotel was a wonderful surprise, unforgettable breakfast";

/// A file of two made-up people; `mei` has reviews, purchases and times.
fn people(with_erased: bool) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let texts = [
        ("books", "The book is a wonderful read, great author", 5),
        ("food", "咖啡很香，价格实惠，很满意", 5),
        ("phones", "Terrible phone charger, it broke", 1),
        ("food", "Great coffee, cheap and good @tom", 4),
    ];
    let mut rows: Vec<Value> = (0..24)
        .map(|i| {
            let (category, text, rating) = texts[i % texts.len()];
            json!({
                "user": "mei", "time": 1_735_000_000 + 86_400 * i, "kind": if i % 3 == 0 { "purchase" } else { "review" },
                "text": text, "category": category, "rating": rating, "price": 10 + i,
            })
        })
        .collect();
    if with_erased {
        rows.push(json!({
            "user": "mei", "time": 1_735_000_000 + 86_400 * 24, "kind": "review", "text": ERASED, "category": "travel",
            "rating": 3,
        }));
    }
    rows.push(json!({ "user": "tom", "text": "hello there" }));
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    fs::write(place.path().join("people.jsonl"), lines.join("\n") + "\n").unwrap();
    place
}

const MEI: [&str; 7] = ["profile", "--data", "people.jsonl", "--user", "mei", "--plan", "retail"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&MEI[..], more].concat()
}

#[test]
fn a_terminal_shows_every_part_in_either_language() {
    let place = people(true);
    let told = succeeds(place.path(), &with(&["--width", "76"]));
    let mut at = 0;
    for part in ["In short", "Interests", "How your texts feel", "What you do and when", "Your words", "still missing"]
    {
        at += told[at..].find(part).unwrap_or_else(|| panic!("{part} is missing, or too early:\n{told}"));
    }
    assert!(told.contains("food and drink") && told.contains("###"), "{told}");
    // No terminal, so nothing of ours but ASCII, and no quote that was not asked for.
    assert!(told.lines().filter(|line| line.contains('#')).all(|line| line.chars().all(|c| c.is_ascii())), "{told}");
    assert!(!told.contains("wonderful surprise"), "{told}");
    let chinese = succeeds(place.path(), &with(&["--lang", "zh", "--evidence"]));
    assert!(chinese.contains("食品饮料") && chinese.contains("wonderful"));
    assert!(chinese.contains("还缺什么"));
}

#[test]
fn a_review_that_is_erased_leaves_no_trace() {
    let (before, after) = (people(true), people(false));
    let made = |place: &TempDir| {
        let at = ["--as-of", "2025-03-01", "--html", "profile.html", "--json"];
        let document: Value = serde_json::from_str(&succeeds(place.path(), &with(&at))).unwrap();
        (document, fs::read_to_string(place.path().join("profile.html")).unwrap())
    };
    let ((old, old_page), (new, new_page)) = (made(&before), made(&after));
    for trace in ["zanzibar", "unforgettable", "surprise", "hotel"] {
        assert!(old.to_string().contains(trace) && old_page.contains(trace), "{trace} was never there");
        assert!(!new.to_string().contains(trace) && !new_page.contains(trace), "{trace} is still there");
    }
    for part in ["interests", "evidence", "keywords", "persona", "behavior"] {
        assert_ne!(old[part], new[part], "{part} does not change");
    }
    assert_eq!((&old["behavior"]["texts"], &new["behavior"]["texts"]), (&25.into(), &24.into()));
    let travel = |document: &Value| document["interests"].as_array().unwrap().iter().any(|i| i["label"] == "travel");
    assert!(travel(&old) && !travel(&new));
}

#[test]
fn a_page_is_one_file_for_its_owner() {
    let place = people(true);
    let told = succeeds(place.path(), &with(&["--html", "profile.html", "--lang", "zh"]));
    assert!(told.contains("profile.html") && !told.contains("zanzibar"), "{told}");
    let page = fs::read_to_string(place.path().join("profile.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'") && page.contains("zanzibar"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.path().join("profile.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    succeeds(place.path(), &with(&["--html", "profile.html", "--no-evidence", "--plain"]));
    let page = fs::read_to_string(place.path().join("profile.html")).unwrap();
    assert!(!page.contains("unforgettable breakfast"));
    assert!(fails(place.path(), 1, &with(&["--html", "none/there.html"])).contains("--html none/there.html"));
}

#[test]
fn the_owner_has_the_last_word() {
    let place = people(true);
    let owner = "consent = [\"gender\"]\nvetoed = [\"interests.category/food\", \"keywords\"]\n\
                 [declared]\nregion = \"Hangzhou\"\n[corrected]\ncategory = \"books\"\n";
    fs::write(place.path().join("me.toml"), owner).unwrap();
    let d = document(place.path(), &with(&["--owner", "me.toml"]));
    assert_eq!(d["demographics"][0]["value"], "Hangzhou");
    assert_eq!((&d["interests"][0]["label"], &d["interests"][0]["origin"]), (&"books".into(), &"corrected".into()));
    assert!(d["interests"].as_array().unwrap().iter().all(|i| i["label"] != "food"));
    let told = succeeds(place.path(), &with(&["--owner", "me.toml"]));
    assert!(told.contains("Hangzhou") && told.contains("said by you") && told.contains("corrected by you"), "{told}");
}

#[test]
fn the_past_is_shown_as_it_was() {
    let place = people(true);
    let then = run(place.path(), &with(&["--as-of", "2025-01-01", "--json"]));
    let d: Value = serde_json::from_slice(&then.stdout).unwrap();
    // Entries are a day apart from 2024-12-24 00:26:40 on.
    assert_eq!(d["behavior"]["events"], 9);
    assert_eq!(d["provenance"]["made_at"], 1_735_775_999);
    let remark: Value = serde_json::from_slice(&then.stderr).unwrap();
    assert_eq!((&remark["event"], &remark["later"]), (&"as_of".into(), &16.into()));
    assert!(fails(place.path(), 1, &with(&["--as-of", "2001-01-01"])).contains("2024-12-24T00:26:40Z"));
    assert!(fails(place.path(), 2, &with(&["--as-of", "last week"])).contains("2025-03-31"));
}

#[test]
fn what_is_wrong_is_named_with_what_to_do() {
    let place = people(true);
    let plan = fails(place.path(), 2, &["profile", "--data", "people.jsonl", "--plan", "retale"]);
    assert!(plan.contains("retail, finance, smart_home, health, education") && plan.contains("retale"), "{plan}");
    let person = fails(place.path(), 1, &["profile", "--data", "people.jsonl", "--user", "mey"]);
    assert!(person.contains("no row of user mey; the nearest ids there are mei, tom"), "{person}");
    for (owner, expected) in [
        ("[declared]\nregoin = \"x\"\n", "declared: expected a dimension of the plan"),
        ("[corrected]\ncategory = \"bikes\"\n", "corrected, category: expected one of"),
        ("consent = [\"weather\"]\n", "consent: expected a dimension of the plan"),
        ("agreed = [\"gender\"]\n", "line 1: unknown field `agreed`"),
        ("vetoed = [\n", "me.toml, line"),
    ] {
        fs::write(place.path().join("me.toml"), owner).unwrap();
        let said = fails(place.path(), 2, &with(&["--owner", "me.toml"]));
        assert!(said.contains("--owner me.toml") && said.contains(expected), "{said}");
    }
    fs::write(place.path().join("me.toml"), "[declared]\nregion = \"x\"\n").unwrap();
    let said = fails(place.path(), 2, &["profile", "--data", "people.jsonl", "--owner", "me.toml"]);
    assert!(said.contains("--plan retail"), "{said}");
    fs::write(place.path().join("plan.toml"), "name = \"p\"\n[[dimension]]\nname = \"\"\nsection = \"interests\"\n")
        .unwrap();
    let said = fails(place.path(), 2, &["profile", "--data", "people.jsonl", "--plan", "plan.toml"]);
    assert!(said.contains("--plan plan.toml") && said.contains("1 to 64 characters"), "{said}");
}

#[test]
fn the_schema_is_the_published_one_and_knows_every_key() {
    let place = people(true);
    let schema: Value = serde_json::from_str(&succeeds(place.path(), &["profile", "--schema"])).unwrap();
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/profile.schema.json");
    assert_eq!(schema, serde_json::from_str::<Value>(&fs::read_to_string(published).unwrap()).unwrap());
    let d = document(place.path(), &MEI);
    for key in d.as_object().unwrap().keys() {
        assert!(schema["properties"].get(key).is_some(), "{key}");
    }
}
