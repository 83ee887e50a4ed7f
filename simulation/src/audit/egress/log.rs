//! Everything that is logged, kept in memory.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a program's logger writes to while it is audited: everything, at every level, by every crate.
///
/// ```no_run
/// use silhouette_simulation::audit::egress::Log;
///
/// let log = Log::default();
/// let writer = log.clone();
/// tracing_subscriber::fmt()
///     .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
///     .with_writer(move || writer.clone())
///     .init();
/// ```
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
