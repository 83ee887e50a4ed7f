//! Being told to stop: Ctrl-C, and on Unix SIGTERM as service managers send it.

use std::io;

/// Signals that ask the program to stop, listened for since [`Signals::listen`]. From then on none
/// of them ends the process by itself.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Starts to listen. Needs a tokio runtime around it.
    pub(crate) fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Completes at the next signal.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        {
            // A stream of signals ends only with its runtime.
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
    }

    /// Ends the process at the next signal: for whoever does not want to wait for an orderly end.
    /// All that counts is on the disk before it is acknowledged, so nothing breaks.
    pub(crate) fn impatient(mut self) {
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(1);
        });
    }
}
