//! The state of the simulated project, as plain data: one part for each service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kubeproof_simkit::cloud::HostEndpoint;
use kubeproof_simkit::ids::Ids;
use kubeproof_simkit::meter::Meter;
use kubeproof_simkit::timers::Timers;

use crate::iam::IamState;
use crate::named::NamedState;
use crate::project::Project;
use crate::setup::Setup;
use crate::token::Tokens;
use crate::{bigquery, compute, container, dns, file, logging, service_usage};

/// What happens later, by service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// In Compute Engine.
    Compute(compute::Event),
    /// In Kubernetes Engine.
    Container(container::Event),
    /// In Filestore.
    File(file::Event),
    /// In Service Usage.
    ServiceUsage(service_usage::Event),
}

/// The project.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) setup: Setup,
    pub(crate) now: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) timers: Timers<Event>,
    pub(crate) meter: Meter,
    /// What is credited on the bill, in the form of usage with a negative price.
    pub(crate) credits: Meter,
    /// What was used and has no known price.
    pub(crate) unpriced: BTreeSet<String>,
    /// Where hosts with a server of their own can be reached over sockets.
    pub(crate) endpoints: BTreeMap<String, HostEndpoint>,
    /// The project itself: which services are enabled, and its policy.
    pub(crate) project: Project,
    pub(crate) iam: IamState,
    /// The access tokens that were given out.
    pub(crate) tokens: Tokens,
    /// The changes, for audit entries.
    pub(crate) trail: Vec<logging::Entry>,
    pub(crate) compute: compute::State,
    pub(crate) container: container::State,
    pub(crate) dns: dns::DnsState,
    pub(crate) file: file::FileState,
    /// What the small services keep.
    pub(crate) named: NamedState,
    /// Queries of the billing export.
    pub(crate) bigquery: bigquery::Jobs,
}

impl State {
    /// A project with this setup.
    pub fn new(setup: Setup) -> Self {
        let mut state = Self {
            now: setup.now,
            ids: Ids::new(setup.seed),
            timers: Timers::default(),
            meter: Meter::default(),
            credits: Meter::default(),
            unpriced: BTreeSet::new(),
            endpoints: BTreeMap::new(),
            project: Project::new(&setup),
            iam: IamState::default(),
            tokens: Tokens::default(),
            trail: Vec::new(),
            compute: compute::State::default(),
            container: container::State::default(),
            dns: dns::DnsState::default(),
            file: file::FileState::default(),
            named: NamedState::default(),
            bigquery: bigquery::Jobs::default(),
            setup,
        };
        if state.setup.bystanders {
            crate::bystanders::add(&mut state);
        }
        state
    }

    /// A numeric id, as Compute Engine gives them.
    pub(crate) fn numeric_id(&mut self) -> u64 {
        // Real ones have 16 to 19 digits.
        1_000_000_000_000_000 + self.ids.below(8_000_000_000_000_000_000)
    }
}
