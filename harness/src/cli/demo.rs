//! `kubeproof demo`: a correct and a wrong provisioner of one cluster, rehearsed, with what to try next.
//!
//! The files are in the program, so that it needs no checkout. They are written to a folder that stays: the replay
//! commands of the findings name it.

use std::io;
use std::path::{Path, PathBuf};

use kubeproof_contract::check::Verdict;
use kubeproof_contract::private;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::judge;
use kubeproof_reports::record::Record;
use kubeproof_reports::table::wrapped;
use kubeproof_reports::word::{clean, counted, word};

use super::output::Output;
use super::{progress, verify};
use crate::run_directory::DEFAULT_FOLDER;
use crate::runner::{self, RunResults};
use crate::trial::plan::{Choice, plan};
use crate::trial_context::RunOptions;
use crate::trial_context::bystander::BystanderState;
use crate::{exit_code, providers, scenario};

/// The files of the demo: a name, the content, and the verdict that it is made to have.
const FILES: [(&str, &str, Verdict); 2] = [
    ("correct", include_str!("demo/correct.yaml"), Verdict::Pass),
    (
        "forgets-an-address",
        include_str!("demo/forgets-an-address.yaml"),
        Verdict::Fail,
    ),
];

const INTRODUCTION: &str = "Two provisioners of the same cluster, rehearsed: each creates it in a simulated account in this \
process, runs a job and tears it down, and an observer that shares no code with them audits the account. No network, no \
account, no cost; the account's time is virtual.";

const AFTER_HELP: &str = "\
It needs nothing: no checkout, no network, no account. It writes two scenario files and the records
of their trials to a folder, which stays so that the replay commands work; remove it when you like.

Exit codes:
  0   it showed what it is made to show: the correct provisioner passed, and the wrong one was found
  2   the folder cannot be used
  70  internal error: it showed anything else

Examples:
  kubeproof demo
  kubeproof demo --out my-demo                         in this folder";

/// Options of `demo`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Folder for the files and records [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Rehearses both scenarios and tells what was found.
pub fn run(args: &Args, out: &Output) -> u8 {
    let folder = match folder(args.out.as_deref()) {
        Ok(folder) => folder,
        Err((path, error)) => {
            out.error(&format!(
                "{}: {error}; name another folder with --out",
                path.display()
            ));
            return exit_code::USAGE;
        }
    };
    out.report(&paragraph(INTRODUCTION, out, ""));
    let results = match rehearse(&folder, out) {
        Ok(results) => results,
        Err(problem) => {
            out.error(&problem);
            return exit_code::INTERNAL_ERROR;
        }
    };
    out.report(&told(&results.records, out));
    out.report(&next(&results.records, &folder));
    for error in &results.errors {
        out.error(&error.to_string());
    }
    match surprise(&results) {
        None => exit_code::PASSED,
        Some(problem) => {
            out.error(&format!("internal error: {problem}; please report it"));
            exit_code::INTERNAL_ERROR
        }
    }
}

/// The folder with the scenario files in it. A file that is there and differs is never overwritten.
fn folder(named: Option<&Path>) -> Result<PathBuf, (PathBuf, io::Error)> {
    let folder = match named {
        Some(path) => {
            std::fs::create_dir_all(path).map_err(|error| (path.to_owned(), error))?;
            path.to_owned()
        }
        None => tempfile::Builder::new()
            .prefix("kubeproof-demo-")
            .tempdir()
            .map_err(|error| (std::env::temp_dir(), error))?
            .keep(),
    };
    for (name, content, _) in FILES {
        let path = folder.join(format!("{name}.yaml"));
        let there = std::fs::read_to_string(&path);
        if !there.is_ok_and(|there| there == content) {
            private::write_new(&path, content).map_err(|error| (path.clone(), error))?;
        }
    }
    Ok(folder)
}

/// Runs all trials of both files.
fn rehearse(folder: &Path, out: &Output) -> Result<RunResults, String> {
    let paths = FILES.map(|(name, _, _)| folder.join(format!("{name}.yaml")));
    let scenarios = scenario::read::all(&paths, &providers::shared()).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        problems.join("\n")
    })?;
    let choice = Choice {
        tier: Tier::Rehearsal,
        providers: Vec::new(),
        seed: 1,
        faults: Vec::new(),
        only: Vec::new(),
        clients: None,
    };
    let plan = plan(&scenarios, &choice).map_err(|error| error.to_string())?;
    let options = RunOptions {
        owner: verify::owner(),
        out: Some(folder.join(DEFAULT_FOLDER)),
        bystander: BystanderState::unless(false),
        ..RunOptions::quiet()
    };
    let progress = progress::new(out, Tier::Rehearsal);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(runner::run_all(&plan.trials, jobs, &options, &progress))
}

/// The records of a scenario, its main trial first.
fn of<'a>(records: &'a [Record], name: &'a str) -> impl Iterator<Item = &'a Record> {
    let is_of = move |record: &&Record| judge::names(record).0 == name;
    records.iter().filter(is_of)
}

/// What each provisioner did, and what is wrong with the second.
fn told(records: &[Record], out: &Output) -> String {
    let mut text = String::new();
    for (name, content, _) in FILES {
        let own: Vec<Record> = of(records, name).cloned().collect();
        let calls: u64 = own.iter().map(|record| record.calls).sum();
        let minutes: u64 = own.iter().map(|record| record.seconds / 60).sum();
        text.push_str(&format!(
            "\n{}  {name}: {}, {calls} calls, {minutes} minutes of the account's time\n",
            word(judge::all(&own)),
            counted(own.len(), "trial"),
        ));
        let description = content
            .lines()
            .find_map(|line| line.strip_prefix("description: "));
        text.push_str(&paragraph(description.unwrap_or_default(), out, "        "));
        for finding in own.iter().flat_map(|record| &record.findings) {
            let what = clean(&format!("✗ {}: {}", finding.oracle, finding.message));
            text.push_str(&paragraph(&what, out, "        "));
            // On one line, however long: it is there to be copied.
            text.push_str(&format!("          replay: {}\n", finding.replay));
        }
    }
    text
}

fn paragraph(text: &str, out: &Output, indent: &str) -> String {
    let width = out.style().width.map_or(100, usize::from).max(30);
    wrapped(text, width, indent, indent)
}

/// The commands to try next.
fn next(records: &[Record], folder: &Path) -> String {
    let folder = folder.display();
    let finding = records.iter().flat_map(|record| &record.findings).next();
    let oracle = finding.and_then(|finding| finding.oracle.split(' ').next());
    let word = oracle.unwrap_or("O1");
    let pages = format!("kubeproof report {folder}/{DEFAULT_FOLDER} --format html > report.html");
    let explain = format!("kubeproof explain {word}");
    let commands = [
        (
            "what this finding means, and how to mend it",
            explain.as_str(),
        ),
        ("the whole report, for a browser", &pages),
        (
            "your own terraform against a simulated account: what it leaves behind, and its price",
            "kubeproof simulate -- terraform -chdir=DIR apply -auto-approve",
        ),
        (
            "a scenario for a terraform configuration, checked against what is simulated",
            "kubeproof init DIR",
        ),
        (
            "the whole lifecycle of your provisioner, with a job, an audit and the cost",
            "kubeproof verify DIR/kubeproof.yaml",
        ),
        (
            "every call of it failing in every documented way",
            "kubeproof faults DIR/kubeproof.yaml",
        ),
    ];
    let lines = commands.map(|(what, command)| format!("  # {what}\n  {command}\n"));
    format!(
        "\nNext:\n{}\nThe scenarios and their records are in {folder}; remove it when you like.\n",
        lines.concat()
    )
}

/// What the demo did not show as it is made to, if anything.
fn surprise(results: &RunResults) -> Option<String> {
    let wrong = FILES.iter().find_map(|(name, _, expected)| {
        let own: Vec<Record> = of(&results.records, name).cloned().collect();
        let seen = judge::all(&own);
        (seen != *expected).then(|| format!("`{name}` is {seen}, and must be {expected}"))
    });
    let unfound = || {
        let mut found = results.records.iter().flat_map(|record| &record.findings);
        let is_priced = found.any(|finding| finding.message.contains(" a month"));
        (!is_priced).then(|| "no finding names a price".to_owned())
    };
    wrong.or_else(unfound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_that_shows_nothing_is_an_internal_error() {
        let problem = surprise(&RunResults::default());
        assert_eq!(
            problem.as_deref(),
            Some("`correct` is skipped, and must be pass")
        );
    }

    #[test]
    fn a_file_of_somebody_is_not_overwritten() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("correct.yaml");
        std::fs::write(&file, "mine").expect("written");
        assert!(folder(Some(place.path())).is_err());
        assert_eq!(std::fs::read_to_string(&file).expect("there"), "mine");
        std::fs::remove_file(&file).expect("removed");
        assert!(folder(Some(place.path())).is_ok());
        assert!(folder(Some(place.path())).is_ok(), "a second time");
    }
}
