//! The table of attacks names tests that are there, in the crates it says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

/// Where a crate lies.
fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let places = [root.join(name), root.join("shared").join(name)];
    places.into_iter().find(|place| place.join("Cargo.toml").exists()).unwrap_or_else(|| panic!("no crate {name}"))
}

/// The paths of all files below a folder, and the text of those in Rust.
fn files(folder: &Path, paths: &mut String, texts: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, paths, texts);
        } else {
            paths.push_str(&format!("{}\n", path.display()));
            if path.extension().is_some_and(|e| e == "rs") {
                texts.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
}

/// A test's name ends a path of modules; a name with a slash is a file or folder of tests.
fn exists(name: &str, paths: &str, texts: &str) -> bool {
    if name.contains('/') {
        return paths.contains(&format!("/{name}.rs")) || paths.contains(&format!("/{name}/"));
    }
    let last = name.rsplit("::").next().unwrap();
    texts.contains(&format!("fn {last}("))
        || texts.contains(&format!("mod {last};"))
        || paths.contains(&format!("/{last}.rs"))
}

#[test]
fn every_test_named_in_the_table_exists() {
    let mut checked = 0;
    for row in include_str!("../src/lib.rs").lines().filter_map(|line| line.strip_prefix("//! | ")).skip(1) {
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        let [_, tests, crates] = cells[..] else { panic!("{row}") };
        let (mut paths, mut texts) = (String::new(), String::new());
        for name in crates.split([',', ';']) {
            let places = ["src", "tests"].map(|place| folder(name.trim()).join(place));
            places.iter().filter(|place| place.exists()).for_each(|place| files(place, &mut paths, &mut texts));
        }
        for name in tests.split('`').skip(1).step_by(2) {
            assert!(exists(name, &paths, &texts), "{name} is not in {crates}");
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}
