//! Where words go: reports to standard output, everything said to people to standard error.
//!
//! Apart from the commands, so that none of them prints on its own.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use kubeproof_reports::format::{Format, Style};

use crate::exit_code;
use crate::scenario::Problem;

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
}

/// The formats of what is no report of records.
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
        }
    }
}

/// How and how much to say.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    color: ColorChoice,
    /// How much: 0 is usual.
    pub verbose: u8,
    /// Nothing but the report.
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

    /// How a report for people may look on standard output.
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
        }
    }

    /// Writes a report to standard output. A reader that has gone away (`| head`) is no error.
    pub fn report(&self, text: &str) {
        let mut stdout = anstream::stdout().lock();
        let _ = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
    }

    /// Says something to people, unless they want quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Says a result to people, also to those who want quiet: where standard output is another's.
    pub fn tell(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Says what went wrong, also to those who want quiet.
    pub fn error(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "error: {text}");
    }

    /// Says what is wrong with files, each with its place, and how many problems there are.
    pub fn problems(&self, problems: &[Problem]) -> u8 {
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

/// Whether this process met a bug of ours.
static BUG: AtomicBool = AtomicBool::new(false);

/// Whether this process met a bug of ours.
pub fn met_a_bug() -> bool {
    BUG.load(Ordering::SeqCst)
}

/// Makes a panic an orderly message, and in the end exit code 70: it is a bug of ours, never of the
/// scenario. It ends the trial that meets it; others end in order.
pub fn report_bugs() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let what = info.payload_as_str().unwrap_or_default();
        // First, because a standard error that is gone must not hide it.
        BUG.store(true, Ordering::SeqCst);
        let _ = writeln!(anstream::stderr().lock(), "{}", bug_words(what, &place));
    }));
}

/// What is said of a bug of ours: what happened where, and what to do about it.
fn bug_words(what: &str, place: &str) -> String {
    format!(
        "error: this is a bug of kubeproof: {what} ({place})\n\
         Please report it with the command line and the scenario file."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_says_what_happened_where_and_what_to_do() {
        assert_eq!(
            bug_words("index out of bounds", "src/x.rs:1:2"),
            "error: this is a bug of kubeproof: index out of bounds (src/x.rs:1:2)\n\
             Please report it with the command line and the scenario file."
        );
    }
}
