//! Hand-made records, shared by the tests of the formats.
//!
//! The figures are those of the worked example: a two-node cluster with a list price of $0.2876 an hour, kept for
//! 45 minutes over two clock hours.

use kubeproof_contract::Decimal;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::cost::EstimateLine;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::criteria::{Criterion, criteria};
use kubeproof_reports::finding_id;
use kubeproof_reports::record::{
    Audit, Cost, CostLine, Coverage, FaultRecord, Finding, Orphan, Phase, Ready, Record, Touched,
};

/// Everything: a passing scenario with six failures, and three that go wrong in one way each.
pub fn records() -> Vec<Record> {
    let mut records = vec![passing()];
    records.extend(failures());
    records.extend([claims_too_little(), leaks_an_address(), audit_denied()]);
    records
}

/// A rehearsal in which all is well.
pub fn passing() -> Record {
    Record {
        schema_version: 1,
        tool_version: Some("0.1.0".to_owned()),
        run_id: "kp-7f3a91".to_owned(),
        scenario: "eks-two-zones".to_owned(),
        file: "scenarios/aws/eks-two-zones.yaml".to_owned(),
        provider: "aws".to_owned(),
        provider_title: "AWS EKS".to_owned(),
        provisioner: "reference".to_owned(),
        tier: Tier::Rehearsal,
        seed: 7,
        clock: "virtual".to_owned(),
        started_at: "2026-03-02T08:20:00Z".parse().unwrap(),
        finished_at: "2026-03-02T09:05:41Z".parse().unwrap(),
        seconds: 2741,
        elapsed_milliseconds: 38,
        calls: 253,
        journal_hash: "5b1f0c9de2a74e83b6d01f57c2a9e4d8".to_owned(),
        verdict: Verdict::Pass,
        ready: Some(Ready {
            seconds: 1324,
            floor_seconds: Some(1290),
            chain: Some("VPC → NAT gateways → cluster → node group → nodes Ready".to_owned()),
        }),
        phases: phases(),
        checks: checks(),
        audit: clean_audit(),
        cost: right_cost(),
        faults: vec![],
        findings: vec![],
        allowed: vec![],
        attested: false,
        journal: std::sync::Arc::default(),
        text: std::sync::Arc::default(),
    }
}

fn phases() -> Vec<Phase> {
    [
        ("preflight", 1, 6, "credentials from .env; quotas suffice"),
        (
            "baseline",
            2,
            42,
            "42 cells listed, 11 resources there before",
        ),
        ("provision", 1324, 96, "cluster ACTIVE, 2 of 2 nodes Ready"),
        ("checks", 3, 31, "16 of 16 pass"),
        (
            "run_job",
            24,
            9,
            "exit 0; the log holds the text and the nonce",
        ),
        ("hold", 543, 0, "kept for the planned 45 minutes"),
        ("teardown", 842, 27, "24 resources deleted"),
        ("audit", 2, 42, "clean; 42/42 cells"),
        ("cost", 0, 0, "6.1 % off the bill"),
    ]
    .map(|(name, seconds, calls, message)| phase(name, Verdict::Pass, seconds, calls, message))
    .to_vec()
}

fn phase(name: &str, verdict: Verdict, seconds: u64, calls: u64, message: &str) -> Phase {
    Phase {
        name: name.to_owned(),
        verdict,
        seconds,
        calls,
        message: message.to_owned(),
    }
}

fn checks() -> Vec<Check> {
    [
        (
            "aws.vpc",
            "VPC with the CIDR of the scenario",
            "vpc-0a41 has 10.0.0.0/16",
        ),
        (
            "aws.nat_gateways",
            "one per zone, available, each with its own elastic IP",
            "us-east-1a nat-0c11 available with eipalloc-0d21 (198.51.100.7); us-east-1b nat-0c12 \
             available with eipalloc-0d22 (198.51.100.8)",
        ),
        (
            "job.execution",
            "a Job prints the text and the nonce",
            "pod log ends with 9c41e0",
        ),
        (
            "audit.clean",
            "no orphan; coverage complete",
            "42/42 cells, nothing of the run",
        ),
    ]
    .into_iter()
    .map(|(id, title, evidence)| Check::new(id, title, Verdict::Pass, evidence))
    .chain([Check::new(
        "permissions.minimal",
        "the least set of permissions",
        Verdict::Skipped,
        "only shown by `kubeproof permissions`",
    )])
    .collect()
}

fn clean_audit() -> Audit {
    Audit {
        coverage: Coverage {
            cells: 42,
            listed: 42,
            failed: vec![],
            not_covered: vec![],
        },
        stays: vec!["service-linked role AWSServiceRoleForAmazonEKS: one per account".to_owned()],
        ..Audit::empty(Verdict::Pass)
    }
}

/// A decimal from its digits.
pub fn money(digits: &str) -> Decimal {
    digits.parse().unwrap()
}

fn line(line: &str, title: &str, per_hour: &str, cost: &str) -> CostLine {
    let usd = money(cost);
    let estimate = EstimateLine {
        line: line.to_owned(),
        title: title.to_owned(),
        usd_per_hour: money(per_hour),
        min_usd: usd,
        expected_usd: usd,
        max_usd: usd,
        planned_usd: Some(usd),
        source: "price list of 2026-02-27".to_owned(),
        count: 1,
        usage_types: vec![],
    };
    CostLine {
        line: line.to_owned(),
        estimate: Some(estimate),
        estimated: Some(usd),
        metered: Some(usd),
        billed: Some(usd),
        gap: None,
        verdict: Some(Verdict::Pass),
        charges: vec![],
    }
}

fn right_cost() -> Cost {
    let data = CostLine {
        line: "nat_gateway_data".to_owned(),
        estimate: None,
        estimated: None,
        metered: Some(money("0.0214")),
        billed: Some(money("0.0214")),
        gap: Some("missing line: data through the NAT gateways is not estimated".to_owned()),
        verdict: None,
        charges: vec![],
    };
    Cost {
        verdict: Verdict::Pass,
        claimed_usd_per_hour: Some(money("0.287584")),
        list_usd_per_hour: Some(money("0.287584")),
        estimated: Some(money("0.328188")),
        metered: Some(money("0.349588")),
        billed: Some(money("0.349588")),
        deviation_percent: Some(money("6.1215")),
        planned: Some(money("0.328188")),
        plan_deviation_percent: Some(money("6.1215")),
        tolerance_percent: 20,
        free: false,
        bill: None,
        lines: vec![
            line("control_plane", "EKS control plane", "0.10", "0.075"),
            line("nodes", "2 × t3.medium", "0.0832", "0.0624"),
            line("nat_gateway", "2 × NAT gateway", "0.09", "0.18"),
            line("public_ipv4", "2 × public IPv4 address", "0.01", "0.0075"),
            line("disk", "2 × 20 GB gp3", "0.004384", "0.003288"),
            data,
        ],
        bill_notes: [
            "by the tag kubeproof:run=kp-7f3a91",
            "gross: credits of $0.0214 are not subtracted",
        ]
        .map(str::to_owned)
        .to_vec(),
        message: "the estimate is 6.1 % below the bill".to_owned(),
    }
}

/// Six forced partial failures of the passing scenario, all recovered from.
pub fn failures() -> Vec<Record> {
    [
        (
            "nat-gateway-denied",
            "ec2:CreateNatGateway=reject(UnauthorizedOperation)",
        ),
        ("cluster-throttled", "eks:CreateCluster*3=throttle"),
        ("address-response-lost", "ec2:AllocateAddress=lost-response"),
        (
            "node-group-fails",
            "eks:CreateNodegroup=operation-fails(NodeCreationFailure)",
        ),
        ("crash-after-vpc", "ec2:CreateVpc=crash-after"),
        ("delete-depends", "ec2:DeleteVpc*2=dependency"),
    ]
    .map(|(name, fault)| {
        let mut record = passing();
        record.scenario = format!("eks-two-zones/{name}");
        record.run_id = format!("kp-{name}");
        record.calls = 300 + name.len() as u64;
        record.faults = vec![FaultRecord {
            fault: fault.to_owned(),
            seen: 4,
            injected: 1,
        }];
        record
            .phases
            .insert(3, phase("retry", Verdict::Pass, 1290, 51, "no duplicate"));
        record
    })
    .to_vec()
}

fn renamed(name: &str) -> Record {
    let mut record = passing();
    record.scenario = name.to_owned();
    record.run_id = format!("kp-{name}");
    record
}

/// Adds a finding to a record.
pub fn finding(record: &mut Record, oracle: &str, message: &str) {
    let parts = finding_id::Parts {
        oracle,
        trial: &record.scenario,
        calls: &[],
        resources: &[],
        message,
        run: &record.run_id,
    };
    record.findings.push(Finding {
        id: finding_id::of(parts),
        phase: None,
        oracle: oracle.to_owned(),
        message: message.to_owned(),
        replay: format!(
            "kubeproof verify scenarios/aws/{}.yaml --seed 7",
            record.scenario
        ),
    });
}

/// A provisioner that claims $0.18 an hour for a cluster of $0.2876.
pub fn claims_too_little() -> Record {
    let mut record = renamed("eks-claims-low");
    let message = "the claim of $0.1800/h leaves out NAT gateways ($0.0900), public addresses \
                   ($0.0100) and disks ($0.0044): the list price is $0.2876/h";
    record.verdict = Verdict::Fail;
    record.cost.verdict = Verdict::Fail;
    record.cost.claimed_usd_per_hour = Some(money("0.18"));
    record.cost.message = message.to_owned();
    for line in &mut record.cost.lines {
        if ["nat_gateway", "public_ipv4", "disk"].contains(&line.line.as_str()) {
            line.gap = Some("missing line in the claim".to_owned());
        }
    }
    if let Some(cost) = record.phases.last_mut() {
        *cost = phase("cost", Verdict::Fail, 0, 0, message);
    }
    finding(&mut record, "cost", message);
    record
}

/// A provisioner that leaves an elastic IP behind.
pub fn leaks_an_address() -> Record {
    let mut record = renamed("eks-leaks-address");
    record.verdict = Verdict::Fail;
    record.audit.verdict = Verdict::Fail;
    record.audit.orphans = vec![Orphan {
        resource_type: "elastic_ip".to_owned(),
        id: "eipalloc-0d22".to_owned(),
        name: Some("kp-nat-b".to_owned()),
        region: "us-east-1".to_owned(),
        scope: Some("aws:123456789012/us-east-1".to_owned()),
        monthly_cost_usd: Some(money("3.65")),
        starts_when_used: None,
        proofs: vec![
            "tag kubeproof/run".to_owned(),
            "not in the baseline".to_owned(),
        ],
        part_of: None,
    }];
    record.phases[7] = phase("audit", Verdict::Fail, 2, 42, "1 orphan");
    record.checks[3].verdict = Verdict::Fail;
    record.checks[3].evidence = "elastic_ip eipalloc-0d22 outlives the run".to_owned();
    finding(
        &mut record,
        "O1 orphans",
        "elastic_ip eipalloc-0d22 in us-east-1 outlives the run and costs $3.6500 a month",
    );
    record
}

/// A provisioner whose teardown takes a VPC of somebody else with it.
pub fn deletes_a_bystander() -> Record {
    let mut record = renamed("eks-deletes-bystander");
    record.verdict = Verdict::Fail;
    record.audit.verdict = Verdict::Fail;
    let why = "was there before the run and is gone: it was not the run's";
    record.audit.missing = vec![Touched {
        resource_type: "vpc".to_owned(),
        id: "vpc-0e77".to_owned(),
        name: Some("kp-legacy".to_owned()),
        region: "us-east-1".to_owned(),
        scope: Some("aws:123456789012/us-east-1".to_owned()),
        monthly_cost_usd: Some(money("0")),
        why: why.to_owned(),
    }];
    let message = format!("vpc vpc-0e77 (kp-legacy) in us-east-1: $0.00 a month, {why}");
    finding(&mut record, "O6 bystanders", &message);
    record
}

/// An audit that was not allowed to list everything.
pub fn audit_denied() -> Record {
    let mut record = renamed("eks-audit-denied");
    record.verdict = Verdict::Unknown;
    record.audit.verdict = Verdict::Unknown;
    record.audit.coverage.listed = 41;
    record.audit.coverage.failed =
        vec!["us-east-1 nat_gateway: UnauthorizedOperation on DescribeNatGateways".to_owned()];
    record.phases[7] = phase("audit", Verdict::Unknown, 2, 42, "41/42 cells");
    record.checks[3].verdict = Verdict::Unknown;
    record.checks[3].evidence = "41/42 cells".to_owned();
    record
}

/// A record whose every text tries to break out of the format.
pub fn hostile() -> Record {
    let attack =
        "<script>alert('x')</script> | ]]> \"quoted\" & `code`\n# head\u{1b}[31mred\u{202e}";
    let mut record = leaks_an_address();
    record.scenario = attack.to_owned();
    record.provider_title = attack.to_owned();
    record.provisioner = attack.to_owned();
    record.run_id = attack.to_owned();
    record.cost.message = attack.to_owned();
    record.cost.bill_notes = vec![attack.to_owned()];
    record.cost.lines[0].gap = Some(attack.to_owned());
    record.phases[0].name = attack.to_owned();
    record.phases[0].message = attack.to_owned();
    record.checks[0].id = attack.to_owned();
    record.checks[0].evidence = attack.to_owned();
    record.audit.orphans[0].id = attack.to_owned();
    record.audit.orphans[0].proofs = vec![attack.to_owned()];
    record.findings[0].oracle = attack.to_owned();
    record.findings[0].message = attack.to_owned();
    record.findings[0].replay = format!("{attack}\n```\n");
    record
}

/// The criterion of this number over records.
pub fn criterion(records: &[Record], number: u8) -> Criterion {
    criteria(records)
        .into_iter()
        .find(|each| each.number == number)
        .unwrap()
}
