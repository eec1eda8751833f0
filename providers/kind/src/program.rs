//! The program `kind`: how it is called, and which versions are supported.
//!
//! Every call has a limit, a process group of its own, and an environment that leads to our engine and to no existing
//! kubeconfig.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use kubeproof_contract::process::{LineSink, ProcessError, ProcessOutput, ProcessSpec};
use semver::Version;

use crate::settings::{self, MissingProgram};

/// The oldest supported version: the first that handles cgroup v1 and v2 as we check them, and whose configuration
/// has all fields that we write.
const OLDEST: Version = Version::new(0, 20, 0);
/// Most lines of a reason.
const REASON_LINES_MAX: usize = 6;
/// The longest line of a reason, characters.
const REASON_LINE_MAX: usize = 240;
/// How long it may take to print its version.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// Why `kind` could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    /// It is not installed.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// It could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It failed.
    #[error("`kind {verb}` failed ({status}): {reason}")]
    Failed {
        /// What it was asked to do.
        verb: String,
        /// How it ended.
        status: ExitStatus,
        /// Its own words.
        reason: String,
    },
    /// It does not say its version.
    #[error("`{} version` does not say its version: {said}", .path.display())]
    NoVersion {
        /// The program.
        path: PathBuf,
        /// What it says.
        said: String,
    },
    /// It is too old.
    #[error(
        "`{}` is version {version}: at least {OLDEST} is needed; install a newer one",
        .path.display()
    )]
    TooOld {
        /// The program.
        path: PathBuf,
        /// Its version.
        version: Version,
    },
}

/// The program with its environment.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    docker_host: String,
    network: String,
}

impl Program {
    /// The program for the clusters of one network, which it makes if necessary.
    ///
    /// # Errors
    /// When it is not on this machine.
    pub fn new(docker_host: String, network: &str) -> Result<Self, MissingProgram> {
        Ok(Self {
            path: settings::program()?,
            docker_host,
            network: network.to_owned(),
        })
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be run, exceeds its limit, or fails: with its last lines.
    pub async fn run(
        &self,
        arguments: &[&str],
        kubeconfig: &Path,
        limit: Duration,
        listener: LineSink,
    ) -> Result<ProcessOutput, KindError> {
        let ended = ProcessSpec::new(&self.path, limit)
            .arguments(arguments)
            .variable("DOCKER_HOST", &self.docker_host)
            // A Docker context of the user's would win over `DOCKER_HOST`.
            .without("DOCKER_CONTEXT")
            .variable("KIND_EXPERIMENTAL_PROVIDER", "docker")
            .variable("KIND_EXPERIMENTAL_DOCKER_NETWORK", &self.network)
            // Its default kubeconfig must not be the user's own.
            .variable("KUBECONFIG", kubeconfig)
            .without("KIND_CLUSTER_NAME")
            .on_line(listener)
            .run()
            .await?;
        if ended.status.success() {
            return Ok(ended);
        }
        let verb = arguments.first().copied().unwrap_or_default().to_owned();
        let reason = reason(&ended.errors).unwrap_or_else(|| ended.last_lines(4));
        let status = ended.status;
        Err(KindError::Failed {
            verb,
            status,
            reason,
        })
    }
}

/// Why kind failed: its message from the line `ERROR:` on, as one line. The command that it ran is shortened; the
/// run's log has it.
fn reason(errors: &str) -> Option<String> {
    let from = errors.find("ERROR:")?;
    let lines = errors[from..].lines().map(str::trim);
    let lines: Vec<String> = lines
        .filter(|line| !line.is_empty())
        .take(REASON_LINES_MAX)
        .map(|line| match line.char_indices().nth(REASON_LINE_MAX) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.to_owned(),
        })
        .collect();
    Some(lines.join("; "))
}

/// The version of the program that is installed here.
///
/// # Errors
/// When it is missing, unreadable or too old; with what to do.
pub async fn version() -> Result<Version, KindError> {
    let path = settings::program()?;
    let ended = ProcessSpec::new(&path, VERSION_LIMIT)
        .arguments(["version"])
        .run()
        .await?;
    match read_version(&ended.output) {
        None => Err(KindError::NoVersion {
            path,
            said: ended.last_lines(2),
        }),
        Some(version) if version < OLDEST => Err(KindError::TooOld { path, version }),
        Some(version) => Ok(version),
    }
}

/// `kind v0.30.0 go1.26.8 linux/amd64`, or the version alone.
fn read_version(said: &str) -> Option<Version> {
    said.split_whitespace().find_map(|word| {
        let version = Version::parse(word.strip_prefix('v').unwrap_or(word)).ok()?;
        Some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, expected: Option<&str>) {
        let version = read_version(said).map(|version| version.to_string());
        assert_eq!(version.as_deref(), expected, "{said}");
    }

    #[test]
    fn the_reason_is_what_follows_the_word_error() {
        let said = " • Preparing nodes\n ✗ Preparing nodes\nERROR: failed to create cluster: x\n\n\
                    Command Output: y\n";
        let expected = "ERROR: failed to create cluster: x; Command Output: y";
        assert_eq!(reason(said).as_deref(), Some(expected));
        assert_eq!(reason("nothing of the kind"), None);
    }

    #[test]
    fn the_version_is_read_from_the_output_of_kind() {
        check("kind v0.30.0 go1.26.8 linux/amd64\n", Some("0.30.0"));
        check(
            "kind v0.31.0-alpha+1234 go1.26 linux/amd64",
            Some("0.31.0-alpha+1234"),
        );
        check("0.20.0", Some("0.20.0"));
        check("command not found", None);
    }
}
