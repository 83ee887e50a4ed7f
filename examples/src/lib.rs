//! Silhouette examples.
