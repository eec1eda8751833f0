//! The cancellation token: set by Ctrl-C, seen by every trial. Also tracks runs that may leave something behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kubeproof_contract::mutex::lock;
use tokio::sync::watch;

/// A request to stop that all trials share.
#[derive(Clone, Debug)]
pub struct CancelToken {
    requested: Arc<watch::Sender<bool>>,
    open: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Default for CancelToken {
    fn default() -> Self {
        Self {
            requested: Arc::new(watch::channel(false).0),
            open: Arc::default(),
        }
    }
}

impl CancelToken {
    /// Asks all trials to stop: running ones tear down, no new ones start.
    pub fn cancel(&self) {
        self.requested.send_replace(true);
    }

    /// Whether stopping was requested.
    pub fn is_cancelled(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits until stopping is requested.
    pub async fn cancelled(&self) {
        let mut requested = self.requested.subscribe();
        // The sender lives as long as this value, so this ends only on a request.
        let _ = requested.wait_for(|asked| *asked).await;
    }

    /// Registers a run that may leave something behind from now on, with the command that cleans up after it.
    pub fn register(&self, run_id: &str, command: &str) {
        self.lock().insert(run_id.to_owned(), command.to_owned());
    }

    /// Unregisters a run that has left nothing.
    pub fn unregister(&self, run_id: &str) {
        self.lock().remove(run_id);
    }

    /// The commands that clean up after all registered runs.
    pub fn clean_up_commands(&self) -> Vec<String> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        lock(&self.open)
    }
}
