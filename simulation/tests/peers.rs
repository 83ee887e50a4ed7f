//! The comparison's workloads without noise: the example does the peers' work, to their figures.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// The example's line of JSON, or `None` where the workloads' file is neither in `$SILHOUETTE_SHARED` nor in a
/// folder `shared` beside the checkout.
fn run(workload: &str, threads: &str) -> Option<serde_json::Value> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let shared = std::env::var("SILHOUETTE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let data = PathBuf::from(shared).join("bench/peers/data/w1.bin");
    if !data.exists() {
        // Past the test harness, which keeps what a passing test prints to itself.
        let mut out = std::io::stderr().lock();
        writeln!(out, "SKIPPED: {} is not at hand; {workload} was NOT compared", data.display()).unwrap();
        return None;
    }
    // Cargo builds a package's examples before it runs the package's tests, beside them.
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples/peers");
    let arguments = ["--workload", workload, "--noise", "0", "--threads", threads, "--data"];
    let output = Command::new(program).args(arguments).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Accuracy and loss of rounds 5, 10, 15 and 20 as the peers print them, and how far a loss may be off.
fn assert_parity(found: &serde_json::Value, peers: [(f64, f64); 4], tolerance: f64) {
    let evaluations = found["evals"].as_array().unwrap();
    assert_eq!(evaluations.len(), 4);
    for (i, (found, (accuracy, loss))) in evaluations.iter().zip(peers).enumerate() {
        let figure = |place: usize| found[place].as_f64().unwrap();
        assert_eq!(figure(0), 5.0 * (i + 1) as f64);
        assert!((figure(1) - accuracy).abs() < 0.01, "{found}: accuracy {accuracy}");
        assert!((figure(2) - loss).abs() < tolerance, "{found}: loss {loss}");
    }
}

#[test]
fn w1_is_the_peers_work_on_any_number_of_threads() {
    let Some(one) = run("w1", "1") else { return };
    assert_parity(&one, [(0.1670, 2.7099), (0.3009, 2.5873), (0.4586, 2.4504), (0.5612, 2.3010)], 0.002);
    for threads in ["2", "7"] {
        assert_eq!(run("w1", threads).unwrap()["model_sha256"], one["model_sha256"], "{threads} threads");
    }
}

#[test]
fn w2_is_the_peers_work() {
    let Some(found) = run("w2", "2") else { return };
    assert_parity(&found, [(0.1696, 2.6069), (0.4041, 2.3493), (0.5578, 2.1393), (0.6595, 1.9582)], 0.02);
}
