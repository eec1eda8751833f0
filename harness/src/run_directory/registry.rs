//! The runs of this machine and their folders, so that concurrent runs recognise each other's resources.
//!
//! One small file for each run, in the user's state folder. An entry alone proves nothing: the folder that it names
//! must hold the intent of that run.

use std::path::{Path, PathBuf};

use crate::run_directory;

/// Below the user's state folder.
const FOLDER: &str = "kubeproof/runs";

/// Registers a run's folder. Without an entry, another run cannot attribute what this one creates and reports
/// unknown, so a failure here is not an error.
pub fn enter(run: &str, out: &Path) {
    let (Some(registry), Ok(out)) = (folder(), std::path::absolute(out)) else {
        return;
    };
    let entry = std::fs::create_dir_all(&registry)
        .and_then(|()| std::fs::write(registry.join(run), out.to_string_lossy().as_bytes()));
    // As above.
    drop(entry);
}

/// Removes a run that left nothing.
pub fn leave(run: &str) {
    if let Some(registry) = folder() {
        // It may never have been entered.
        let _ = std::fs::remove_file(registry.join(run));
    }
}

/// Whether this is a run of this machine: its intent is in this folder of runs, or where the registry says.
pub fn knows(run: &str, out: Option<&Path>) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if run.is_empty() || !run.chars().all(fits) {
        return false;
    }
    let entered = || {
        let entry = std::fs::read_to_string(folder()?.join(run)).ok()?;
        Some(PathBuf::from(entry.trim()))
    };
    let is_there = |folder: &Path| {
        let intent = run_directory::read_intent(&folder.join(run));
        intent.is_ok_and(|intent| intent.run.id == run)
    };
    out.is_some_and(is_there) || entered().is_some_and(|folder| is_there(&folder))
}

/// The user's state folder, as the XDG base directories say.
fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let of_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state"));
    let base = given.filter(|path| path.is_absolute()).or_else(of_home)?;
    Some(base.join(FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_by_its_own_intent_only() {
        let out = tempfile::tempdir().expect("a folder");
        let write = |folder: &str, id: &str| {
            let folder = out.path().join(folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            let text = format!(
                "{{\"id\":\"{id}\",\"owner\":\"me\",\"started_at\":\"2026-11-23T10:00:00Z\",\
                 \"expires_at\":\"2026-11-23T16:00:00Z\",\"scenario\":\"s\",\"file\":\"s.yaml\",\
                 \"provider\":\"p\",\"tier\":\"kind\",\"seed\":1,\"text\":\"\"}}"
            );
            std::fs::write(folder.join("intent.json"), text).expect("written");
        };
        write("r1", "r1");
        write("copy", "r1");
        let knows = |run: &str| knows(run, Some(out.path()));
        assert!(knows("r1"));
        for other in ["r2", "copy", "", "../r1", "r1/"] {
            assert!(!knows(other), "{other}");
        }
    }
}
