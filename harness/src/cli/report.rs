//! `kubeproof report`: the records of earlier runs again, in any format.
//!
//! Apart from verify because nothing is run: it reads run directories.

use std::path::{Path, PathBuf};

use kubeproof_reports::format::{Format, render};
use kubeproof_reports::record::Record;

use super::output::{FormatName, Output};
use crate::exit_code;
use crate::run::directory::DEFAULT_FOLDER;
use crate::scenario::Problem;
use crate::scenario::find::reason;

/// Name of the record in a run directory.
const RECORD: &str = "record.json";

/// Options of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run directories, folders of them, or record files
    #[arg(value_name = "PATH", default_value = DEFAULT_FOLDER)]
    paths: Vec<PathBuf>,
    /// Format of the report [default: table]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
}

/// Shows the records. The exit code is that of the runs.
pub fn run(args: &Args, out: &Output) -> u8 {
    let mut records = Vec::new();
    let mut problems = Vec::new();
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
    let format = args.format.map_or(Format::Table, Format::from);
    out.report(&render(format, &records, &out.style()));
    exit_code::of(records.iter().map(|record| record.verdict))
}

/// Scenarios in the order of their names, the main trial of each first.
fn in_order(records: &mut [Record]) {
    records.sort_by(|left, right| {
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

/// The records at a path: a file, a run directory, or a folder of run directories.
fn read(path: &Path) -> Result<Vec<Record>, Problem> {
    let name = path.display().to_string();
    let metadata =
        std::fs::metadata(path).map_err(|error| Problem::whole(&name, reason(&error)))?;
    if metadata.is_file() {
        return Ok(vec![record(path)?]);
    }
    if path.join(RECORD).is_file() {
        return Ok(vec![record(&path.join(RECORD))?]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| Problem::whole(&name, reason(&error)))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path().join(RECORD))
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Problem::whole(
            name,
            "no record in this folder: run `kubeproof verify` first",
        ));
    }
    files.iter().map(|file| record(file)).collect()
}

fn record(file: &Path) -> Result<Record, Problem> {
    let name = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|error| Problem::whole(&name, reason(&error)))?;
    serde_json::from_str(&text).map_err(|error| Problem {
        file: name,
        place: Some((error.line(), error.column())),
        message: format!("is not a record: {error}"),
        excerpt: String::new(),
    })
}
