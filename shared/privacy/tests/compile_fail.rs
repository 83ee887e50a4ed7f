//! What the compiler must refuse, so that nothing private leaves by accident.
//!
//! Each file in `ui` breaks one rule and nothing else. A new compiler may word an error otherwise:
//! look that it still is the same error, then run with `TRYBUILD=overwrite`.
//!
//! trybuild checks (and does not build) this crate and what it depends on in a target folder of its
//! own, once; later runs take seconds. That is why the cases stand here and in `round`, and not in
//! the client, whose dependencies hold C code.

#[test]
fn nothing_private_leaves_by_accident() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
