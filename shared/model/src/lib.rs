//! What is learned: tasks and heads, encoders, the flat parameter vector and its file, metrics.
//!
//! This crate knows the model's shape and owns the hand-written engine; Burn lives in
//! `silhouette-engine`, so that everything that needs no tensors builds without it.
//!
//! ```
//! use silhouette_model::{Engine, EncoderSpec, Model, NativeEngine, Task, Vectoriser};
//!
//! let labels = ["music".to_owned(), "sport".to_owned()].into();
//! let task = Task::of_labels("interest", labels, EncoderSpec::default()).unwrap();
//! let vectoriser = Vectoriser::new(&task.encoder).unwrap();
//! let model = Model::new(task, 1);
//! let text = vectoriser.vectorise("a late goal won the match 精彩的比赛");
//! let outputs = NativeEngine.predict(&model, &[&text]).unwrap();
//! assert_eq!(outputs[0], [0.5, 0.5]); // an untrained head knows nothing
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic"))]

pub mod bert;
mod encoder;
mod engine;
mod examples;
mod layout;
mod metrics;
mod native;
mod parameters;
pub mod record;
mod task;
mod vector;
mod words;

pub use encoder::{Activation, BagSpec, BertSpec, EncoderError, EncoderSpec, TransformerSpec, WORD_DIMS, hashed_share};
pub use engine::{Change, Engine, EngineError, Run, activate, epoch_order, softmax};
pub use examples::{Example, Examples, person_text};
pub use layout::{Layout, TensorPlace};
pub use metrics::{Confusion, Scores, argmax, user_top1};
pub use native::NativeEngine;
pub use parameters::{FileShape, MAX_FILE_BYTES, Model, ModelError};
pub use silhouette_wire::LocalTraining;
pub use task::{DisplayNames, Head, HeadKind, Target, Task, TaskError, Unit};
pub use vector::{TextVector, Trace, Vectoriser};
