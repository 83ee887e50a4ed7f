//! The report of a run: one HTML file that needs nothing else.
//!
//! No scripts, no fonts and no pictures from elsewhere: the plots are SVG drawn here, and the
//! page forbids every request by its content security policy. It follows the light or dark
//! scheme of the reader, fits a phone, and prints. Every string of the caller is escaped.
//!
//! ```
//! use silhouette_simulation::report::{ReportData, RoundPoint, render};
//!
//! let data = ReportData {
//!     title: "Interests, 200 devices".into(),
//!     rounds: vec![RoundPoint { round: 1, accuracy: Some(0.42), ..RoundPoint::default() }],
//!     ..ReportData::default()
//! };
//! let html = render(&data);
//! assert!(html.starts_with("<!doctype html>"));
//! assert!(html.contains("Interests, 200 devices"));
//! ```
//!
//! It does not judge the run: what a figure protects, against whom and under which assumptions
//! is for the caller to say in [`ReportData::assumptions`].

mod axis;
mod bars;
mod charts;
mod data;
mod heat;
mod html;
mod line;
mod number;
mod page;
mod profile;
mod quality;
mod shares;
mod spread;
mod sweep;
mod tables;
mod words;

pub use self::{
    data::{
        LedgerLine, PartitionSection, ProfileClause, ProfileSection, ProfileShare, ReportData, ReportKind,
        ReportLanguage, RoundPoint,
    },
    page::render,
    quality::{NamedQuality, render_quality},
    sweep::{SweepReport, render_sweep},
};
