//! Empirical audits: attacks on the real code whose success is measured and held against the promise.
//!
//! Unit of privacy: the user. Adjacency: add or remove one user, their vector replaced by zeros. An
//! audit gives a *lower* bound on epsilon, at a stated confidence. One above the claim proves that the
//! code keeps less than it promises; one below proves nothing but that this attack did not succeed.
//!
//! * [`mechanism`]: the likelihood-ratio game on one release, whose bound comes close to the claim and
//!   so notices too little noise and too much;
//! * [`canaries`]: one whole federation with many made-up people in it, each there or not by a coin
//!   (Steinke, Nasr, Jagielski 2023), and how well one can tell who was;
//! * [`egress`]: a real aggregator and real devices, every byte between and around them searched for
//!   one person's words.
//!
//! Each has a control that breaks the promise on purpose and must be noticed: an audit that nothing can
//! fail would show nothing.

pub mod canaries;
pub mod egress;
pub mod interval;
pub mod mechanism;
