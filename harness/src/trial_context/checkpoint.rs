//! A checkpoint: a lifecycle after its provision, from which others go on, each in a copy of the account and of the
//! program's files. So a fault in the teardown costs no provision.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_contract::call_key::CallKeys;
use kubeproof_contract::ground_truth::Snapshot;
use kubeproof_contract::journal::{Call, Journal};
use kubeproof_contract::private;
use kubeproof_contract::resource::Resource;
use kubeproof_external::redact::Redactor;
use tempfile::TempDir;

use crate::audit::inventory::Inventory;

/// Deepest folder that is copied.
const DEPTH_MAX: usize = 32;

/// A lifecycle after its provision.
pub struct Checkpoint {
    /// The account then.
    pub account: Arc<dyn Snapshot>,
    /// The date then.
    pub at: Timestamp,
    /// The account before it, with what the bystanders had.
    pub baseline: Inventory,
    pub bystanders: Vec<(Resource, String)>,
    /// When provisioning began.
    pub provisioning_since: Option<Timestamp>,
    pub calls: Vec<Call>,
    pub keys: CallKeys,
    /// Knows the secrets that have come up.
    pub redactor: Option<Redactor>,
    pub files: ProgramFiles,
}

/// Files that could not be copied.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be copied: {source}", .path.display())]
pub struct CheckpointError {
    path: PathBuf,
    source: io::Error,
}

/// A copy of the files that programs keep in the folder of a run.
pub struct ProgramFiles(TempDir);

impl ProgramFiles {
    /// Copies them from the folder of a run.
    ///
    /// # Errors
    /// When one cannot be copied.
    pub fn of(directory: &Path) -> Result<Self, CheckpointError> {
        let own = tempfile::Builder::new().prefix("kubeproof-").tempdir();
        let own = own.map_err(|source| CheckpointError {
            path: std::env::temp_dir(),
            source,
        })?;
        copy(directory, own.path(), 0)?;
        Ok(Self(own))
    }
}

impl Checkpoint {
    /// A journal that goes on after the calls so far.
    pub fn journal(&self) -> Journal {
        Journal::after(self.calls.clone())
    }

    /// Copies the files of the program to where they were.
    ///
    /// # Errors
    /// When one cannot be copied.
    pub fn files_to(&self, directory: &Path) -> Result<(), CheckpointError> {
        let at = |source| CheckpointError {
            path: directory.to_owned(),
            source,
        };
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_folder = entry.file_type().map_err(at)?.is_dir();
            // The lock of the run stays.
            if is_folder {
                fs::remove_dir_all(&path).map_err(at)?;
            }
        }
        copy(self.files.0.path(), directory, 0)
    }
}

/// Copies folders, with links as links; a filesystem that can shares the content.
fn copy(from: &Path, to: &Path, depth: usize) -> Result<(), CheckpointError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| CheckpointError { path, source }
    };
    if depth > DEPTH_MAX {
        return Err(at(from)(io::Error::other("too many folders in folders")));
    }
    private::folder(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(at(&source))?;
        if kind.is_dir() {
            copy(&source, &target, depth + 1)?;
        } else if kind.is_symlink() {
            let link = fs::read_link(&source).map_err(at(&source))?;
            std::os::unix::fs::symlink(link, &target).map_err(at(&target))?;
        } else if depth > 0 {
            // The files of the run's own folder are ours: its lock.
            fs::copy(&source, &target).map_err(at(&target))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_programs_are_copied_with_links_and_the_lock_is_not() {
        let [from, to] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let own = from.path().join("provisioner/state");
        fs::create_dir_all(&own).expect("made");
        fs::write(own.join("a.tfstate"), "x").expect("written");
        fs::write(from.path().join("run.lock"), "1").expect("written");
        std::os::unix::fs::symlink("a.tfstate", own.join("link")).expect("linked");
        copy(from.path(), to.path(), 0).expect("copied");
        let copied = to.path().join("provisioner/state");
        assert_eq!(fs::read_to_string(copied.join("link")).expect("there"), "x");
        assert!(copied.join("link").is_symlink());
        assert!(!to.path().join("run.lock").exists());
    }
}
