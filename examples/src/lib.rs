//! Examples of Silhouette, one idea each: see the files in `examples/examples`. Every file's first
//! line says what it teaches and how to run it; `tests/run.rs` runs them all.
