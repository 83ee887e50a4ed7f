use proptest::prelude::*;

use super::*;
use crate::encoder::{BagSpec, TransformerSpec};
use crate::task::Head;

fn task(encoder: EncoderSpec) -> Task {
    let classes = HeadKind::Classes { labels: ["a", "b", "c"].map(str::to_owned).to_vec() };
    let heads =
        vec![Head::new("topic", "topic", classes), Head::new("stars", "stars", HeadKind::Score { min: 1.0, max: 5.0 })];
    Task { name: "t".into(), encoder, heads }
}

fn bag() -> Task {
    task(EncoderSpec::Bag(BagSpec { buckets_log2: 6, words: false, ..BagSpec::default() }))
}

fn transformer() -> Task {
    task(EncoderSpec::Transformer(TransformerSpec { buckets_log2: 6, length: 8, ..TransformerSpec::default() }))
}

fn encoded(person: &PersonRecord) -> Vec<u8> {
    let unseen: Vec<_> = person.unseen.iter().map(|(vector, label)| (vector, label.as_str())).collect();
    let mut out = Vec::new();
    PersonRecord::encode(&person.id, &person.examples, &unseen, &mut out);
    out
}

fn bits(vector: &TextVector) -> Vec<(u32, u32)> {
    vector.indices().iter().zip(vector.values()).map(|(&i, v)| (i, v.to_bits())).collect()
}

fn assert_same(a: &PersonRecord, b: &PersonRecord) {
    assert_eq!(a.id, b.id);
    assert_eq!(a.examples.len(), b.examples.len());
    for (a, b) in a.examples.items().iter().zip(b.examples.items()) {
        assert_eq!((bits(&a.vector), &a.targets), (bits(&b.vector), &b.targets));
    }
    let unseen = |p: &PersonRecord| p.unseen.iter().map(|(v, l)| (bits(v), l.clone())).collect::<Vec<_>>();
    assert_eq!(unseen(a), unseen(b));
}

prop_compose! {
    fn in_bag()(entries in prop::collection::btree_map(0_u32..65, any::<u32>(), 0..20)) -> TextVector {
        let finite = |bits: u32| Some(f32::from_bits(bits)).filter(|v| v.is_finite()).unwrap_or(-0.0);
        TextVector::from_entries(entries.into_iter().map(|(i, bits)| (i, finite(bits))).collect())
    }
}

prop_compose! {
    fn of_tokens()(tokens in prop::collection::vec(1_u32..64, 0..=8)) -> TextVector {
        TextVector::from_entries(tokens.into_iter().map(|token| (token, 1.0)).collect())
    }
}

fn person(vector: impl Strategy<Value = TextVector> + Clone) -> impl Strategy<Value = PersonRecord> {
    let example = (vector.clone(), prop::option::of(0_u32..3), prop::option::of(0.0_f32..=1.0)).prop_map(
        |(vector, class, score)| Example { vector, targets: vec![class.map(Target::Class), score.map(Target::Score)] },
    );
    let unseen = prop::collection::vec((vector, "\\PC{0,5}"), 0..3);
    ("\\PC{0,9}", prop::collection::vec(example, 0..6), unseen).prop_map(|(id, items, unseen)| PersonRecord {
        id,
        examples: Examples::from_items(items),
        unseen,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(in_bag in person(in_bag().boxed()), tokens in person(of_tokens().boxed())) {
        assert_same(&PersonRecord::decode(&encoded(&in_bag), &bag()).unwrap(), &in_bag);
        assert_same(&PersonRecord::decode(&encoded(&tokens), &transformer()).unwrap(), &tokens);
    }

    #[test]
    fn a_cut_record_is_refused_wherever_it_is_cut(person in person(in_bag().boxed())) {
        let bytes = encoded(&person);
        for end in 0..bytes.len() {
            prop_assert!(PersonRecord::decode(&bytes[..end], &bag()).is_err(), "{end} of {}", bytes.len());
        }
        prop_assert!(PersonRecord::decode(&[&bytes[..], &[0]].concat(), &bag()).is_err());
    }

    #[test]
    fn a_garbled_record_is_refused_or_has_one_spelling(
        person in person(in_bag().boxed()), at: prop::sample::Index, with: u8, for_bag: bool,
    ) {
        let mut bytes = encoded(&person);
        let at = at.index(bytes.len());
        bytes[at] = with;
        let task = if for_bag { bag() } else { transformer() };
        if let Ok(read) = PersonRecord::decode(&bytes, &task) {
            assert_same(&PersonRecord::decode(&encoded(&read), &task).unwrap(), &read);
        }
    }
}

#[test]
fn a_record_is_pinned() {
    let vector = TextVector::from_entries(vec![(2, 0.5), (64, -1.0)]);
    let examples =
        Examples::from_items(vec![Example { vector: vector.clone(), targets: vec![Some(Target::Class(1)), None] }]);
    let unseen = vec![(TextVector::from_entries(vec![(3, 1.0)]), "d".to_owned())];
    let bytes = encoded(&PersonRecord { id: "u".into(), examples, unseen });
    let expected: &[&[u8]] = &[
        &[1, 0, b'u', 1, 0, 0, 0],
        &[1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 2, 0, 0, 0, 2, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0x3f, 0, 0, 0x80, 0xbf],
        &[1, 0, 0, 0, 1, 0, b'd', 1, 1, 0, 0, 0, 3, 0, 0, 0],
    ];
    assert_eq!(bytes, expected.concat());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let said = |bytes: &[u8], task: &Task| PersonRecord::decode(bytes, task).unwrap_err().to_string();
    let room = "byte 2, examples: expected at most the 0 that the bytes after it have room for, found 4294967295";
    assert_eq!(said(&[0, 0, 255, 255, 255, 255], &bag()), room);
    let one = |target: [u8; 5], vector: &[u8]| [&[0, 0, 1, 0, 0, 0][..], &target, &[0; 5], vector, &[0; 4]].concat();
    let none = [0; 5];
    for (bytes, expected) in [
        (
            one([1, 3, 0, 0, 0], &[1, 0, 0, 0, 0]),
            "target: expected 0 for none, or 1 and a class below 3, found 1 and 0x3",
        ),
        (one([2, 0, 0, 0, 0], &[1, 0, 0, 0, 0]), "found 2 and 0x0"),
        (one([0, 1, 0, 0, 0], &[1, 0, 0, 0, 0]), "found 0 and 0x1"),
        (one(none, &[2, 0, 0, 0, 0]), "vector: expected kind 0 or 1, found 2"),
        (one(none, &[1, 1, 0, 0, 0, 65, 0, 0, 0]), "index: expected from 0 to below 65, ascending, found 65"),
        (one(none, &[1, 2, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0]), "ascending, found 3"),
        (one(none, &[0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0x80, 0x7f]), "value: expected a finite number"),
    ] {
        let error = said(&bytes, &bag());
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let nine = [&[1, 9, 0, 0, 0][..], &[1, 0, 0, 0].repeat(9)].concat();
    assert!(said(&one(none, &nine), &transformer()).contains("entries: expected at most 8, found 9"));
    assert!(said(&one(none, &[1, 1, 0, 0, 0, 0, 0, 0, 0]), &transformer()).contains("from 1 to below 64, found 0"));
}
