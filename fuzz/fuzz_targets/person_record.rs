//! One person's record of a file of encoded people.
#![no_main]

use libfuzzer_sys::fuzz_target;
use silhouette_model::record::PersonRecord;
use silhouette_model::{BagSpec, EncoderSpec, Head, HeadKind, Task, TransformerSpec};

fn task(encoder: EncoderSpec) -> Task {
    let classes = HeadKind::Classes { labels: ["a", "b", "c"].map(str::to_owned).to_vec() };
    let heads =
        vec![Head::new("topic", "topic", classes), Head::new("stars", "stars", HeadKind::Score { min: 1.0, max: 5.0 })];
    Task { name: "t".into(), encoder, heads }
}

fuzz_target!(|input: (bool, &[u8])| {
    let (bag, bytes) = input;
    let task = task(if bag {
        EncoderSpec::Bag(BagSpec { buckets_log2: 6, words: false, ..BagSpec::default() })
    } else {
        EncoderSpec::Transformer(TransformerSpec { buckets_log2: 6, length: 8, ..TransformerSpec::default() })
    });
    let Ok(person) = PersonRecord::decode(bytes, &task) else { return };
    for example in person.examples.items() {
        assert_eq!(example.targets.len(), task.heads.len());
        assert!(example.vector.indices().iter().all(|&index| index < 65));
        assert!(example.vector.values().iter().all(|value| value.is_finite()));
    }
    // What decodes is written again as it was, but for vectors of ones that were spelt with their values.
    let unseen: Vec<_> = person.unseen.iter().map(|(vector, label)| (vector, label.as_str())).collect();
    let mut again = Vec::new();
    PersonRecord::encode(&person.id, &person.examples, &unseen, &mut again);
    assert!(again.len() <= bytes.len());
    let twice = PersonRecord::decode(&again, &task).expect("what was written can be read");
    assert_eq!((twice.id, twice.examples.len(), twice.unseen), (person.id, person.examples.len(), person.unseen));
});
