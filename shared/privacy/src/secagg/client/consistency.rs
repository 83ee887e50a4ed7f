use std::collections::BTreeMap;

use silhouette_wire::message::{SecaggConsistency, SecaggSurvivors};

use super::context::{Context, in_time};
use super::lists::Survivors;
use super::masked_input::Held;
use super::{Abort, Unmask};
use crate::secagg::{Millis, transcript};

/// Round 2b, in the active mode: the input is sent; waiting for the list of survivors.
pub struct Consistency {
    pub(super) context: Context,
    pub(super) held: BTreeMap<u32, Held>,
}

impl Consistency {
    /// Signs the survivors. Honest devices sign one list each, so two lists can't both gather more
    /// than t signatures (Bonawitz et al. 2017, section 6.2).
    ///
    /// # Errors
    /// When a list contradicts what the device knows, too few survived; and after the deadline.
    pub fn sign(self, now: Millis, message: &SecaggSurvivors) -> Result<(Unmask, SecaggConsistency), Abort> {
        let Self { context, held } = self;
        in_time(&context.terms, now)?;
        let survivors = Survivors::check(&context, &held, message.survivors, &message.alive, &message.dropped)?;
        let bytes = transcript::survivors(context.roster, survivors.with(context.own).into_iter());
        let signature = context.identity.as_ref().ok_or(Abort::Identity)?.sign(&bytes);
        let reply = SecaggConsistency { at: context.at.clone(), signature };
        Ok((Unmask { context, held, agreed: Some(survivors) }, reply))
    }
}
