//! Whose rows are whose, in what currency, and when they are final. Each wrong bill is one that the reader must notice.

use super::*;

const GROUP: &str = "/subscriptions/s/resourcegroups/kp-r1/providers/microsoft.containerservice";
const NODES_GROUP: &str = "/subscriptions/s/resourcegroups/mc_kp-r1_kp-r1_eastus/providers";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn run() -> Run {
    Run::new("r1", "me", at("2026-11-18T11:06:40Z"))
}

fn own_groups() -> [String; 2] {
    ["kp-r1", "MC_kp-r1_kp-r1_eastus"].map(str::to_owned)
}

/// A resource with a meter, what it cost, and the run that its tag names.
type Part<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Answers that add up.
fn answers(parts: &[Part<'_>]) -> Answers {
    let mut answers = Answers {
        currencies: BTreeSet::from([USD.to_owned()]),
        ..Answers::default()
    };
    for (resource, meter, cost, tag) in parts {
        answers.used.push(Used {
            resource: (*resource).to_owned(),
            meter: (*meter).to_owned(),
            quantity: Decimal::ONE,
            cost: decimal(cost),
        });
        let key = ((*resource).to_owned(), (*tag).to_owned());
        *answers.tagged.entry(key).or_default() += decimal(cost);
        let day = "2026-11-18".parse().unwrap();
        *answers.days.entry(day).or_default() += decimal(cost);
    }
    answers
}

fn plane() -> String {
    format!("{GROUP}/managedclusters/kp-r1")
}

fn machines() -> String {
    format!("{NODES_GROUP}/microsoft.compute/virtualmachinescalesets/aks-main-1-vmss")
}

/// A control plane and machines, tagged so.
fn cluster<'a>(ids: &'a [String; 2], tags: [&'a str; 2]) -> [Part<'a>; 2] {
    [
        (ids[0].as_str(), "Standard Uptime SLA", "0.1", tags[0]),
        (ids[1].as_str(), "D2s v3", "0.192", tags[1]),
    ]
}

fn ids() -> [String; 2] {
    [plane(), machines()]
}

fn closed() -> Timestamp {
    at("2026-12-06T00:00:00Z")
}

fn billed(answers: &Answers) -> Result<Billed, ObserverError> {
    attribute(&run(), &own_groups(), answers, closed())
}

#[track_caller]
fn check(answers: &Answers, expected: &[(&str, &str)], words: &[&str]) {
    let billed = billed(answers).unwrap();
    let charges = billed.charges.iter();
    let seen: Vec<(&str, String)> = charges
        .map(|charge| (charge.line.as_str(), charge.usd.normalize().to_string()))
        .collect();
    let expected: Vec<(&str, String)> = expected
        .iter()
        .map(|(line, usd)| (*line, (*usd).to_owned()))
        .collect();
    assert_eq!(seen, expected, "{:?}", billed.attribution);
    for word in words {
        let is_said = billed.attribution.iter().any(|text| text.contains(word));
        assert!(is_said, "`{word}` is not in {:?}", billed.attribution);
    }
}

#[track_caller]
fn check_refused(answers: &Answers, words: &str) {
    let error = billed(answers).unwrap_err();
    assert!(error.message.contains(words), "{}", error.message);
}

const BOTH: &[(&str, &str)] = &[("control_plane", "0.1"), ("nodes", "0.192")];

#[test]
fn what_lies_in_the_runs_groups_is_its_own_also_when_its_tag_was_lost() {
    let ids = ids();
    check(
        &answers(&cluster(&ids, ["r1", "r1"])),
        BOTH,
        &["kubeproof:run=r1"],
    );
    let lost = answers(&cluster(&ids, ["r1", ""]));
    check(
        &lost,
        BOTH,
        &["0.192 USD carries no tag and is known by its group alone"],
    );
}

#[test]
fn what_lies_elsewhere_is_the_runs_by_its_tag() {
    let disk = "/subscriptions/s/resourcegroups/shared/providers/microsoft.compute/disks/pvc-1";
    let elsewhere = answers(&[(disk, "E1 LRS Disk", "0.02", "r1")]);
    check(
        &elsewhere,
        &[("disks", "0.02")],
        &["0.02 USD lies in other groups and is known by its tag alone"],
    );
}

#[test]
fn what_carries_the_tag_of_another_run_is_not_counted() {
    let ids = ids();
    let theirs = answers(&cluster(&ids, ["r1", "r2"]));
    let words = "0.192 USD carries the tag of another run and is not counted";
    check(&theirs, &[("control_plane", "0.1")], &[words]);
}

#[test]
fn a_refund_is_told_and_changes_no_charge() {
    let ids = ids();
    let mut refunded = answers(&cluster(&ids, ["r1", "r1"]));
    refunded
        .not_usage
        .insert("Refund".to_owned(), decimal("-0.2774"));
    check(
        &refunded,
        BOTH,
        &["gross: not usage, and not counted: Refund of -0.2774 USD"],
    );
}

#[test]
fn the_rest_of_the_subscription_is_told() {
    let ids = ids();
    let mut whole = answers(&cluster(&ids, ["r1", "r1"]));
    whole.whole = Some(decimal("1.292"));
    check(
        &whole,
        BOTH,
        &["1 USD of the subscription's usage on these days has neither"],
    );
}

#[test]
fn answers_that_do_not_add_up_are_no_bill() {
    let ids = ids();
    // A row of a question came twice, or is missing in another.
    let mut twice = answers(&cluster(&ids, ["r1", "r1"]));
    twice.used.push(twice.used[1].clone());
    check_refused(
        &twice,
        "do not add up: 0.484 by meter, 0.292 by tag, 0.292 by day",
    );
    let mut lacking = answers(&cluster(&ids, ["r1", "r1"]));
    lacking
        .days
        .insert("2026-11-19".parse().unwrap(), decimal("0.00000004"));
    check_refused(&lacking, "do not add up");
    // Eight decimals are shown, so that each row may be off by half of the last one.
    let mut rounded = answers(&cluster(&ids, ["r1", "r1"]));
    rounded
        .days
        .insert("2026-11-19".parse().unwrap(), decimal("0.00000002"));
    assert!(billed(&rounded).is_ok());
}

/// The cluster in euros, with these amounts in US dollars.
fn in_euros(converted: Option<[&str; 2]>) -> Answers {
    let ids = ids();
    let mut answers = answers(&cluster(&ids, ["r1", "r1"]));
    answers.currencies = BTreeSet::from(["EUR".to_owned()]);
    answers.in_usd = converted.map(|usd| {
        let used = answers.used.iter().zip(usd);
        let pairs = used.map(|(used, usd)| {
            let key = (used.resource.clone(), used.meter.clone());
            (key, (used.cost, decimal(usd)))
        });
        pairs.collect()
    });
    answers
}

#[test]
fn another_currency_is_converted_only_with_a_stated_rate() {
    // 0.8 euros for a dollar.
    check(
        &in_euros(Some(["0.125", "0.24"])),
        &[("control_plane", "0.125"), ("nodes", "0.24")],
        &["billed in EUR; in USD as Cost Management converts it: 0.8 EUR"],
    );
    check_refused(&in_euros(None), "states no amounts in USD");
    // A column that repeats the amounts states no rate.
    check_refused(&in_euros(Some(["0.1", "0.192"])), "are the same");
    check_refused(&in_euros(Some(["0", "0"])), "rate is not known");
    let mut later = in_euros(Some(["0.125", "0.24"]));
    let first = later
        .in_usd
        .as_mut()
        .and_then(|all| all.values_mut().next());
    first.unwrap().0 += decimal("0.01");
    check_refused(&later, "two currencies are of different times");
    let mut mixed = in_euros(Some(["0.125", "0.24"]));
    mixed.currencies.insert(USD.to_owned());
    check_refused(&mixed, "more than one currency: EUR, USD");
    let mut lacking = in_euros(Some(["0.125", "0.24"]));
    let converted = lacking.in_usd.as_mut().unwrap();
    let (mut key, both) = converted.pop_first().unwrap();
    key.1.push_str(" Windows");
    converted.insert(key, both);
    check_refused(
        &lacking,
        "there is no amount in USD for Standard Uptime SLA",
    );
}

#[test]
fn no_row_of_the_run_is_pending_and_never_final() {
    for none in [answers(&[]), answers(&cluster(&ids(), ["r2", "r2"]))] {
        let billed = billed(&none).unwrap();
        assert!(!billed.is_final && billed.charges.is_empty());
        assert!(
            billed
                .attribution
                .iter()
                .any(|text| text.starts_with("pending"))
        );
    }
}

#[test]
fn a_bill_is_provisional_then_stable_and_final_when_its_month_is_closed() {
    let check = |now: &str, expected: Option<&str>| {
        let why = why_not_final("2026-11-18".parse().unwrap(), at(now));
        let begins = |word: &str| why.as_deref().is_some_and(|why| why.starts_with(word));
        match expected {
            None => assert_eq!(why, None),
            Some(word) => assert!(begins(word), "{why:?}"),
        }
    };
    check("2026-11-20T23:59:59Z", Some("provisional"));
    check("2026-11-21T00:00:00Z", Some("stable"));
    check("2026-12-05T23:59:59Z", Some("stable"));
    check("2026-12-06T00:00:00Z", None);
    let ids = ids();
    let answers = answers(&cluster(&ids, ["r1", "r1"]));
    assert!(billed(&answers).unwrap().is_final);
    let early = attribute(&run(), &own_groups(), &answers, at("2026-11-21T00:00:00Z")).unwrap();
    assert!(
        !early.is_final
            && early
                .attribution
                .iter()
                .any(|text| text.contains("not final: stable"))
    );
}

#[test]
fn a_month_is_closed_after_the_fifth_day_of_the_next() {
    let check = |of: &str, expected: &str| assert_eq!(final_after(at(of)).to_string(), expected);
    check("2026-11-18T10:00:00Z", "2026-12-06T00:00:00Z");
    check("2026-11-30T23:59:59Z", "2026-12-06T00:00:00Z");
    check("2026-12-01T00:00:00Z", "2027-01-06T00:00:00Z");
}

#[test]
fn the_runs_groups_are_its_own_and_that_of_its_nodes() {
    let check = |change: serde_json::Value, expected: &[&str]| {
        let spec = crate::spec::tests::spec(change);
        assert_eq!(groups(&spec, &run()), expected);
    };
    check(serde_json::json!({}), &["kp-r1", "MC_kp-r1_kp-r1_eastus"]);
    // A group that was there holds what is others', too.
    let shared = serde_json::json!({"resource_group": "shared"});
    check(shared, &["MC_shared_kp-r1_eastus"]);
    let spec = crate::spec::tests::spec(serde_json::json!({}));
    let long = Run::new("r".repeat(40), "me", at("2026-11-18T11:06:40Z"));
    assert_eq!(groups(&spec, &long)[1].len(), 80);
}

#[test]
fn each_meter_has_a_line_by_the_type_of_what_is_used() {
    let check = |resource: &str, meter: &str, expected: Option<&str>| {
        let id = format!("/subscriptions/s/resourcegroups/g/providers/{resource}/x");
        assert_eq!(line_of(&id, meter), expected, "{resource} {meter}");
    };
    let cluster = "Microsoft.ContainerService/managedClusters";
    check(cluster, "Standard Uptime SLA", Some("control_plane"));
    let machines = "microsoft.compute/virtualmachinescalesets";
    check(machines, "D2s v3", Some("nodes"));
    check(machines, "D2 v3/D2s v3", Some("nodes"));
    check(machines, "P10 LRS Disk", Some("disks"));
    check(machines, "Standard Data Transfer Out", None);
    check("Microsoft.Compute/disks", "E1 LRS Disk", Some("disks"));
    check("Microsoft.Compute/disks", "E1 LRS Disk Operations", None);
    let rules = "Standard Included LB Rules and Outbound Rules";
    check(
        "Microsoft.Network/loadBalancers",
        rules,
        Some("load_balancer"),
    );
    check(
        "Microsoft.Network/loadBalancers",
        "Standard Data Processed",
        None,
    );
    let address = "Standard IPv4 Static Public IP";
    check(
        "Microsoft.Network/publicIPAddresses",
        address,
        Some("public_ipv4"),
    );
    check(
        "Microsoft.Network/natGateways",
        "Standard Gateway",
        Some("nat_gateway"),
    );
    check(
        "Microsoft.Network/natGateways",
        "Standard Data Processed",
        None,
    );
    assert_eq!(line_of("", "Standard Support"), None);
}
