//! The report formats by name, and the one place that picks among them.
//!
//! A new format is one file with a `render` function and one line in each match here.

use std::fmt;
use std::str::FromStr;

use crate::criteria::TITLE;
use crate::page::Page;
use crate::record::Record;
use crate::{html, json, junit, markdown, sarif, table};

/// A report format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Table,
    /// For a page or a pull request.
    Markdown,
    /// Records, matrix and criteria, for scripts.
    Json,
    /// JUnit XML, for CI.
    Junit,
    /// One page on its own, for a browser.
    Html,
    /// SARIF, for findings on the lines of scenario files.
    Sarif,
}

/// The style of formats for people. Formats for machines ignore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether terminal colours may be used.
    pub colour: bool,
    /// Width of the terminal in columns, when it is known.
    pub width: Option<u16>,
    /// Whether details are shown only of what did not pass.
    pub brief: bool,
    /// Whether the success criteria are shown, which are about a set of providers and not about one run.
    pub criteria: bool,
}

impl Style {
    /// The page without the success criteria, unless they are to be shown.
    pub(crate) fn of_criteria(&self, mut page: Page) -> Page {
        if !self.criteria {
            page.sections.retain(|section| section.title != TITLE);
        }
        page
    }
}

/// The name is not that of a report format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat {
    name: String,
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = Format::ALL.iter().map(Format::to_string).collect();
        write!(
            f,
            "`{}` is not a report format: use one of {}",
            self.name,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownFormat {}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Table,
        Self::Markdown,
        Self::Json,
        Self::Junit,
        Self::Html,
        Self::Sarif,
    ];

    /// The usual file extension of this format, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Table => "txt",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Junit => "xml",
            Self::Html => "html",
            Self::Sarif => "sarif",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Html => "html",
            Self::Sarif => "sarif",
        })
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.to_string() == name)
            .ok_or_else(|| UnknownFormat {
                name: name.to_owned(),
            })
    }
}

/// The records as a report, ending with a line break.
pub fn render(format: Format, records: &[Record], style: &Style) -> String {
    match format {
        Format::Table => table::render(records, style),
        Format::Markdown => markdown::render(records, style),
        Format::Json => json::render(records),
        Format::Junit => junit::render(records),
        Format::Html => html::render(records),
        Format::Sarif => sarif::render(records),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read_back_from_its_own_name() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
    }

    #[test]
    fn an_unknown_format_is_refused_with_the_names_that_exist() {
        let error = "yaml".parse::<Format>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`yaml` is not a report format: use one of table, markdown, json, junit, html, sarif"
        );
    }
}
