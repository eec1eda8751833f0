//! The end of `kubeproof verify`: reports, warnings, the last line and the exit code.

use kubeproof_contract::check::Verdict;
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::record::{AllowedFinding, Record};
use kubeproof_reports::word::counted;
use kubeproof_reports::{judge, unseen};

use super::args::Args;
use crate::cli::output::Output;
use crate::cli::{explain, report_files};
use crate::oracles::allowed;
use crate::runner::RunResults;
use crate::trial::Trial;

/// Prints what was asked for, to standard output, and writes the reports to files.
///
/// # Errors
/// With each file that could not be written.
pub fn report(
    records: &[Record],
    args: &Args,
    out: &Output,
    several: bool,
) -> Result<(), Vec<String>> {
    let format = args.format.map_or(Format::Table, Format::from);
    let style = Style {
        brief: out.verbose == 0 && several,
        ..out.style()
    };
    out.report(&render(format, records, &style));
    report_files::write(&args.report, |format| {
        render(format, records, &Style::default())
    })
}

/// Says the verdict of the whole, and returns its exit code.
pub fn conclude(ran: &RunResults, args: &Args, out: &Output) -> u8 {
    let records = &ran.records;
    // A record that could not be written proves nothing.
    let unwritten = ran.errors.iter().map(|_| Verdict::Unknown);
    let whole = Verdict::of_all(unwritten.chain([judge::all(records)]));
    out.say(&last_line(whole, records, &args.out.display().to_string()));
    if let Some(hint) = explain::hint(records) {
        out.say(&hint);
    }
    args.fail_on.code(whole)
}

/// The last line for people: the verdict, and where the records are.
fn last_line(whole: Verdict, records: &[Record], folder: &str) -> String {
    let count = |wanted: Verdict| {
        let all = records.iter().map(|record| judge::trial(record).0);
        all.filter(|verdict| *verdict == wanted).count()
    };
    let skipped = match count(Verdict::Skipped) {
        0 => String::new(),
        count => format!(", {count} skipped"),
    };
    let passed = count(Verdict::Pass);
    let trials = counted(records.len(), "trial");
    format!("{whole}: {passed} of {trials} passed{skipped}; records are in {folder}")
}

/// Entries of `allow` that matched nothing in any trial of their scenario, each as a warning. Nothing is said of a scenario
/// of which not all trials ran: another trial may have needed it.
pub fn unused_entries(trials: &[Trial], records: &[Record]) -> Vec<String> {
    let mains = trials.iter().filter(|trial| trial.is_main());
    let of_main = |main: &Trial| {
        let scenario = &main.scenario;
        let is_own = |record: &&Record| {
            record.provider == scenario.provider.name() && judge::names(record).0 == scenario.name()
        };
        let own: Vec<&Record> = records.iter().filter(is_own).collect();
        let complete = own.len() > scenario.content.failures.len()
            && main.faults().is_empty()
            && !own.iter().any(|record| unseen::is_not_begun(record));
        if !complete {
            return Vec::new();
        }
        let allowed: Vec<&AllowedFinding> = own.iter().flat_map(|it| &it.allowed).collect();
        let findings = own.iter().flat_map(|record| &record.findings);
        let messages: Vec<&str> = findings.map(|it| it.message.as_str()).collect();
        let told = allowed::unused(&scenario.content.allow, &allowed, &messages);
        let told = told.into_iter();
        told.map(|line| format!("{}: {line}", scenario.file))
            .collect()
    };
    mains.flat_map(of_main).collect()
}
