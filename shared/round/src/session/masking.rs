//! The device's side of a masked round: keys, shares, the masked vector, and what takes masks off.

use silhouette_privacy::secagg::{self, Abort, Advertise, Client, Entropy, Identity, MaskedVector};
use silhouette_privacy::{Mode, Release};
use silhouette_wire::message::{SecaggReply, SecaggRequest, UploadReply};
use silhouette_wire::{ContentHash, ErrorCode, Manifest};

use super::{Action, Current, Session, Stage};
use crate::Millis;
use crate::masked::terms;
use crate::policy::Refusal;

impl Session {
    /// Before anything is computed: in the active mode a device needs an identity that the endorser
    /// whom the task's owner named has endorsed.
    pub(super) fn examine_endorser(&self, manifest: &Manifest, endorser: Option<[u8; 32]>) -> Result<(), Refusal> {
        let Some(expected) = endorser.filter(|_| manifest.mode == Mode::Distributed) else { return Ok(()) };
        let found = match &self.identity {
            None => "nobody".to_owned(),
            Some(identity) if identity.authority().to_bytes() != expected => {
                ContentHash(identity.authority().to_bytes()).to_string()
            }
            Some(identity) if identity.is_endorsed_for(&manifest.task) => return Ok(()),
            Some(_) => "nobody: its endorsement is damaged".to_owned(),
        };
        Err(Refusal::Endorsement { expected: ContentHash(expected), found })
    }

    /// The charge is on the disk: from here on something may leave the device, fresh public keys
    /// first.
    pub(super) fn advertise(&mut self, now: Millis, entropy: Entropy) -> Vec<Action> {
        let least = self.policy.min_reports;
        let Some(current) = &mut self.current else { return Vec::new() };
        let identity = self.identity.clone().filter(|_| current.endorser.is_some());
        match begin(current, least, identity, entropy, now) {
            Ok((client, advert)) => {
                current.masking = Some(client);
                self.ask(advert, None)
            }
            Err(refusal) => self.decline(now, refusal),
        }
    }

    /// The aggregator's answer in a masked round.
    pub(super) fn masked(&mut self, now: Millis, reply: &SecaggReply) -> Vec<Action> {
        match reply {
            SecaggReply::Done(receipt) => return self.uploaded(now, *receipt),
            SecaggReply::Refused(code) => return self.turned_away(now, *code),
            _ => {}
        }
        let Some(current) = &mut self.current else { return Vec::new() };
        match answer(current, now, reply) {
            Ok((request, vector)) => self.ask(request, vector),
            // Whatever was wrong, the client has erased its secrets.
            Err(abort) => self.decline(now, Refusal::Masking(abort)),
        }
    }

    /// Ends a round when its charge has been made and gives its release out as it is: neither masked, so that a
    /// share of the noise protects nobody, nor announced with a digest. For a simulator, whose aggregator adds in
    /// the same process and leaves out masks because they cancel in the sum; `None` at any other moment.
    pub fn dangerous_unmasked_release_for_simulation_only(&mut self, now: Millis) -> Option<Release> {
        if self.stage != Stage::Charging {
            return None;
        }
        let release = self.current.as_mut().and_then(|current| current.release.take());
        self.rest(now);
        release
    }

    fn turned_away(&mut self, now: Millis, code: ErrorCode) -> Vec<Action> {
        self.uploaded(now, UploadReply::Refused(code))
    }

    fn ask(&mut self, request: SecaggRequest, vector: Option<MaskedVector>) -> Vec<Action> {
        self.stage = Stage::Masking;
        vec![Action::Mask { request: Box::new(request), vector }]
    }
}

fn begin(
    current: &Current,
    min_reports: u32,
    identity: Option<Identity>,
    entropy: Entropy,
    now: Millis,
) -> Result<(Client, SecaggRequest), Refusal> {
    let terms = terms(&current.manifest, current.signed_hash, current.endorser.is_some(), current.deadline)?;
    let policy = secagg::Policy { min_reports };
    let mut client = Client::new(Advertise::new(terms, policy, current.nonce, identity, entropy)?);
    let advert = client.advertise(now)?;
    Ok((client, SecaggRequest::Advert(advert)))
}

fn answer(
    current: &mut Current,
    now: Millis,
    reply: &SecaggReply,
) -> Result<(SecaggRequest, Option<MaskedVector>), Abort> {
    let client = current.masking.as_mut().ok_or(Abort::Over)?;
    Ok(match reply {
        SecaggReply::Roster(roster) => (SecaggRequest::Shares(client.share(now, roster)?), None),
        SecaggReply::Inbox(inbox) => {
            // Taken, so that one release is masked once.
            let release = current.release.take().ok_or(Abort::Over)?;
            let (message, vector) = client.mask(now, inbox, release)?;
            (SecaggRequest::MaskedInput(message), Some(vector))
        }
        SecaggReply::Survivors(survivors) => (SecaggRequest::Consistency(client.sign(now, survivors)?), None),
        SecaggReply::Unmask(request) => (SecaggRequest::Revealed(client.unmask(now, request)?), None),
        SecaggReply::Done(_) | SecaggReply::Refused(_) => return Err(Abort::OutOfOrder),
    })
}
