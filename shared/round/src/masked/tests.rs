use proptest::prelude::*;
use silhouette_privacy::{Accumulator, FinishError, Mode};
use silhouette_wire::{ErrorCode, Nonce};

use super::*;
use crate::fixtures::{Device, endorser, manifest, signed, signed_active};
use crate::{Action, Input};

/// One round with a scripted clock: device `i` vanishes before exchange `gone[i]`, counted from 0.
struct Script {
    round: MaskedRound,
    parameters: ReleaseParameters,
    devices: Vec<Device>,
    held: Vec<Option<Box<SecaggRequest>>>,
    gone: Vec<usize>,
    now: Millis,
    outcome: Option<Result<(), Failure>>,
}

impl Script {
    fn new(gone: &[usize], min_reports: u32) -> Self {
        Self::with_mode(gone, min_reports, false)
    }

    /// In the active mode or not.
    fn with_mode(gone: &[usize], min_reports: u32, active: bool) -> Self {
        let n = gone.len() as u32;
        let manifest = manifest(Mode::Distributed, 1, n, min_reports);
        let signed = if active { signed_active(&manifest) } else { signed(&manifest) };
        let device = |i: u8| Device::new(i + 1, vec![f32::from(i) * 0.01, 0.1, 0.0, -0.2, 0.3]);
        let mut devices: Vec<Device> = (0..n as u8).map(|i| device(i).endorsed_by(&endorser())).collect();
        let nonce = |d: &Device| Nonce([d.id.0[0]; 16]);
        let invited = devices.iter().map(|d| (d.id, nonce(d))).collect();
        let endorser = active.then(|| endorser().verifying_key());
        let mut round = MaskedRound::new(&manifest, signed.hash(), endorser, invited, 0).unwrap();
        let mut held = Vec::new();
        for (device, gone) in devices.iter_mut().zip(gone) {
            let nonce = nonce(device);
            let Action::Mask { request, .. } = device.work(0, &signed, nonce) else { panic!("not masked") };
            held.push((*gone > 0).then_some(request));
        }
        assert!(round.tick(0).is_empty());
        let parameters = ReleaseParameters::try_from(&manifest).unwrap();
        Self { round, parameters, devices, held, gone: gone.to_vec(), now: 0, outcome: None }
    }

    /// Everybody who is still there sends; then the clock runs to the end of the step.
    fn exchange(&mut self, number: usize) {
        for i in 0..self.devices.len() {
            let Some(request) = self.held[i].take() else { continue };
            self.now += 1;
            let (device, body) = (self.devices[i].id, self.devices[i].body());
            match self.round.receive(self.now, device, &request, &body) {
                Ok(effects) => self.carry_out(effects, number),
                Err(refused) => panic!("{refused} for an honest device"),
            }
        }
        if let Some(due) = self.round.next_tick().filter(|_| self.outcome.is_none() && self.everybody_waits()) {
            self.now = due;
            let effects = self.round.tick(due);
            self.carry_out(effects, number);
        }
    }

    /// Nobody has anything to send before the step is over.
    fn everybody_waits(&self) -> bool {
        self.held.iter().all(Option::is_none)
    }

    fn carry_out(&mut self, effects: Vec<MaskedEffect>, number: usize) {
        for effect in effects {
            match effect {
                MaskedEffect::Reply { device, reply } => self.reply(device, reply, number),
                MaskedEffect::Finish => self.outcome = Some(Ok(())),
                MaskedEffect::Failed(ended) => self.outcome = Some(Err(ended.why)),
            }
        }
    }

    fn reply(&mut self, device: DeviceId, reply: SecaggReply, number: usize) {
        let i = usize::from(device.0[0]) - 1;
        if self.gone[i] <= number + 1 {
            return;
        }
        match self.devices[i].step(self.now, Input::Masked(reply)).remove(0) {
            Action::Mask { request, vector } => {
                self.devices[i].log.push("mask");
                self.devices[i].vector = vector.map(|v| v.as_bytes().to_vec());
                self.held[i] = Some(request);
            }
            Action::Took { round: 1 } => self.devices[i].log.push("took"),
            Action::Declined(refusal) => panic!("{refusal}"),
            _ => panic!("an unexpected action"),
        }
    }

    fn run(mut self) -> (Result<Sum, Failure>, Self) {
        for number in 0..5 {
            if self.outcome.is_none() {
                self.exchange(number);
            }
        }
        let fresh =
            MaskedRound::new(&manifest(Mode::Distributed, 1, 30, 24), ContentHash([0; 32]), None, Invited::new(), 0);
        match self.outcome.take() {
            Some(Ok(())) => {
                let round = std::mem::replace(&mut self.round, fresh.unwrap());
                (round.finish(self.now).map_err(|ended| ended.why), self)
            }
            Some(Err(why)) => (Err(why), self),
            None => panic!("the round never ended"),
        }
    }

    /// The sum over these devices, folded without masks from the very releases that were masked.
    fn mean_of(&self, sum: &Sum) -> Result<Vec<f32>, FinishError> {
        let sum = Accumulator::from_masked(self.parameters.clone(), sum).unwrap();
        Ok(sum.finish(&mut silhouette_privacy::noise::OpenDpNoise::new())?.mean())
    }
}

const STAYS: usize = 9;

#[test]
fn a_round_without_dropouts_yields_the_mean() {
    let (sum, script) = Script::new(&[STAYS; 6], 5).run();
    let sum = sum.unwrap();
    assert_eq!(sum.survivors.len(), 6);
    let mean = script.mean_of(&sum).unwrap();
    assert_eq!(mean.len(), 5);
    // z = 2 over six devices: a standard deviation of about 0.4.
    assert!(mean.iter().all(|v| v.abs() < 3.0), "{mean:?}");
    assert!(script.devices.iter().all(|d| d.log.contains(&"took")));
}

#[test]
fn steps_end_at_their_times_when_devices_vanish() {
    // One before it advertises, one before its shares, one before its vector, one before revealing.
    let (sum, script) = Script::new(&[0, 1, 2, 3, STAYS, STAYS, STAYS, STAYS, STAYS, STAYS], 6).run();
    let sum = sum.unwrap();
    // The last one's vector is in the sum; the first three's are not.
    assert_eq!(sum.survivors.len(), 7);
    let steps: Vec<Step> = sum.lost.iter().map(|lost| lost.step).collect();
    assert_eq!(steps, [Step::Advertise, Step::Share, Step::MaskedInput, Step::Unmask]);
    assert!(script.mean_of(&sum).is_ok());
    // Three steps waited for somebody who never came.
    assert!((8_800..10_000).contains(&script.now), "{}", script.now);
}

#[test]
fn in_the_active_mode_survivors_are_signed_for_before_anything_is_revealed() {
    // One before its vector, one before it signs, one before it reveals.
    let (sum, script) = Script::with_mode(&[2, 3, 4, STAYS, STAYS, STAYS, STAYS, STAYS, STAYS, STAYS], 7, true).run();
    let sum = sum.unwrap();
    assert_eq!(sum.survivors.len(), 9);
    let steps: Vec<Step> = sum.lost.iter().map(|lost| lost.step).collect();
    assert_eq!(steps, [Step::MaskedInput, Step::Consistency, Step::Unmask]);
    assert!(script.mean_of(&sum).is_ok());
    // Too few signatures: nobody reveals anything.
    let (sum, script) = Script::with_mode(&[3, 3, 3, 3, 3, STAYS, STAYS, STAYS], 6, true).run();
    assert!(matches!(sum, Err(Failure::TooFewSignatures { threshold: 5, found: 3 })), "{sum:?}");
    assert!(script.devices.iter().all(|d| !d.log.contains(&"took")));
}

#[test]
fn too_few_reveal_nothing_and_stay_charged() {
    let (sum, script) = Script::new(&[2, 2, 2, STAYS, STAYS, STAYS], 5).run();
    assert!(matches!(sum, Err(Failure::TooFew { step: Step::MaskedInput, least: 5, found: 3 })));
    for device in &script.devices {
        assert!(device.history.account.spent_on_all() > 0.0);
        assert!(!device.log.contains(&"took"));
    }
}

#[test]
fn requests_of_strangers_and_of_other_steps_are_refused() {
    let mut script = Script::new(&[STAYS; 6], 5);
    let advert = script.held[0].clone().unwrap();
    let stranger = DeviceId([99; 32]);
    assert_eq!(script.round.receive(1, stranger, &advert, &[]), Err(Refused::Unknown));
    assert_eq!(script.round.admit_input(&script.devices[0].id), Err(Refused::Early));
    assert_eq!(script.round.admit_input(&script.devices[0].id).unwrap_err().code(), ErrorCode::Malformed);
    assert!(script.round.receive(2, script.devices[0].id, &advert, &[]).unwrap().is_empty());
    assert_eq!(script.round.receive(3, script.devices[0].id, &advert, &[]), Err(Refused::Duplicate));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_dropouts_end_in_a_sum_or_in_a_failure(gone in prop::collection::vec(0_usize..8, 4..14), active: bool) {
        // From 4 on a device stays to the end.
        let n = gone.len() as u32;
        let survivors = gone.iter().filter(|&&g| g > 2).count() as u32;
        // The fewest for which a threshold exists: more than half of the neighbours and the corrupt,
        // and reached by those that are left (Bonawitz et al. 2017, section 6.2).
        let least = (n - 1 + n.div_ceil(10)) / 2 + 2;
        let (sum, _) = Script::with_mode(&gone, least, active).run();
        let last = if active { 4 } else { 3 };
        match sum {
            Ok(sum) => prop_assert_eq!(sum.survivors.len() as u32, survivors),
            Err(_) => prop_assert!(survivors < least || gone.iter().filter(|&&g| g > last).count() < survivors as usize),
        }
    }
}
