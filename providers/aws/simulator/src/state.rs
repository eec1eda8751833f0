//! The state of a simulated account: one store per service, and what all of them share.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kubeproof_kubernetes_simulator::server::ApiServer;
use kubeproof_simkit::cloud::HostEndpoint;
use kubeproof_simkit::ids::Ids;
use kubeproof_simkit::meter::Meter;
use kubeproof_simkit::timers::Timers;

use crate::durations::Durations;
use crate::setup::{ACCOUNT_ID, Setup};
use crate::wire::call::Call;
use crate::{autoscaling, balancing, billing, ec2, eks, events, iam, kms, logs, sqs, sts, trail};

/// What will happen later.
#[derive(Clone, Debug)]
pub enum Event {
    Ec2(ec2::Event),
    Eks(eks::Event),
    Kms(kms::Event),
    Logs(logs::Event),
    /// In Elastic Load Balancing.
    Balancing(balancing::Event),
}

/// The state of one simulated account.
#[derive(Clone)]
pub struct State {
    /// How it was set up.
    pub setup: Setup,
    /// The time now.
    pub now: Timestamp,
    /// Seeded ids.
    pub ids: Ids,
    /// Durations of asynchronous operations.
    pub durations: Durations,
    /// What will happen later.
    pub timers: Timers<Event>,
    /// The billing meter.
    pub meter: Meter,
    /// The trail of management events.
    pub trail: trail::Trail,
    pub ec2: ec2::Ec2,
    pub iam: iam::Iam,
    pub kms: kms::Kms,
    pub eks: eks::Eks,
    pub autoscaling: autoscaling::AutoScaling,
    /// Elastic Load Balancing, classic and v2.
    pub balancing: balancing::Balancing,
    /// `CloudWatch` Logs.
    pub logs: logs::Logs,
    pub sts: sts::Sts,
    pub sqs: sqs::Sqs,
    /// `EventBridge`.
    pub events: events::Events,
    /// Billing settings and published usage.
    pub billing: billing::Billing,
    /// The API server of each cluster, by cluster name.
    pub kubernetes: BTreeMap<String, ApiServer>,
    /// The addresses at which cluster hosts are served, when the account is served over sockets.
    pub endpoints: BTreeMap<String, HostEndpoint>,
}

impl State {
    /// An account with only the resources that every account has.
    pub fn new(setup: Setup) -> Self {
        Self {
            now: setup.start,
            ids: Ids::new(setup.seed),
            durations: Durations::seeded(setup.seed),
            timers: Timers::default(),
            meter: Meter::default(),
            trail: trail::Trail::default(),
            ec2: ec2::Ec2::default(),
            iam: iam::Iam::default(),
            kms: kms::Kms::default(),
            eks: eks::Eks::default(),
            autoscaling: autoscaling::AutoScaling::default(),
            balancing: balancing::Balancing::default(),
            logs: logs::Logs::default(),
            sts: sts::Sts::default(),
            sqs: sqs::Sqs::default(),
            events: events::Events::default(),
            billing: billing::Billing::default(),
            kubernetes: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            setup,
        }
    }

    /// Schedules an event.
    pub fn after(&mut self, wait: Duration, event: Event) {
        let at = self.now + SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        self.timers.at(at, event);
    }

    /// Whether an injected fault hides from a read what was created at `created`. What an account has from its
    /// start was always visible.
    pub fn hides(&self, call: &Call, created: Timestamp) -> bool {
        created > self.setup.start && call.injected.hides(created, self.now)
    }

    /// An ARN of this account: `arn:aws:<service>:<region>:<account>:<resource>`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{ACCOUNT_ID}:{resource}",
            self.setup.region
        )
    }
}
