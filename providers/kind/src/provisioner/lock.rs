//! One process at a time for one cluster: kind's own clean-up after a failure would remove the nodes of
//! another process that makes a cluster of the same name.
//!
//! A lock of the operating system, so that a process that dies gives it back.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use kubeproof_contract::private;

/// The lock, in the run's folder.
const FILE: &str = "kind.lock";

/// Takes the lock; it is given back when the file is dropped.
///
/// # Errors
/// When another process has it, or the folder cannot be written.
pub fn take(directory: &Path, cluster: &str) -> Result<File, String> {
    let path = directory.join(FILE);
    let place = path.display();
    private::folder(directory)
        .map_err(|error| format!("{} cannot be made: {error}", directory.display()))?;
    let file =
        private::append(&path).map_err(|error| format!("{place} cannot be opened: {error}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "another process is at work on the cluster {cluster} (it holds {place}): wait until it \
             has ended, then try again"
        )),
        Err(TryLockError::Error(error)) => Err(format!("{place} cannot be locked: {error}")),
    }
}

/// Removes the lock's file, and the folder if nothing else is in it. Call it while holding the lock, as
/// the last act of a teardown.
pub fn leave(directory: &Path) {
    // A file that stays is in nobody's way.
    let _ = fs::remove_file(directory.join(FILE));
    let _ = fs::remove_dir(directory);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused_until_the_first_has_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = take(folder.path(), "kp-1").expect("free");
        let refusal = take(folder.path(), "kp-1").expect_err("taken");
        assert!(
            refusal.contains("kp-1") && refusal.contains("wait"),
            "{refusal}"
        );
        drop(first);
        assert!(take(folder.path(), "kp-1").is_ok());
    }
}
