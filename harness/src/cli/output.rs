//! Output: reports to standard output, messages to standard error. No command prints on its own.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use kubeproof_contract::check::Verdict;
use kubeproof_reports::format::{Format, Style};

use crate::exit_code;
use crate::scenario::FileError;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The report formats, as the command line names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// For a terminal
    Table,
    /// For a page or a pull request
    Markdown,
    /// Records, matrix and criteria, for scripts
    Json,
    /// JUnit XML, for CI
    Junit,
    /// One page on its own, for a browser
    Html,
    /// SARIF, for findings on the lines of scenario files
    Sarif,
}

/// What makes the exit code that of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A finding exits with 1, what is inconclusive with 3
    Finding,
    /// What is inconclusive exits with 1 too
    Unknown,
}

impl FailOn {
    /// The exit code of a verdict.
    pub fn code(self, verdict: Verdict) -> u8 {
        match (self, exit_code::of([verdict])) {
            (Self::Unknown, exit_code::UNKNOWN) => exit_code::FINDING,
            (_, code) => code,
        }
    }
}

/// The formats of outputs other than reports of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableOrJson {
    /// For people
    Table,
    /// For scripts
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Table => Self::Table,
            FormatName::Markdown => Self::Markdown,
            FormatName::Json => Self::Json,
            FormatName::Junit => Self::Junit,
            FormatName::Html => Self::Html,
            FormatName::Sarif => Self::Sarif,
        }
    }
}

/// How much to print, and how.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    color: ColorChoice,
    /// 0 is the default.
    pub verbose: u8,
    /// Only the report.
    pub quiet: bool,
}

impl Output {
    /// As the global options say.
    pub fn new(color: ColorChoice, verbose: u8, quiet: bool) -> Self {
        let choice = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self {
            color,
            verbose,
            quiet,
        }
    }

    /// The style of a report for people on standard output.
    pub fn style(&self) -> Style {
        let terminal = std::io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = match self.color {
            ColorChoice::Auto => terminal && !no_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Style {
            colour,
            width: width(),
            brief: false,
            criteria: false,
        }
    }

    /// Writes a report to standard output. A reader that has gone away (`| head`) is no error.
    pub fn report(&self, text: &str) {
        let mut stdout = anstream::stdout().lock();
        let _ = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
    }

    /// Prints a message for people, unless `--quiet`.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Prints a result for people even with `--quiet`: for commands whose standard output belongs to another program.
    pub fn tell(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Prints an error, even with `--quiet`.
    pub fn error(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "error: {text}");
    }

    /// The exit code of what was done; a refusal is printed.
    pub fn code(&self, done: Result<u8, (u8, String)>) -> u8 {
        done.unwrap_or_else(|(code, problem)| {
            self.error(&problem);
            code
        })
    }

    /// Prints what is wrong with files, each with its location, and how many problems there are.
    pub fn problems(&self, problems: &[FileError]) -> u8 {
        for problem in problems {
            let _ = writeln!(anstream::stderr().lock(), "{problem}");
        }
        let count = match problems.len() {
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        self.error(&format!("{count}; nothing was run"));
        exit_code::USAGE
    }
}

/// Columns of the terminal on standard output: as `COLUMNS` says, else as the terminal itself does.
fn width() -> Option<u16> {
    let named = std::env::var("COLUMNS").ok();
    let asked = || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0);
    let named = named.and_then(|text| text.parse().ok());
    named.filter(|width| *width > 0).or_else(asked)
}

/// Whether an internal error occurred in this process.
static INTERNAL_ERROR: AtomicBool = AtomicBool::new(false);

/// Whether an internal error occurred in this process.
pub fn had_internal_error() -> bool {
    INTERNAL_ERROR.load(Ordering::SeqCst)
}

/// Turns a panic into an orderly message and, in the end, exit code 70: it is an internal error, never one of the
/// scenario. It ends only the trial in which it occurs.
pub fn report_internal_errors() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let what = info.payload_as_str().unwrap_or_default();
        // First, because a standard error that is gone must not hide it.
        INTERNAL_ERROR.store(true, Ordering::SeqCst);
        let _ = writeln!(
            anstream::stderr().lock(),
            "{}",
            internal_error_message(what, &place)
        );
    }));
}

/// The message of an internal error: what happened where, and what to do about it.
fn internal_error_message(what: &str, place: &str) -> String {
    format!(
        "error: internal error: {what} ({place})\n\
         This is a bug in kubeproof. Please report it with the command line and the scenario file."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_choice_makes_a_finding_or_what_is_inconclusive_exit_with_zero() {
        let check = |fail_on: FailOn, expected: [u8; 5]| {
            let verdicts = [
                Verdict::Pass,
                Verdict::Fail,
                Verdict::Unknown,
                Verdict::Pending,
                Verdict::Skipped,
            ];
            assert_eq!(verdicts.map(|it| fail_on.code(it)), expected, "{fail_on:?}");
        };
        check(FailOn::Finding, [0, 1, 3, 3, 3]);
        check(FailOn::Unknown, [0, 1, 1, 1, 1]);
    }

    #[test]
    fn an_internal_error_says_what_happened_where_and_what_to_do() {
        assert_eq!(
            internal_error_message("index out of bounds", "src/x.rs:1:2"),
            "error: internal error: index out of bounds (src/x.rs:1:2)\n\
             This is a bug in kubeproof. Please report it with the command line and the scenario file."
        );
    }
}
