//! Locks: one process at a time in a folder.
//!
//! They are the operating system's file locks, so a process that dies releases its own, and a lock file that it
//! leaves does no harm.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// How often taking a lock is tried when its holder removes the file at the same time.
const TRIES: u32 = 10;

/// A lock that is held. Dropping it releases it and removes its file.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

/// Why a lock could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{holder} holds {}: wait until it has ended, then try again", .path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, such as `process 123`.
        holder: String,
    },
    /// It could not be taken.
    #[error("{} cannot be locked: {reason}", .path.display())]
    Failed {
        /// The lock file.
        path: PathBuf,
        /// The system's error message.
        reason: String,
    },
}

/// Takes the lock with the file `path`, whose folder must exist.
///
/// # Errors
/// When another process holds it, or it cannot be taken.
pub fn take(path: &Path) -> Result<Lock, LockError> {
    let failed = |error: io::Error| LockError::Failed {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    for _ in 0..TRIES {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The process that holds it may not have written its id yet.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    holder => holder.to_owned(),
                };
                let path = path.to_owned();
                return Err(LockError::Held { path, holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        if !is_at(&file, path) {
            // Its last holder removed the file after we had opened it and before we locked it.
            continue;
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "process {}", std::process::id()));
        written.map_err(failed)?;
        let path = path.to_owned();
        return Ok(Lock { path, _file: file });
    }
    Err(failed(io::Error::other("its file keeps being removed")))
}

/// Whether `file` is the one that is at `path` now.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |one: fs::Metadata, other: fs::Metadata| {
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    };
    match (file.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(other)) => same(one, other),
        _ => false,
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is still held. A file that is left does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_who_holds_the_lock_until_it_is_released() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.lock");
        let first = take(&path).expect("free");
        let refusal = take(&path).expect_err("held").to_string();
        let holder = format!("process {} holds {}", std::process::id(), path.display());
        assert!(refusal.starts_with(&holder), "{refusal}");
        drop(first);
        assert!(!path.exists());
        assert!(take(&path).is_ok());
    }

    #[test]
    fn the_lock_file_of_a_dead_process_blocks_no_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.lock");
        fs::write(&path, "process 4194304 and a longer text than ours\n").expect("written");
        let _lock = take(&path).expect("free");
        let text = fs::read_to_string(&path).expect("text");
        assert_eq!(text, format!("process {}\n", std::process::id()));
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let refusal = take(Path::new("no/such/folder/x.lock")).expect_err("no folder");
        assert!(matches!(refusal, LockError::Failed { .. }), "{refusal}");
    }
}
