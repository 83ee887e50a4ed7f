//! Silhouette tests.
