//! The wish to stop: set by ^C, seen by every trial. And what is open while trials run.
//!
//! Apart from signals, so that tests can stop a trial without sending one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// A wish to stop that all trials share.
#[derive(Clone, Debug)]
pub struct Stop {
    wish: Arc<watch::Sender<bool>>,
    open: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            wish: Arc::new(watch::channel(false).0),
            open: Arc::default(),
        }
    }
}

impl Stop {
    /// Asks all trials to stop: what was begun is torn down, nothing new is begun.
    pub fn ask(&self) {
        self.wish.send_replace(true);
    }

    /// Whether it was asked for.
    pub fn asked(&self) -> bool {
        *self.wish.borrow()
    }

    /// Waits until it is asked for.
    pub async fn wait(&self) {
        let mut wish = self.wish.subscribe();
        // The sender lives as long as this value, so this ends by a wish only.
        let _ = wish.wait_for(|asked| *asked).await;
    }

    /// From now on a run may leave things behind; this command would clean up after it.
    pub fn opens(&self, run_id: &str, command: &str) {
        self.lock().insert(run_id.to_owned(), command.to_owned());
    }

    /// A run was seen to have left nothing.
    pub fn closes(&self, run_id: &str) {
        self.lock().remove(run_id);
    }

    /// The commands that clean up after all runs that may have left things.
    pub fn clean_up_commands(&self) -> Vec<String> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
