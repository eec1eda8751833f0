//! The results of a campaign as they come, so that a campaign that was stopped can go on (`faults --out`, `--resume`).
//!
//! A file of lines that only grows: a head for each scenario, then a line for each lifecycle that has ended. A process
//! that dies leaves at most half a line at the end, which counts for nothing. Results are taken only for the same
//! scenario text, seed, plan and version of the program; anything else is refused.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kubeproof_contract::journal::digest;
use kubeproof_contract::mutex::lock;
use serde::{Deserialize, Serialize};

use super::lifecycle::{LifecycleResult, ShrunkLifecycle};
use super::schedules::Schedule;
use super::summary::written;

/// The name of the file in its folder.
const FILE: &str = "campaign.jsonl";

/// What results belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The scenario.
    pub scenario: String,
    /// Digest of the scenario's text.
    pub text: String,
    /// Seed.
    pub seed: u64,
    /// The lifecycles that are run here: their digest, and which of them.
    pub plan: String,
    /// The version of kubeproof.
    pub version: String,
}

impl Head {
    /// The head of a scenario's results.
    pub fn of(scenario: &str, text: &str, seed: u64, plan: String) -> Self {
        Self {
            scenario: scenario.to_owned(),
            text: digest(text.as_bytes()),
            seed,
            plan,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// What differs between this head and that of earlier results.
    fn difference(&self, earlier: &Self) -> Option<&'static str> {
        let parts = [
            (self.version != earlier.version, "the version of kubeproof"),
            (self.seed != earlier.seed, "the seed"),
            (self.text != earlier.text, "the scenario file"),
            (self.plan != earlier.plan, "the plan of lifecycles"),
        ];
        parts
            .into_iter()
            .find_map(|(differs, what)| differs.then_some(what))
    }
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Head(Head),
    Lifecycle(Box<Lifecycle>),
}

/// The result of a lifecycle.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifecycle {
    scenario: String,
    /// Its place among those that are run here, from 0.
    place: usize,
    /// Its faults, as one text.
    faults: String,
    /// Which of its faults its findings need, by their places.
    needed: Vec<usize>,
    result: LifecycleResult,
}

/// Why results cannot be kept or taken.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error("{} cannot be written: {source}", .path.display())]
    Unwritable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}:{line}: not a result of a campaign: {why}", .path.display())]
    Broken {
        path: PathBuf,
        line: usize,
        why: String,
    },
    #[error(
        "{} has results already: go on with `--resume {}`, or name another folder",
        .path.display(), .folder.display()
    )]
    Taken { path: PathBuf, folder: PathBuf },
    #[error(
        "the results in {} are of another campaign: {what} of {scenario} differs; run it anew with another --out",
        .path.display()
    )]
    OfAnother {
        path: PathBuf,
        scenario: String,
        what: &'static str,
    },
}

/// The file, and what was in it.
#[derive(Debug)]
pub struct ResultsFile {
    path: PathBuf,
    file: Mutex<File>,
    heads: BTreeMap<String, Head>,
    done: BTreeMap<(String, usize), Lifecycle>,
}

impl ResultsFile {
    /// A new file in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or is there already.
    pub fn create(folder: &Path) -> Result<Self, ResultsError> {
        let path = folder.join(FILE);
        let unwritable = |source| ResultsError::Unwritable {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => ResultsError::Taken {
                path: path.clone(),
                folder: folder.to_owned(),
            },
            _ => unwritable(source),
        })?;
        Ok(Self {
            file: Mutex::new(file),
            heads: BTreeMap::new(),
            done: BTreeMap::new(),
            path,
        })
    }

    /// The file of an earlier campaign, to go on with.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it but the last is no result.
    pub fn resume(folder: &Path) -> Result<Self, ResultsError> {
        let path = folder.join(FILE);
        let unreadable = |source| ResultsError::Unreadable {
            path: path.clone(),
            source,
        };
        let text = std::fs::read(&path).map_err(unreadable)?;
        // Half a line is what a process left that died while it wrote.
        let end = text.iter().rposition(|byte| *byte == b'\n');
        let end = end.map_or(0, |at| at + 1);
        let (heads, done) = read(&path, &text[..end])?;
        let mut file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(unreadable)?;
        file.set_len(end as u64).map_err(unreadable)?;
        file.seek(SeekFrom::End(0)).map_err(unreadable)?;
        Ok(Self {
            path,
            file: Mutex::new(file),
            heads,
            done,
        })
    }

    /// Begins or goes on with the results of a scenario. Returns how many there are.
    ///
    /// # Errors
    /// When those that are there belong to something else, or the head cannot be written.
    pub fn begin(&self, head: &Head) -> Result<usize, ResultsError> {
        match self.heads.get(&head.scenario) {
            None => self.append(&Line::Head(head.clone())).map(|()| 0),
            Some(earlier) => match head.difference(earlier) {
                None => {
                    let done = self.done.keys();
                    Ok(done
                        .filter(|(scenario, _)| *scenario == head.scenario)
                        .count())
                }
                Some(what) => Err(ResultsError::OfAnother {
                    path: self.path.clone(),
                    scenario: head.scenario.clone(),
                    what,
                }),
            },
        }
    }

    /// The result of a lifecycle, if it is there.
    pub(super) fn done(
        &self,
        scenario: &str,
        place: usize,
        schedule: &Schedule,
    ) -> Option<ShrunkLifecycle> {
        let one = self.done.get(&(scenario.to_owned(), place))?;
        if one.faults != written(schedule) {
            return None;
        }
        let needed = one.needed.iter();
        let needed: Option<Schedule> = needed.map(|at| schedule.get(*at).cloned()).collect();
        Some(ShrunkLifecycle {
            result: one.result.clone(),
            needed: needed?,
        })
    }

    /// Adds the result of a lifecycle.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add(
        &self,
        scenario: &str,
        place: usize,
        (schedule, shrunk): (&Schedule, &ShrunkLifecycle),
    ) -> Result<(), ResultsError> {
        let places = schedule.iter().enumerate();
        let needed = places.filter(|(_, targeted)| shrunk.needed.contains(targeted));
        self.append(&Line::Lifecycle(Box::new(Lifecycle {
            scenario: scenario.to_owned(),
            place,
            faults: written(schedule),
            needed: needed.map(|(at, _)| at).collect(),
            result: shrunk.result.clone(),
        })))
    }

    /// Writes a line at once, so that a process that dies leaves whole lines and at most half of one.
    fn append(&self, line: &Line) -> Result<(), ResultsError> {
        let unwritable = |source| ResultsError::Unwritable {
            path: self.path.clone(),
            source,
        };
        let text = serde_json::to_string(line).map_err(|error| unwritable(error.into()))?;
        lock(&self.file)
            .write_all(format!("{text}\n").as_bytes())
            .map_err(unwritable)
    }
}

type Read = (BTreeMap<String, Head>, BTreeMap<(String, usize), Lifecycle>);

/// What whole lines tell.
fn read(path: &Path, text: &[u8]) -> Result<Read, ResultsError> {
    let (mut heads, mut done) = (BTreeMap::new(), BTreeMap::new());
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let read = serde_json::from_slice(line).map_err(|error| ResultsError::Broken {
            path: path.to_owned(),
            line: number + 1,
            why: error.to_string(),
        })?;
        match read {
            Line::Head(head) => {
                heads.insert(head.scenario.clone(), head);
            }
            Line::Lifecycle(one) => {
                done.insert((one.scenario.clone(), one.place), *one);
            }
        }
    }
    Ok((heads, done))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head::of("s", "scenario: s", 1, "a plan".to_owned())
    }

    #[test]
    fn results_are_taken_for_the_same_campaign_alone() {
        let check = |change: fn(&mut Head), expected: Option<&str>| {
            let mut other = head();
            change(&mut other);
            assert_eq!(other.difference(&head()), expected, "{other:?}");
        };
        check(|_| {}, None);
        check(|it| it.seed = 2, Some("the seed"));
        check(|it| it.text.push('0'), Some("the scenario file"));
        check(|it| it.plan.push('0'), Some("the plan of lifecycles"));
        check(|it| it.version.push('0'), Some("the version of kubeproof"));
    }

    #[test]
    fn half_a_line_at_the_end_counts_for_nothing_and_elsewhere_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = ResultsFile::create(folder.path()).expect("a new file");
        assert_eq!(file.begin(&head()).expect("written"), 0);
        let path = folder.path().join(FILE);
        let whole = std::fs::read_to_string(&path).expect("text");
        std::fs::write(&path, format!("{whole}{{\"lifecycle\":")).expect("written");
        let again = ResultsFile::resume(folder.path()).expect("whole lines");
        assert_eq!(again.begin(&head()).expect("the same"), 0);
        assert_eq!(std::fs::read_to_string(&path).expect("text"), whole);
        std::fs::write(&path, format!("{{\"lifecycle\":\n{whole}")).expect("written");
        let error = ResultsFile::resume(folder.path()).expect_err("a broken line");
        assert!(error.to_string().contains(":1: not a result"), "{error}");
    }

    #[test]
    fn a_file_with_results_is_never_begun_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        ResultsFile::create(folder.path()).expect("a new file");
        let error = ResultsFile::create(folder.path()).expect_err("it is there");
        assert!(
            error.to_string().contains("go on with `--resume"),
            "{error}"
        );
    }
}
