//! What an attacker gets out of what is released: members, words, accuracy. Each attack is also run where
//! nothing protects, and succeeds there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod inversion;
mod membership;
mod poisoning;
