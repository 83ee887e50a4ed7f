//! Model files, which come over the network: any bytes, and a good file with changes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use silhouette_model::{BagSpec, EncoderSpec, Model, Task, TransformerSpec};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Any(&'a [u8]),
    Changed {
        which: bool,
        /// Bytes put over those from a place on.
        patches: Vec<(u16, &'a [u8])>,
        /// The length the file says its header has.
        header: Option<u64>,
        cut: Option<u16>,
        more: &'a [u8],
    },
}

static FILES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let bag = EncoderSpec::Bag(BagSpec { buckets_log2: 8, words: false, ..BagSpec::default() });
    let transformer = EncoderSpec::Transformer(TransformerSpec::default());
    [bag, transformer].map(|encoder| {
        let labels = ["music".to_owned(), "sport".to_owned()];
        let task = Task::of_labels("topic", labels.into(), encoder).expect("a valid task");
        Model::new(task, 1).to_safetensors().expect("a model has a file")
    })
});

fuzz_target!(|input: Input<'_>| {
    let bytes = match input {
        Input::Any(bytes) => bytes.to_vec(),
        Input::Changed { which, patches, header, cut, more } => {
            let mut bytes = FILES[usize::from(which)].clone();
            for (at, patch) in patches {
                let at = usize::from(at) % bytes.len();
                bytes.iter_mut().skip(at).zip(patch).for_each(|(byte, new)| *byte = *new);
            }
            if let Some(header) = header {
                bytes[..8].copy_from_slice(&header.to_le_bytes());
            }
            if let Some(cut) = cut {
                bytes.truncate(usize::from(cut));
            }
            bytes.extend(more);
            bytes
        }
    };
    // Whatever is read as a model is one: finite, of its layout, and its own file names it.
    if let Ok(model) = Model::from_safetensors(&bytes) {
        assert_eq!(model.values().len(), model.layout().total());
        assert!(model.values().iter().all(|w| w.is_finite()));
        let own = model.to_safetensors().expect("a model that was read has a file");
        let back = Model::from_safetensors(&own).expect("a model's own file is one");
        assert_eq!(back.to_safetensors().as_deref().ok(), Some(own.as_slice()));
    }
});
