//! Firewall rules that only allow: whether one is well formed, and whether a packet passes.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// What a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed<'a> {
    /// `tcp`, `udp`, `icmp` or `all`.
    pub protocol: &'a str,
    /// First and last port; none for protocols without ports.
    pub ports: Option<(u16, u16)>,
    /// The source, as a CIDR.
    pub source: &'a str,
}

/// What it allows, which identifies a rule without an id.
impl fmt::Display for Allowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ports {
            Some((first, last)) => {
                write!(f, "{}:{first}-{last}:{}", self.protocol, self.source)
            }
            None => write!(f, "{}:all:{}", self.protocol, self.source),
        }
    }
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The protocol is unknown.
    Protocol,
    /// Ports are missing, or given for a protocol that has none.
    Ports,
    /// The source is no network.
    Source,
}

impl Allowed<'_> {
    /// What is wrong with it, if anything.
    pub fn flaw(&self) -> Option<Flaw> {
        let has_ports = match self.protocol {
            "tcp" | "udp" => true,
            "icmp" | "all" => false,
            _ => return Some(Flaw::Protocol),
        };
        if has_ports != self.ports.is_some() {
            return Some(Flaw::Ports);
        }
        let is_network = self.source.parse::<IpNet>().is_ok();
        (!is_network).then_some(Flaw::Source)
    }

    /// Whether it lets a TCP packet pass to this port: from this address, or without one from any address at all.
    pub fn passes(&self, port: u16, from: Option<&str>) -> bool {
        let to_port = match (self.protocol, self.ports) {
            ("all", _) => true,
            ("tcp", Some((first, last))) => (first..=last).contains(&port),
            _ => false,
        };
        let Ok(network) = self.source.parse::<IpNet>() else {
            return false;
        };
        let contains = |from: &str| {
            let from = from.parse::<IpAddr>();
            from.is_ok_and(|from| network.contains(&from))
        };
        to_port && from.is_none_or(contains)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSH: Allowed<'_> = Allowed {
        protocol: "tcp",
        ports: Some((20, 22)),
        source: "10.0.0.0/8",
    };

    #[test]
    fn a_rule_has_a_known_protocol_ports_where_they_belong_and_a_network() {
        let check = |rule: Allowed<'_>, expected: Option<Flaw>| {
            assert_eq!(rule.flaw(), expected, "{rule:?}");
        };
        let (protocol, ports, source) = ("icmp", None, "here");
        check(SSH, None);
        check(Allowed { ports, ..SSH }, Some(Flaw::Ports));
        check(Allowed { protocol, ..SSH }, Some(Flaw::Ports));
        check(
            Allowed {
                protocol,
                ports,
                ..SSH
            },
            None,
        );
        check(Allowed { source, ..SSH }, Some(Flaw::Source));
        let protocol = "smoke";
        check(Allowed { protocol, ..SSH }, Some(Flaw::Protocol));
    }

    #[test]
    fn a_rule_is_named_by_what_it_allows() {
        assert_eq!(SSH.to_string(), "tcp:20-22:10.0.0.0/8");
        let (protocol, ports) = ("all", None);
        let all = Allowed {
            protocol,
            ports,
            ..SSH
        };
        assert_eq!(all.to_string(), "all:all:10.0.0.0/8");
    }

    #[test]
    fn a_packet_passes_by_its_port_and_its_source() {
        let check = |rule: Allowed<'_>, port: u16, from: Option<&str>, expected: bool| {
            assert_eq!(
                rule.passes(port, from),
                expected,
                "{rule:?} {port} {from:?}"
            );
        };
        check(SSH, 22, Some("10.1.2.3"), true);
        check(SSH, 22, None, true);
        check(SSH, 23, Some("10.1.2.3"), false);
        check(SSH, 22, Some("192.0.2.1"), false);
        check(SSH, 22, Some("someone"), false);
        let all = Allowed {
            protocol: "all",
            ports: None,
            ..SSH
        };
        check(all, 23, Some("10.1.2.3"), true);
        let udp = Allowed {
            protocol: "udp",
            ..SSH
        };
        check(udp, 22, None, false);
    }
}
