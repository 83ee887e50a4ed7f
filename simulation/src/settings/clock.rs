//! The settings of a virtual clock.

use std::path::Path;

use super::{Settings, needs, refused};
use crate::clock::{ClockConfig, DEADLINE_S, MAX_STALENESS, OVER_SELECTION, Pace};
use crate::config::ConfigError;
use crate::trace::Trace;

impl Settings {
    /// The clock, if there is to be one. A trace's file is read here.
    pub(super) fn clock(&self) -> Result<Option<ClockConfig>, ConfigError> {
        let buffered = self.asynchronous == Some(true);
        let pace = if buffered { self.asynchronous_pace()? } else { self.synchronous_pace()? };
        match &self.trace {
            None if buffered => Err(refused("asynchronous", "--trace, which says how long devices take", "none")),
            None => Ok(None),
            Some(name) => {
                let trace = match name.as_str() {
                    "default" => Trace::default(),
                    file => Trace::read(Path::new(file)).map_err(|error| ConfigError::Trace(error.to_string()))?,
                };
                Ok(Some(ClockConfig { trace, pace }))
            }
        }
    }

    fn synchronous_pace(&self) -> Result<Pace, ConfigError> {
        needs("buffer", self.buffer, "asynchronous", false)?;
        needs("concurrency", self.concurrency, "asynchronous", false)?;
        needs("staleness", self.staleness.as_deref(), "asynchronous", false)?;
        needs("max-staleness", self.max_staleness, "asynchronous", false)?;
        let there = self.trace.is_some();
        let over_selection = needs("over-selection", self.over_selection, "trace", there)?;
        let deadline_s = needs("deadline", self.deadline, "trace", there)?;
        Ok(Pace::Synchronous {
            over_selection: over_selection.unwrap_or(OVER_SELECTION),
            deadline_s: deadline_s.unwrap_or(DEADLINE_S),
            min_reports: needs("min-reports", self.min_reports, "trace", there)?,
        })
    }

    fn asynchronous_pace(&self) -> Result<Pace, ConfigError> {
        let without = |field, found: Option<f64>| match found {
            Some(found) => Err(refused(field, "none with --asynchronous, which has no rounds", found)),
            None => Ok(()),
        };
        without("over-selection", self.over_selection)?;
        without("deadline", self.deadline)?;
        without("min-reports", self.min_reports.map(f64::from))?;
        let asked =
            |field, value: Option<u32>| value.ok_or_else(|| refused(field, "a number with --asynchronous", "none"));
        Ok(Pace::Asynchronous {
            buffer: asked("buffer", self.buffer)?,
            concurrency: asked("concurrency", self.concurrency)?,
            staleness: self.staleness.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
            max_staleness: self.max_staleness.unwrap_or(MAX_STALENESS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Staleness;
    use crate::config::SimulationConfig;

    fn of(json: &str) -> Result<SimulationConfig, ConfigError> {
        serde_json::from_str::<Settings>(json).unwrap().config()
    }

    fn field(json: &str) -> &'static str {
        match of(json).and_then(|config| config.validate()) {
            Err(ConfigError::Setting { field, .. }) => field,
            other => panic!("{json}: {other:?}"),
        }
    }

    fn pace(json: &str) -> Pace {
        let config = of(json).unwrap();
        config.validate().unwrap();
        config.clock.unwrap().pace
    }

    #[test]
    fn both_paces_can_be_asked_for() {
        assert_eq!(pace(r#"{"trace": "default", "cohort": 10}"#), Pace::default());
        let asked =
            pace(r#"{"trace": "default", "cohort": 10, "over-selection": 1.5, "deadline": 60, "min_reports": 5}"#);
        assert_eq!(asked, Pace::Synchronous { over_selection: 1.5, deadline_s: 60.0, min_reports: Some(5) });
        let json = r#"{"trace": "default", "asynchronous": true, "buffer": 8, "concurrency": 30,
                       "staleness": "polynomial:0.75", "max-staleness": 4}"#;
        let staleness = Staleness::Polynomial { quarters: 3 };
        assert_eq!(pace(json), Pace::Asynchronous { buffer: 8, concurrency: 30, staleness, max_staleness: 4 });
        for (text, shown) in [("constant", "constant"), ("polynomial:0.50", "polynomial:0.5")] {
            assert_eq!(text.parse::<Staleness>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let cases = [
            ("asynchronous", r#"{"asynchronous": true, "buffer": 8, "concurrency": 30}"#),
            ("over-selection", r#"{"over_selection": 1.5}"#),
            ("deadline", r#"{"deadline": 5}"#),
            ("min-reports", r#"{"min_reports": 5}"#),
            ("buffer", r#"{"trace": "default", "buffer": 8}"#),
            ("staleness", r#"{"trace": "default", "staleness": "constant"}"#),
            ("mode", r#"{"trace": "default", "mode": "distributed"}"#),
            ("noise", r#"{"trace": "default", "noise": "tree"}"#),
            ("over-selection", r#"{"trace": "default", "over_selection": 0.9}"#),
            ("deadline", r#"{"trace": "default", "deadline": 0}"#),
            ("min-reports", r#"{"trace": "default", "cohort": 10, "min_reports": 11}"#),
        ];
        for (name, json) in cases {
            assert_eq!(field(json), name, "{json}");
        }
        let asynchronous =
            |more: &str| field(&format!(r#"{{"trace": "default", "asynchronous": true, "concurrency": 30{more}}}"#));
        assert_eq!(asynchronous(""), "buffer");
        assert_eq!(asynchronous(r#", "buffer": 0"#), "buffer");
        let full = |more: &str| asynchronous(&format!(r#", "buffer": 8, {more}"#));
        assert_eq!(full(r#""deadline": 60"#), "deadline");
        assert_eq!(full(r#""cohort": 60"#), "cohort");
        assert_eq!(full(r#""mode": "local""#), "mode");
        assert_eq!(full(r#""mode": "distributed", "secure_aggregation": true"#), "mode");
        assert_eq!(full(r#""adaptive_clip": true"#), "adaptive-clip");
        assert_eq!(full(r#""min_separation": 2"#), "min-separation");
        assert_eq!(full(r#""evaluate_privately": 2"#), "evaluate-privately");
        assert_eq!(full(r#""label_counts": true"#), "label-counts");
        assert_eq!(full(r#""stop_at_epsilon": 2"#), "stop-at-epsilon");
        assert_eq!(full(r#""max_staleness": 2000"#), "max-staleness");
        for wrong in ["polynomial:0.3", "polynomial:3", "polynomial", "exponential:1", "polynomial:-0.5"] {
            assert_eq!(full(&format!(r#""staleness": "{wrong}""#)), "staleness");
        }
    }

    #[test]
    fn a_trace_that_can_not_be_read_is_named() {
        let error = of(r#"{"trace": "nowhere.toml"}"#).unwrap_err();
        assert!(error.to_string().starts_with("--trace: nowhere.toml: "), "{error}");
    }
}
