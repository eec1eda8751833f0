//! Cost: the estimate for a scenario, by replicas and their scale policy, or by the time of a job. All is billed by whole
//! minutes.
//!
//! Arithmetic only. What replicas cost and when is in `../COST.md`.

use jiff::Timestamp;
use kubeproof_cloudkit::prices::listed_first;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};
use kubeproof_contract::plan::PriceContext;
use kubeproof_contract::provisioner::ClaimedRate;

use crate::prices;
use crate::spec::{EndpointSpec, HuggingFaceSpec, JobSpec, Place};

/// The line of an endpoint's replicas.
pub const REPLICAS: &str = "endpoint_replica";
/// The line of jobs.
pub const JOBS: &str = "job";

/// Why no bill is ever read.
pub const NEVER_BILLED: &str = "Hugging Face has no documented API for what one endpoint or job was billed; its billing \
                                page shows it by the month";

/// How long a replica waits for hardware, which is free, seconds. Measured by others: create to running took 51 to 157 s
/// for small models (`../shared/reference`, api/judges.md section 5).
const WAITING: u32 = 30;
/// How long it starts, which is billed, seconds.
const STARTING: u32 = 90;
/// What the harness's own job takes, seconds.
const PROOF: u32 = 60;
/// How long a replica stays that load starts, seconds: it is looked at every minute whether one is to be added, and every
/// other minute whether one is to be taken away (guides/autoscaling).
const UNDER_LOAD: u32 = 240;
/// Decimals of US dollars in estimates.
const DECIMALS: u32 = 6;
const HOUR: u32 = 3600;
const MINUTE: u32 = 60;

/// How the price of hardware is listed and learned: `aws us-east-1 intel-spr x1`.
pub fn price_of_place(place: &Place) -> String {
    let (vendor, region) = (place.vendor.as_str(), &place.region.0);
    format!("{vendor} {region} {}", place.hardware())
}

/// How the price of a job's hardware is listed and learned: `job cpu-basic`.
pub fn price_of_flavor(flavor: &str) -> String {
    format!("job {flavor}")
}

/// For how long something is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins, if that is known.
    pub start: Option<Timestamp>,
    /// How long the whole takes, seconds.
    pub seconds: u32,
    /// Whether it is the life of one resource, and not the planned time.
    pub of_resource: bool,
    /// How many replicas load is to start, if there is any.
    pub scale_to: Option<u32>,
}

/// The estimate of a scenario for so long.
pub fn estimate(spec: &HuggingFaceSpec, prices: &PriceContext, span: Span) -> Estimate {
    let mut estimate = Estimate::default();
    if let Some(endpoint) = &spec.endpoint {
        of_endpoint(endpoint, prices, span, &mut estimate);
    }
    if let Some(job) = &spec.job {
        of_job(job, prices, span, &mut estimate);
    }
    estimate
}

/// The seconds that replicas are billed for: the fewest, those expected, and the most.
fn replica_seconds(spec: &EndpointSpec, seconds: u32) -> (u32, u32, u32) {
    let used = seconds.saturating_sub(WAITING);
    let started = billed(used.min(STARTING));
    let most = billed(used).saturating_mul(spec.max());
    match spec.minutes_to_zero() {
        // It starts with one replica, and keeps it until no one has asked for so long.
        Some(minutes) => {
            let until_zero = STARTING.saturating_add(minutes.saturating_mul(60));
            (started, billed(used.min(until_zero)), most)
        }
        None => {
            let always = billed(used).saturating_mul(spec.min());
            (always, always, most)
        }
    }
}

/// The seconds that are billed: a part of a minute counts as a whole one.
fn billed(seconds: u32) -> u32 {
    seconds.div_ceil(MINUTE).saturating_mul(MINUTE)
}

/// What so many billed seconds cost at this price for an hour.
fn cost_of(usd_per_hour: Decimal, seconds: u32) -> Decimal {
    (usd_per_hour * Decimal::from(seconds) / Decimal::from(HOUR)).round_dp(DECIMALS)
}

fn of_endpoint(spec: &EndpointSpec, prices: &PriceContext, span: Span, into: &mut Estimate) {
    let mut places = spec.places();
    let place = places.remove(0);
    let listed = prices.listed.get(&price_of_place(&place)).copied();
    let table = prices::exact(place.vendor.as_str(), &place.hardware());
    let call = "GET /v2/provider/{namespace}";
    let Some((usd, source)) = listed_first(listed, table, call) else {
        into.unpriced.push(place.text());
        return;
    };
    let cost = |seconds| cost_of(usd, seconds);
    let (least, expected, most) = replica_seconds(spec, span.seconds);
    into.lines.push(EstimateLine {
        line: REPLICAS.to_owned(),
        title: format!("{} to {} × {}", spec.min(), spec.max(), place.hardware()),
        usd_per_hour: usd * Decimal::from(spec.min().max(1)),
        min_usd: cost(least),
        expected_usd: cost(expected),
        max_usd: cost(most),
        planned_usd: span.start.map(|_| cost(expected)),
        source,
        count: 1,
        usage_types: vec![usage_type(&place)],
    });
    if let Some(line) = of_load(spec, &into.lines, (usd, span)) {
        into.workload.push(line);
    }
    into.left_out.push(policy(spec));
    if !places.is_empty() {
        let others: Vec<String> = places.iter().map(Place::text).collect();
        let others = others.join(", ");
        into.left_out.push(format!(
            "what it costs elsewhere, when there is no capacity: {others}"
        ));
    }
}

/// The line of the replicas that load starts: they come one by one, and stay for a while after it.
fn of_load(
    spec: &EndpointSpec,
    lines: &[EstimateLine],
    (usd, span): (Decimal, Span),
) -> Option<EstimateLine> {
    let more = span.scale_to?.saturating_sub(spec.min().max(1));
    let cost = cost_of(
        usd,
        billed(UNDER_LOAD.min(span.seconds)).saturating_mul(more),
    );
    let replicas = lines.last()?.clone();
    Some(EstimateLine {
        title: format!("{more} × replica that load starts"),
        usd_per_hour: usd * Decimal::from(more),
        min_usd: cost,
        expected_usd: cost,
        max_usd: cost,
        planned_usd: span.start.map(|_| cost),
        ..replicas
    })
}

/// What the policy of scaling means for the price.
fn policy(spec: &EndpointSpec) -> String {
    match spec.minutes_to_zero() {
        Some(minutes) => format!(
            "questions after the first: each keeps a replica for {minutes} minutes, and wakes one where there is none"
        ),
        None if spec.max() > spec.min() => format!(
            "replicas beyond {}, which only many questions at once start",
            spec.min()
        ),
        None => "replicas that stop while the endpoint is paused".to_owned(),
    }
}

/// How the service names hardware in a region, and so its usage: `aws-us-east-1-intel-spr-x1`.
pub fn usage_type(place: &Place) -> String {
    let (vendor, region) = (place.vendor.as_str(), &place.region.0);
    let (kind, size) = (&place.instance_type.0, &place.instance_size.0);
    format!("{vendor}-{region}-{kind}-{size}")
}

fn of_job(spec: &JobSpec, prices: &PriceContext, span: Span, into: &mut Estimate) {
    let flavor = &spec.flavor.0;
    let listed = prices.listed.get(&price_of_flavor(flavor)).copied();
    let table = prices::of_flavor(flavor);
    let Some((usd, source)) = listed_first(listed, table, "GET /api/jobs/hardware") else {
        into.unpriced.push(format!("a job on {flavor}"));
        return;
    };
    let line = |title: String, seconds: u32| {
        let cost = cost_of(usd, billed(seconds));
        EstimateLine {
            line: JOBS.to_owned(),
            title,
            usd_per_hour: usd,
            min_usd: cost,
            expected_usd: cost,
            max_usd: cost,
            planned_usd: span.start.map(|_| cost),
            source: source.clone(),
            count: 1,
            usage_types: vec![flavor.clone()],
        }
    };
    into.lines
        .push(line(format!("1 × job on {flavor}"), span.seconds));
    let proof = if span.of_resource {
        span.seconds
    } else {
        PROOF.min(span.seconds)
    };
    into.workload.push(line(
        format!("the job that prints the text, on {flavor}"),
        proof,
    ));
    into.left_out
        .push("waiting for hardware, which is free".to_owned());
}

/// What the provisioner claims that an hour costs, by the price table alone.
pub fn claim(spec: &HuggingFaceSpec) -> Option<ClaimedRate> {
    let Some(endpoint) = &spec.endpoint else {
        let price = prices::of_flavor(&spec.job.as_ref()?.flavor.0)?;
        return Some(ClaimedRate {
            usd_per_hour: price.usd,
            source: price.source.clone(),
        });
    };
    let place = endpoint.places().into_iter().next()?;
    let price = prices::exact(place.vendor.as_str(), &place.hardware())?;
    Some(ClaimedRate {
        usd_per_hour: price.usd * Decimal::from(endpoint.min().max(1)),
        source: price.source.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::{CPU, JOB, spec};

    fn context(listed: &[(&str, &str)]) -> PriceContext {
        let mut context = PriceContext::at(Timestamp::UNIX_EPOCH);
        for (name, usd) in listed {
            let usd = usd.parse().expect("an amount");
            context.listed.insert((*name).to_owned(), usd);
        }
        context
    }

    fn minutes(minutes: u32) -> Span {
        Span {
            start: Some(Timestamp::UNIX_EPOCH),
            seconds: minutes * 60,
            of_resource: false,
            scale_to: None,
        }
    }

    /// The fewest, the expected and the most US dollars of an endpoint for so many minutes.
    #[track_caller]
    fn check(yaml: &str, length: u32, expected: [&str; 3]) {
        let estimate = estimate(&spec(yaml), &context(&[]), minutes(length));
        let line = &estimate.lines[0];
        let seen =
            [line.min_usd, line.expected_usd, line.max_usd].map(|usd| usd.normalize().to_string());
        assert_eq!(seen, expected, "{yaml}");
        assert_eq!(line.planned_usd, Some(line.expected_usd));
    }

    #[test]
    fn an_endpoint_that_scales_to_zero_costs_its_start_and_the_minutes_until_then() {
        // 0.033 an hour: 2 of 1.5 minutes to start; 17 of 16.5 minutes; 60 of 59.5 minutes.
        check(CPU, 60, ["0.0011", "0.00935", "0.033"]);
        // No more than there is: 10 of 9.5 minutes.
        check(CPU, 10, ["0.0011", "0.0055", "0.0055"]);
    }

    #[test]
    fn an_endpoint_with_replicas_that_stay_costs_all_of_them_all_the_time() {
        let gpu = CPU
            .replace("instance_type: intel-spr", "instance_type: nvidia-l4")
            .replace(
                "{min_replicas: 0, max_replicas: 1, scale_to_zero_minutes: 15}",
                "{min_replicas: 1, max_replicas: 2}",
            );
        // 0.80 an hour, 60 of 59.5 minutes; twice that.
        check(&gpu, 60, ["0.8", "0.8", "1.6"]);
    }

    #[test]
    fn replicas_that_load_starts_are_a_line_of_their_own() {
        let gpu = CPU
            .replace("instance_type: intel-spr", "instance_type: nvidia-l4")
            .replace(
                "{min_replicas: 0, max_replicas: 1, scale_to_zero_minutes: 15}",
                "{min_replicas: 1, max_replicas: 3}",
            );
        let span = Span {
            scale_to: Some(3),
            ..minutes(60)
        };
        let seen = estimate(&spec(&gpu), &context(&[]), span);
        // Two more at 0.80 an hour for 4 minutes.
        assert_eq!(seen.workload[0].expected_usd.to_string(), "0.106667");
        assert_eq!(seen.workload[0].usage_types, seen.lines[0].usage_types);
        assert!(
            estimate(&spec(&gpu), &context(&[]), minutes(60))
                .workload
                .is_empty()
        );
    }

    #[test]
    fn the_listed_price_goes_first_and_hardware_without_a_price_is_named() {
        let listed = context(&[("aws us-east-1 intel-spr x1", "0.04")]);
        let seen = estimate(&spec(CPU), &listed, minutes(60));
        assert!(
            seen.lines[0].source.contains("disagrees: $0.033"),
            "{:?}",
            seen.lines
        );
        let unknown = CPU.replace("instance_size: x1", "instance_size: x3");
        let seen = estimate(&spec(&unknown), &context(&[]), minutes(60));
        assert_eq!(seen.unpriced, ["intel-spr x3 in aws us-east-1"]);
        assert!(seen.lines.is_empty());
        assert_eq!(claim(&spec(&unknown)), None);
    }

    #[test]
    fn a_job_costs_its_whole_minutes_and_nothing_is_guessed_without_a_price() {
        let listed = context(&[("job cpu-basic", "0.01")]);
        let usd = |line: &EstimateLine| line.expected_usd.normalize().to_string();
        let seen = estimate(&spec(JOB), &listed, minutes(60));
        assert_eq!(usd(&seen.lines[0]), "0.01");
        assert_eq!(usd(&seen.workload[0]), "0.000167");
        let of_resource = Span {
            seconds: 360,
            of_resource: true,
            ..minutes(0)
        };
        let seen = estimate(&spec(JOB), &listed, of_resource);
        assert_eq!(usd(&seen.workload[0]), "0.001");
        // A minute has begun: 7 of 6.02 minutes.
        let begun = Span {
            seconds: 361,
            ..of_resource
        };
        let seen = estimate(&spec(JOB), &listed, begun);
        assert_eq!(usd(&seen.lines[0]), "0.001167");
        let unknown = JOB.replace("cpu-basic", "cpu-huge");
        let seen = estimate(&spec(&unknown), &context(&[]), minutes(60));
        assert_eq!(seen.unpriced, ["a job on cpu-huge"]);
    }
}
