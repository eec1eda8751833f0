//! The machines of Jobs and Spaces, with their prices.
//!
//! Prices and sizes: huggingface/hub-docs, docs/hub/jobs-pricing.md @0b8c07f. The names are those of `JobHardware` and
//! `SpaceHardware` in `huggingface_hub` 2.4.0, whose documentation also shows 167 micro-dollars a minute for `cpu-basic`. A
//! Space on `cpu-basic` is free (docs/hub/spaces-gpus).

use kubeproof_contract::Decimal;
use serde_json::{Value, json};

/// A kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flavor {
    pub(crate) name: &'static str,
    pretty: &'static str,
    cpus: u32,
    memory_gb: u32,
    storage_gb: u32,
    /// The model of its accelerators, how many there are, and their memory.
    accelerator: Option<(&'static str, u32, u32)>,
    /// US cents an hour.
    cents: i64,
    /// Whether Spaces run on it too.
    is_of_spaces: bool,
}

/// All of them.
#[rustfmt::skip]
const ALL: &[Flavor] = &[
    of("cpu-basic", "CPU Basic", (2, 16, 50), None, 1),
    of("cpu-upgrade", "CPU Upgrade", (8, 32, 50), None, 3),
    jobs_only(of("cpu-xl", "CPU XL", (16, 124, 1000), None, 100)),
    jobs_only(of("cpu-performance", "CPU Performance", (32, 256, 1024), None, 190)),
    of("t4-small", "Nvidia T4 - small", (4, 15, 50), Some(("T4", 1, 16)), 40),
    of("t4-medium", "Nvidia T4 - medium", (8, 30, 100), Some(("T4", 1, 16)), 60),
    of("l4x1", "1x Nvidia L4", (8, 30, 400), Some(("L4", 1, 24)), 80),
    of("l4x4", "4x Nvidia L4", (48, 186, 3200), Some(("L4", 4, 96)), 380),
    of("l40sx1", "1x Nvidia L40S", (8, 62, 380), Some(("L40S", 1, 48)), 180),
    of("l40sx4", "4x Nvidia L40S", (48, 382, 3200), Some(("L40S", 4, 192)), 830),
    of("l40sx8", "8x Nvidia L40S", (192, 1534, 6500), Some(("L40S", 8, 384)), 2350),
    of("a10g-small", "Nvidia A10G - small", (4, 15, 110), Some(("A10G", 1, 24)), 100),
    of("a10g-large", "Nvidia A10G - large", (12, 46, 200), Some(("A10G", 1, 24)), 150),
    of("a10g-largex2", "2x Nvidia A10G - large", (24, 92, 1000), Some(("A10G", 2, 48)), 300),
    of("a10g-largex4", "4x Nvidia A10G - large", (48, 184, 2000), Some(("A10G", 4, 96)), 500),
    of("a100-large", "Nvidia A100 - large", (12, 142, 1000), Some(("A100", 1, 80)), 250),
    of("a100x4", "4x Nvidia A100 - large", (48, 568, 4000), Some(("A100", 4, 320)), 1000),
    of("a100x8", "8x Nvidia A100 - large", (96, 1136, 8000), Some(("A100", 8, 640)), 2000),
    jobs_only(of("h200", "Nvidia H200", (23, 256, 3000), Some(("H200", 1, 141)), 500)),
    jobs_only(of("h200x2", "2x Nvidia H200", (46, 512, 6000), Some(("H200", 2, 282)), 1000)),
    jobs_only(of("h200x4", "4x Nvidia H200", (92, 1024, 12_000), Some(("H200", 4, 564)), 2000)),
    jobs_only(of("h200x8", "8x Nvidia H200", (184, 2048, 24_000), Some(("H200", 8, 1128)), 4000)),
    of("rtx-pro-6000", "Nvidia RTX PRO 6000", (23, 256, 475), Some(("RTX PRO 6000", 1, 96)), 275),
    of("rtx-pro-6000x2", "2x Nvidia RTX PRO 6000", (46, 512, 950), Some(("RTX PRO 6000", 2, 192)), 550),
    of("rtx-pro-6000x4", "4x Nvidia RTX PRO 6000", (92, 1024, 1900), Some(("RTX PRO 6000", 4, 384)), 1100),
    of("rtx-pro-6000x8", "8x Nvidia RTX PRO 6000", (184, 2048, 3800), Some(("RTX PRO 6000", 8, 768)), 2200),
];

const fn of(
    name: &'static str,
    pretty: &'static str,
    (cpus, memory_gb, storage_gb): (u32, u32, u32),
    accelerator: Option<(&'static str, u32, u32)>,
    cents: i64,
) -> Flavor {
    Flavor {
        name,
        pretty,
        cpus,
        memory_gb,
        storage_gb,
        accelerator,
        cents,
        is_of_spaces: true,
    }
}

const fn jobs_only(flavor: Flavor) -> Flavor {
    Flavor {
        is_of_spaces: false,
        ..flavor
    }
}

impl Flavor {
    /// The price of a job on it, US dollars an hour.
    pub(crate) fn usd_per_hour(&self) -> Decimal {
        Decimal::new(self.cents, 2).normalize()
    }

    pub(crate) fn has_accelerator(&self) -> bool {
        self.accelerator.is_some()
    }

    fn shown(&self, is_free: bool) -> Value {
        let cents = if is_free { 0 } else { self.cents };
        // Rounded, as the API shows it: 167 for a cent an hour.
        let micro_dollars = (cents * 10_000 + 30) / 60;
        let usd = Decimal::new(micro_dollars, 6).normalize().to_string();
        let accelerator = self.accelerator.map(|(model, count, memory)| {
            json!({
                "type": "gpu", "model": model, "quantity": count.to_string(),
                "vram": format!("{memory} GB"), "manufacturer": "Nvidia",
            })
        });
        json!({
            "name": self.name, "prettyName": self.pretty, "cpu": format!("{} vCPU", self.cpus),
            "ram": format!("{} GB", self.memory_gb), "accelerator": accelerator,
            "ephemeralStorage": format!("{} GB", self.storage_gb),
            "unitCostMicroUSD": micro_dollars, "unitLabel": "minute",
            "unitCostUSD": usd.parse::<serde_json::Number>().map_or(Value::Null, Value::Number),
        })
    }
}

/// The flavor of this name.
pub(crate) fn find(name: &str) -> Option<&'static Flavor> {
    ALL.iter().find(|one| one.name == name)
}

/// The flavor of this name, if Spaces run on it.
pub(crate) fn of_spaces(name: &str) -> Option<&'static Flavor> {
    find(name).filter(|one| one.is_of_spaces)
}

/// The flavor on which a Space costs nothing.
pub(crate) const FREE: &str = "cpu-basic";

/// The machines of Jobs.
pub(crate) fn jobs() -> Value {
    ALL.iter().map(|one| one.shown(false)).collect()
}

/// The machines of Spaces.
pub(crate) fn spaces() -> Value {
    let all = ALL.iter().filter(|one| one.is_of_spaces);
    all.map(|one| one.shown(one.name == FREE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_shown_by_the_minute_in_millionths() {
        let check = |name: &str, micro_dollars: i64, usd: &str| {
            let shown = find(name).unwrap().shown(false);
            assert_eq!(shown["unitCostMicroUSD"], micro_dollars, "{name}");
            assert_eq!(shown["unitCostUSD"].to_string(), usd, "{name}");
        };
        // The client's documentation shows these for a cent an hour.
        check("cpu-basic", 167, "0.000167");
        // 0.40 / 60 and 40 / 60.
        check("t4-small", 6667, "0.006667");
        check("h200x8", 666_667, "0.666667");
        assert_eq!(spaces()[0]["unitCostMicroUSD"], 0);
        assert!(of_spaces("h200").is_none() && find("h200").is_some());
    }
}
