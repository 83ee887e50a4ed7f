//! The aggregator's side: the same steps, tolerant of devices that drop out in any of them.
//!
//! A [`Server`] takes the messages of the current step and refuses all others. Its driver closes a
//! step when everybody answered or time is up, and gets the messages to send on. One running sum is
//! all it keeps of the vectors.

mod adverts;
mod consistency;
mod error;
mod inputs;
mod round;
mod shares;
mod unmask;

use ed25519_dalek::VerifyingKey;
use silhouette_wire::DeviceId;
use silhouette_wire::message::{
    SecaggAdvert, SecaggConsistency, SecaggInbox, SecaggMaskedInput, SecaggRevealed, SecaggRoster, SecaggShares,
    SecaggSurvivors, SecaggUnmask,
};

pub use error::{Ended, Failure, Lost, Refused, Step};
pub use round::Invited;

use super::{Millis, Terms};
use adverts::AdvertPhase;
use consistency::ConsistencyPhase;
use inputs::{AfterInputs, InputPhase};
use shares::SharePhase;
use unmask::UnmaskPhase;

/// The sum over the survivors' vectors, unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Packed entries of `Z_(2^b)`, little-endian.
    pub bytes: Vec<u8>,
    /// b.
    pub modulus_bits: u8,
    /// Whose vectors are in it.
    pub survivors: Vec<DeviceId>,
    /// Who was lost, and where.
    pub lost: Vec<Lost>,
}

impl Sum {
    /// The entries, lifted to `[-2^(b-1), 2^(b-1))`.
    pub fn values(&self) -> Vec<i64> {
        // The terms fixed width and length.
        silhouette_wire::unpack(&self.bytes, self.modulus_bits).unwrap_or_default()
    }
}

/// What a closed step leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Closed {
    /// Each member's roster; next come shares.
    Rosters(Vec<(DeviceId, SecaggRoster)>),
    /// Each member's inbox; next come masked inputs.
    Inboxes(Vec<(DeviceId, SecaggInbox)>),
    /// Each survivor's list; next come signatures.
    Survivors(Vec<(DeviceId, SecaggSurvivors)>),
    /// Each survivor's request; next come revealed shares.
    Unmask(Vec<(DeviceId, SecaggUnmask)>),
    /// The round is complete.
    Sum(Sum),
}

/// The aggregator in one round, whatever step it is in.
pub struct Server(State);

enum State {
    Adverts(AdvertPhase),
    Shares(SharePhase),
    Inputs(InputPhase),
    Consistency(ConsistencyPhase),
    Unmask(UnmaskPhase),
    Over,
}

impl Server {
    /// Opens a round for the devices invited. `authority` endorses the identities, in the active
    /// mode and only there.
    ///
    /// # Errors
    /// When the terms are out of range or do not fit the other arguments.
    pub fn new(terms: Terms, invited: Invited, authority: Option<VerifyingKey>) -> Result<Self, Failure> {
        AdvertPhase::new(terms, invited, authority).map(State::Adverts).map(Self)
    }

    /// The step whose messages are taken; `None` once the round is over.
    pub fn step(&self) -> Option<Step> {
        match self.0 {
            State::Adverts(_) => Some(Step::Advertise),
            State::Shares(_) => Some(Step::Share),
            State::Inputs(_) => Some(Step::MaskedInput),
            State::Consistency(_) => Some(Step::Consistency),
            State::Unmask(_) => Some(Step::Unmask),
            State::Over => None,
        }
    }

    /// Whether enough shares are in for [`close`](Self::close) to give the sum.
    pub fn is_ready(&self) -> bool {
        matches!(&self.0, State::Unmask(phase) if phase.is_ready())
    }

    fn out_of_step(&self, step: Step) -> Refused {
        if self.step().is_some_and(|current| current < step) { Refused::Early } else { Refused::Late }
    }

    /// Takes an advert.
    ///
    /// # Errors
    /// See [`Refused`]; the round goes on.
    pub fn advert(&mut self, now: Millis, device: DeviceId, message: &SecaggAdvert) -> Result<(), Refused> {
        match &mut self.0 {
            State::Adverts(phase) => phase.receive(now, device, message),
            _ => Err(self.out_of_step(Step::Advertise)),
        }
    }

    /// Takes sealed shares.
    ///
    /// # Errors
    /// See [`Refused`]; the round goes on.
    pub fn shares(&mut self, now: Millis, device: DeviceId, message: &SecaggShares) -> Result<(), Refused> {
        match &mut self.0 {
            State::Shares(phase) => phase.receive(now, device, message),
            _ => Err(self.out_of_step(Step::Share)),
        }
    }

    /// Takes a masked vector and adds it to the sum.
    ///
    /// # Errors
    /// See [`Refused`]; the round goes on, and the sum is as before.
    pub fn masked_input(
        &mut self,
        now: Millis,
        device: DeviceId,
        message: &SecaggMaskedInput,
        body: &[u8],
    ) -> Result<(), Refused> {
        match &mut self.0 {
            State::Inputs(phase) => phase.receive(now, device, message, body),
            _ => Err(self.out_of_step(Step::MaskedInput)),
        }
    }

    /// Takes a signature over the survivors.
    ///
    /// # Errors
    /// See [`Refused`]; the round goes on.
    pub fn consistency(&mut self, now: Millis, device: DeviceId, message: &SecaggConsistency) -> Result<(), Refused> {
        match &mut self.0 {
            State::Consistency(phase) => phase.receive(now, device, message),
            _ => Err(self.out_of_step(Step::Consistency)),
        }
    }

    /// Takes revealed shares.
    ///
    /// # Errors
    /// See [`Refused`]; the round goes on.
    pub fn revealed(&mut self, now: Millis, device: DeviceId, message: &SecaggRevealed) -> Result<(), Refused> {
        match &mut self.0 {
            State::Unmask(phase) => phase.receive(now, device, message),
            _ => Err(self.out_of_step(Step::Unmask)),
        }
    }

    /// Closes the current step: whoever has not answered is lost.
    ///
    /// The last step takes the masks off, one keystream for each survivor and one for each pair of
    /// a survivor and a neighbour that dropped out, on all threads of the current rayon pool.
    ///
    /// # Errors
    /// When the round can't go on. No request to unmask was made, unless that step was reached.
    pub fn close(&mut self, now: Millis) -> Result<Closed, Ended> {
        let (next, closed) = match std::mem::replace(&mut self.0, State::Over) {
            State::Adverts(phase) => {
                let (next, messages) = phase.close(now)?;
                (State::Shares(next), Closed::Rosters(messages))
            }
            State::Shares(phase) => {
                let (next, messages) = phase.close(now)?;
                (State::Inputs(next), Closed::Inboxes(messages))
            }
            State::Inputs(phase) => match phase.close(now)? {
                AfterInputs::Consistency(next, messages) => (State::Consistency(next), Closed::Survivors(messages)),
                AfterInputs::Unmask(next, messages) => (State::Unmask(next), Closed::Unmask(messages)),
            },
            State::Consistency(phase) => {
                let (next, messages) = phase.close(now)?;
                (State::Unmask(next), Closed::Unmask(messages))
            }
            State::Unmask(phase) => (State::Over, Closed::Sum(phase.finish()?)),
            State::Over => return Err(Ended { why: Failure::Over, lost: Vec::new() }),
        };
        self.0 = next;
        Ok(closed)
    }
}
