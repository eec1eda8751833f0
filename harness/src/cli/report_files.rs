//! Reports that are written to files beside the one on standard output: `--report html=FILE`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use kubeproof_reports::format::{Format, UnknownFormat};

/// A format, and the file that a report in it is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    pub format: Format,
    pub path: PathBuf,
}

/// Why a text names no report.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReportFile {
    #[error("write a format and a file, such as html=report.html")]
    Incomplete,
    #[error(transparent)]
    Format(#[from] UnknownFormat),
}

impl FromStr for ReportFile {
    type Err = NoReportFile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path) = text.split_once('=').ok_or(NoReportFile::Incomplete)?;
        if path.is_empty() {
            return Err(NoReportFile::Incomplete);
        }
        Ok(Self {
            format: format.parse()?,
            path: PathBuf::from(path),
        })
    }
}

/// What is wrong with these files before anything runs: two reports in one file, or no folder for one.
///
/// # Errors
/// With the first file that cannot be written, and why.
pub fn check(files: &[ReportFile]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for ReportFile { path, .. } in files {
        let name = path.display();
        if !seen.insert(path) {
            return Err(format!("`--report` names {name} twice"));
        }
        let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
        if parent.is_some_and(|parent| !parent.is_dir()) {
            return Err(format!(
                "the folder of {name} does not exist: make it first"
            ));
        }
        if path.is_dir() {
            return Err(format!("{name} is a folder: name a file for the report"));
        }
    }
    Ok(())
}

/// Writes each report.
///
/// # Errors
/// With each file that could not be written.
pub fn write(files: &[ReportFile], render: impl Fn(Format) -> String) -> Result<(), Vec<String>> {
    let written = |file: &ReportFile| write_one(&file.path, &render(file.format));
    let failed: Vec<String> = files
        .iter()
        .filter_map(|file| written(file).err())
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed)
    }
}

fn write_one(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text)
        .map_err(|error| format!("the report {} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_read(text: &str, expected: Result<(Format, &str), &str>) {
        let read = text.parse::<ReportFile>();
        let read = read.as_ref().map_err(ToString::to_string);
        let read = read.map(|it| (it.format, it.path.to_str().unwrap_or_default()));
        assert_eq!(read, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_report_is_a_format_and_a_file() {
        check_read("html=a/b=c.html", Ok((Format::Html, "a/b=c.html")));
        let incomplete = "write a format and a file, such as html=report.html";
        for text in ["html", "html=", ""] {
            check_read(text, Err(incomplete));
        }
        check_read(
            "pdf=x",
            Err(
                "`pdf` is not a report format: use one of table, markdown, json, junit, html, sarif",
            ),
        );
    }

    #[test]
    fn two_reports_in_one_file_are_refused() {
        let file = |text: &str| text.parse::<ReportFile>().expect(text);
        let two = [file("html=a"), file("json=a")];
        assert_eq!(check(&two), Err("`--report` names a twice".to_owned()));
        assert_eq!(check(&two[..1]), Ok(()));
    }
}
