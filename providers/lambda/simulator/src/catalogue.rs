//! Instance types with prices, regions, and where there is capacity.
//!
//! Prices are in cents, as GET /instance-types gives them; their source is `prices.csv` of the provider,
//! read at another date: one price has moved since, so that the disagreement can be seen.

use kubeproof_simkit::rest::ApiError;
use serde_json::{Value, json};

use crate::wire::invalid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InstanceType {
    pub(crate) name: &'static str,
    pub(crate) cents_per_hour: u32,
    pub(crate) gpus: u32,
    gpu: &'static str,
    pub(crate) vcpus: u32,
    pub(crate) memory_gib: u32,
    storage_gib: u32,
    /// The regions that the listing shows with capacity.
    pub(crate) regions: &'static [&'static str],
    /// Boot time in minutes: eight GPUs take longer than one.
    pub(crate) boot_seconds: i64,
}

/// Listed with capacity, but every launch is refused: the listing is only a hint.
const HOLLOW: &[(&str, &str)] = &[("gpu_1x_a10", "us-west-2")];

pub(crate) const REGIONS: &[(&str, &str)] = &[
    ("us-west-1", "California, USA"),
    ("us-west-2", "Arizona, USA"),
    ("us-west-3", "Utah, USA"),
    ("us-east-1", "Virginia, USA"),
    ("us-east-2", "Washington DC, USA"),
    ("us-east-3", "Washington DC, USA"),
    ("us-south-1", "Texas, USA"),
    ("us-south-2", "North Texas, USA"),
    ("us-south-3", "Central Texas, USA"),
    ("us-midwest-1", "Illinois, USA"),
    ("us-midwest-2", "Ohio, USA"),
    ("europe-central-1", "Germany"),
    ("asia-south-1", "India"),
    ("asia-northeast-1", "Osaka, Japan"),
    ("asia-northeast-2", "Tokyo, Japan"),
    ("me-west-1", "Israel"),
    ("australia-east-1", "Australia"),
];

/// All types that the account may launch.
#[rustfmt::skip]
pub(crate) const TYPES: &[InstanceType] = &[
    of("cpu_4x_general", 20, (0, "N/A"), (4, 16, 100), &["us-east-1"], 120),
    of("gpu_1x_a10", 129, (1, "A10 (24 GB PCIe)"), (30, 200, 1400), &["us-east-1", "us-west-1", "us-west-2"], 240),
    of("gpu_1x_a6000", 109, (1, "RTX A6000 (48 GB)"), (14, 100, 200), &["us-east-1"], 240),
    // The price has changed since the provider's table was written.
    of("gpu_1x_h100_pcie", 349, (1, "H100 (80 GB PCIe)"), (26, 200, 1024), &["us-west-3"], 300),
    of("gpu_2x_a6000", 218, (2, "RTX A6000 (48 GB)"), (28, 200, 1024), &["us-east-1", "us-west-1"], 300),
    of("gpu_8x_h100_sxm5", 3192, (8, "H100 (80 GB SXM5)"), (208, 1800, 22_528), &[], 780),
];

const fn of(
    name: &'static str,
    cents_per_hour: u32,
    (gpus, gpu): (u32, &'static str),
    (vcpus, memory_gib, storage_gib): (u32, u32, u32),
    regions: &'static [&'static str],
    boot_seconds: i64,
) -> InstanceType {
    InstanceType {
        name,
        cents_per_hour,
        gpus,
        gpu,
        vcpus,
        memory_gib,
        storage_gib,
        regions,
        boot_seconds,
    }
}

/// The type of this name.
pub(crate) fn find(name: &str) -> Option<&'static InstanceType> {
    TYPES.iter().find(|known| known.name == name)
}

/// A region as answers show it.
pub(crate) fn region(name: &str) -> Option<Value> {
    let (name, description) = REGIONS.iter().find(|(known, _)| *known == name)?;
    Some(json!({"name": name, "description": description}))
}

/// Refuses an unknown region.
pub(crate) fn check_region(name: &str) -> Result<(), ApiError> {
    let unknown = || invalid(format!("Region {name} does not exist."));
    region(name).map(|_| ()).ok_or_else(unknown)
}

impl InstanceType {
    /// The type as answers show it.
    pub(crate) fn shown(&self) -> Value {
        let description = if self.gpus == 0 {
            format!("{}x CPU General", self.vcpus)
        } else {
            format!("{}x {}", self.gpus, self.gpu)
        };
        json!({
            "name": self.name, "description": description, "gpu_description": self.gpu,
            "price_cents_per_hour": self.cents_per_hour,
            "specs": {
                "vcpus": self.vcpus, "memory_gib": self.memory_gib,
                "storage_gib": self.storage_gib, "gpus": self.gpus,
            },
        })
    }

    /// Whether this region has capacity for a launch.
    pub(crate) fn has_capacity(&self, region: &str) -> bool {
        self.regions.contains(&region) && !HOLLOW.contains(&(self.name, region))
    }
}

/// GET /instance-types.
pub(crate) fn listed() -> Value {
    let mut all = serde_json::Map::new();
    for known in TYPES {
        let regions = known.regions.iter();
        let regions: Value = regions.filter_map(|name| region(name)).collect();
        let entry = json!({
            "instance_type": known.shown(), "regions_with_capacity_available": regions,
        });
        all.insert(known.name.to_owned(), entry);
    }
    Value::Object(all)
}

/// GET /images: one family in every region.
pub(crate) fn images() -> Value {
    let one = |(index, (name, _)): (usize, &(&str, &str))| {
        json!({
            "id": format!("00000000-0000-4000-8000-{index:012x}"), "name": "Lambda Stack 22.04",
            "family": "lambda-stack-22-04", "version": "22.4.5", "architecture": "x86_64",
            "region": region(name), "created_time": "2026-01-15T00:00:00Z",
            "updated_time": "2026-01-15T00:00:00Z",
            "description": "Lambda's AI software suite",
        })
    };
    REGIONS.iter().enumerate().map(one).collect()
}
