//! The workspace in which a program runs: its run, its folders, its environment, and its clock.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::ProgressSink;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::ProvisionerBlock;
use kubeproof_contract::serve::Variable;

use crate::access::Access;
use crate::redact::Redactor;

/// Simulated seconds per real second, unless the scenario says otherwise. At 60 a cluster
/// of 10 minutes takes 10 s, and a deadline of 90 minutes leaves a program 90 s for its own pauses between
/// polls. Its computing takes none of the cloud's time.
const TIME_SCALE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// The longest that one run of a program may take, in real time, unless the scenario says otherwise.
const REAL_LIMIT: Duration = Duration::from_mins(15);
/// The folder of a program's files, in the run's own.
pub const FOLDER: &str = "provisioner";

/// Where a program runs.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub run: Run,
    /// The run's own folder. It may not exist yet.
    pub directory: PathBuf,
    /// The folder of the scenario file, absolute: relative paths in it begin here.
    pub scenario_folder: PathBuf,
    /// Receives progress messages.
    pub progress: ProgressSink,
    /// Removes secrets from all output; learns those that come up.
    pub redactor: Redactor,
    /// Variables besides our own: where the cloud is.
    pub variables: Vec<Variable>,
    /// Files that variables name, with their contents: written unless a program has written them already.
    pub files: Vec<(PathBuf, String)>,
    /// In rehearsal: the clock's speed while the program runs. `None` elsewhere, where the clock is real.
    pub time_scale: Option<NonZeroU32>,
    /// Whether the sleeps of Python programs are real in rehearsal.
    pub real_sleeps: bool,
    /// The longest that one run of a program may take, in real time.
    pub real_limit: Duration,
    /// The programs of the trial.
    pub programs: Programs,
    /// Live: how a program reaches the account. `None` elsewhere.
    pub access: Option<Arc<dyn Access>>,
}

impl Workspace {
    /// The folder of the program's own files.
    pub fn folder(&self) -> PathBuf {
        self.directory.join(FOLDER)
    }
}

/// The clock's speed while a program of this block runs, in rehearsal.
pub fn time_scale(block: &ProvisionerBlock) -> NonZeroU32 {
    block
        .time_scale
        .and_then(NonZeroU32::new)
        .unwrap_or(TIME_SCALE)
}

/// The longest that one run of a program of this block may take, in real time.
pub fn real_limit(block: &ProvisionerBlock) -> Duration {
    block.real_limit_seconds.map_or(REAL_LIMIT, |seconds| {
        Duration::from_secs(u64::from(seconds))
    })
}
