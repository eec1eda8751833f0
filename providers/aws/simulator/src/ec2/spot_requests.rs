//! Spot requests: each spot instance that a service runs has one, which ends with it.
//!
//! Only one-time requests that are fulfilled immediately: services make no others, and callers cannot make any
//! here. Sources: EC2 user guide, "Spot Instance request status"; service model of `DescribeSpotInstanceRequests`.

use crate::ec2::Operations;
use crate::ec2::describe::{ResourceKind, ResourceSpec, describe, need};
use crate::ec2::fields::{Field, child, fixed, id, state, text};
use crate::ec2::store::{Meta, Store, Tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// Digits of an id, which is shorter than other ids.
const DIGITS: usize = 8;

#[derive(Clone, Debug)]
pub struct SpotRequest {
    /// Id, times and tags.
    pub meta: Meta,
    /// The instance that fulfils it.
    pub instance_id: String,
    pub instance_type: String,
    /// Zone of the instance.
    pub zone: String,
    /// Its state.
    pub stage: Stage,
}

/// The states of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its instance runs.
    Active,
    /// Cancelled; its instance runs on.
    Cancelled,
    /// Its instance was terminated.
    Closed,
}

impl Stage {
    /// State, code and message of the status.
    fn status(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Active => ("active", "fulfilled", "Your Spot request is fulfilled."),
            Self::Cancelled => (
                "cancelled",
                "request-canceled-and-instance-running",
                "Your Spot request is cancelled, but your instance is still running.",
            ),
            Self::Closed => (
                "closed",
                "instance-terminated-by-user",
                "Spot Instance terminated due to user-initiated termination.",
            ),
        }
    }
}

/// The operations on spot requests.
pub const OPERATIONS: Operations = &[
    ("DescribeSpotInstanceRequests", describe::<SpotRequest>),
    ("CancelSpotInstanceRequests", cancel),
];

impl ResourceKind for SpotRequest {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "sir-",
        ids: "SpotInstanceRequestId",
        set: "spotInstanceRequestSet",
        noun: "spot instance request ID",
        not_found: "InvalidSpotInstanceRequestID.NotFound",
        malformed: "InvalidSpotInstanceRequestID.Malformed",
        paged: true,
        tag_type: "spot-instances-request",
        resource_type: "ec2_spot_request",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("spotInstanceRequestId", &["spot-instance-request-id"]),
        fixed("type", &["type"], "one-time"),
        state("state", &["state"]),
        child("status", |request, _| Some(status(request))),
        child("launchSpecification", |request, _| Some(Node::new().text("instanceType", &request.instance_type))),
        text("instanceId", &["instance-id"], "instance_id", |request, _| request.instance_id.clone()),
        text("createTime", &[], "", |request, _| request.meta.created_at.to_string()),
        fixed("productDescription", &[], "Linux/UNIX"),
        text("launchedAvailabilityZone", &["launched-availability-zone"], "", |request, _| request.zone.clone()),
        fixed("instanceInterruptionBehavior", &[], "terminate"),
        text("", &["launch.instance-type"], "", |request, _| request.instance_type.clone()),
        text("", &["status-code"], "", |request, _| request.stage.status().1.to_owned()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.spot_requests
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn exists(&self) -> bool {
        self.stage == Stage::Active
    }

    fn state_name(&self, _state: &State) -> String {
        self.stage.status().0.to_owned()
    }
}

fn status(request: &SpotRequest) -> Node {
    let (_, code, message) = request.stage.status();
    Node::new().text("code", code).text("message", message)
}

/// Creates the request of an instance (id, type, zone) that runs from now on. Returns its id.
pub fn fulfilled(state: &mut State, instance: (&str, &str, &str), tags: Tags) -> String {
    let (instance_id, instance_type, zone) = instance;
    let mut meta = Meta::new(state, "sir-", tags);
    meta.id.truncate("sir-".len() + DIGITS);
    let id = meta.id.clone();
    let request = SpotRequest {
        meta,
        instance_id: instance_id.to_owned(),
        instance_type: instance_type.to_owned(),
        zone: zone.to_owned(),
        stage: Stage::Active,
    };
    state.ec2.spot_requests.insert(&id, request);
    id
}

/// Closes the request of a terminated instance; a cancelled one stays cancelled.
pub fn instance_ends(state: &mut State, instance_id: &str) {
    let mut all = state.ec2.spot_requests.all_mut();
    let request = all.find(|request| request.instance_id == instance_id);
    if let Some(request) = request.filter(|request| request.stage == Stage::Active) {
        request.stage = Stage::Closed;
    }
}

/// Cancels the request and leaves the instance running.
fn cancel(state: &mut State, call: &Call) -> Outcome {
    call.params.need("SpotInstanceRequestId.1")?;
    let ids = call.params.list("SpotInstanceRequestId");
    for id in &ids {
        need::<SpotRequest>(state, id)?;
    }
    let mut items = Vec::new();
    for id in &ids {
        let Some(request) = state.ec2.spot_requests.get_mut(id) else {
            continue;
        };
        if request.stage == Stage::Active {
            request.stage = Stage::Cancelled;
        }
        let name = request.stage.status().0;
        items.push(
            Node::new()
                .text("spotInstanceRequestId", id)
                .text("state", name),
        );
    }
    let list = Node::new().list("spotInstanceRequestSet", "item", items);
    Ok(Answer::Xml(list))
}
