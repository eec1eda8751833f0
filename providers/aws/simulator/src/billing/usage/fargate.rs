//! What a pod on Fargate costs: two lines, for its processors and its memory.

use kubeproof_contract::Decimal;

use super::{EKS, PER_SECOND, Terms, prefix, start};
use crate::billing::Tags;
use crate::billing::prices::Item;
use crate::eks::fargate_pods::Size;
use crate::state::State;

/// Starts a pod on Fargate: what it was given, by the second and for at least a minute (Fargate pricing). Stop it by
/// [`fargate_pod_ends`].
pub fn fargate_pod(state: &mut State, uid: &str, size: Size, tags: &Tags, run_id: Option<&str>) {
    let thousandths = |number: u32| Decimal::new(i64::from(number), 3);
    let gigabytes = Decimal::from(size.memory_mib) / Decimal::from(1024);
    let lines = [
        (
            "Fargate-vCPU-Hours:perCPU",
            thousandths(size.millicpus),
            Item::FargateCpu,
        ),
        ("Fargate-GB-Hours", gigabytes, Item::FargateMemory),
    ];
    for ((name, amount, item), key) in lines.into_iter().zip(fargate_keys(uid)) {
        let terms = Terms {
            line: "fargate",
            service: EKS,
            usage_type: format!("{}{name}", prefix(&state.setup.region, true)),
            unit: "hours",
            rounding: PER_SECOND,
            amount,
        };
        start(state, &key, uid, terms, item, tags.clone(), run_id);
    }
}

/// Ends the usage of a pod on Fargate.
pub fn fargate_pod_ends(state: &mut State, uid: &str) {
    for key in fargate_keys(uid) {
        state.meter.stop(&key, state.now);
    }
}

fn fargate_keys(uid: &str) -> [String; 2] {
    ["cpu", "memory"].map(|what| format!("fargate/{what}/{uid}"))
}
