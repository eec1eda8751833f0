//! The second cluster in the account of a run: whether there is one, and the account that holds it.

use std::path::PathBuf;
use std::sync::Arc;

use kubeproof_contract::ground_truth::Snapshot;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_external::redact::Redactor;

use crate::run_directory::folder::Folder;

/// The second cluster in the account of a run.
#[derive(Clone, Default)]
pub enum BystanderState {
    /// To be created before the trial.
    #[default]
    Wanted,
    /// None, with the reason.
    Nothing(&'static str),
    /// It could not be created, with the reason.
    Failed(String),
    /// It exists.
    Cluster(Arc<Bystander>),
}

/// A cluster of another run.
pub struct Bystander {
    pub run: Run,
    pub account: Arc<dyn Snapshot>,
    /// What others had in the account, each with a digest from before, and its creation touched.
    pub touched: Vec<(Resource, String)>,
    /// What its creation added to the account: its cluster, and what the provisioner makes once for all its clusters.
    pub made: Vec<Resource>,
    /// Where its programs keep their files; held as long as it exists.
    pub folder: Option<Folder>,
    pub directory: PathBuf,
    pub files: SharedTransport,
    pub redactor: Option<Redactor>,
}

impl BystanderState {
    /// A bystander, unless it is not wanted.
    pub fn unless(unwanted: bool) -> Self {
        if unwanted {
            Self::Nothing("it was not wanted")
        } else {
            Self::Wanted
        }
    }

    /// Knows the secrets of the bystander's creation.
    pub fn redactor(&self) -> Option<Redactor> {
        match self {
            Self::Cluster(cluster) => cluster.redactor.clone(),
            Self::Wanted | Self::Nothing(_) | Self::Failed(_) => None,
        }
    }

    /// The account that a run beside it begins in; `None` is a fresh one.
    pub fn account(&self) -> Option<&dyn Snapshot> {
        match self {
            Self::Cluster(cluster) => Some(cluster.account.as_ref()),
            Self::Wanted | Self::Nothing(_) | Self::Failed(_) => None,
        }
    }
}
