//! The state of the simulated account, as plain data.

use jiff::Timestamp;
use kubeproof_simkit::ids::Ids;
use kubeproof_simkit::meter::Meter;
use kubeproof_simkit::store::Store;
use kubeproof_simkit::timers::Timers;

use crate::cluster::Cluster;
use crate::endpoints::{Endpoint, EndpointEvent};
use crate::jobs::{Job, JobEvent, Scheduled, ScheduledEvent};
use crate::rate_limit::RateLimit;
use crate::repositories::{Repository, SpaceEvent};
use crate::setup::Setup;
use crate::webhooks::Webhook;

/// What happens later.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Endpoint(EndpointEvent),
    Job(JobEvent),
    Scheduled(ScheduledEvent),
    Space(SpaceEvent),
}

/// The account.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) setup: Setup,
    pub(crate) now: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) timers: Timers<Event>,
    pub(crate) meter: Meter,
    pub(crate) hub_limit: RateLimit,
    /// The endpoints, by `namespace/name`.
    pub(crate) endpoints: Store<Endpoint>,
    /// The jobs, those that have ended too, by id.
    pub(crate) jobs: Store<Job>,
    pub(crate) scheduled: Store<Scheduled>,
    /// The repositories, by their path on the Hub.
    pub(crate) repositories: Store<Repository>,
    pub(crate) webhooks: Store<Webhook>,
    /// The cluster beside the account, if there is one.
    pub(crate) cluster: Option<Cluster>,
}

impl State {
    /// An account with this setup.
    pub(crate) fn new(setup: Setup) -> Self {
        let bystanders = setup.bystanders;
        let mut state = Self {
            now: setup.now,
            ids: Ids::new(setup.seed),
            timers: Timers::default(),
            meter: Meter::default(),
            hub_limit: RateLimit::default(),
            endpoints: Store::default(),
            jobs: Store::default(),
            scheduled: Store::default(),
            repositories: Store::default(),
            webhooks: Store::default(),
            cluster: None,
            setup,
        };
        if bystanders {
            crate::bystanders::add(&mut state);
        }
        if state.setup.has_cluster {
            state.cluster = Some(Cluster::new(state.setup.seed, state.now));
        }
        state
    }

    /// Schedules an event after this many seconds.
    pub(crate) fn after(&mut self, seconds: i64, event: Event) {
        self.timers.after(self.now, seconds, event);
    }
}
