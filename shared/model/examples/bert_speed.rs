//! How many texts a second a folder's encoder turns into vectors, beside `scripts/bert_speed_peer.py`, which asks
//! sentence-transformers the same on the same texts.
//!
//! ```text
//! cargo run --release -p silhouette-model --example bert_speed -- DIR [threads] [texts] [tokens]
//! ```
//! Each text is of `tokens` tokens (128), in one call of `texts` texts (64); the best of five calls, and the vectors'
//! checksum, which the peer prints as well.

use std::time::Instant;

use silhouette_model::bert::BertEncoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("expected the encoder's folder")?;
    let number = |i: usize, default| arguments.get(i).map_or(Ok(default), |text| text.parse::<usize>());
    let (threads, texts, tokens) = (number(1, 2)?, number(2, 64)?, number(3, 128)?);
    let opened = Instant::now();
    let encoder = BertEncoder::open(folder.as_ref())?;
    let seconds = opened.elapsed().as_secs_f64();
    println!("opened in {seconds:.2} s, {:.0} MB of memory", resident());
    let words = ["music", "garden", "river", "window", "engine", "doctor", "winter", "paper", "summer", "house"];
    let text = |i: usize| (0..tokens - 2).map(|k| words[(i * 7 + k * k + k) % 10]).collect::<Vec<_>>().join(" ");
    let made: Vec<String> = (0..texts).map(text).collect();
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let mut best = f64::INFINITY;
    let mut vectors = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        vectors = encoder.embed_within(&made, tokens, threads);
        best = best.min(started.elapsed().as_secs_f64());
    }
    let sum: f32 = vectors.iter().flatten().map(|v| v.abs()).sum();
    let rate = texts as f64 / best;
    println!(
        "{threads} threads, {texts} texts of {tokens} tokens: {rate:.1} texts/s, {:.0} MB, checksum {sum:.3}",
        peak()
    );
    Ok(())
}

/// Megabytes that the process holds.
fn resident() -> f64 {
    of_status("VmRSS:")
}

/// Megabytes that it held at most.
fn peak() -> f64 {
    of_status("VmHWM:")
}

fn of_status(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1e3)
}
