//! The run directory: the intent before anything is created; record, journal and log afterwards.
//!
//! `kubeproof-runs/<run id>/` (or `--out DIR`) has, in this order: `begun.json`, until the record is written (an older
//! record is removed: a run that was killed is unknown in `kubeproof report`); `intent.json`, with the scenario as
//! written, the account and the baseline, before the first mutating call; then `journal.jsonl`, `kubeproof.log` and, last,
//! `record.json`. A folder with a `record.json` and no `begun.json` is complete. A provisioner may keep its own files
//! there. A run locks its folder (`run.lock`): a second process that tries to run or sweep the same run is refused.
//!
//! Files are written so that a crash at any moment leaves either the old or the new file, never half of one. Folders have
//! mode 0700 and files 0600. Records, journal, log and output contain no secrets (`providers/external/README.md` says how
//! they are recognised).

pub mod attestation;
pub mod folder;
pub mod registry;
pub mod unfinished;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kubeproof_contract::bounded;
use kubeproof_contract::journal::Call;
use kubeproof_contract::private;
use kubeproof_contract::resource::{Resource, ResourceKey};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::{Cell, Scope};
use kubeproof_reports::record::Record;
use serde::{Deserialize, Serialize};

use crate::scenario::FileError;
use crate::scenario::find::reason;
use crate::trial::output::TrialOutput;
use crate::trial::quoted;

/// The largest file of a run that is read, in bytes: the record of a large campaign has a few MB.
pub const FILE_BYTES_MAX: u64 = 256 << 20;

/// Where run directories are made unless another folder is given.
pub const DEFAULT_FOLDER: &str = "kubeproof-runs";

/// What the run intends to do.
pub const INTENT_FILE: &str = "intent.json";
/// Marks a trial that is about to run; removed when its record is written.
pub const BEGUN_FILE: &str = "begun.json";
/// The calls of the trial, one a line.
pub const JOURNAL_FILE: &str = "journal.jsonl";
/// What the trial has shown.
pub const RECORD_FILE: &str = "record.json";

/// What a run intends to do: enough to clean up after it without any other file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// Name of the trial.
    pub scenario: String,
    /// The scenario file, as given.
    pub file: String,
    /// Name of the provider.
    pub provider: String,
    pub tier: Tier,
    pub seed: u64,
    /// The text of the scenario: its file may have changed or gone.
    pub text: String,
    /// The account id, as the cloud names it. Older versions did not write it.
    #[serde(default)]
    pub account: Option<String>,
    /// The baseline, which is never deleted. Older versions did not write it.
    #[serde(default)]
    pub before: Option<RecordedBaseline>,
}

/// What an account held before a run, and what was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedBaseline {
    /// The regions that were listed.
    pub regions: Vec<String>,
    /// The resource types that were listed.
    pub types: Vec<String>,
    /// The cells that were listed. Older versions wrote only regions and types.
    #[serde(default)]
    pub cells: Vec<Cell>,
    /// All that was there.
    pub resources: Vec<Identity>,
}

impl RecordedBaseline {
    /// Of a baseline: the cells that it covers, and what it found.
    pub fn of(cells: Vec<Cell>, baseline: &[Resource]) -> Self {
        let scopes = cells.iter().map(|cell| &cell.scope);
        let scopes: BTreeSet<&Scope> = scopes.filter(|scope| !scope.is_global()).collect();
        let mut types: Vec<String> = Vec::new();
        for cell in &cells {
            if !types.contains(&cell.resource_type) {
                types.push(cell.resource_type.clone());
            }
        }
        Self {
            regions: scopes.into_iter().map(Scope::to_string).collect(),
            types,
            resources: baseline.iter().map(Identity::of).collect(),
            cells,
        }
    }

    /// Whether the baseline would have shown this.
    pub fn covers(&self, resource: &Resource) -> bool {
        if !self.cells.is_empty() {
            return self.cells.iter().any(|cell| cell.covers(resource));
        }
        let scope = &resource.scope;
        let region = scope.is_global() || self.regions.iter().any(|it| it == scope.as_str());
        region && self.types.contains(&resource.resource_type)
    }
}

/// Identifies a resource across listings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Its scope; the name of this key is older than scopes.
    pub region: Scope,
    pub resource_type: String,
    pub id: String,
    /// What tells it from others with the same id. Older versions did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<String>,
}

impl Identity {
    /// The identity of a resource.
    pub fn of(resource: &Resource) -> Self {
        let ResourceKey {
            scope,
            resource_type,
            id,
            incarnation,
        } = resource.key();
        Self {
            region: scope,
            resource_type,
            id,
            incarnation,
        }
    }

    /// Whether this may be the resource: an identity that an older version wrote has no incarnation.
    pub fn may_be(&self, resource: &Resource) -> bool {
        let other = Self::of(resource);
        let unknown = self.incarnation.is_none() || other.incarnation.is_none();
        let same = (&self.region, &self.resource_type, &self.id)
            == (&other.region, &other.resource_type, &other.id);
        same && (unknown || self.incarnation == other.incarnation)
    }
}

/// Why the intent of a run is not known.
#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    /// Its file cannot be read.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    /// Its file holds something else.
    #[error("{} is not the intent of a run: {source}", .path.display())]
    NotAnIntent {
        path: PathBuf,
        source: serde_json::Error,
    },
}

/// Reads the intent of a run.
///
/// # Errors
/// With the file and what is wrong with it.
pub fn read_intent(folder: &Path) -> Result<Intent, IntentError> {
    let path = folder.join(INTENT_FILE);
    let text = match bounded::text(&path, FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(source) => return Err(IntentError::Unreadable { path, source }),
    };
    serde_json::from_str(&text).map_err(|source| IntentError::NotAnIntent { path, source })
}

/// Writes the intent of a run into the folder of runs, once its account and what is in it are known and before its
/// first mutating call.
///
/// # Errors
/// When it cannot be written: then nothing may be created.
pub fn write_intent(out: &Path, intent: &Intent) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(intent).map_err(std::io::Error::other)?;
    write(&out.join(&intent.run.id).join(INTENT_FILE), &(text + "\n"))
}

/// Writes record, journal and log of a trial into the folder of runs.
///
/// # Errors
/// When a file cannot be written.
pub fn write_all(out: &Path, output: &TrialOutput, journal: &[Call]) -> std::io::Result<()> {
    let folder = out.join(&output.record.run_id);
    write_journal(&folder.join(JOURNAL_FILE), journal)?;
    write(
        &folder.join("kubeproof.log"),
        &(output.log.join("\n") + "\n"),
    )?;
    // Last, so that a record is never there without what it refers to.
    write_record(&folder, &output.record)
}

/// Writes a journal, a call a line.
///
/// # Errors
/// When it cannot be written.
pub fn write_journal(path: &Path, journal: &[Call]) -> std::io::Result<()> {
    let mut calls = String::new();
    for call in journal {
        let line = serde_json::to_string(call).map_err(std::io::Error::other)?;
        let _ = writeln!(calls, "{line}");
    }
    write(path, &calls)
}

/// Reads the journal of a run; empty where there is none, as beside the record of a run that did not begin.
///
/// # Errors
/// With the file and what is wrong with it.
pub fn read_journal(folder: &Path) -> Result<Vec<Call>, FileError> {
    let path = folder.join(JOURNAL_FILE);
    let name = path.display().to_string();
    let text = match bounded::text(&path, FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::whole(name, reason(&error))),
    };
    let lines = text.lines().enumerate();
    let read = lines.map(|(index, line)| {
        serde_json::from_str(line).map_err(|error| FileError {
            file: name.clone(),
            place: Some((index + 1, error.column())),
            message: format!("is not a call of a journal: {error}"),
            excerpt: String::new(),
        })
    });
    read.collect()
}

/// Writes a record into its run directory, over an earlier one, and removes the note that it was to come.
///
/// # Errors
/// When it cannot be written.
pub fn write_record(folder: &Path, record: &Record) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(record).map_err(std::io::Error::other)?;
    write(&folder.join(RECORD_FILE), &(text + "\n"))?;
    match std::fs::remove_file(folder.join(BEGUN_FILE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The command that cleans up after a run from its directory. It shows what it would delete and asks; without a
/// terminal it says to add `--yes`.
pub fn clean_up_command(run_id: &str, out: Option<&Path>) -> String {
    let out = out.unwrap_or(Path::new(DEFAULT_FOLDER));
    let mut command = format!("kubeproof sweep --run {run_id}");
    if out != Path::new(DEFAULT_FOLDER) {
        let _ = write!(command, " --out {}", quoted(&out.display().to_string()));
    }
    command + " --delete"
}

/// Writes a file of a run atomically. Only the owner can read it and the run's folder.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        private::folder(folder)?;
    }
    private::write(path, text)
}
