//! IP permissions: the older form of rules, in which many peers share a protocol and ports.
//!
//! Requests and group descriptions both use this form, so they agree.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::{Ipv4Net, Ipv6Net};

use crate::ec2::errors;
use crate::ec2::security_group_rules::SecurityGroupRule;
use crate::setup::ACCOUNT_ID;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::xml::Node;

/// What one rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub protocol: String,
    /// The first port; none for all protocols.
    pub from: Option<i64>,
    /// The last port; none for all protocols.
    pub to: Option<i64>,
    /// The other end.
    pub peer: Peer,
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// An IPv4 network.
    Ipv4(String),
    /// An IPv6 network.
    Ipv6(String),
    /// A security group.
    Group(String),
}

impl Spec {
    /// Everything, to or from everywhere.
    pub fn everything() -> Self {
        let peer = Peer::Ipv4("0.0.0.0/0".to_owned());
        Self {
            protocol: "-1".to_owned(),
            from: None,
            to: None,
            peer,
        }
    }

    /// Everything, from the members of a group.
    pub fn everything_from_group(group_id: &str) -> Self {
        Self {
            peer: Peer::Group(group_id.to_owned()),
            ..Self::everything()
        }
    }

    /// The group at the other end.
    pub fn group(&self) -> Option<&str> {
        match &self.peer {
            Peer::Group(id) => Some(id),
            Peer::Ipv4(_) | Peer::Ipv6(_) => None,
        }
    }

    /// The IPv4 network at the other end.
    pub fn cidr(&self) -> Option<&str> {
        match &self.peer {
            Peer::Ipv4(cidr) => Some(cidr),
            Peer::Group(_) | Peer::Ipv6(_) => None,
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Peer::Ipv4(peer) | Peer::Ipv6(peer) | Peer::Group(peer)) = &self.peer;
        let protocol = match self.protocol.as_str() {
            "-1" => "ALL".to_owned(),
            other => other.to_uppercase(),
        };
        write!(f, "peer: {peer}, {protocol}")?;
        if let (Some(from), Some(to)) = (self.from, self.to) {
            write!(f, ", from port: {from}, to port: {to}")?;
        }
        write!(f, ", ALLOW")
    }
}

/// The rules in a call, each with its description.
///
/// # Errors
/// For invalid networks, ports and protocols.
pub fn read(call: &Call) -> Result<Vec<(Spec, Option<String>)>, AwsError> {
    let mut rules = Vec::new();
    for permission in call.params.structs("IpPermissions") {
        rules.extend(read_one(&permission)?);
    }
    // The oldest form has a single network directly in the request.
    if let Some(cidr) = call.params.get("CidrIp") {
        let peer = Peer::Ipv4(ipv4(cidr)?);
        rules.push((spec(&call.params, peer)?, None));
    }
    Ok(rules)
}

fn read_one(permission: &Params) -> Result<Vec<(Spec, Option<String>)>, AwsError> {
    let mut rules = Vec::new();
    let described = |part: &Params| part.get("Description").map(str::to_owned);
    for range in permission.structs("IpRanges") {
        let peer = Peer::Ipv4(ipv4(range.need("CidrIp")?)?);
        rules.push((spec(permission, peer)?, described(&range)));
    }
    for range in permission.structs("Ipv6Ranges") {
        let text = range.need("CidrIpv6")?;
        let network: Ipv6Net = text.parse().map_err(|_| malformed(text))?;
        let peer = Peer::Ipv6(network.trunc().to_string());
        rules.push((spec(permission, peer)?, described(&range)));
    }
    for pair in permission.structs("Groups") {
        let peer = Peer::Group(pair.need("GroupId")?.to_owned());
        rules.push((spec(permission, peer)?, described(&pair)));
    }
    Ok(rules)
}

fn ipv4(text: &str) -> Result<String, AwsError> {
    let network: Ipv4Net = text.parse().map_err(|_| malformed(text))?;
    Ok(network.trunc().to_string())
}

fn malformed(text: &str) -> AwsError {
    errors::value(format!("CIDR block {text} is malformed"))
}

fn spec(params: &Params, peer: Peer) -> Result<Spec, AwsError> {
    let protocol = match params.need("IpProtocol")? {
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        other => other.to_lowercase(),
    };
    if protocol == "-1" {
        // All protocols means all ports, whatever the request says.
        return Ok(Spec {
            protocol,
            from: None,
            to: None,
            peer,
        });
    }
    let is_number = protocol.parse::<u8>().is_ok();
    if !is_number && !["tcp", "udp", "icmp", "icmpv6"].contains(&protocol.as_str()) {
        let message = format!("Invalid value '{protocol}' for IP protocol. Unknown protocol.");
        return Err(errors::value(message));
    }
    let (from, to) = (params.number("FromPort")?, params.number("ToPort")?);
    if protocol == "tcp" || protocol == "udp" {
        let (Some(first), Some(last)) = (from, to) else {
            let message = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for \
                           portRange.";
            return Err(errors::value(message));
        };
        if !(0..=65535).contains(&first) || !(first..=65535).contains(&last) {
            let message = format!("Invalid TCP/UDP port range ({first}:{last})");
            return Err(errors::value(message));
        }
    }
    Ok(Spec {
        protocol,
        from,
        to,
        peer,
    })
}

/// Adds the other end to a rule's element.
#[must_use]
pub fn with_peer(node: Node, peer: &Peer) -> Node {
    match peer {
        Peer::Ipv4(cidr) => node.text("cidrIpv4", cidr),
        Peer::Ipv6(cidr) => node.text("cidrIpv6", cidr),
        Peer::Group(id) => {
            let group = Node::new().text("groupId", id).text("userId", ACCOUNT_ID);
            node.node("referencedGroupInfo", group)
        }
    }
}

/// Rules as permissions: one for each protocol and port range, with all its peers.
pub fn items(rules: &[&SecurityGroupRule]) -> Vec<Node> {
    type Key = (String, Option<i64>, Option<i64>);
    let mut groups: BTreeMap<Key, Vec<&SecurityGroupRule>> = BTreeMap::new();
    for rule in rules {
        let spec = &rule.spec;
        groups
            .entry((spec.protocol.clone(), spec.from, spec.to))
            .or_default()
            .push(rule);
    }
    groups
        .iter()
        .map(|((protocol, from, to), rules)| item(protocol, *from, *to, rules))
        .collect()
}

fn item(protocol: &str, from: Option<i64>, to: Option<i64>, rules: &[&SecurityGroupRule]) -> Node {
    let peers = |node: fn(&Peer) -> Option<Node>| {
        let found = rules.iter().filter_map(move |rule| {
            Some(node(&rule.spec.peer)?.maybe("description", rule.description.as_ref()))
        });
        found.collect::<Vec<_>>()
    };
    let groups = peers(|peer| match peer {
        Peer::Group(id) => Some(Node::new().text("groupId", id).text("userId", ACCOUNT_ID)),
        Peer::Ipv4(_) | Peer::Ipv6(_) => None,
    });
    let ipv4 = peers(|peer| match peer {
        Peer::Ipv4(cidr) => Some(Node::new().text("cidrIp", cidr)),
        Peer::Group(_) | Peer::Ipv6(_) => None,
    });
    let ipv6 = peers(|peer| match peer {
        Peer::Ipv6(cidr) => Some(Node::new().text("cidrIpv6", cidr)),
        Peer::Group(_) | Peer::Ipv4(_) => None,
    });
    Node::new()
        .text("ipProtocol", protocol)
        .maybe("fromPort", from)
        .maybe("toPort", to)
        .list("groups", "item", groups)
        .list("ipRanges", "item", ipv4)
        .list("ipv6Ranges", "item", ipv6)
        .list("prefixListIds", "item", [])
}
