//! Values that must never change: devices of one federation depend on them.
//!
//! They were computed by a separate program in Python from the definition in the documentation. A
//! failure here means a new `FEATURE_VERSION`, not new numbers.

#![allow(clippy::unwrap_used, missing_docs)]

use silhouette_text::{NgramHasher, NgramOptions, features::FEATURE_VERSION, hash::hash64};

#[test]
fn hashes_are_as_published() {
    assert_eq!(FEATURE_VERSION, 1);
    for (text, seed_0, seed_42) in [
        ("", 0xefd0_1f60_ba99_2926, 0xd430_cd2c_a02d_a65e),
        ("a", 0x82a2_a958_a9be_ce5b, 0x2ddf_c22d_c486_fd44),
        ("foobar", 0x2c22_1949_22d1_672b, 0x9c4c_a1de_6183_d4cf),
        ("你好", 0xe3e6_f992_06c9_003c, 0xd409_34a5_36d9_f7b0),
        ("the quick brown fox", 0x1cd6_5fcf_86e5_9d9d, 0x3e42_b164_4d52_0ec5_u64),
    ] {
        assert_eq!(hash64(text.as_bytes(), 0), seed_0, "{text}");
        assert_eq!(hash64(text.as_bytes(), 42), seed_42, "{text}");
    }
}

#[test]
fn default_features_are_as_published() {
    let counts = NgramHasher::default().features("很好! Great");
    assert_eq!(counts.pairs(), [(25_590, 1), (39_871, 1), (46_439, 1), (54_116, 1)]);
}

#[test]
fn features_of_every_kind_are_as_published() {
    let options =
        NgramOptions { buckets_log2: 16, word_bigrams: true, han_bigrams: true, char_ngrams: Some((3, 3)), seed: 42 };
    let counts = NgramHasher::new(options).unwrap().features("很好 GREAT, don’t!");
    let buckets: Vec<_> = counts.pairs().iter().map(|&(bucket, _)| bucket).collect();
    assert_eq!(
        buckets,
        [
            5_850, 5_897, 8_139, 10_189, 17_466, 22_721, 31_243, 34_314, 36_694, 41_840, 43_936, 44_949, 48_396,
            54_796, 58_555, 64_302
        ]
    );
    assert_eq!(counts.total(), 16);
}

#[test]
fn options_written_down_are_read_back() {
    let json = r#"{"buckets_log2":12,"word_bigrams":true,"char_ngrams":[2,4]}"#;
    let options: NgramOptions = serde_json::from_str(json).unwrap();
    assert_eq!((options.buckets_log2, options.han_bigrams, options.seed), (12, true, 0));
    assert!(serde_json::from_str::<NgramOptions>(r#"{"buckets":12}"#).is_err());
}
