use std::collections::VecDeque;

use silhouette_privacy::secagg::{Failure, Step};
use silhouette_privacy::{Accumulator, Mode, ReleaseParameters};
use silhouette_wire::Nonce;

use super::*;
use crate::fixtures::{Device, manifest, signed};
use crate::{Action, Input, Refusal};

const SIZE: u8 = 6;
const STAYS: usize = 9;

/// A round of groups of six, of whom five must report; device `i` vanishes before exchange `gone[i]`.
struct Script {
    round: MaskedGroups,
    parameters: Vec<ReleaseParameters>,
    devices: Vec<Device>,
    gone: Vec<usize>,
    exchanges: Vec<usize>,
    now: Millis,
    lost: Vec<(usize, Failure)>,
    outcome: Option<bool>,
}

fn nonce(device: &Device) -> Nonce {
    Nonce([device.id.0[0]; 16])
}

/// The terms of a group: those of every group but the seed.
fn terms(group: usize) -> Manifest {
    Manifest { seed: 100 + group as u64, ..manifest(Mode::Distributed, 1, u32::from(SIZE), u32::from(SIZE) - 1) }
}

fn members(group: usize) -> impl Iterator<Item = u8> {
    let first = group as u8 * SIZE;
    first..first + SIZE
}

fn opened(groups: usize, least: usize, change: impl FnOnce(&mut Vec<Group>)) -> Result<MaskedGroups, MaskedError> {
    let group = |number: usize| {
        let manifest = terms(number);
        let invited = members(number).map(|i| (DeviceId([i + 1; 32]), Nonce([i + 1; 16]))).collect();
        Group { signed: signed(&manifest).hash(), manifest, invited }
    };
    let mut all: Vec<Group> = (0..groups).map(group).collect();
    change(&mut all);
    MaskedGroups::new(all, None, least, 0)
}

impl Script {
    fn new(gone: &[usize], least: usize) -> Self {
        let groups = gone.len() / usize::from(SIZE);
        let devices = (0..gone.len()).map(|i| Device::new(i as u8 + 1, vec![0.1 * (i / 6) as f32; 5])).collect();
        Self {
            round: opened(groups, least, |_| ()).unwrap(),
            parameters: (0..groups).map(|g| ReleaseParameters::try_from(&terms(g)).unwrap()).collect(),
            devices,
            gone: gone.to_vec(),
            exchanges: vec![0; gone.len()],
            now: 0,
            lost: Vec::new(),
            outcome: None,
        }
    }

    fn run(mut self) -> Self {
        let mut requests = VecDeque::new();
        for i in 0..self.devices.len() {
            let signed = signed(&terms(i / usize::from(SIZE)));
            let nonce = nonce(&self.devices[i]);
            let Action::Mask { request, .. } = self.devices[i].work(0, &signed, nonce) else { panic!("not masked") };
            requests.push_back((i, request));
        }
        while self.outcome.is_none() {
            let effects = match requests.pop_front() {
                Some((i, _)) if self.exchanges[i] >= self.gone[i] => continue,
                Some((i, request)) => {
                    self.exchanges[i] += 1;
                    let (id, body) = (self.devices[i].id, self.devices[i].body());
                    self.round.receive(self.now, id, &request, &body).unwrap()
                }
                None => {
                    self.now = self.round.next_tick().unwrap();
                    self.round.tick(self.now)
                }
            };
            for effect in effects {
                match effect {
                    GroupsEffect::Reply { device, reply } => {
                        requests.extend(self.answer(usize::from(device.0[0]) - 1, reply));
                    }
                    GroupsEffect::Lost { group, devices, ended } => {
                        assert_eq!(devices.len(), usize::from(SIZE));
                        self.lost.push((group, ended.why));
                    }
                    GroupsEffect::Finish => self.outcome = Some(true),
                    GroupsEffect::Failed => self.outcome = Some(false),
                }
            }
        }
        self
    }

    fn answer(&mut self, i: usize, reply: SecaggReply) -> Option<(usize, Box<SecaggRequest>)> {
        match self.devices[i].step(self.now, Input::Masked(reply)).remove(0) {
            Action::Mask { request, vector } => {
                self.devices[i].vector = vector.map(|v| v.as_bytes().to_vec());
                Some((i, request))
            }
            Action::Took { .. } => None,
            Action::Declined(refusal) => panic!("{refusal}"),
            _ => panic!("an unexpected action"),
        }
    }

    /// The groups' numbers and the means of their first coordinate.
    fn means(self) -> Vec<(usize, f32)> {
        let Self { round, parameters, now, .. } = self;
        let mean = |(group, sum): (usize, Result<Sum, Ended>)| {
            let sum = Accumulator::from_masked(parameters[group].clone(), &sum.unwrap()).unwrap();
            (group, sum.finish(&mut silhouette_privacy::noise::OpenDpNoise::new()).unwrap().mean()[0])
        };
        round.finish(now).into_iter().map(mean).collect()
    }
}

#[test]
fn every_group_comes_to_its_own_sum() {
    let script = Script::new(&[STAYS; 18], 3).run();
    assert_eq!((script.outcome, script.lost.len()), (Some(true), 0));
    assert_eq!(script.round.digests().count(), 18);
    let means = script.means();
    assert_eq!(means.iter().map(|(group, _)| *group).collect::<Vec<_>>(), [0, 1, 2]);
    // z = 2 over six devices: a standard deviation of about 0.4 around 0, 0.1 and 0.2.
    assert!(means.iter().all(|(_, mean)| mean.abs() < 3.0), "{means:?}");
}

#[test]
fn a_group_below_its_own_minimum_is_left_out_however_many_report_in_all() {
    // Two of the first group vanish before their vectors: four of five wanted, of sixteen in all.
    let mut gone = [STAYS; 18];
    gone[..2].fill(2);
    let script = Script::new(&gone, 2).run();
    assert_eq!(script.outcome, Some(true));
    let too_few = Failure::TooFew { step: Step::MaskedInput, least: 5, found: 4 };
    assert_eq!(script.lost, [(0, too_few)]);
    // Nobody of the lost group was asked for a share, all were charged, and none counts.
    assert!(script.devices.iter().all(|d| d.history.account.spent_on_all() > 0.0));
    assert!(script.round.digests().all(|(device, _)| device.0[0] > SIZE));
    assert_eq!(script.means().iter().map(|(group, _)| *group).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn with_too_few_groups_left_there_is_no_result() {
    let mut gone = [STAYS; 18];
    gone[..2].fill(2);
    gone[6..8].fill(1);
    let script = Script::new(&gone, 2).run();
    assert_eq!(script.outcome, Some(false));
    assert!(script.round.is_over() && script.round.next_tick().is_none());
    assert!(script.round.finish(script.now).is_empty());
}

#[test]
fn a_request_counts_in_its_own_group_only() {
    let mut script = Script::new(&[STAYS; 12], 2);
    let signed = signed(&terms(0));
    let id = script.devices[0].id;
    let nonce = nonce(&script.devices[0]);
    let Action::Mask { request, .. } = script.devices[0].work(0, &signed, nonce) else { panic!("not masked") };
    // Another group's device with this group's words, and a stranger.
    let other = script.devices[7].id;
    assert!(script.round.receive(1, other, &request, &[]).is_err());
    assert_eq!(script.round.receive(1, DeviceId([99; 32]), &request, &[]), Err(Refused::Unknown));
    assert_eq!(script.round.admit_input(&DeviceId([99; 32])), Err(Refused::Unknown));
    assert_eq!(script.round.receive(1, id, &request, &[]), Ok(Vec::new()));
}

#[test]
fn groups_that_share_a_manifest_or_a_device_are_refused() {
    let same_terms = opened(2, 1, |groups| groups[1].signed = groups[0].signed);
    assert!(matches!(same_terms, Err(MaskedError::Shared { found: "a manifest" })));
    let twice = opened(2, 1, |groups| {
        groups[1].invited.insert(DeviceId([1; 32]), Nonce([77; 16]));
    });
    assert!(matches!(twice, Err(MaskedError::Shared { found: "a device" })));
}

/// What one group's device learned is worth nothing in another: the shares do not open there.
#[test]
fn shares_sealed_for_one_group_do_not_open_in_another() {
    let (mut ours, mut theirs) = (Script::new(&[STAYS; 6], 1), Script::new(&[STAYS; 12], 1));
    let inboxes = |script: &mut Script, group: usize, first: usize| {
        let mut requests = Vec::new();
        for i in first..first + 6 {
            let (signed, nonce) = (signed(&terms(group)), nonce(&script.devices[i]));
            let Action::Mask { request, .. } = script.devices[i].work(0, &signed, nonce) else { panic!() };
            requests.push((i, request));
        }
        let mut last = Vec::new();
        for _ in 0..2 {
            let mut replies = Vec::new();
            for (i, request) in std::mem::take(&mut requests) {
                let id = script.devices[i].id;
                for effect in script.round.receive(1, id, &request, &[]).unwrap() {
                    if let GroupsEffect::Reply { device, reply } = effect {
                        replies.push((usize::from(device.0[0]) - 1, reply));
                    }
                }
            }
            if replies.iter().any(|(_, reply)| matches!(reply, SecaggReply::Inbox(_))) {
                last = replies;
                break;
            }
            for (i, reply) in replies {
                requests.extend(script.answer(i, reply));
            }
        }
        last
    };
    let of_ours = inboxes(&mut ours, 0, 0);
    let of_theirs = inboxes(&mut theirs, 1, 6);
    assert_eq!((of_ours.len(), of_theirs.len()), (6, 6));
    // A member of the second group hands on what the aggregator gives it of the first.
    let foreign = of_ours.into_iter().next().unwrap().1;
    let action = theirs.devices[6].step(1, Input::Masked(foreign)).remove(0);
    assert!(matches!(action, Action::Declined(Refusal::Masking(_))));
}
