//! Speed of single parts, by criterion: `cargo bench --manifest-path tests/benches/Cargo.toml`.
