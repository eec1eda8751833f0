//! Flow logs: subscriptions to the traffic of a network, a subnet or an interface.
//!
//! Facts: EC2 API reference. They do not keep what they watch from being deleted, and are free in themselves: what they
//! deliver is billed where it is stored.

use crate::ec2::describe::{self, ResourceKind, ResourceSpec, need, select};
use crate::ec2::fields::{Field, fixed, id, maybe, text};
use crate::ec2::interfaces::Interface;
use crate::ec2::store::{Meta, Store};
use crate::ec2::subnets::Subnet;
use crate::ec2::vpcs::Vpc;
use crate::ec2::{Operations, errors, tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The fields of a record, unless others are asked for.
const FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} \
                      ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

#[derive(Clone, Debug)]
pub struct FlowLog {
    /// Id, times and tags.
    pub meta: Meta,
    pub resource_id: String,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    /// `cloud-watch-logs` or `s3`.
    pub kind: String,
    /// The ARN of the log group or bucket.
    pub destination: String,
    /// The role that writes to a log group.
    pub role_arn: Option<String>,
    /// Seconds.
    pub interval: i64,
    pub format: String,
}

/// The operations on flow logs.
pub const OPERATIONS: Operations = &[
    ("CreateFlowLogs", create),
    ("DescribeFlowLogs", describe_all),
    ("DeleteFlowLogs", delete),
];

impl ResourceKind for FlowLog {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "fl-",
        ids: "FlowLogId",
        set: "flowLogSet",
        noun: "flowLog ID",
        not_found: "InvalidFlowLogId.NotFound",
        malformed: "InvalidFlowLogId.Malformed",
        paged: true,
        tag_type: "vpc-flow-log",
        resource_type: "flow_log",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("flowLogId", &["flow-log-id"]),
        text("resourceId", &["resource-id"], "resource_id", |log, _| log.resource_id.clone()),
        text("trafficType", &["traffic-type"], "", |log, _| log.traffic.clone()),
        text("logDestinationType", &["log-destination-type"], "", |log, _| log.kind.clone()),
        text("logDestination", &[], "destination", |log, _| log.destination.clone()),
        maybe("logGroupName", &["log-group-name"], "", |log, _| group_name(log).map(str::to_owned)),
        maybe("deliverLogsPermissionArn", &[], "", |log, _| log.role_arn.clone()),
        text("deliverLogsStatus", &["deliver-log-status"], "", |log, state| delivery(state, log).0),
        maybe("deliverLogsErrorMessage", &[], "", |log, state| delivery(state, log).1),
        fixed("flowLogStatus", &[], "ACTIVE"),
        text("maxAggregationInterval", &[], "", |log, _| log.interval.to_string()),
        text("logFormat", &[], "", |log, _| log.format.clone()),
        text("creationTime", &[], "", |log, _| log.meta.created_at.to_string()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.flow_logs
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

fn group_name(log: &FlowLog) -> Option<&str> {
    let (_, name) = log.destination.split_once(":log-group:")?;
    Some(name.trim_end_matches(":*"))
}

/// Whether records arrive, and if not, why.
fn delivery(state: &State, log: &FlowLog) -> (String, Option<String>) {
    let Some(role) = &log.role_arn else {
        return ("SUCCESS".to_owned(), None);
    };
    let role = state.iam.roles.values().find(|one| one.arn == *role);
    if role.is_some_and(|role| !role.attached.is_empty() || !role.inline.is_empty()) {
        return ("SUCCESS".to_owned(), None);
    }
    ("FAILED".to_owned(), Some("Access error".to_owned()))
}

fn describe_all(state: &mut State, call: &Call) -> Outcome {
    let chosen = select::<FlowLog>(state, call)?;
    let nodes = chosen.iter().map(|log| log.node(state)).collect();
    describe::list(state, call, FlowLog::SPEC.set, nodes, true)
}

/// Refuses what cannot be watched.
fn watched(state: &State, kind: &str, id: &str) -> Result<(), AwsError> {
    match kind {
        "VPC" => need::<Vpc>(state, id).map(|_| ()),
        "Subnet" => need::<Subnet>(state, id).map(|_| ()),
        "NetworkInterface" => need::<Interface>(state, id).map(|_| ()),
        other => Err(AwsError::unknown_operation(
            "ec2",
            &format!("CreateFlowLogs of {other}"),
        )),
    }
}

/// Kind, destination and role of a request.
fn destination(state: &State, call: &Call) -> Result<(String, String, Option<String>), AwsError> {
    let kind = call
        .params
        .get("LogDestinationType")
        .unwrap_or("cloud-watch-logs")
        .to_owned();
    let role = call
        .params
        .get("DeliverLogsPermissionArn")
        .map(str::to_owned);
    let given = call.params.get("LogDestination").map(str::to_owned);
    let by_name = call.params.get("LogGroupName");
    let by_name = by_name.map(|name| state.arn("logs", &format!("log-group:{name}")));
    match (kind.as_str(), given.or(by_name)) {
        ("cloud-watch-logs", Some(_)) if role.is_none() => Err(errors::refuse(
            "InvalidParameter",
            "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
        )),
        ("cloud-watch-logs" | "s3", Some(to)) => Ok((kind, to, role)),
        ("cloud-watch-logs" | "s3", None) => Err(errors::refuse(
            "InvalidParameter",
            "LogDestination or LogGroupName is required.",
        )),
        (other, _) => Err(AwsError::unknown_operation(
            "ec2",
            &format!("CreateFlowLogs to {other}"),
        )),
    }
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let tags = tags::requested::<FlowLog>(call)?;
    let kind_of_resource = call.params.need("ResourceType")?;
    let resources = call.params.list("ResourceId");
    call.params.need("ResourceId.1")?;
    for id in &resources {
        watched(state, kind_of_resource, id)?;
    }
    let (kind, to, role_arn) = destination(state, call)?;
    let interval = call.params.number("MaxAggregationInterval")?.unwrap_or(600);
    if !matches!(interval, 60 | 600) {
        return Err(errors::value("MaxAggregationInterval must be 60 or 600"));
    }
    let mut made = Vec::new();
    for resource_id in resources {
        let same = |log: &FlowLog| log.resource_id == resource_id && log.destination == to;
        if state.ec2.flow_logs.all().any(same) {
            let message =
                "There is an existing Flow Log with the same configuration and log destination.";
            return Err(errors::refuse("FlowLogAlreadyExists", message));
        }
        let mut meta = Meta::new(state, "fl-", tags.clone());
        // Reads show it at once: terraform-provider-aws reads a new one only once.
        meta.visible_at = meta.created_at;
        made.push(Node::of_text(&meta.id));
        let id = meta.id.clone();
        let log = FlowLog {
            meta,
            resource_id,
            traffic: call.params.get("TrafficType").unwrap_or("ALL").to_owned(),
            kind: kind.clone(),
            destination: to.clone(),
            role_arn: role_arn.clone(),
            interval,
            format: call.params.get("LogFormat").unwrap_or(FORMAT).to_owned(),
        };
        state.ec2.flow_logs.insert(id, log);
    }
    let node = Node::new().list("flowLogIdSet", "item", made);
    Ok(Answer::Xml(node.list("unsuccessful", "item", [])))
}

/// What does not exist is told in the answer, not by an error.
fn delete(state: &mut State, call: &Call) -> Outcome {
    call.params.need("FlowLogId.1")?;
    let unknown = |id: &String| {
        let error = errors::not_found::<FlowLog>(id);
        let both = Node::new()
            .text("code", error.code)
            .text("message", error.message);
        Node::new().node("error", both).text("resourceId", id)
    };
    let mut failed = Vec::new();
    for id in call.params.list("FlowLogId") {
        if state.ec2.flow_logs.remove(&id).is_none() {
            failed.push(unknown(&id));
        }
    }
    Ok(Answer::Xml(Node::new().list(
        "unsuccessful",
        "item",
        failed,
    )))
}
