//! What the compiler must refuse: only a release fits into an upload.
//!
//! See `tests/compile_fail.rs` of `privacy` for how these cases are kept.

#[test]
fn only_a_release_fits_into_an_upload() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
