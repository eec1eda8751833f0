//! Security group rules: authorized, revoked, and shown one by one or as permissions.
//!
//! A rule has its own id and tags, and may refer to another group.

use crate::ec2::describe::{ResourceKind, ResourceSpec, describe, need, need_param, with_tags};
use crate::ec2::fields::{self, Field, fixed, id, text};
use crate::ec2::permissions::{self, Spec};
use crate::ec2::security_groups::SecurityGroup;
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::{Operations, errors, tags};
use crate::quotas;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct SecurityGroupRule {
    /// Id, times and tags.
    pub meta: Meta,
    pub group_id: String,
    /// Whether it applies to outgoing traffic.
    pub egress: bool,
    /// What it allows.
    pub spec: Spec,
    pub description: Option<String>,
}

/// The operations on rules.
pub const OPERATIONS: Operations = &[
    ("AuthorizeSecurityGroupIngress", |state, call| {
        authorize(state, call, false)
    }),
    ("AuthorizeSecurityGroupEgress", |state, call| {
        authorize(state, call, true)
    }),
    ("RevokeSecurityGroupIngress", |state, call| {
        revoke(state, call, false)
    }),
    ("RevokeSecurityGroupEgress", |state, call| {
        revoke(state, call, true)
    }),
    ("DescribeSecurityGroupRules", describe::<SecurityGroupRule>),
];

impl ResourceKind for SecurityGroupRule {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "sgr-",
        ids: "SecurityGroupRuleId",
        set: "securityGroupRuleSet",
        noun: "security group rule ID",
        not_found: "InvalidSecurityGroupRuleId.NotFound",
        malformed: "InvalidSecurityGroupRuleId.Malformed",
        paged: true,
        tag_type: "security-group-rule",
        resource_type: "",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("securityGroupRuleId", &["security-group-rule-id"]),
        text("securityGroupRuleArn", &[], "", |rule, state| state.arn("ec2", &format!("security-group-rule/{}", rule.meta.id))),
        text("groupId", &["group-id"], "", |rule, _| rule.group_id.clone()),
        fixed("groupOwnerId", &[], ACCOUNT_ID),
        text("isEgress", &[], "", |rule, _| rule.egress.to_string()),
        text("ipProtocol", &[], "", |rule, _| rule.spec.protocol.clone()),
        text("fromPort", &[], "", |rule, _| rule.spec.from.unwrap_or(-1).to_string()),
        text("toPort", &[], "", |rule, _| rule.spec.to.unwrap_or(-1).to_string()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.rules
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn node(&self, state: &State) -> Node {
        let node = permissions::with_peer(fields::node(self, state), &self.spec.peer)
            .maybe("description", self.description.as_ref());
        with_tags(node, &self.meta.tags)
    }
}

/// Adds the rule that every new group has: all outgoing traffic is allowed.
pub fn add_default_egress(state: &mut State, group_id: &str) {
    insert(state, group_id, true, Spec::everything(), None, Tags::new());
}

/// Allows traffic between the members of a group.
pub fn allow_self(state: &mut State, group_id: &str) {
    insert(
        state,
        group_id,
        false,
        Spec::everything_from_group(group_id),
        None,
        Tags::new(),
    );
}

/// Whether a rule of another group refers to this one.
pub fn is_referenced_elsewhere(state: &State, group_id: &str) -> bool {
    let mut rules = state.ec2.rules.all();
    rules.any(|rule| rule.group_id != group_id && rule.spec.group() == Some(group_id))
}

/// The rules of a group in one direction as permissions.
pub fn permissions(state: &State, group_id: &str, egress: bool) -> Vec<Node> {
    permissions::items(&of_group(state, group_id, egress))
}

/// The values of the filters `ip-permission.*`.
pub fn values_of_group(
    state: &State,
    group_id: &str,
    egress: bool,
    filter: &str,
) -> Option<Vec<String>> {
    let specs = of_group(state, group_id, egress)
        .into_iter()
        .map(|rule| &rule.spec);
    Some(match filter {
        "cidr" => specs
            .filter_map(|spec| spec.cidr().map(str::to_owned))
            .collect(),
        "group-id" => specs
            .filter_map(|spec| spec.group().map(str::to_owned))
            .collect(),
        "from-port" => specs
            .filter_map(|spec| spec.from.map(|port| port.to_string()))
            .collect(),
        "to-port" => specs
            .filter_map(|spec| spec.to.map(|port| port.to_string()))
            .collect(),
        "protocol" => specs.map(|spec| spec.protocol.clone()).collect(),
        _ => return None,
    })
}

/// The rules of a group as text: `in tcp 443-443 sg-1, out -1 0.0.0.0/0`.
pub fn as_text(state: &State, group_id: &str) -> String {
    let text = |rule: &SecurityGroupRule| {
        let spec = &rule.spec;
        let way = if rule.egress { "out" } else { "in" };
        let ports = match (spec.from, spec.to) {
            (Some(from), Some(to)) => format!(" {from}-{to}"),
            _ => String::new(),
        };
        let peer = spec.cidr().or(spec.group()).unwrap_or_default();
        format!("{way} {}{ports} {peer}", spec.protocol)
    };
    let rules = state.ec2.rules.all();
    let mut all: Vec<String> = rules
        .filter(|rule| rule.group_id == group_id)
        .map(text)
        .collect();
    all.sort();
    all.join(", ")
}

fn of_group<'a>(state: &'a State, group_id: &str, egress: bool) -> Vec<&'a SecurityGroupRule> {
    let is_of = |rule: &&SecurityGroupRule| rule.group_id == group_id && rule.egress == egress;
    state.ec2.rules.all().filter(is_of).collect()
}

fn insert(
    state: &mut State,
    group_id: &str,
    egress: bool,
    spec: Spec,
    description: Option<String>,
    tags: Tags,
) -> String {
    let meta = Meta::new(state, "sgr-", tags);
    let id = meta.id.clone();
    let rule = SecurityGroupRule {
        meta,
        group_id: group_id.to_owned(),
        egress,
        spec,
        description,
    };
    state.ec2.rules.insert(&id, rule);
    id
}

fn authorize(state: &mut State, call: &Call, egress: bool) -> Outcome {
    let tags = tags::requested::<SecurityGroupRule>(call)?;
    let group_id = need_param::<SecurityGroup>(state, call, "GroupId")?;
    let wanted = permissions::read(call)?;
    if wanted.is_empty() {
        return Err(nothing_given());
    }
    let held = of_group(state, &group_id, egress);
    for (at, (spec, _)) in wanted.iter().enumerate() {
        if let Some(id) = spec.group() {
            need::<SecurityGroup>(state, id)?;
        }
        let is_repeated = wanted[..at].iter().any(|(earlier, _)| earlier == spec);
        if is_repeated || held.iter().any(|rule| rule.spec == *spec) {
            let message = format!("the specified rule \"{spec}\" already exists");
            return Err(errors::refuse("InvalidPermission.Duplicate", message));
        }
    }
    if held.len() + wanted.len() > quotas::limit(state, "L-0EA8095F") as usize {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(errors::refuse(
            "RulesPerSecurityGroupLimitExceeded",
            message,
        ));
    }
    let mut ids = Vec::new();
    for (spec, description) in wanted {
        ids.push(insert(
            state,
            &group_id,
            egress,
            spec,
            description,
            tags.clone(),
        ));
    }
    let rules = ids
        .iter()
        .filter_map(|id| state.ec2.rules.get(id))
        .map(|rule| rule.node(state));
    Ok(Answer::Xml(Node::new().text("return", true).list(
        "securityGroupRuleSet",
        "item",
        rules,
    )))
}

fn nothing_given() -> AwsError {
    let message = "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.";
    errors::refuse("MissingParameter", message)
}

fn revoke(state: &mut State, call: &Call, egress: bool) -> Outcome {
    let group_id = need_param::<SecurityGroup>(state, call, "GroupId")?;
    let mut doomed = Vec::new();
    for id in call.params.list("SecurityGroupRuleId") {
        let rule = need::<SecurityGroupRule>(state, &id)?;
        if rule.group_id != group_id || rule.egress != egress {
            return Err(errors::not_found::<SecurityGroupRule>(&id));
        }
        doomed.push(id);
    }
    for (spec, _) in permissions::read(call)? {
        let held = of_group(state, &group_id, egress)
            .into_iter()
            .find(|rule| rule.spec == spec);
        let rule = held.ok_or_else(|| {
            let message = "The specified rule does not exist in this security group.";
            errors::refuse("InvalidPermission.NotFound", message)
        })?;
        doomed.push(rule.meta.id.clone());
    }
    if doomed.is_empty() {
        return Err(nothing_given());
    }
    let mut revoked = Vec::new();
    for id in doomed {
        if let Some(rule) = state.ec2.rules.remove(&id) {
            let node = Node::new()
                .text("securityGroupRuleId", &rule.meta.id)
                .text("groupId", &rule.group_id)
                .text("isEgress", rule.egress)
                .text("ipProtocol", &rule.spec.protocol);
            revoked.push(node);
        }
    }
    let node = Node::new().text("return", true);
    Ok(Answer::Xml(node.list(
        "revokedSecurityGroupRuleSet",
        "item",
        revoked,
    )))
}
