//! The wish to stop: set by ^C, seen by every trial.
//!
//! Apart from signals, so that tests can stop a trial without sending one.

use std::sync::Arc;

use tokio::sync::watch;

/// A wish to stop that all trials share.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Stop {
    /// Asks all trials to stop: what was begun is torn down, nothing new is begun.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked for.
    pub fn asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked for.
    pub async fn wait(&self) {
        let mut wish = self.0.subscribe();
        // The sender lives as long as this value, so this ends by a wish only.
        let _ = wish.wait_for(|asked| *asked).await;
    }
}
