//! Instance types: the size of each, and where it is offered.
//!
//! A type without a known price can still be launched.

use std::sync::LazyLock;

use crate::ec2::describe::list;
use crate::ec2::{Operations, errors, filters};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;
use crate::wire::xml::Node;

#[derive(Debug)]
pub struct InstanceType {
    pub name: &'static str,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Processor architecture.
    pub architecture: &'static str,
}

/// All types, by name, from the table that is also used to read scenario files.
pub static TYPES: LazyLock<Vec<InstanceType>> = LazyLock::new(|| {
    include_str!("../../../instance_types.csv")
        .lines()
        .skip(1)
        .filter_map(read)
        .collect()
});

fn read(line: &'static str) -> Option<InstanceType> {
    let mut cells = line.split(',');
    Some(InstanceType {
        name: cells.next()?,
        vcpus: cells.next()?.parse().ok()?,
        memory_mib: cells.next()?.parse().ok()?,
        architecture: cells.next()?,
    })
}

/// The filters of both lists.
const FILTERS: &[&str] = &[
    "instance-type",
    "location",
    "current-generation",
    "vcpu-info.default-vcpus",
    "memory-info.size-in-mib",
    "processor-info.supported-architecture",
];

/// The operations on instance types.
pub const OPERATIONS: Operations = &[
    ("DescribeInstanceTypes", describe_types),
    ("DescribeInstanceTypeOfferings", describe_offerings),
];

/// The type with this name.
pub fn get(name: &str) -> Option<&'static InstanceType> {
    TYPES.iter().find(|known| known.name == name)
}

/// Whether AWS may have a type of this name: a family with its generation, and a size. The table has no metal and no
/// rare ones, which must not be said not to exist.
pub fn may_exist(name: &str) -> bool {
    let Some((family, size)) = name.split_once('.') else {
        return false;
    };
    let letters = family.trim_start_matches(|one: char| one.is_ascii_lowercase());
    let has_family = letters.len() < family.len()
        && letters.starts_with(|one: char| one.is_ascii_digit())
        && family
            .chars()
            .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
    let sizes = [
        "nano", "micro", "small", "medium", "large", "xlarge", "metal",
    ];
    let is_large = size
        .strip_suffix("xlarge")
        .or_else(|| size.strip_prefix("metal-")?.strip_suffix("xl"))
        .is_some_and(|times| times.parse::<u32>().is_ok_and(|times| times > 1));
    has_family && (sizes.contains(&size) || is_large)
}

/// The error for a type that is not in the table: unknown to the simulator, or to AWS as well.
pub fn refused(name: &str) -> Option<AwsError> {
    let is_unknown = get(name).is_none() && may_exist(name);
    is_unknown.then(|| AwsError::unknown_operation("ec2", &format!("instance type {name}")))
}

/// Whether a type counts against the quota of standard instances.
pub fn is_standard(name: &str) -> bool {
    name.starts_with(['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'])
}

fn matches(call: &Call, known: &InstanceType, location: Option<&str>) -> bool {
    call.params.filters().iter().all(|(name, patterns)| {
        let value = match name.as_str() {
            "instance-type" => known.name.to_owned(),
            "location" => location.unwrap_or_default().to_owned(),
            "current-generation" => "true".to_owned(),
            "vcpu-info.default-vcpus" => known.vcpus.to_string(),
            "memory-info.size-in-mib" => known.memory_mib.to_string(),
            _ => known.architecture.to_owned(),
        };
        filters::matches(&[value], patterns)
    })
}

fn node(known: &InstanceType) -> Node {
    let processor = Node::new().list(
        "supportedArchitectures",
        "item",
        [Node::of_text(known.architecture)],
    );
    Node::new()
        .text("instanceType", known.name)
        .text("currentGeneration", true)
        .text("bareMetal", false)
        .text("hypervisor", "nitro")
        .node("processorInfo", processor)
        .node("vCpuInfo", Node::new().text("defaultVCpus", known.vcpus))
        .node(
            "memoryInfo",
            Node::new().text("sizeInMiB", known.memory_mib),
        )
        .text("burstablePerformanceSupported", known.name.starts_with('t'))
}

fn describe_types(state: &mut State, call: &Call) -> Outcome {
    for (name, _) in call.params.filters() {
        filters::admit(&name, FILTERS)?;
    }
    let wanted = call.params.list("InstanceType");
    if let Some(refused) = wanted.iter().find_map(|name| refused(name)) {
        return Err(refused);
    }
    if let Some(unknown) = wanted.iter().find(|name| get(name).is_none()) {
        let message = format!("The following supplied instance types do not exist: [{unknown}]");
        return Err(errors::refuse("InvalidInstanceType", message));
    }
    let chosen = TYPES.iter().filter(|known| {
        (wanted.is_empty() || wanted.iter().any(|name| name == known.name))
            && matches(call, known, None)
    });
    list(
        state,
        call,
        "instanceTypeSet",
        chosen.map(node).collect(),
        true,
    )
}

fn describe_offerings(state: &mut State, call: &Call) -> Outcome {
    for (name, _) in call.params.filters() {
        filters::admit(&name, FILTERS)?;
    }
    let location_type = call.params.get("LocationType").unwrap_or("region");
    let zones = state.setup.zones();
    let locations: Vec<String> = match location_type {
        "region" => vec![state.setup.region.clone()],
        "availability-zone" => zones.into_iter().map(|(name, _)| name).collect(),
        "availability-zone-id" => zones.into_iter().map(|(_, id)| id).collect(),
        other => {
            return Err(errors::bad_value(
                other,
                "locationType",
                "Unknown location type.",
            ));
        }
    };
    let mut nodes = Vec::new();
    for location in &locations {
        for known in TYPES
            .iter()
            .filter(|known| matches(call, known, Some(location)))
        {
            let node = Node::new()
                .text("instanceType", known.name)
                .text("locationType", location_type)
                .text("location", location);
            nodes.push(node);
        }
    }
    list(state, call, "instanceTypeOfferingSet", nodes, true)
}

#[cfg(test)]
mod tests {
    use super::may_exist;

    fn check(name: &str, expected: bool) {
        assert_eq!(may_exist(name), expected, "{name}");
    }

    #[test]
    fn a_name_of_the_usual_form_may_be_one_of_aws() {
        for name in [
            "m7g.metal",
            "r8gd.48xlarge",
            "c7i-flex.large",
            "i7ie.metal-24xl",
            "u7i-12tb.224xlarge",
        ] {
            check(name, true);
        }
        for name in [
            "t3.hugee",
            "medium",
            "t3",
            "T3.medium",
            "t.large",
            "x1.1xlarge",
            "t3.xxlarge",
        ] {
            check(name, false);
        }
    }
}
