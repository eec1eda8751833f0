//! Allows one process at a time per cluster: kind's own clean-up after a failure would remove the nodes of another
//! process that makes a cluster of the same name.

use std::path::{Path, PathBuf};
use std::{fs, io};

use kubeproof_contract::lock::{self, Lock, LockError};
use kubeproof_contract::private;

/// The lock, in the run's folder.
const FILE: &str = "kind.lock";

/// Why a cluster cannot be worked at.
#[derive(Debug, thiserror::Error)]
pub enum ClusterLockError {
    /// The run's folder cannot be made.
    #[error("{} cannot be made: {error}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Its lock cannot be taken.
    #[error("the cluster {cluster} cannot be worked at: {error}")]
    Lock {
        /// The cluster.
        cluster: String,
        /// Why.
        #[source]
        error: LockError,
    },
}

/// Takes the lock; dropping it releases it.
///
/// # Errors
/// When another process has it, or the folder cannot be written.
pub fn take(directory: &Path, cluster: &str) -> Result<Lock, ClusterLockError> {
    private::folder(directory).map_err(|error| ClusterLockError::Folder {
        folder: directory.to_owned(),
        error,
    })?;
    lock::take(&directory.join(FILE)).map_err(|error| ClusterLockError::Lock {
        cluster: cluster.to_owned(),
        error,
    })
}

/// Whether an error says that another process holds the lock of the run's folder.
pub fn is_held(directory: &Path, error: &str) -> bool {
    let held = LockError::Held {
        path: directory.join(FILE),
        holder: String::new(),
    };
    error.contains(&held.to_string())
}

/// Releases the lock as the last step of a teardown, and removes the folder if it is empty.
pub fn leave(lock: Lock, directory: &Path) {
    drop(lock);
    let _ = fs::remove_dir(directory);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused_until_the_first_has_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = folder.path().join("run");
        let first = take(&directory, "kp-1").expect("free");
        let refusal = take(&directory, "kp-1").expect_err("taken").to_string();
        assert!(
            refusal.contains("kp-1") && refusal.contains("wait"),
            "{refusal}"
        );
        assert!(is_held(&directory, &refusal), "{refusal}");
        let other = folder.path().join("other");
        assert!(!is_held(&other, &refusal), "{refusal}");
        leave(first, &directory);
        assert!(!directory.exists());
        assert!(take(&directory, "kp-1").is_ok());
    }
}
