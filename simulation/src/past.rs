//! What is kept of each device between two rounds: little, for there may be millions.

use std::fmt;

use serde::{Deserialize, Serialize};
use silhouette_privacy::Charge;
use silhouette_round::{DeviceKey, Histories, Participation, Participations};
use silhouette_wire::QueryKind;

use crate::config::MAX_ROUNDS;

/// A device by the place of its person in the data set: what the coordinator of a simulation knows it by. In the order
/// of the devices' ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(pub(crate) u32);

impl DeviceKey for Number {
    /// Nobody asks for a receipt.
    type Receipt = ();
    type Histories = Roll;
}

/// The last round and the counts of a device in one word: 21 bits for the round, for rounds of training and for
/// evaluations, one for the only round that counts labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Joined(u64);

/// Bits of a number of rounds.
const BITS: u32 = 21;
const MOST: u64 = (1 << BITS) - 1;
// An evaluation after every round of training, and label counts.
const _: () = assert!(2 * MAX_ROUNDS < MOST);

impl Joined {
    /// No number is beyond [`MOST`] in a run.
    fn new(last_round: u64, counts: Participations) -> Self {
        let count = |query| u64::from(counts.of(query)).min(MOST);
        let labels = u64::from(counts.of(QueryKind::LabelCounts) > 0);
        let (train, evaluate) = (count(QueryKind::Train), count(QueryKind::Evaluate));
        Self(last_round.min(MOST) | train << BITS | evaluate << (2 * BITS) | labels << (3 * BITS))
    }

    fn last_round(self) -> u64 {
        self.0 & MOST
    }

    fn participations(self) -> Participations {
        Participations::each(|query| {
            let place = match query {
                QueryKind::Train => BITS,
                QueryKind::Evaluate => 2 * BITS,
                QueryKind::LabelCounts => 3 * BITS,
            };
            (self.0 >> place & MOST) as u32
        })
    }
}

/// What a coordinator keeps of devices that are numbered: eight bytes each.
#[derive(Default)]
pub(crate) struct Roll(Vec<u64>);

impl Roll {
    /// Of so many newcomers.
    pub(crate) fn of(devices: usize) -> Self {
        Self(vec![0; devices])
    }
}

impl fmt::Debug for Roll {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Roll").field("devices", &self.0.len()).finish()
    }
}

impl Histories<Number> for Roll {
    fn of(&self, device: &Number) -> Participation {
        let joined = Joined(self.0.get(device.0 as usize).copied().unwrap_or(0));
        Participation { last_round: joined.last_round(), counts: joined.participations() }
    }

    fn keep(&mut self, Number(device): Number, past: Participation) {
        let place = device as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        self.0[place] = Joined::new(past.last_round, past.counts).0;
    }
}

/// What a round costs each of its devices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) query: QueryKind,
    pub(crate) round: u64,
    /// None where there is no privacy to pay for.
    pub(crate) charge: Option<Charge>,
}

/// What is kept of a device between two rounds, in 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) struct Past {
    /// Charged so far, in billionths of rho.
    spent: u64,
    joined: Joined,
}

impl Past {
    /// So much was charged, in billionths of rho, over these rounds.
    pub(crate) fn new(spent: u64, last_round: u64, participations: Participations) -> Self {
        Self { spent, joined: Joined::new(last_round, participations) }
    }

    /// Charged so far.
    pub(crate) fn spent(&self) -> Option<Charge> {
        Charge::of_billionths(self.spent)
    }

    /// The last round it joined; 0 for none.
    pub(crate) fn last_round(&self) -> u64 {
        self.joined.last_round()
    }

    /// Rounds it joined.
    pub(crate) fn participations(&self) -> Participations {
        self.joined.participations()
    }

    /// After it joined a round at this cost.
    pub(crate) fn after(self, cost: &Cost) -> Self {
        let mut participations = self.participations();
        participations.add(cost.query);
        Self::new(self.spent.saturating_add(cost.charge.map_or(0, Charge::billionths)), cost.round, participations)
    }
}

/// A past as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    spent: u64,
    last_round: u32,
    participations: Participations,
}

impl From<Past> for Written {
    fn from(past: Past) -> Self {
        Self { spent: past.spent, last_round: past.last_round() as u32, participations: past.participations() }
    }
}

impl TryFrom<Written> for Past {
    type Error = &'static str;

    fn try_from(Written { spent, last_round, participations }: Written) -> Result<Self, &'static str> {
        let past = Self::new(spent, last_round.into(), participations);
        let fits = past.last_round() == u64::from(last_round) && past.participations() == participations;
        fits.then_some(past).ok_or("a device's past: expected the rounds of one run, found more")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(train: u32, evaluate: u32, labels: bool) -> Participations {
        Participations::each(|query| match query {
            QueryKind::Train => train,
            QueryKind::Evaluate => evaluate,
            QueryKind::LabelCounts => labels.into(),
        })
    }

    #[test]
    fn a_device_takes_few_bytes() {
        assert_eq!((size_of::<Past>(), size_of::<Number>(), size_of::<Joined>()), (16, 4, 8));
    }

    #[test]
    fn rounds_beyond_those_of_a_run_are_refused() {
        let written = |last_round, participations| {
            postcard::to_stdvec(&Written { spent: 5, last_round, participations }).unwrap()
        };
        let read = |bytes: &[u8]| postcard::from_bytes::<Past>(bytes);
        assert!(read(&written(MOST as u32, counts(MOST as u32, MOST as u32, true))).is_ok());
        assert!(read(&written(MOST as u32 + 1, counts(0, 0, false))).is_err());
        assert!(read(&written(1, counts(MOST as u32 + 1, 0, false))).is_err());
        assert!(read(&written(1, counts(0, u32::MAX, false))).is_err());
        assert!(read(&written(1, Participations::each(|_| 2))).is_err(), "labels are counted once");
    }

    proptest! {
        /// No number runs into its neighbour, in memory and as it is written.
        #[test]
        fn a_past_is_what_was_put_in(
            spent: u64, last in 0..=MOST, train in 0..=MOST as u32, evaluate in 0..=MOST as u32, labels: bool,
        ) {
            let counts = counts(train, evaluate, labels);
            let past = Past::new(spent, last, counts);
            prop_assert_eq!((past.last_round(), past.participations()), (last, counts));
            prop_assert_eq!(past.spent().map_or(0, Charge::billionths), spent);
            let bytes = postcard::to_stdvec(&past).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Past>(&bytes).unwrap(), past);
            let mut roll = Roll::of(2);
            let participation = Participation { last_round: last, counts };
            roll.keep(Number(1), participation);
            roll.keep(Number(4), participation);
            let newcomer = Participation::default();
            let seen: Vec<_> = (0..6).map(|i| roll.of(&Number(i))).collect();
            prop_assert_eq!(seen, [newcomer, participation, newcomer, newcomer, participation, newcomer]);
        }

        /// The counts follow what the coordinator's own do.
        #[test]
        fn joining_counts_one_more(train in 0_u32..1000, evaluate in 0_u32..1000, round in 1_u64..9999, rho in 1_u64..99) {
            let mut expected = counts(train, evaluate, false);
            let past = Past::new(7, round - 1, expected);
            for query in QueryKind::ALL {
                let cost = Cost { query, round, charge: Charge::of_billionths(rho) };
                expected = counts(train, evaluate, false);
                expected.add(query);
                prop_assert_eq!(past.after(&cost), Past::new(7 + rho, round, expected));
                prop_assert_eq!(past.after(&Cost { charge: None, ..cost }), Past::new(7, round, expected));
            }
        }
    }
}
