//! Locks: one process at a time in a folder. They are the operating system's, so that a process that dies
//! gives its own back, and a file that it left does no harm.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// How often a lock is tried whose file its holder removes at the same time.
const TRIES: u32 = 10;

/// A lock that is held. Dropping it gives it back, and removes its file.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

/// Why a lock is not held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another has it.
    #[error("{holder} holds {}: wait until it has ended, then try again", .path.display())]
    Held {
        /// The lock's file.
        path: PathBuf,
        /// Who has it: `process 123`.
        holder: String,
    },
    /// It could not be taken.
    #[error("{} cannot be locked: {reason}", .path.display())]
    Failed {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// Takes a lock whose file has this path, in a folder that is there.
///
/// # Errors
/// When another has it, or it cannot be taken.
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
                // The process that has just taken it may not have written yet.
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
            // Its last holder removed it between our opening and our locking it.
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
    Err(failed(io::Error::other(
        "its file is removed again and again",
    )))
}

/// Whether this is the file that has the path now.
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
        // While it is held. A file that stays does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_told_who_has_it_until_it_is_given_back() {
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
    fn what_a_dead_process_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.lock");
        fs::write(&path, "process 4194304 and a longer text than ours\n").expect("written");
        let _lock = take(&path).expect("free");
        let text = fs::read_to_string(&path).expect("text");
        assert_eq!(text, format!("process {}\n", std::process::id()));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let refusal = take(Path::new("no/such/folder/x.lock")).expect_err("no folder");
        assert!(matches!(refusal, LockError::Failed { .. }), "{refusal}");
    }
}
