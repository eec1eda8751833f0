//! The options that all trials of one invocation have in common.

use std::path::PathBuf;
use std::sync::Arc;

use kubeproof_contract::journal::Call;
use serde_json::Value;

use super::bystander::BystanderState;
use super::cancel::CancelToken;
use super::checkpoint::Checkpoint;
use super::sandbox::Sandbox;

/// Options for all trials of one invocation.
#[derive(Clone)]
pub struct RunOptions {
    /// The value of the owner tag.
    pub owner: String,
    /// The `.env` file that live credentials are looked for in first.
    pub env_file: PathBuf,
    /// The folder for run directories; `None` writes nothing.
    pub out: Option<PathBuf>,
    /// Set when the trial is to stop.
    pub cancel: CancelToken,
    /// Live: the ids of the accounts in which trials may happen.
    pub accounts: Vec<String>,
    /// The image of jobs for scenarios that name none; `None` is the default image.
    pub job_image: Option<String>,
    /// Rehearsal: the second cluster in the account of the run, if any.
    pub bystander: BystanderState,
    /// Rehearsal of a program: where it takes place, one trial after the other.
    pub sandbox: Option<Arc<Sandbox>>,
    /// The lifecycle from which the trial goes on.
    pub checkpoint: Option<Arc<Checkpoint>>,
    /// Rehearsal: the provisioner's caller may do what this document allows, and nothing else.
    pub limited_to: Option<Arc<Value>>,
    /// Whether what runs make is kept for a look, without teardown: such a trial never passes.
    pub keep: bool,
    /// Is given the calls of each rehearsal in memory.
    pub calls: Option<CallSink>,
}

/// Receives the journal of a rehearsal.
pub type CallSink = Arc<dyn Fn(&[Call]) + Send + Sync>;

impl RunOptions {
    /// Options for rehearsals that write nothing.
    pub fn quiet() -> Self {
        Self {
            owner: "kubeproof".to_owned(),
            env_file: PathBuf::from(".env"),
            out: None,
            cancel: CancelToken::default(),
            accounts: Vec::new(),
            job_image: None,
            bystander: BystanderState::default(),
            sandbox: None,
            checkpoint: None,
            limited_to: None,
            keep: false,
            calls: None,
        }
    }
}
