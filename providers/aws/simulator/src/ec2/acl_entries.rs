//! The rules of network ACLs: numbered, the lowest that fits decides, and the last one denies.
//!
//! Facts: VPC user guide, "Control subnet traffic with network access control lists", and the EC2 API reference.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::ec2::acls::NetworkAcl;
use crate::ec2::describe::need_param;
use crate::ec2::vpcs::network;
use crate::ec2::{Operations, errors};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Outcome, returned};
use crate::wire::xml::Node;

/// The number of the last rule, which cannot be changed.
const LAST: u16 = 32767;
/// Most rules in one direction (AWS's default quota).
const RULES_MAX: usize = 20;

/// One rule. Its direction and number are its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The protocol's number; `-1` is all.
    pub protocol: String,
    pub allows: bool,
    /// The other side.
    pub cidr: Ipv4Net,
    /// The first and the last port, of protocols that have ports.
    pub ports: Option<(u16, u16)>,
    /// Type and code, of ICMP.
    pub icmp: Option<(i64, i64)>,
}

/// Whether it is for leaving traffic, and its number.
pub type Key = (bool, u16);

/// The rules of an ACL.
pub type Entries = BTreeMap<Key, Entry>;

/// The operations on rules.
pub const OPERATIONS: Operations = &[
    ("CreateNetworkAclEntry", create),
    ("ReplaceNetworkAclEntry", replace),
    ("DeleteNetworkAclEntry", delete),
];

fn all_traffic(allows: bool) -> Entry {
    Entry {
        protocol: "-1".to_owned(),
        allows,
        cidr: Ipv4Net::default(),
        ports: None,
        icmp: None,
    }
}

/// The rules of a new ACL: deny all. The default one of a VPC allows all before.
pub fn first(is_default: bool) -> Entries {
    let both = [false, true];
    let last = both.map(|egress| ((egress, LAST), all_traffic(false)));
    let open = both.map(|egress| ((egress, 100), all_traffic(true)));
    let open = open.into_iter().filter(|_| is_default);
    last.into_iter().chain(open).collect()
}

/// The rules as items.
pub fn items(acl: &NetworkAcl) -> Vec<Node> {
    let item = |(&(egress, number), entry): (&Key, &Entry)| {
        let node = Node::new()
            .text("ruleNumber", number)
            .text("protocol", &entry.protocol)
            .text("ruleAction", action(entry))
            .text("egress", egress)
            .text("cidrBlock", entry.cidr);
        let node = match entry.icmp {
            Some((of_type, code)) => {
                let both = Node::new().text("code", code).text("type", of_type);
                node.node("icmpTypeCode", both)
            }
            None => node,
        };
        match entry.ports {
            Some((from, to)) => {
                node.node("portRange", Node::new().text("from", from).text("to", to))
            }
            None => node,
        }
    };
    acl.entries.iter().map(item).collect()
}

fn action(entry: &Entry) -> &'static str {
    if entry.allows { "allow" } else { "deny" }
}

/// The values of a filter of the rules.
pub fn values(acl: &NetworkAcl, filter: &str) -> Vec<String> {
    let value = |(&(egress, number), entry): (&Key, &Entry)| {
        Some(match filter {
            "egress" => egress.to_string(),
            "rule-number" => number.to_string(),
            "rule-action" => action(entry).to_owned(),
            "protocol" => entry.protocol.clone(),
            "cidr" => entry.cidr.to_string(),
            "from" => entry.ports?.0.to_string(),
            _ => entry.ports?.1.to_string(),
        })
    };
    acl.entries.iter().filter_map(value).collect()
}

/// The rules as text, for the inventory.
pub fn as_text(acl: &NetworkAcl) -> String {
    let words = |(&(egress, number), entry): (&Key, &Entry)| {
        let way = if egress { "out" } else { "in" };
        let ports = entry.ports.map(|(from, to)| format!(" {from}-{to}"));
        let (action, protocol, cidr) = (action(entry), &entry.protocol, entry.cidr);
        format!(
            "{way} {number} {action} {protocol}{} {cidr}",
            ports.unwrap_or_default()
        )
    };
    acl.entries.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// Whether TCP traffic from or to an address and port of the other side passes.
pub fn lets_pass(acl: &NetworkAcl, egress: bool, address: Ipv4Addr, port: u16) -> bool {
    let fits = |entry: &&Entry| {
        matches!(entry.protocol.as_str(), "-1" | "6")
            && entry.cidr.contains(&address)
            && entry
                .ports
                .is_none_or(|(from, to)| (from..=to).contains(&port))
    };
    let of_way = acl.entries.range((egress, 0)..=(egress, u16::MAX));
    let mut entries = of_way.map(|(_, entry)| entry);
    entries.find(fits).is_some_and(|entry| entry.allows)
}

/// The key of the rule that a request names.
fn key(call: &Call) -> Result<Key, AwsError> {
    call.params.need("RuleNumber")?;
    let number = call.params.number("RuleNumber")?.unwrap_or_default();
    let number = u16::try_from(number).ok();
    let number = number.filter(|number| (1..LAST).contains(number));
    let number = number.ok_or_else(|| {
        let given = call.params.get("RuleNumber").unwrap_or_default();
        errors::bad_value(
            given,
            "ruleNumber",
            "Expecting a value between 1 and 32766.",
        )
    })?;
    call.params.need("Egress")?;
    Ok((call.params.flag("Egress") == Some(true), number))
}

/// The protocol's number: requests may name the usual ones.
fn protocol(call: &Call) -> Result<String, AwsError> {
    let given = call.params.need("Protocol")?;
    let number = match given.to_lowercase().as_str() {
        "all" | "-1" => "-1",
        "tcp" => "6",
        "udp" => "17",
        "icmp" => "1",
        other if other.parse::<u8>().is_ok() => given,
        _ => return Err(errors::bad_value(given, "protocol", "Unknown protocol.")),
    };
    Ok(number.to_owned())
}

fn ports(call: &Call, protocol: &str) -> Result<Option<(u16, u16)>, AwsError> {
    if !matches!(protocol, "6" | "17") {
        return Ok(None);
    }
    let port = |name: &str| {
        call.params.need(name)?;
        let number = call.params.number(name)?.unwrap_or_default();
        u16::try_from(number).map_err(|_| errors::value(format!("Invalid port {number}")))
    };
    let (from, to) = (port("PortRange.From")?, port("PortRange.To")?);
    if from > to {
        let message = format!("Invalid TCP/UDP port range ({from}:{to})");
        return Err(errors::value(message));
    }
    Ok(Some((from, to)))
}

fn read(call: &Call) -> Result<Entry, AwsError> {
    if call.params.get("Ipv6CidrBlock").is_some() {
        let what = "network ACL entries with Ipv6CidrBlock";
        return Err(AwsError::unknown_operation("ec2", what));
    }
    let protocol = protocol(call)?;
    let allows = match call.params.need("RuleAction")? {
        "allow" => true,
        "deny" => false,
        other => return Err(errors::bad_value(other, "ruleAction", "Unknown action.")),
    };
    let icmp = (call.params.number("Icmp.Type")?).zip(call.params.number("Icmp.Code")?);
    if protocol == "1" && icmp.is_none() {
        return Err(errors::refuse(
            "MissingParameter",
            "The request must contain the parameter icmpTypeCode",
        ));
    }
    Ok(Entry {
        allows,
        cidr: network(call.params.need("CidrBlock")?, "cidrBlock")?,
        ports: ports(call, &protocol)?,
        icmp: icmp.filter(|_| protocol == "1"),
        protocol,
    })
}

fn entries<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Entries, AwsError> {
    let id = need_param::<NetworkAcl>(state, call, "NetworkAclId")?;
    let acl = state.ec2.acls.get_mut(&id);
    let missing = || errors::not_found::<NetworkAcl>(&id);
    Ok(&mut acl.ok_or_else(missing)?.entries)
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let (key, entry) = (key(call)?, read(call)?);
    let entries = entries(state, call)?;
    if entries.contains_key(&key) {
        let message = format!(
            "The network acl entry identified by {} already exists.",
            key.1
        );
        return Err(errors::refuse("NetworkAclEntryAlreadyExists", message));
    }
    // The last rule does not count.
    if entries
        .keys()
        .filter(|(egress, _)| *egress == key.0)
        .count()
        > RULES_MAX
    {
        let message = "The maximum number of network acl entries has been reached.";
        return Err(errors::refuse("NetworkAclEntryLimitExceeded", message));
    }
    entries.insert(key, entry);
    returned()
}

fn missing(number: u16) -> AwsError {
    errors::refuse(
        "InvalidNetworkAclEntry.NotFound",
        format!("The network acl entry identified by {number} does not exist."),
    )
}

fn replace(state: &mut State, call: &Call) -> Outcome {
    let (key, entry) = (key(call)?, read(call)?);
    let held = entries(state, call)?.get_mut(&key);
    *held.ok_or_else(|| missing(key.1))? = entry;
    returned()
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let key = key(call)?;
    let removed = entries(state, call)?.remove(&key);
    removed.ok_or_else(|| missing(key.1))?;
    returned()
}
