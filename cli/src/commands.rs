//! One file per command.

pub(crate) mod advise;
pub(crate) mod audit;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod encode;
pub(crate) mod enroll;
pub(crate) mod evaluate;
pub(crate) mod join;
pub(crate) mod ledger;
pub(crate) mod plan;
pub(crate) mod profile;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod sweep;
pub(crate) mod synth;
pub(crate) mod task;
