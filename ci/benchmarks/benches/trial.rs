//! How long a rehearsal takes compared with the same number of bare SDK calls, and how many calls its audit makes.
//!
//! Both sides run by turns in one process, so that the ratio holds on a noisy machine. tidy: real time is what is
//! measured here.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof::runner::run_one;
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::RunOptions;
use kubeproof::trial_context::progress::Silent;
use kubeproof::{providers, scenario};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::provider::{Connection, Credentials};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::transport::{Transport, TransportError};
use kubeproof_reports::record::Record;

/// The number of trials to measure, each with as many bare calls.
const ROUNDS: usize = 21;
/// The budget: the maximum ratio of a trial's time to that of the bare calls.
const RATIO_MAX: f64 = 1.5;
/// The budget of one region's audit, calls.
const AUDIT_CALLS_MAX: u64 = 120;

/// Answers every request immediately with the same empty list.
#[derive(Debug)]
struct Empty;

#[async_trait]
impl Transport for Empty {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        Ok(Response::new(Bytes::from_static(
            b"<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
              <requestId>r</requestId><vpcSet/></DescribeVpcsResponse>",
        )))
    }
}

fn trial() -> Option<Trial> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/aws/two-zones.yaml");
    let scenario = scenario::read::one(&file, &providers::shared()).ok()?;
    let part = Part::Lifecycle(Vec::new());
    Some(Trial {
        scenario,
        part,
        tier: Tier::Rehearsal,
        seed: 1,
    })
}

fn lifecycle(trial: &Trial) -> Option<(Duration, Record)> {
    let begun = Instant::now();
    let record = run_one(trial, &RunOptions::quiet(), &Silent::shared()).ok()?;
    Some((begun.elapsed(), record))
}

/// The same number of signed, sent and parsed calls of the bare SDK.
fn floor(calls: u64) -> Option<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .ok()?;
    runtime.block_on(async {
        let clock = Clock::starting_at("2026-11-02T09:00:00Z".parse().ok()?);
        let connection = Connection {
            transport: Arc::new(Empty),
            clock,
            seed: 1,
            run: Run::new("floor", "benchmark", clock.now()),
            credentials: Credentials::Rehearsal,
            directory: std::path::PathBuf::new(),
            disk: kubeproof_contract::disk::Disk::unwatched(),
            progress: kubeproof_contract::provider::ProgressSink::default(),
        };
        let config = kubeproof_aws::sdk::config(&connection, "us-east-1");
        let client = aws_sdk_ec2::Client::new(&config);
        let begun = Instant::now();
        for _ in 0..calls {
            client.describe_vpcs().send().await.ok()?;
        }
        Some(begun.elapsed())
    })
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The peak memory of this process, MiB, if the system reports it.
fn memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn main() {
    let Some(trial) = trial() else {
        eprintln!("the scenario cannot be read");
        std::process::exit(70);
    };
    let Some((_, record)) = lifecycle(&trial) else {
        eprintln!("the trial cannot be run");
        std::process::exit(70);
    };
    let (mut trials, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // Alternately, so that a change in the machine's speed affects both sides.
        if let (Some((trial, _)), Some(floor)) = (lifecycle(&trial), floor(record.calls)) {
            ratios.push(trial.as_secs_f64() / floor.as_secs_f64());
            trials.push(trial);
            floors.push(floor);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let audit = record
        .phases
        .iter()
        .find(|phase| phase.name == "audit")
        .map_or(0, |p| p.calls);
    println!(
        "trial            {:>10.1?} (median of {ROUNDS}), {} calls",
        median(&mut trials),
        record.calls
    );
    println!(
        "bare SDK calls   {:>10.1?} for as many",
        median(&mut floors)
    );
    println!("ratio            {ratio:>10.2}   (budget {RATIO_MAX})");
    println!("audit            {audit:>10} calls (budget {AUDIT_CALLS_MAX})");
    if let Some(mib) = memory_mib() {
        println!("memory           {mib:>10} MiB at most (budget 500)");
    }
}
