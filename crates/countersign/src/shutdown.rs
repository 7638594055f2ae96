//! How the program is told to stop: SIGTERM from a service manager, SIGINT from the keyboard. A second one does not wait.

use std::process::exit;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Resolves for everybody who waits once the program is told to stop.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<()>);

impl Shutdown {
    /// Listens for signals from now on. Needs a running tokio runtime.
    #[expect(clippy::disallowed_methods, reason = "whoever asks a second time does not want to wait")]
    pub fn listen() -> std::io::Result<Self> {
        let (stop, stopped) = watch::channel(());
        let mut signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            either(&mut signals).await;
            drop(stop);
            either(&mut signals).await;
            exit(130);
        });
        Ok(Self(stopped))
    }

    pub async fn told(mut self) {
        // The value never changes; the channel closes when it is time.
        while self.0.changed().await.is_ok() {}
    }
}

async fn either((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
