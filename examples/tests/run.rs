//! Runs every example to its end, as a person does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::process::Command;

/// Cargo builds a package's examples before it runs the package's tests, beside them.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is not built: run cargo test -p silhouette-examples", program.display());
    program
}

/// What the example prints; some line of it must begin with each of `lines`.
fn runs(name: &str, lines: &[&str]) -> String {
    let place = tempfile::tempdir().unwrap();
    let output = Command::new(program(name)).current_dir(place.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for start in lines {
        assert!(said.lines().any(|line| line.trim_start().starts_with(start)), "no line begins with {start}:\n{said}");
    }
    said
}

/// The number at the end of the last line that begins with `start`.
fn number(said: &str, start: &str) -> f64 {
    let line = said.lines().rfind(|line| line.trim_start().starts_with(start)).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn release_one_vector() {
    runs("release_one_vector", &["the mean everybody may see: [", "one participation costs rho = 2"]);
}

#[test]
fn plan_a_promise() {
    runs(
        "plan_a_promise",
        &["what the promise rests on:", "the device joined 2 rounds and refused the next: task reviews"],
    );
}

#[test]
fn train_in_process() {
    let said = runs("train_in_process", &["no noise: ", "epsilon 8: "]);
    // Chance is one in eight.
    assert!(number(&said, "final accuracy") > 0.3, "{said}");
}

#[test]
fn embed_the_client() {
    let said = runs("embed_the_client", &["persona, en: ", "persona, zh: ", "erased "]);
    assert!(said.trim_end().ends_with("; 0 are left"), "{said}");
}

#[test]
fn serve_and_join() {
    let said = runs("serve_and_join", &["round 1 closed with 3 reports", "finished after 2 rounds"]);
    assert_eq!(said.matches("2 charges in its ledger").count(), 3, "{said}");
}

#[test]
fn own_task() {
    runs(
        "own_task",
        &[
            "fragrant tea: topic = drink",
            "the waiter was rude: topic = staff",
            "一个安静的花园: topic = place",
            "refused: column topic: expected one of drink, place, staff",
        ],
    );
}

#[test]
fn ecommerce_case() {
    let stages = ["1. 数据收集", "2. 数据预处理", "3. 特征提取", "4. 模型训练", "5. 模型评估", "6. 用户画像生成"];
    let said = runs("ecommerce_case", &stages);
    let line = said.lines().find(|line| line.contains("no noise: accuracy")).unwrap();
    let accuracy: f64 = line.split("accuracy ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    // Chance is one in eight.
    assert!(accuracy > 0.3, "{said}");
}
