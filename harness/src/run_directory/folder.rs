//! The folder of one run, locked for this process while the run lasts.
//!
//! If no output folder is given, a fresh folder that only this user can enter and that is removed after the trial.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kubeproof_contract::lock::{self, Lock, LockError};
use kubeproof_contract::private;
use tempfile::TempDir;

/// The lock of a run.
const LOCK: &str = "run.lock";
/// The path of runs that write nothing: nothing can be written there.
const NOWHERE: &str = "/dev/null";

/// The folder of one run. Dropping it releases the lock, and removes the folder if it is temporary.
#[derive(Debug)]
pub struct Folder {
    pub path: PathBuf,
    _lock: Option<Lock>,
    _own: Option<TempDir>,
}

/// Why a run does not get its folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be made.
    #[error("the folder {} cannot be made: {source}", .path.display())]
    NotMade {
        path: PathBuf,
        source: std::io::Error,
    },
    /// Another process uses it, or that cannot be found out.
    #[error("the run {run_id} is going on or cannot begin: {source}")]
    Taken { run_id: String, source: LockError },
    /// No temporary one can be made.
    #[error("no folder for the run can be made: {0}")]
    NoTemporary(#[source] std::io::Error),
}

impl Folder {
    /// Takes the folder of a run: below `out`, or a temporary one if the run `keeps_files`.
    ///
    /// # Errors
    /// When it cannot be created, or another process uses it.
    pub fn take(out: Option<&Path>, run_id: &str, keeps_files: bool) -> Result<Self, FolderError> {
        let Some(out) = out else {
            return Self::own(run_id, keeps_files);
        };
        let path = out.join(run_id);
        if let Err(source) = private::folder(&path) {
            return Err(FolderError::NotMade { path, source });
        }
        let lock = lock::take(&path.join(LOCK)).map_err(|source| FolderError::Taken {
            run_id: run_id.to_owned(),
            source,
        })?;
        Ok(Self {
            path,
            _lock: Some(lock),
            _own: None,
        })
    }

    fn own(run_id: &str, keeps_files: bool) -> Result<Self, FolderError> {
        let own = keeps_files.then(|| {
            tempfile::Builder::new()
                .prefix("kubeproof-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir()
        });
        let own = own.transpose().map_err(FolderError::NoTemporary)?;
        let parent = own.as_ref().map_or(Path::new(NOWHERE), TempDir::path);
        Ok(Self {
            path: parent.join(run_id),
            _lock: None,
            _own: own,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_its_folder_for_itself_until_it_is_over() {
        let out = tempfile::tempdir().expect("a folder");
        let first = Folder::take(Some(out.path()), "r1", false).expect("free");
        let refusal = Folder::take(Some(out.path()), "r1", false).expect_err("taken");
        let refusal = refusal.to_string();
        let holder = format!("process {} holds ", std::process::id());
        assert!(
            refusal.contains("the run r1 is going on") && refusal.contains(&holder),
            "{refusal}"
        );
        assert!(Folder::take(Some(out.path()), "r2", false).is_ok());
        drop(first);
        assert!(Folder::take(Some(out.path()), "r1", false).is_ok());
    }

    #[test]
    fn without_an_output_folder_it_is_fresh_private_and_removed_after_the_trial() {
        let [one, two] = [(); 2].map(|()| Folder::take(None, "r1", true).expect("a folder"));
        assert_ne!(one.path, two.path);
        let parent = one.path.parent().expect("a parent").to_owned();
        let mode = parent.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(one);
        assert!(!parent.exists());
    }

    #[test]
    fn a_run_that_keeps_no_files_has_no_folder() {
        let folder = Folder::take(None, "r1", false).expect("none");
        assert!(std::fs::create_dir_all(&folder.path).is_err());
    }
}
