//! How a simulated account begins: its user, its organisations, its tokens, its limits.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The token that the simulated account accepts. Made up, and useless elsewhere.
pub const TOKEN: &str = "hf_kubeproofRehearsal00000000000000000";
/// The user, and so the user's own namespace.
pub const USER: &str = "kubeproof-rehearsal";
/// The organisation that the user is in. With bystanders it has more endpoints than one page shows.
pub const ORGANISATION: &str = "kubeproof-research";
/// The key of the tag that names the run of a resource: `kubeproof-run=r1` among an endpoint's tags, and a label of a
/// job.
pub const RUN_LABEL: &str = "kubeproof-run";

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything that its user may see.
    Read,
    /// Everything that its user may do.
    Write,
    /// What is listed for each namespace: `inference.endpoints.write`, `inference.endpoints.infer.write`,
    /// `job.write`, `repo.write`.
    FineGrained(BTreeMap<String, Vec<String>>),
}

/// A token of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What is sent.
    pub secret: String,
    /// Its name, as whoami shows it.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// An organisation that the user is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its name, which is its namespace.
    pub name: String,
    /// Whether it has a payment method.
    pub can_pay: bool,
    /// Whether it lets the user's tokens in. One that does not is still listed, and answers 403.
    pub is_open: bool,
}

/// The host of the API server of the cluster beside the account, at the usual port.
pub const CLUSTER_HOST: &str = "cluster.kubeproof.invalid";
/// The token of its administrator. Made up, and useless elsewhere.
pub const CLUSTER_TOKEN: &str = "kubeproof-rehearsal-cluster";

/// The initial settings of an account.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed of ids.
    pub seed: u64,
    /// The time at the beginning.
    pub now: Timestamp,
    /// Whether the user has a payment method.
    pub can_pay: bool,
    /// The organisations, as whoami lists them.
    pub organisations: Vec<Organisation>,
    /// The tokens that are known.
    pub tokens: Vec<Token>,
    /// Most accelerators of one type in a namespace: replicas of machines without accelerators, where there are none.
    pub accelerators_max: u32,
    /// Most calls of the Hub in five minutes.
    pub hub_calls_max: u32,
    /// Whether resources of other owners and shared ones exist from the start.
    pub bystanders: bool,
    /// Whether there is a cluster, whose pods can call endpoints.
    pub has_cluster: bool,
}

impl Setup {
    /// An account with bystanders, whose user may do everything.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            seed,
            now,
            can_pay: true,
            organisations: vec![Organisation {
                name: ORGANISATION.to_owned(),
                can_pay: true,
                is_open: true,
            }],
            tokens: vec![Token {
                secret: TOKEN.to_owned(),
                name: "rehearsal".to_owned(),
                role: Role::Write,
            }],
            accelerators_max: 8,
            // A PRO user's (huggingface.co/docs/hub/rate-limits).
            hub_calls_max: 2500,
            bystanders: true,
            has_cluster: false,
        }
    }
}
