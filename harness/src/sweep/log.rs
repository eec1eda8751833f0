//! The log of a sweep, `sweep.jsonl`: each deletion before it is sent, and its result after.
//!
//! Append-only, and flushed to disk before anything is deleted, so that a killed sweep leaves a trail.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kubeproof_contract::private;
use kubeproof_contract::resource::Resource;
use serde::{Deserialize, Serialize};

use crate::run_directory::Identity;

/// Its name in the run's folder.
const FILE: &str = "sweep.jsonl";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// Of which resource.
    #[serde(flatten)]
    pub resource: Identity,
    /// Why it is deleted, or why it was not.
    pub why: String,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// Its deletion is about to be sent.
    Deleting,
    /// The cloud took the deletion.
    Deleted,
    /// The cloud refused, or gave no answer.
    Failed,
}

/// The open log.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens the log in a run's folder, to add to it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let file = private::append(&path)?;
        Ok(Self { file, path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one line, and returns when it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written: then nothing more may be deleted.
    pub fn write(
        &mut self,
        at: Timestamp,
        event: Event,
        resource: &Resource,
        why: &str,
    ) -> io::Result<()> {
        let entry = Entry {
            at,
            event,
            resource: Identity::of(resource),
            why: why.to_owned(),
        };
        let line = serde_json::to_string(&entry).map_err(io::Error::other)?;
        self.file.write_all((line + "\n").as_bytes())?;
        self.file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_sweep_adds_to_the_log_of_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let resource = Resource::new("box", "b-1", "r");
        for event in [
            Event::Deleting,
            Event::Failed,
            Event::Deleting,
            Event::Deleted,
        ] {
            let mut log = Log::open(folder.path()).expect("opened");
            log.write(Timestamp::UNIX_EPOCH, event, &resource, "why")
                .expect("written");
        }
        let text = std::fs::read_to_string(folder.path().join(FILE)).expect("read");
        let events: Vec<Event> = text
            .lines()
            .map(|line| serde_json::from_str::<Entry>(line).expect("an entry").event)
            .collect();
        let expected = [
            Event::Deleting,
            Event::Failed,
            Event::Deleting,
            Event::Deleted,
        ];
        assert_eq!(events, expected);
        let first = text.lines().next().unwrap_or_default();
        assert_eq!(
            first,
            "{\"at\":\"1970-01-01T00:00:00Z\",\"event\":\"deleting\",\"region\":\"r\",\
             \"resource_type\":\"box\",\"id\":\"b-1\",\"why\":\"why\"}"
        );
    }
}
