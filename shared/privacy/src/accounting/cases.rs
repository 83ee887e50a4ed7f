//! Cases: mechanisms written down as data, and what every accountant says about them.
//!
//! The format is that of the golden values of `dp-accounting`: a JSON document that is a list of
//! cases, or an object with the list under `cases`. A case has an `id`, a `kind`, and its parameters
//! under `input` (or beside `id` and `kind`). Fields that are not known are ignored. All noise
//! multipliers are `sigma`; kinds with an integer `sensitivity` give the standard deviation itself.
//!
//! ```
//! use silhouette_privacy::accounting::cases;
//!
//! # fn main() -> Result<(), cases::CaseError> {
//! let text = r#"[{"id": "a", "kind": "gaussian", "input": {"sigma": 2, "steps": 4, "delta": 1e-6}}]"#;
//! for case in cases::read(text)? {
//!     let figures = case.evaluate()?;
//!     assert!(figures.eps_pld <= figures.eps_zcdp);
//! }
//! # Ok(())
//! # }
//! ```

mod evaluate;
mod fields;
mod kinds;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::calibrate::CalibrateError;
use fields::Fields;
use kinds::Input;

pub use kinds::KINDS;

/// More cases than this in one file are refused.
pub const MOST_CASES: usize = 100_000;

/// A file of cases cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The text is no JSON document.
    #[error("expected a JSON document with cases, found: {0}")]
    NotJson(String),
    /// The document holds no list of cases, or too long a one.
    #[error("expected a list of 1 to {MOST_CASES} cases, or an object with one under \"cases\", found {found}")]
    NotCases {
        /// What is there instead.
        found: String,
    },
    /// Two cases have one name.
    #[error("case \"{id}\": field \"id\": expected a name of its own, found it twice")]
    SameId {
        /// The name.
        id: String,
    },
    /// A case is of a kind that is not known.
    #[error("case \"{id}\": field \"kind\": expected one of {}, found {found}", KINDS.join(", "))]
    UnknownKind {
        /// The case.
        id: String,
        /// Its kind.
        found: String,
    },
    /// A field is missing, of the wrong type or out of range.
    #[error("case \"{id}\": field \"{field}\": expected {expected}, found {found}")]
    BadField {
        /// The case; its place in the list where it has no name.
        id: String,
        /// The field.
        field: String,
        /// What belongs there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// No noise keeps the promise that a case asks to calibrate for.
    #[error("case \"{id}\": {source}")]
    Calibrate {
        /// The case.
        id: String,
        /// Why.
        source: CalibrateError,
    },
}

/// One case, its fields checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    id: String,
    kind: &'static str,
    input: Input,
}

impl Case {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its kind, one of [`KINDS`].
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

/// What the accountants say about one case. An epsilon is `None` where a method does not apply; then
/// `reasons` says why, under the name of the field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Figures {
    /// The case.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// By zero-concentrated differential privacy; no amplification by sampling.
    pub eps_zcdp: Option<f64>,
    /// By Renyi orders.
    pub eps_rdp: Option<f64>,
    /// By privacy loss distributions, never below the exact epsilon.
    pub eps_pld: Option<f64>,
    /// By privacy loss distributions, never above the exact epsilon.
    pub eps_pld_lower: Option<f64>,
    /// Why a figure is missing.
    pub reasons: BTreeMap<&'static str, String>,
    /// Further figures of this kind: `rho_zcdp`, `tau`, `z_effective`, `sigma_rdp` and so on.
    pub details: BTreeMap<&'static str, f64>,
}

/// Reads all cases of a document and checks every field, before anything is evaluated.
///
/// # Errors
/// When the text holds no cases, a kind is not known, or a field is missing or wrong. The message
/// names the case, the field, what was expected and what was found.
pub fn read(text: &str) -> Result<Vec<Case>, CaseError> {
    let document: Value = serde_json::from_str(text).map_err(|error| CaseError::NotJson(error.to_string()))?;
    let list = match &document {
        Value::Array(list) => Some(list),
        Value::Object(object) => object.get("cases").and_then(Value::as_array),
        _ => None,
    };
    let list = list.ok_or_else(|| CaseError::NotCases { found: fields::describe(Some(&document)) })?;
    if list.is_empty() || list.len() > MOST_CASES {
        return Err(CaseError::NotCases { found: format!("{} cases", list.len()) });
    }
    let cases = list.iter().enumerate().map(|(place, value)| one(place, value)).collect::<Result<Vec<_>, _>>()?;
    let mut ids: Vec<&str> = cases.iter().map(Case::id).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(CaseError::SameId { id: pair[0].to_owned() }),
        None => Ok(cases),
    }
}

fn one(place: usize, value: &Value) -> Result<Case, CaseError> {
    let nameless = || format!("number {}", place + 1);
    let id = match value.get("id") {
        Some(Value::String(id)) => id.clone(),
        other => {
            let (field, expected, found) = ("id".to_owned(), "a text".to_owned(), fields::describe(other));
            return Err(CaseError::BadField { id: nameless(), field, expected, found });
        }
    };
    let found = value.get("kind");
    let Some(kind) = KINDS.into_iter().find(|kind| found.and_then(Value::as_str) == Some(kind)) else {
        return Err(CaseError::UnknownKind { id, found: fields::describe(found) });
    };
    let input = Input::read(kind, &Fields::new(&id, "", value.get("input").unwrap_or(value)))?;
    Ok(Case { id, kind, input })
}
