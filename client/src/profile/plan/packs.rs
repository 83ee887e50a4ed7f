//! The plans that come with the crate.

/// Their names and their files: retail, finance, smart home, health habits, education.
pub const PACKS: [(&str, &str); 5] = [
    ("retail", include_str!("../../../packs/retail.toml")),
    ("finance", include_str!("../../../packs/finance.toml")),
    ("smart_home", include_str!("../../../packs/smart_home.toml")),
    ("health", include_str!("../../../packs/health.toml")),
    ("education", include_str!("../../../packs/education.toml")),
];
