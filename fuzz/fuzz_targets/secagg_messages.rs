//! Bodies of secure aggregation.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use silhouette_wire::message::{
    SecaggAdvert, SecaggConsistency, SecaggInbox, SecaggMaskedInput, SecaggRevealed, SecaggRoster, SecaggShares,
    SecaggSurvivors, SecaggUnmask,
};

fuzz_target!(|body: &[u8]| {
    common::canonical::<SecaggAdvert>(body);
    common::canonical::<SecaggRoster>(body);
    common::canonical::<SecaggShares>(body);
    common::canonical::<SecaggInbox>(body);
    common::canonical::<SecaggMaskedInput>(body);
    common::canonical::<SecaggSurvivors>(body);
    common::canonical::<SecaggConsistency>(body);
    common::canonical::<SecaggUnmask>(body);
    common::canonical::<SecaggRevealed>(body);
});
