//! Bystanders: resources of other owners and shared ones, which must survive every run.
//!
//! Kept separate so that tests can see what exists before a run.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use kubeproof_kubernetes_simulator::machines::Boot;

use crate::catalogue;
use crate::state::{Filesystem, FirewallRule, Instance, Ruleset, SshKey, State};

/// Adds them to a fresh account.
pub(crate) fn add(state: &mut State) {
    let created = state.now - SignedDuration::from_hours(24 * 40);
    let key = state.ids.hex(32);
    let public_key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA alice";
    state.keys.insert(
        key,
        SshKey {
            name: "alice".to_owned(),
            public_key: public_key.to_owned(),
        },
    );
    let filesystem = Filesystem {
        name: "datasets".to_owned(),
        region: "us-east-1".to_owned(),
        created,
        bytes_used: 120 << 30,
    };
    let id = state.ids.hex(32);
    state.filesystems.insert(id, filesystem);
    let rule = |protocol: &str, port_range, description: &str| FirewallRule {
        protocol: protocol.to_owned(),
        port_range,
        source_network: "0.0.0.0/0".to_owned(),
        description: description.to_owned(),
    };
    state.global_rules = vec![
        rule("tcp", Some((22, 22)), "SSH"),
        rule("icmp", None, "ping"),
    ];
    let ruleset = Ruleset {
        // A name that begins like a run's, but belongs to no run.
        name: "kp-legacy".to_owned(),
        region: "us-east-1".to_owned(),
        rules: vec![rule("tcp", Some((443, 443)), "web")],
        created,
    };
    let ruleset_id = state.ids.hex(32);
    state.rulesets.insert(ruleset_id.clone(), ruleset);
    let Some(of) = catalogue::find("gpu_1x_a10") else {
        return;
    };
    let id = state.ids.hex(32);
    state.instances.insert(
        id.clone(),
        Instance {
            id,
            name: Some("kp-legacy-training".to_owned()),
            hostname: None,
            of,
            region: "us-east-1".to_owned(),
            status: "active",
            has_address: true,
            ip: "203.0.113.5".to_owned(),
            private_ip: "10.19.0.5".to_owned(),
            keys: vec!["alice".to_owned()],
            filesystems: vec!["datasets".to_owned()],
            tags: BTreeMap::from([("team".to_owned(), "research".to_owned())]),
            rulesets: vec![ruleset_id],
            boot: Boot::Plain,
            fault: None,
        },
    );
}

/// The state of a resource as text, including what the inventory does not show.
pub(crate) fn whole(state: &State, resource: &Resource) -> String {
    let id = resource.id.as_str();
    match resource.resource_type.as_str() {
        "instance" => format!("{:?}", state.instances.get(id)),
        "filesystem" => format!("{:?}", state.filesystems.get(id)),
        "firewall_ruleset" => format!("{:?}", state.rulesets.get(id)),
        "ssh_key" => format!("{:?}", state.keys.get(id)),
        _ => String::new(),
    }
}
