//! Scenario files: finding, reading and refusing them.

pub mod find;
pub mod injectable;
pub mod limits;
pub mod message;
pub mod read;

use std::fmt;
use std::sync::Arc;

use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::AnyScenario;

/// A scenario that was read, with its provider.
#[derive(Clone)]
pub struct Scenario {
    /// The file, as given: it appears in records and replay commands.
    pub file: String,
    /// Its text, for the run directory: a file may be gone when its run is cleaned up after.
    pub text: Arc<str>,
    /// What it says.
    pub content: Arc<AnyScenario>,
    /// Its provider.
    pub provider: Arc<dyn Provider>,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Scenario {
    /// Its name.
    pub fn name(&self) -> &str {
        self.content.scenario.as_str()
    }
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file, as given.
    pub file: String,
    /// Line and column, from 1, when it is about one place.
    pub place: Option<(usize, usize)>,
    /// What is wrong and what would be right.
    pub message: String,
    /// The lines around the place, ready to be printed; empty when there are none.
    pub excerpt: String,
}

impl FileError {
    /// An error about a file as a whole.
    pub fn whole(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: None,
            message: message.into(),
            excerpt: String::new(),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.message)?;
        if !self.excerpt.is_empty() {
            write!(f, "\n{}", self.excerpt)?;
        }
        Ok(())
    }
}
