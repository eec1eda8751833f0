//! `kubeproof report`: shows the records of earlier runs in any format, and merges the shards of a campaign.

use std::path::{Path, PathBuf};

use kubeproof_contract::bounded;
use kubeproof_reports::campaign::portion::overlap;
use kubeproof_reports::campaign::{self, Campaign};
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::judge;
use kubeproof_reports::record::Record;
use kubeproof_reports::stored::{self, StoredError};

use super::output::{FormatName, Output};
use crate::exit_code;
use crate::run_directory;
use crate::run_directory::attestation::{self, Standing};
use crate::run_directory::unfinished;
use crate::run_directory::{DEFAULT_FOLDER, FILE_BYTES_MAX};
use crate::scenario::FileError;
use crate::scenario::find::reason;

const AFTER_HELP: &str = "\
Shards of a campaign are merged; while one is missing, the report is unknown. A run that was killed
has no record and is shown as unknown. A live run counts as verified only if a person attested it
(`kubeproof attest`) with your key, or with one that is listed in ~/.config/kubeproof/attesters.

Exit codes:
  0   everything that is shown passed
  1   a finding
  2   usage error, or a record that cannot be read
  3   inconclusive

Examples:
  kubeproof report                                     all of kubeproof-runs/
  kubeproof report DIR --format html                   one page for a browser
  kubeproof report a.json b.json                       the shards of a campaign";

/// Options of `report`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Run directories, folders of them, record files, or output of `faults --format json`
    #[arg(value_name = "PATH", default_value = DEFAULT_FOLDER)]
    paths: Vec<PathBuf>,
    /// Format of the report [default: table]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Also judge the success criteria of a set of providers: clouds that pass, cost, orphans, failures
    #[arg(long)]
    criteria: bool,
}

/// Shows the records. The exit code is that of the runs; a run without a record is unknown.
pub fn run(args: &Args, out: &Output) -> u8 {
    let format = args.format.map_or(Format::Table, Format::from);
    let mut campaigns = Vec::new();
    let mut problems = Vec::new();
    for path in &args.paths {
        match campaign(path) {
            Ok(found) => campaigns.push(found),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return out.problems(&problems);
    }
    if campaigns.iter().any(Option::is_some) {
        return added_up(campaigns, format, out);
    }
    let mut records = Vec::new();
    for path in &args.paths {
        match read(path) {
            Ok(mut found) => records.append(&mut found),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return out.problems(&problems);
    }
    in_order(&mut records);
    for told in attested(&mut records) {
        out.error(&told);
    }
    for told in beside(&mut records, format) {
        out.error(&told);
    }
    let records: Vec<Record> = records.into_iter().map(|(record, _)| record).collect();
    let style = Style {
        criteria: args.criteria,
        ..out.style()
    };
    out.report(&render(format, &records, &style));
    exit_code::of([judge::all(&records)])
}

/// The record of a campaign in this file, if it is one.
///
/// # Errors
/// When it is of a form that is not known: it may be one.
fn campaign(path: &Path) -> Result<Option<Campaign>, FileError> {
    let Ok(text) = bounded::text(path, FILE_BYTES_MAX) else {
        return Ok(None);
    };
    match stored::read(&text) {
        Ok(campaign) => Ok(Some(campaign)),
        Err(StoredError::Content(_)) => Ok(None),
        Err(error) => {
            let name = path.display().to_string();
            Err(unfinished::unreadable(name, "a campaign", &error))
        }
    }
}

/// Several campaigns, such as the shards of one, as one report.
fn added_up(campaigns: Vec<Option<Campaign>>, format: Format, out: &Output) -> u8 {
    let Some(campaigns) = campaigns.into_iter().collect::<Option<Vec<Campaign>>>() else {
        out.error("records of trials and of campaigns cannot be shown together");
        return exit_code::USAGE;
    };
    if let Some(problem) = overlap(campaigns.iter().flat_map(|one| &one.portions)) {
        out.error(&problem);
        return exit_code::USAGE;
    }
    let mut whole = Campaign::default();
    for campaign in campaigns {
        whole.merge(campaign);
    }
    // A shard that is missing may have findings.
    whole.unknown.extend(whole.missing());
    out.report(&campaign::render::render(format, &whole, &out.style()));
    exit_code::of([campaign::page::verdict(&whole)])
}

/// Scenarios in the order of their names, the main trial of each first.
fn in_order(records: &mut [(Record, Option<PathBuf>)]) {
    records.sort_by(|(left, _), (right, _)| {
        let key = |record: &Record| {
            (
                record.provider.clone(),
                record.scenario.clone(),
                record.tier,
                record.seed,
            )
        };
        key(left).cmp(&key(right))
    });
}

/// Marks the records that a person has attested. Returns what is wrong with attestations that do not count.
fn attested(records: &mut [(Record, Option<PathBuf>)]) -> Vec<String> {
    let mut told = Vec::new();
    let trusted = attestation::trusted().unwrap_or_else(|error| {
        told.push(format!("no attestation counts: {error}"));
        Vec::new()
    });
    for (record, folder) in records {
        let Some(folder) = folder else { continue };
        let run = &record.run_id;
        match attestation::check(folder, run, &trusted) {
            Ok(None) => {}
            Ok(Some(Standing::Valid { .. })) => record.attested = true,
            Ok(Some(Standing::UnknownKey { name, key })) => told.push(format!(
                "{run}: attested by `{name}` with the key {key}, which you do not trust: it does not count"
            )),
            Ok(Some(Standing::Changed(what))) => told.push(format!(
                "{run}: its {what} is not what was attested: it does not count; attest it again"
            )),
            Ok(Some(Standing::Forged)) => told.push(format!(
                "{run}: its attestation has a wrong signature: it does not count"
            )),
            Err(error) => told.push(format!("{run}: its attestation does not count: {error}")),
        }
    }
    told
}

/// Adds what lies beside the records and is only in these formats: the calls, which the page shows around a finding and
/// over time; the text of the scenario, in whose lines SARIF places findings. Returns what cannot be read: the report does
/// without.
fn beside(records: &mut [(Record, Option<PathBuf>)], format: Format) -> Vec<String> {
    let mut told = Vec::new();
    for (record, folder) in records {
        let Some(folder) = folder else { continue };
        match format {
            Format::Html => match run_directory::read_journal(folder) {
                Ok(calls) => record.journal = calls.into(),
                Err(error) => told.push(format!(
                    "the page shows no calls of {}: {error}",
                    record.run_id
                )),
            },
            // A run that never began has no intent: its finding is at the first line then.
            Format::Sarif => {
                if let Ok(intent) = run_directory::read_intent(folder) {
                    record.text = intent.text.into();
                }
            }
            _ => {}
        }
    }
    told
}

/// The records at a path, with the run directory of each that is in one: a file, a run directory, or a folder of run
/// directories. A run without a record has one that says so.
fn read(path: &Path) -> Result<Vec<(Record, Option<PathBuf>)>, FileError> {
    let name = path.display().to_string();
    let metadata =
        std::fs::metadata(path).map_err(|error| FileError::whole(&name, reason(&error)))?;
    if metadata.is_file() {
        return Ok(vec![(record(path)?, None)]);
    }
    if let Some(record) = unfinished::of_folder(path)? {
        return Ok(vec![(record, Some(path.to_owned()))]);
    }
    let unreadable = |error: std::io::Error| FileError::whole(&name, reason(&error));
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        folders.push(entry.map_err(unreadable)?.path());
    }
    folders.sort();
    let mut records = Vec::new();
    for folder in &folders {
        let found = unfinished::of_folder(folder)?;
        records.extend(found.map(|record| (record, Some(folder.clone()))));
    }
    if records.is_empty() {
        return Err(FileError::whole(
            name,
            "no record in this folder: run `kubeproof verify` first",
        ));
    }
    Ok(records)
}

fn record(file: &Path) -> Result<Record, FileError> {
    let name = file.display().to_string();
    let text = bounded::text(file, FILE_BYTES_MAX)
        .map_err(|error| FileError::whole(&name, reason(&error)))?;
    stored::read(&text).map_err(|error| unfinished::unreadable(name, "a record", &error))
}
