//! The state of the simulated subscription, as plain data: one part for each service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::cloud::HostEndpoint;
use kubeproof_simkit::history::History;
use kubeproof_simkit::ids::Ids;
use kubeproof_simkit::meter::Meter;
use kubeproof_simkit::store::Store;
use kubeproof_simkit::timers::Timers;

use crate::billing::Billing;
use crate::groups::Group;
use crate::providers::Registrations;
use crate::setup::Setup;
use crate::token::Tokens;
use crate::{activity, aks, arm, authorization, graph, locks, throttle};

/// What happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Half of an operation is done.
    Halfway(String),
    /// An operation ends.
    Ended(String),
    /// A resource whose operation has failed succeeds after all: its key and unique id.
    LateSuccess(String, String),
    /// An autoscaler's step is due: the key and the unique id of its cluster, and the machine that goes.
    Scaled(String, String, Option<String>),
    /// The registration of a namespace, or its end, is known everywhere.
    Registered(String),
}

/// The subscription, and the directory that it trusts.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) setup: Setup,
    pub(crate) now: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) timers: Timers<Event>,
    pub(crate) meter: Meter,
    pub(crate) billing: Billing,
    /// What there was, and when.
    pub(crate) history: History,
    /// What was used and has no known price.
    pub(crate) unpriced: BTreeSet<String>,
    /// Where hosts with a server of their own can be reached over sockets.
    pub(crate) endpoints: BTreeMap<String, HostEndpoint>,
    pub(crate) registrations: Registrations,
    pub(crate) groups: Store<Group>,
    pub(crate) arm: arm::State,
    pub(crate) aks: aks::State,
    pub(crate) locks: Store<locks::Lock>,
    pub(crate) authorization: authorization::State,
    pub(crate) graph: graph::State,
    pub(crate) buckets: throttle::Buckets,
    /// The access tokens that were given out.
    pub(crate) tokens: Tokens,
    /// The changes, for the activity log.
    pub(crate) trail: Vec<activity::Entry>,
}

impl State {
    /// A subscription with this setup.
    pub fn new(setup: Setup) -> Self {
        let mut state = Self {
            now: setup.now,
            ids: Ids::new(setup.seed),
            timers: Timers::default(),
            meter: Meter::default(),
            billing: Billing::default(),
            history: History::default(),
            unpriced: BTreeSet::new(),
            endpoints: BTreeMap::new(),
            registrations: Registrations::new(&setup),
            groups: Store::default(),
            arm: arm::State::default(),
            aks: aks::State::default(),
            locks: Store::default(),
            authorization: authorization::State::default(),
            graph: graph::State::default(),
            buckets: throttle::Buckets::default(),
            tokens: Tokens::default(),
            trail: Vec::new(),
            setup,
        };
        graph::begin(&mut state);
        authorization::begin(&mut state);
        if state.setup.bystanders {
            crate::bystanders::add(&mut state);
        }
        state
    }

    /// The time so many seconds from now.
    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        let later = self.now.saturating_add(SignedDuration::from_secs(seconds));
        later.unwrap_or(self.now)
    }

    /// The path of the subscription.
    pub(crate) fn subscription_path(&self) -> String {
        format!("/subscriptions/{}", self.setup.subscription)
    }
}
