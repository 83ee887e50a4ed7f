use sha2::{Digest, Sha256};
use silhouette_wire::DeviceId;
use silhouette_wire::message::{SecaggMaskedInput, SecaggSurvivors, SecaggUnmask};

use super::consistency::ConsistencyPhase;
use super::round::{Common, Members, Roster, is_active};
use super::unmask::UnmaskPhase;
use super::{Ended, Failure, Refused, Step};
use crate::secagg::{Millis, mask};

/// Round 2: adds masked vectors up, each as it arrives; one sum is all that is kept.
pub(super) struct InputPhase {
    common: Common,
    roster: Roster,
    shared: Members,
    alive: Members,
    sum: Vec<u8>,
}

/// What the devices are told when the inputs are in.
pub(super) enum AfterInputs {
    Consistency(ConsistencyPhase, Vec<(DeviceId, SecaggSurvivors)>),
    Unmask(UnmaskPhase, Vec<(DeviceId, SecaggUnmask)>),
}

impl InputPhase {
    pub(super) fn new(common: Common, roster: Roster, shared: Members) -> Self {
        let sum = vec![0; common.terms.byte_len()];
        Self { common, roster, shared, alive: Members::new(), sum }
    }

    pub(super) fn receive(
        &mut self,
        now: Millis,
        device: DeviceId,
        message: &SecaggMaskedInput,
        body: &[u8],
    ) -> Result<(), Refused> {
        self.common.admit(now, device, &message.at)?;
        let place = self.roster.place(device)?;
        if !self.shared.contains(&place) {
            return Err(Refused::Unknown);
        }
        if self.alive.contains(&place) {
            return Err(Refused::Duplicate);
        }
        let terms = &self.common.terms;
        if message.dimension as usize != terms.dimension
            || message.modulus_bits != terms.modulus_bits
            || body.len() != terms.byte_len()
        {
            return Err(Refused::Size);
        }
        if Sha256::digest(body)[..] != message.sha256.0 {
            return Err(Refused::Hash);
        }
        mask::add(&mut self.sum, body, terms.modulus_bits);
        self.alive.insert(place);
        Ok(())
    }

    pub(super) fn close(self, now: Millis) -> Result<AfterInputs, Ended> {
        let Self { mut common, roster, shared, alive, sum } = self;
        for &place in shared.difference(&alive) {
            common.lose(Step::MaskedInput, roster.member(place).device);
        }
        let step = Step::MaskedInput;
        // Below `N_min` the round ends here, before anything is asked for that could unmask.
        let fit = common
            .in_time(now)
            .and_then(|()| common.enough(step, alive.len()))
            .and_then(|()| roster.recoverable(step, &shared, &alive, &alive))
            .and_then(|()| if roster.connected(&alive) { Ok(()) } else { Err(Failure::Disconnected) });
        if let Err(why) = fit {
            return Err(common.end(why));
        }
        let requests: Vec<(DeviceId, SecaggUnmask)> =
            alive.iter().map(|&place| (roster.member(place).device, roster.request(place, &shared, &alive))).collect();
        Ok(if is_active(&common.terms) {
            let survivors = |(device, SecaggUnmask { survivors, alive, dropped, .. })| {
                (device, SecaggSurvivors { survivors, alive, dropped })
            };
            let messages = requests.into_iter().map(survivors).collect();
            AfterInputs::Consistency(ConsistencyPhase::new(common, roster, shared, alive, sum), messages)
        } else {
            let asked = alive.clone();
            AfterInputs::Unmask(UnmaskPhase::new(common, roster, shared, alive, asked, sum), requests)
        })
    }
}
