//! Notes that a trial is about to run, so that a trial without a record is unknown, and an older record of the same
//! run is not taken for its own.

use std::io::ErrorKind;
use std::path::Path;

use kubeproof_contract::bounded;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Record;
use kubeproof_reports::stored::{self, StoredError};
use kubeproof_reports::unseen::{self, Planned};
use serde::de::DeserializeOwned;

use crate::providers;
use crate::run_directory::{
    self, BEGUN_FILE, FILE_BYTES_MAX, INTENT_FILE, Intent, RECORD_FILE, clean_up_command,
};
use crate::scenario::FileError;
use crate::scenario::find::reason;
use crate::trial::{Trial, quoted};

/// What is known of a trial before it runs.
pub fn planned(trial: &Trial, run: &Run) -> Planned {
    let provider = &trial.scenario.provider;
    let client = trial.scenario.content.provisioner.client();
    Planned {
        run_id: run.id.clone(),
        scenario: trial.name(),
        file: trial.scenario.file.clone(),
        provider: provider.name().to_owned(),
        provider_title: provider.title().to_owned(),
        provisioner: client.unwrap_or("built in").to_owned(),
        tier: trial.tier,
        seed: trial.seed,
        started_at: run.started_at,
    }
}

/// Notes in the folder of run directories that this trial is about to run, and removes the record of an earlier run
/// with the same id. The note is removed when the record is written.
///
/// # Errors
/// When it cannot be written: then nothing may be run.
pub fn announce(out: &Path, trial: &Trial, run: &Run) -> std::io::Result<()> {
    let folder = out.join(&run.id);
    let text = serde_json::to_string_pretty(&planned(trial, run)).map_err(std::io::Error::other)?;
    run_directory::write(&folder.join(BEGUN_FILE), &(text + "\n"))?;
    match std::fs::remove_file(folder.join(RECORD_FILE)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a run directory shows: its record, or that of a trial whose end is unknown. `None` when it is
/// no run directory.
///
/// # Errors
/// With the file that cannot be read, and why.
pub fn of_folder(folder: &Path) -> Result<Option<Record>, FileError> {
    // Where both are, it was killed between the two, or the record is an older one: either way its end is unknown.
    if let Some(planned) = read::<Planned>(&folder.join(BEGUN_FILE), "the note of a run")? {
        return Ok(Some(lost(planned, folder)));
    }
    if let Some(record) = read(&folder.join(RECORD_FILE), "a record")? {
        return Ok(Some(record));
    }
    let intent = read::<Intent>(&folder.join(INTENT_FILE), "the intent of a run")?;
    Ok(intent.map(|intent| lost(of_intent(intent), folder)))
}

/// A JSON file, if it is there.
///
/// # Errors
/// When it is there and cannot be read as `what`.
fn read<T: DeserializeOwned>(file: &Path, what: &str) -> Result<Option<T>, FileError> {
    let name = file.display().to_string();
    let text = match bounded::text(file, FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(FileError::whole(&name, reason(&error))),
    };
    stored::read(&text)
        .map(Some)
        .map_err(|error| unreadable(name, what, &error))
}

/// A JSON file that cannot be read as `what`, with the place in it.
pub fn unreadable(file: String, what: &str, error: &StoredError) -> FileError {
    match error {
        StoredError::Form { .. } => FileError::whole(file, error.to_string()),
        StoredError::Content(error) => FileError {
            file,
            place: Some((error.line(), error.column())),
            message: format!("is not {what}: {error}"),
            excerpt: String::new(),
        },
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn of_intent(intent: Intent) -> Planned {
    let title = providers::find(&intent.provider).map(|provider| provider.title().to_owned());
    Planned {
        run_id: intent.run.id,
        scenario: intent.scenario,
        file: intent.file,
        provider_title: title.unwrap_or_else(|| intent.provider.clone()),
        provider: intent.provider,
        provisioner: "not known".to_owned(),
        tier: intent.tier,
        seed: intent.seed,
        started_at: intent.run.started_at,
    }
}

/// The record of a trial that was to run and has none, with what to do.
fn lost(planned: Planned, folder: &Path) -> Record {
    let advice = if planned.tier == Tier::Rehearsal {
        let (file, seed, name) = (quoted(&planned.file), planned.seed, &planned.scenario);
        format!("run `kubeproof verify {file} --seed {seed} --only {name}` again")
    } else {
        let clean_up = clean_up_command(&planned.run_id, folder.parent());
        format!(
            "if it is not, clean up with `{clean_up}`, then remove {}",
            folder.display()
        )
    };
    let why = format!(
        "the run {} left no record: it was killed before its end, or is still running; {advice}",
        planned.run_id
    );
    unseen::lost(planned, &why)
}
