//! Gradient inversion: the words of a person from one captured upload.
//!
//! With a frozen bag the update of a text has entries in its words' rows and nowhere else, so inversion
//! needs no optimisation (DLG, iDLG): the longest rows are the words. The attacker is even told how many
//! there are.

use std::collections::BTreeSet;

use silhouette_client::{Draws, Work, local_round};
use silhouette_model::{BagSpec, EncoderSpec, Examples, Model, NativeEngine, Task, Vectoriser};
use silhouette_privacy::{Mode, ReleaseParameters};
use silhouette_round::Terms;
use silhouette_tests::people::people;
use silhouette_text::Event;
use silhouette_wire::manifest::{LocalTraining, QueryKind};

/// The noise of a whole budget of epsilon 8 at delta 1e-5 spent in one round: the least that a person
/// with that budget ever sends.
const NOISE: f64 = 0.65;

struct Attack {
    model: Model,
    vectoriser: Vectoriser,
}

/// Words found, words there, and rows in all.
#[derive(Default)]
struct Tally {
    hits: f64,
    words: f64,
    chance: f64,
    variance: f64,
}

impl Tally {
    /// As many are named as there are, so that precision, recall and F1 are the same.
    fn f1(&self) -> f64 {
        self.hits / self.words
    }
}

impl Attack {
    fn new() -> Self {
        let encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 12, words: false, ..BagSpec::default() });
        let labels = ["cooking", "film", "gardening", "music", "reading", "sport", "technology", "travel"];
        let task = Task::of_labels("interest", labels.map(String::from).into(), encoder).unwrap();
        let vectoriser = Vectoriser::new(&task.encoder).unwrap();
        Self { model: Model::new(task, 1), vectoriser }
    }

    /// The upload of one person in one round, as it goes on the wire.
    fn upload(&self, mode: Mode, person: u64, examples: &Examples) -> Vec<i64> {
        let parameters = ReleaseParameters::new(mode, self.model.layout().total(), 1.0, NOISE, 10, 2).unwrap();
        let terms = Terms {
            task: self.model.task().id().unwrap(),
            query: QueryKind::Train,
            layout: self.model.layout().hash(),
            parameters: parameters.clone(),
            delta: 1e-5,
            max_participations: 1,
            min_separation: 1,
            deadline: 60_000,
            held_out: 0,
            training: LocalTraining { epochs: 1, batch: 65_536, learning_rate: 3.0, proximal_mu: 0.0, shuffled: true },
        };
        let manifest = terms.manifest(1, self.model.content_hash().unwrap(), 3);
        let draws = Draws::dangerous_for_simulation_only([11; 32], 1, person);
        let work =
            Work { engine: &NativeEngine, model: &self.model, examples, manifest: &manifest, parameters: &parameters };
        let released = local_round(&work, draws).unwrap();
        silhouette_wire::unpack(released.as_bytes(), parameters.modulus_bits()).unwrap()
    }

    /// Names the rows with the most energy.
    fn invert(&self, upload: &[i64], words: usize) -> BTreeSet<u32> {
        let outputs = self.model.task().outputs();
        let energy = |row: &[i64]| row.iter().map(|&k| (k as f64).powi(2)).sum::<f64>();
        let mut rows: Vec<(f64, u32)> = upload.chunks(outputs).map(energy).zip(0..).collect();
        // The constant's row is no word.
        rows.pop();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        rows.into_iter().take(words).map(|(_, row)| row).collect()
    }

    fn against(&self, mode: Mode, people: &[Vec<Event>]) -> Tally {
        let mut tally = Tally::default();
        for (person, texts) in people.iter().enumerate() {
            let examples = Examples::of(self.model.task(), &self.vectoriser, texts).unwrap();
            let upload = self.upload(mode, person as u64, &examples);
            let rows = upload.len() / self.model.task().outputs() - 1;
            let used = examples.items().iter().flat_map(|e| e.vector.indices().iter().copied());
            let words: BTreeSet<u32> = used.filter(|&row| (row as usize) < rows).collect();
            let named = self.invert(&upload, words.len());
            let (k, n) = (words.len() as f64, rows as f64);
            tally.hits += named.intersection(&words).count() as f64;
            tally.words += k;
            // Naming k of n rows blindly: hypergeometric.
            tally.chance += k * k / n;
            tally.variance += k * (k / n) * ((n - k) / n) * ((n - k) / (n - 1.0));
        }
        tally
    }
}

/// One text of each person: few words, so that each of them stands out as far as it ever does.
fn texts() -> Vec<Vec<Event>> {
    people(30).into_iter().map(|texts| texts.into_iter().take(1).collect()).collect()
}

#[test]
fn words_of_a_local_upload_are_found_no_more_often_than_by_chance() {
    let attack = Attack::new();
    for (what, people) in [("all texts", people(30)), ("one text", texts())] {
        let tally = attack.against(Mode::Local, &people);
        let (f1, chance) = (tally.f1(), tally.chance / tally.words);
        println!("{what}: F1 {f1:.4}, chance {chance:.4}, {} words", tally.words);
        // Fewer than one run in a thousand of pure chance is as far above.
        assert!(tally.hits - tally.chance < 3.1 * tally.variance.sqrt(), "{what}: {f1} {chance}");
    }
}

#[test]
fn control_an_upload_without_noise_gives_the_words_away() {
    // The same upload in mode central, which promises nothing against the aggregator.
    let attack = Attack::new();
    for people in [people(30), texts()] {
        let tally = attack.against(Mode::Central, &people);
        println!("without noise: F1 {:.4}", tally.f1());
        assert!(tally.f1() > 0.95, "{}", tally.f1());
    }
}
