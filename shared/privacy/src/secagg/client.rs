//! The device's side: one type for each step, each consumed by the message that ends it.
//!
//! [`Advertise`] -> [`Share`] -> [`MaskedInput`] -> ([`Consistency`] in the active mode) ->
//! [`Unmask`]. A step that was taken is gone, so no step runs twice; a step that fails takes its
//! secrets with it. [`Client`] wraps them for a driver that is handed messages one by one.

mod abort;
mod advertise;
mod consistency;
mod context;
mod lists;
mod masked_input;
mod share;
mod unmask;

use silhouette_wire::message::{
    SecaggAdvert, SecaggConsistency, SecaggInbox, SecaggMaskedInput, SecaggRevealed, SecaggRoster, SecaggShares,
    SecaggSurvivors, SecaggUnmask,
};

pub use abort::Abort;
pub use advertise::{Advertise, Policy};
pub use consistency::Consistency;
pub use masked_input::{AfterInput, MaskedInput, MaskedVector};
pub use share::Share;
pub use unmask::Unmask;

use super::Millis;
use crate::Release;

/// A device in one round, whatever step it is in.
///
/// Any error ends the round for this device: its secrets are erased and every later message is
/// answered with [`Abort::Over`].
pub struct Client(State);

enum State {
    Advertise(Advertise),
    Share(Share),
    MaskedInput(MaskedInput),
    Consistency(Consistency),
    Unmask(Unmask),
    /// All steps are done.
    Done,
    Aborted,
}

impl Client {
    /// A device about to advertise.
    pub fn new(advertise: Advertise) -> Self {
        Self(State::Advertise(advertise))
    }

    fn take(&mut self) -> State {
        std::mem::replace(&mut self.0, State::Aborted)
    }

    /// Whether the round is over for this device, done or aborted.
    pub fn is_over(&self) -> bool {
        matches!(self.0, State::Done | State::Aborted)
    }

    /// Ends the round for this device and erases its secrets.
    pub fn abort(&mut self) {
        self.0 = State::Aborted;
    }

    /// Round 0: makes the keys.
    ///
    /// # Errors
    /// See [`Abort`].
    pub fn advertise(&mut self, now: Millis) -> Result<SecaggAdvert, Abort> {
        match self.take() {
            State::Advertise(state) => {
                let (next, message) = state.advertise(now)?;
                self.0 = State::Share(next);
                Ok(message)
            }
            state => Err(self.unexpected(&state)),
        }
    }

    /// Round 1: seals the shares.
    ///
    /// # Errors
    /// See [`Abort`].
    pub fn share(&mut self, now: Millis, roster: &SecaggRoster) -> Result<SecaggShares, Abort> {
        match self.take() {
            State::Share(state) => {
                let (next, message) = state.share(now, roster)?;
                self.0 = State::MaskedInput(next);
                Ok(message)
            }
            state => Err(self.unexpected(&state)),
        }
    }

    /// Round 2: masks what was released.
    ///
    /// # Errors
    /// See [`Abort`].
    pub fn mask(
        &mut self,
        now: Millis,
        inbox: &SecaggInbox,
        release: Release,
    ) -> Result<(SecaggMaskedInput, MaskedVector), Abort> {
        match self.take() {
            State::MaskedInput(state) => {
                let (next, message, vector) = state.mask(now, inbox, release)?;
                self.after_input(next);
                Ok((message, vector))
            }
            state => Err(self.unexpected(&state)),
        }
    }

    fn after_input(&mut self, next: AfterInput) {
        self.0 = match next {
            AfterInput::Consistency(state) => State::Consistency(state),
            AfterInput::Unmask(state) => State::Unmask(state),
        };
    }

    /// Round 2b (active mode): signs who survived. A second list ends the round.
    ///
    /// # Errors
    /// See [`Abort`].
    pub fn sign(&mut self, now: Millis, survivors: &SecaggSurvivors) -> Result<SecaggConsistency, Abort> {
        match self.take() {
            State::Consistency(state) => {
                let (next, message) = state.sign(now, survivors)?;
                self.0 = State::Unmask(next);
                Ok(message)
            }
            State::Unmask(_) => Err(Abort::SecondSurvivorList),
            state => Err(self.unexpected(&state)),
        }
    }

    /// Round 3: reveals one share for each neighbour, once.
    ///
    /// # Errors
    /// See [`Abort`].
    pub fn unmask(&mut self, now: Millis, request: &SecaggUnmask) -> Result<SecaggRevealed, Abort> {
        match self.take() {
            State::Unmask(state) => {
                let message = state.unmask(now, request)?;
                self.0 = State::Done;
                Ok(message)
            }
            State::Done => Err(Abort::SecondUnmask),
            state => Err(self.unexpected(&state)),
        }
    }

    #[cfg(test)]
    pub(super) fn mask_bytes(
        &mut self,
        now: Millis,
        inbox: &SecaggInbox,
        bits: u8,
        bytes: Vec<u8>,
    ) -> Result<(SecaggMaskedInput, MaskedVector), Abort> {
        match self.take() {
            State::MaskedInput(state) => {
                let (next, message, vector) = state.mask_bytes(now, inbox, bits, bytes)?;
                self.after_input(next);
                Ok((message, vector))
            }
            state => Err(self.unexpected(&state)),
        }
    }

    fn unexpected(&self, state: &State) -> Abort {
        match state {
            State::Done | State::Aborted => Abort::Over,
            _ => Abort::OutOfOrder,
        }
    }
}
