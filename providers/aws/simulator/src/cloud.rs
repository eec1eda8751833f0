//! The simulated AWS as one cloud: routing of requests, passing of time, and the ground truth.
//!
//! Requests to a cluster's endpoint go to its API server; all others are routed by credential scope.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::Acknowledged;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_simkit::bystanders::{Bystanders, digests};
use kubeproof_simkit::cloud::{Cloud, HostEndpoint, ReceivedAt, Reply};
use kubeproof_simkit::history::History;
use kubeproof_simkit::timers::run_due;

use crate::setup::Setup;
use crate::state::{Event, State};
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Outcome, write, write_error};
use crate::{autoscaling, balancing, billing, bystanders, ec2, eks, iam, kms, logs, operations};
use crate::{events, policy, quotas, sigv4, sqs, sts, tagging, trail};

/// A simulated AWS account.
#[derive(Clone)]
pub struct AwsCloud {
    state: State,
    history: History,
    requests: u64,
    /// What a fresh account has.
    first: Bystanders,
    /// Resources of other owners besides the bystanders of a fresh account.
    bystanders: Bystanders,
    /// The ids of the bystanders in EC2. Only a wrong run changes them, so they are checked when lifetimes are
    /// requested, and not after each call.
    at_rest: BTreeSet<String>,
    /// Both kinds of bystanders.
    all_bystanders: Bystanders,
}

/// The part of the history with all but IAM's and the unchanging EC2 resources.
const REST: &str = "rest";
/// The part with the unchanging EC2 resources.
const AT_REST: &str = "at rest";

impl AwsCloud {
    /// A fresh account, with bystanders if the setup asks for them.
    pub fn new(setup: Setup) -> Self {
        let mut state = State::new(setup);
        ec2::create_default_vpc(&mut state);
        if state.setup.bystanders {
            bystanders::create(&mut state);
        }
        let mut cloud = Self {
            first: Bystanders::default(),
            bystanders: Bystanders::default(),
            all_bystanders: Bystanders::default(),
            at_rest: BTreeSet::new(),
            state,
            history: History::default(),
            requests: 0,
        };
        cloud.first.add(&inventory(&cloud.state));
        cloud.add_bystanders();
        cloud.observe();
        cloud
    }

    fn add_bystanders(&mut self) {
        let there = bystanders::all(&self.state, &self.bystanders);
        self.all_bystanders.add(&there);
    }

    /// The state, for tests of the simulator.
    pub fn state(&mut self) -> &mut State {
        &mut self.state
    }

    fn observe(&mut self) {
        let seen = inventory_but_iam(&self.state, &self.at_rest);
        self.history.observe(self.state.now, REST, seen);
        self.observe_iam();
    }

    /// The resources of IAM: its own calls change nothing elsewhere. Other services change it, too (EKS makes roles).
    fn observe_iam(&mut self) {
        let mut seen = Vec::new();
        iam::inventory(&self.state, &mut seen);
        self.history.observe(self.state.now, "iam", seen);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ec2(event) => ec2::happen(&mut self.state, event),
            Event::Eks(event) => eks::happen(&mut self.state, event),
            Event::Kms(event) => kms::happen(&mut self.state, event),
            Event::Logs(event) => logs::happen(&mut self.state, event),
            Event::Balancing(event) => balancing::happen(&mut self.state, event),
        }
    }

    fn request_id(&mut self) -> String {
        self.requests += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.requests)
    }
}

impl Cloud for AwsCloud {
    fn advance(&mut self, to: Timestamp) {
        run_due(
            self,
            to,
            |cloud| (&mut cloud.state.timers, &mut cloud.state.now),
            |cloud, event| {
                cloud.happen(event);
                eks::kubernetes::carry_out(&mut cloud.state);
                cloud.observe();
            },
        );
        if eks::kubernetes::advance(&mut self.state) {
            self.observe();
        }
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if let Some(cluster) = eks::kubernetes::cluster_of(&self.state, request) {
            let reply = eks::kubernetes::answer(&mut self.state, &cluster, request);
            // A cluster's own objects are no resources of the account: only its requests to the account change it.
            if eks::kubernetes::carry_out(&mut self.state) {
                self.observe();
            }
            return reply;
        }
        let request_id = self.request_id();
        let call = match Call::read(request) {
            Ok(call) => call,
            Err(error) => {
                let protocol = crate::wire::call::Protocol::Ec2;
                return Reply::Now(write_error(protocol, &error, &request_id));
            }
        };
        let outcome =
            admit(&self.state, &call, request).and_then(|()| dispatch(&mut self.state, &call));
        debug_assert!(
            outcome.is_err() || operations::is_known(&call.service, &call.action),
            "{}:{} is missing in operations.rs",
            call.service,
            call.action
        );
        trail::record(&mut self.state, &call, &outcome);
        if outcome.is_ok() && !only_reads(&call) {
            match call.service.as_str() {
                "iam" => self.observe_iam(),
                _ => self.observe(),
            }
        }
        let mut response = write(&call, &outcome, &request_id);
        if call.injected.is_taken() {
            response.extensions_mut().insert(Acknowledged);
        }
        Reply::Now(response)
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        // Measured shape: creates take longer than reads; figures rounded from public traces.
        let size = request.body().len() as u64 % 17;
        Duration::from_millis(
            if request.method() == http::Method::GET {
                40
            } else {
                90
            } + size,
        )
    }

    fn inventory(&self) -> Vec<Resource> {
        inventory(&self.state)
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        if self.at_rest.is_empty() {
            return self.history.lifetimes().to_vec();
        }
        let mut there = Vec::new();
        ec2::inventory(&self.state, &mut there, &BTreeSet::new());
        there.retain(|resource| self.at_rest.contains(&resource.id));
        let mut history = self.history.clone();
        history.observe(self.state.now, AT_REST, there);
        history.into_lifetimes()
    }

    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge> {
        self.state.meter.charges(run_id, from, self.state.now)
    }

    fn charges(&self, from: Timestamp) -> Vec<Charge> {
        let all = self.state.meter.all_charges(from, self.state.now);
        self.all_bystanders.without(all)
    }

    fn make_bystanders(&mut self) {
        let mut there = inventory(&self.state);
        there.retain(|resource| !self.first.has(resource));
        quotas::make_room(&mut self.state, &there);
        self.bystanders = Bystanders::default();
        self.bystanders.add(&there);
        let mut of_ec2 = Vec::new();
        ec2::inventory(&self.state, &mut of_ec2, &BTreeSet::new());
        of_ec2.retain(|resource| self.bystanders.has(resource));
        self.at_rest = of_ec2.into_iter().map(|resource| resource.id).collect();
        let at_rest = |resource: &Resource| self.at_rest.contains(&resource.id);
        self.history.split(REST, AT_REST, at_rest);
        self.all_bystanders = Bystanders::default();
        self.add_bystanders();
    }

    fn hosts(&self) -> Vec<String> {
        let region = &self.state.setup.region;
        let clusters = self.state.eks.clusters.values();
        clusters.map(|cluster| cluster.host(region)).collect()
    }

    fn host_served(&mut self, host: &str, endpoint: HostEndpoint) {
        self.state.endpoints.insert(host.to_owned(), endpoint);
    }

    fn unpriced(&self) -> Vec<String> {
        self.state.billing.unpriced.iter().cloned().collect()
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        let theirs = bystanders::all(&self.state, &self.bystanders);
        digests(theirs, |one| bystanders::canonical(&self.state, one))
    }

    fn states(&self) -> Vec<(Resource, String)> {
        digests(self.inventory(), |one| {
            bystanders::canonical(&self.state, one)
        })
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        eks::fastest_ready(&self.state)
    }
}

/// Whether an operation only reads, judging by its verb.
pub fn is_read(action: &str) -> bool {
    ["Describe", "List", "Get", "Lookup", "Simulate", "Search"]
        .iter()
        .any(|verb| action.starts_with(verb))
}

/// Whether a call only reads, judging by its verb or, for REST, its method.
pub fn only_reads(call: &Call) -> bool {
    is_read(&call.action) || call.method == http::Method::GET
}

/// The ground truth: all resources of all services, in a stable order.
pub fn inventory(state: &State) -> Vec<Resource> {
    let mut all = inventory_but_iam(state, &BTreeSet::new());
    iam::inventory(state, &mut all);
    all
}

fn inventory_but_iam(state: &State, at_rest: &BTreeSet<String>) -> Vec<Resource> {
    let mut all = Vec::new();
    ec2::inventory(state, &mut all, at_rest);
    eks::inventory(state, &mut all);
    autoscaling::inventory(state, &mut all);
    balancing::inventory(state, &mut all);
    kms::inventory(state, &mut all);
    logs::inventory(state, &mut all);
    sqs::inventory(state, &mut all);
    events::inventory(state, &mut all);
    all
}

/// Checks credentials, region and permission, in AWS's order.
fn admit(state: &State, call: &Call, request: &Request<Bytes>) -> Result<(), AwsError> {
    if call.is_unsigned() {
        return Ok(());
    }
    let caller = sts::caller(state, &call.access_key);
    let caller = caller.ok_or_else(|| sigv4::unknown_key(call))?;
    if let Some(received) = request.extensions().get::<ReceivedAt>() {
        sigv4::verify(call, request, received.at, caller.secret())?;
    }
    if let sts::Caller::Role(session) = caller {
        sigv4::check_session(call, request, session, state.now)?;
    }
    let global = matches!(call.service.as_str(), "iam" | "sts" | "ce" | "pricing");
    if !global && call.region != state.setup.region {
        return Err(AwsError::new(
            403,
            "OptInRequired",
            format!(
                "the simulated account is not enabled for the region {}",
                call.region
            ),
        ));
    }
    policy::admit(state, call)
}

fn dispatch(state: &mut State, call: &Call) -> Outcome {
    match call.service.as_str() {
        "ec2" => ec2::answer(state, call),
        "iam" => iam::answer(state, call),
        "sts" => sts::answer(state, call),
        "eks" => eks::answer(state, call),
        "kms" => kms::TABLE.answer(state, call),
        "autoscaling" => autoscaling::answer(state, call),
        "elasticloadbalancing" => balancing::answer(state, call),
        "logs" => logs::TABLE.answer(state, call),
        "sqs" => sqs::TABLE.answer(state, call),
        "events" => events::answer(state, call),
        "servicequotas" => quotas::answer(state, call),
        "ce" => billing::cost_explorer::answer(state, call),
        "pricing" => billing::pricing::answer(state, call),
        "tagging" => tagging::answer(state, call),
        "cloudtrail" => trail::answer(state, call),
        other => Err(AwsError::unknown_service(other, &call.action)),
    }
}
