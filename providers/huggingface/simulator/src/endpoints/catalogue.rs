//! The hardware of Inference Endpoints: vendors, regions, instances with their prices, and what is there of them.
//!
//! Prices, accelerators and memory: huggingface/hf-endpoints-documentation, docs/source/support/pricing.md @86ef8b3,
//! 2026-05-19 (`reference/prices.csv`). One has moved since the provider's table was written, so that the disagreement
//! can be seen. Which region has what: public notes of the live catalogue in 2026-10 for `eu-west-1`, `us-east-1` and
//! `us-east4`; that `eastus` has all of Azure's is a guess.

use kubeproof_contract::Decimal;
use serde_json::{Value, json};

use crate::state::State;

/// Whether an instance can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supply {
    Available,
    /// There is some, and an endpoint waits for it.
    Low,
    /// The catalogue shows some, and an endpoint waits for ever: the listing is only a hint.
    Hollow,
    /// A new endpoint is refused.
    None,
    /// New endpoints are refused: a newer instance is there.
    Deprecated,
}

impl Supply {
    const fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Low | Self::Hollow => "low_availability",
            Self::None => "not_available",
            Self::Deprecated => "deprecated",
        }
    }
}

/// A kind of instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hardware {
    pub(crate) vendor: &'static str,
    pub(crate) regions: &'static [&'static str],
    pub(crate) accelerator: &'static str,
    pub(crate) instance_type: &'static str,
    pub(crate) instance_size: &'static str,
    pub(crate) architecture: &'static str,
    /// Thousandths of a US dollar an hour.
    price: i64,
    /// How many units it has: accelerators, or cores.
    pub(crate) units: u32,
    memory_gb: u32,
    supply: Supply,
}

type Family = (&'static str, &'static str, &'static str, &'static str);

const SPR: Family = ("aws", "cpu", "intel-spr", "Intel Sapphire Rapids");
const ICL: Family = ("aws", "cpu", "intel-icl", "Intel Ice Lake");
const XEON: Family = ("azure", "cpu", "intel-xeon", "Intel Xeon");
const GCP_SPR: Family = ("gcp", "cpu", "intel-spr", "Intel Sapphire Rapids");
const T4: Family = ("aws", "gpu", "nvidia-t4", "NVIDIA T4");
const L4: Family = ("aws", "gpu", "nvidia-l4", "NVIDIA L4");
const A10G: Family = ("aws", "gpu", "nvidia-a10g", "NVIDIA A10G");
const L40S: Family = ("aws", "gpu", "nvidia-l40s", "NVIDIA L40S");
const A100: Family = ("aws", "gpu", "nvidia-a100", "NVIDIA A100");
const H100: Family = ("aws", "gpu", "nvidia-h100", "NVIDIA H100");
const H200: Family = ("aws", "gpu", "nvidia-h200", "NVIDIA H200");
const GCP_T4: Family = ("gcp", "gpu", "nvidia-t4", "NVIDIA T4");
const GCP_L4: Family = ("gcp", "gpu", "nvidia-l4", "NVIDIA L4");
const GCP_A100: Family = ("gcp", "gpu", "nvidia-a100", "NVIDIA A100");
const GCP_H100: Family = ("gcp", "gpu", "nvidia-h100", "NVIDIA H100");
const INF2: Family = ("aws", "neuron", "inf2", "AWS Inferentia2");

const US: &[&str] = &["us-east-1"];
const US_EU: &[&str] = &["us-east-1", "eu-west-1"];
const AZURE: &[&str] = &["eastus"];
const GCP: &[&str] = &["us-east4"];

use Supply::{Available, Deprecated, Hollow, Low};

/// All kinds of instances.
#[rustfmt::skip]
const ALL: &[Hardware] = &[
    of(SPR, US_EU, "x1", 33, (1, 2), Available),
    of(SPR, US_EU, "x2", 67, (2, 4), Available),
    of(SPR, US_EU, "x4", 134, (4, 8), Available),
    of(SPR, US_EU, "x8", 268, (8, 16), Available),
    of(SPR, US_EU, "x16", 536, (16, 32), Available),
    of(ICL, US, "x1", 32, (1, 2), Deprecated),
    of(ICL, US, "x2", 64, (2, 4), Deprecated),
    of(ICL, US, "x4", 128, (4, 8), Deprecated),
    of(ICL, US, "x8", 256, (8, 16), Deprecated),
    of(XEON, AZURE, "x1", 60, (1, 2), Available),
    of(XEON, AZURE, "x2", 120, (2, 4), Available),
    of(XEON, AZURE, "x4", 240, (4, 8), Available),
    of(XEON, AZURE, "x8", 480, (8, 16), Available),
    of(GCP_SPR, GCP, "x1", 50, (1, 2), Available),
    of(GCP_SPR, GCP, "x2", 100, (2, 4), Available),
    of(GCP_SPR, GCP, "x4", 200, (4, 8), Available),
    of(GCP_SPR, GCP, "x8", 400, (8, 16), Available),
    of(T4, US_EU, "x1", 500, (1, 14), Available),
    of(T4, US, "x4", 3000, (4, 56), Low),
    of(L4, US, "x1", 800, (1, 24), Available),
    of(L4, US, "x4", 3800, (4, 96), Available),
    of(A10G, US_EU, "x1", 1000, (1, 24), Low),
    of(A10G, US, "x4", 5000, (4, 96), Low),
    // The price page says 1.80.
    of(L40S, US, "x1", 1900, (1, 48), Available),
    of(L40S, US, "x4", 8300, (4, 192), Available),
    of(L40S, US, "x8", 23_500, (8, 384), Supply::None),
    of(A100, US, "x1", 2500, (1, 80), Hollow),
    of(A100, US, "x2", 5000, (2, 160), Low),
    of(A100, US, "x4", 10_000, (4, 320), Low),
    of(A100, US, "x8", 20_000, (8, 640), Supply::None),
    of(H100, US, "x1", 4500, (1, 80), Deprecated),
    of(H100, US, "x8", 36_000, (8, 640), Deprecated),
    of(H200, US, "x1", 5000, (1, 141), Available),
    of(H200, US, "x8", 40_000, (8, 1128), Low),
    of(GCP_T4, GCP, "x1", 500, (1, 16), Available),
    of(GCP_L4, GCP, "x1", 700, (1, 24), Available),
    of(GCP_L4, GCP, "x4", 3800, (4, 96), Available),
    of(GCP_A100, GCP, "x1", 3600, (1, 80), Available),
    of(GCP_A100, GCP, "x2", 7200, (2, 160), Available),
    of(GCP_A100, GCP, "x4", 14_400, (4, 320), Available),
    of(GCP_A100, GCP, "x8", 28_800, (8, 640), Low),
    of(GCP_H100, GCP, "x1", 10_000, (1, 80), Available),
    of(GCP_H100, GCP, "x2", 20_000, (2, 160), Low),
    of(GCP_H100, GCP, "x4", 40_000, (4, 320), Low),
    of(GCP_H100, GCP, "x8", 80_000, (8, 640), Low),
    of(INF2, US, "x1", 750, (1, 32), Available),
    of(INF2, US, "x12", 12_000, (12, 384), Low),
];

const fn of(
    (vendor, accelerator, instance_type, architecture): Family,
    regions: &'static [&'static str],
    instance_size: &'static str,
    price: i64,
    (units, memory_gb): (u32, u32),
    supply: Supply,
) -> Hardware {
    Hardware {
        vendor,
        regions,
        accelerator,
        instance_type,
        instance_size,
        architecture,
        price,
        units,
        memory_gb,
        supply,
    }
}

impl Hardware {
    /// The price of a replica, US dollars an hour.
    pub(crate) fn usd_per_hour(&self) -> Decimal {
        Decimal::new(self.price, 3).normalize()
    }

    pub(crate) fn supply(&self) -> Supply {
        self.supply
    }

    /// How many accelerators a replica has; one without any counts as one.
    pub(crate) fn accelerators(&self) -> u32 {
        if self.accelerator == "cpu" {
            1
        } else {
            self.units
        }
    }

    /// Its id in a region.
    pub(crate) fn id(&self, region: &str) -> String {
        let Self {
            vendor,
            instance_type,
            instance_size,
            ..
        } = self;
        format!("{vendor}-{region}-{instance_type}-{instance_size}")
    }

    fn shown(&self, region: &str, quota: Option<Value>) -> Value {
        let is_cpu = self.accelerator == "cpu";
        let (cpus, gpu_memory) = if is_cpu {
            (json!(self.units), Value::Null)
        } else {
            (Value::Null, json!(self.memory_gb))
        };
        // Memory beside the accelerators' is not in the price page: as much is assumed.
        let mut shown = json!({
            "id": self.id(region), "accelerator": self.accelerator,
            "instanceType": self.instance_type, "instanceSize": self.instance_size,
            "architecture": self.architecture, "numAccelerators": self.accelerators(),
            "numCpus": cpus, "memoryGb": self.memory_gb, "gpuMemoryGb": gpu_memory,
            "pricePerHour": number(self.usd_per_hour()), "status": self.supply.word(),
        });
        if let Some(quota) = quota {
            shown["quota"] = quota;
        }
        shown
    }
}

/// A decimal as a number of JSON.
pub(crate) fn number(decimal: Decimal) -> Value {
    let text = decimal.to_string();
    text.parse::<serde_json::Number>()
        .map_or(Value::Null, Value::Number)
}

/// The instance of this type and size of a vendor.
pub(crate) fn find(vendor: &str, instance_type: &str, size: &str) -> Option<&'static Hardware> {
    let fits = |one: &&Hardware| {
        one.vendor == vendor && one.instance_type == instance_type && one.instance_size == size
    };
    ALL.iter().find(fits)
}

/// The catalogue, with the quota of a namespace if one is given.
pub(crate) fn shown(state: &State, namespace: Option<&str>) -> Value {
    let vendors = ["aws", "azure", "gcp"].map(|vendor| {
        let of_vendor = || ALL.iter().filter(move |one| one.vendor == vendor);
        let mut regions: Vec<&str> = Vec::new();
        for region in of_vendor().flat_map(|one| one.regions) {
            if !regions.contains(region) {
                regions.push(region);
            }
        }
        let regions = regions.into_iter().map(|region| {
            let there = of_vendor().filter(|one| one.regions.contains(&region));
            let computes: Vec<Value> = there
                .map(|one| one.shown(region, namespace.map(|it| quota(state, it, one))))
                .collect();
            json!({"name": region, "computes": computes})
        });
        json!({"name": vendor, "regions": regions.collect::<Vec<Value>>()})
    });
    json!({ "vendors": vendors })
}

fn quota(state: &State, namespace: &str, hardware: &Hardware) -> Value {
    json!({
        "maxAccelerators": state.setup.accelerators_max,
        "usedAccelerators": used(state, namespace, hardware),
    })
}

/// How many accelerators of an instance's type a namespace uses. Endpoints that are paused or failed use none, those
/// that are scaled to zero do (huggingface.co/docs/inference-endpoints, guides/foundations). That the largest number of
/// replicas counts is a guess.
pub(crate) fn used(state: &State, namespace: &str, hardware: &Hardware) -> u32 {
    let all = state.endpoints.all();
    let counted = all.filter(|one| one.namespace == namespace && one.uses_quota());
    let used = counted.filter_map(|one| {
        let own = one.hardware()?;
        let is_same = own.vendor == hardware.vendor && own.instance_type == hardware.instance_type;
        is_same.then(|| own.accelerators().saturating_mul(one.replicas_max()))
    });
    used.fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_that_of_the_page() {
        let check = |vendor, kind, size, usd: &str| {
            let found = find(vendor, kind, size).unwrap();
            assert_eq!(
                found.usd_per_hour().to_string(),
                usd,
                "{vendor} {kind} {size}"
            );
            assert_eq!(number(found.usd_per_hour()).to_string(), usd);
        };
        check("aws", "intel-spr", "x1", "0.033");
        check("aws", "nvidia-l4", "x1", "0.8");
        check("gcp", "nvidia-l4", "x1", "0.7");
        check("aws", "inf2", "x12", "12");
        assert!(find("azure", "nvidia-l4", "x1").is_none());
    }
}
