//! Reads lag behind writes, for a while that depends on the seed; writes do not.

use kubeproof_aws_simulator::setup::Setup;

use super::account::Account;

/// How many of twenty new gateways a list shows immediately, and after the longest lag.
fn seen(seed: u64) -> (usize, usize) {
    let edit = |setup: &mut Setup| {
        setup.seed = seed;
        setup.quotas.insert("L-A4707A72".to_owned(), 100);
    };
    let mut account = Account::with(edit);
    let count = |account: &mut Account| {
        account
            .send("DescribeInternetGateways", &[], "")
            .1
            .matches("<internetGatewayId>")
            .count()
    };
    let before = count(&mut account);
    for _ in 0..20 {
        account.send("CreateInternetGateway", &[], "");
    }
    let immediately = count(&mut account) - before;
    account.pass(3);
    (immediately, count(&mut account) - before)
}

#[test]
fn some_new_resources_are_missing_at_first_and_all_are_there_soon() {
    let (immediately, later) = seen(7);
    assert!(
        (1..20).contains(&immediately),
        "{immediately} of 20 immediately"
    );
    assert_eq!(later, 20);
    assert_eq!(seen(7), (immediately, later), "the same seed lags alike");
    assert!(
        (8..20).any(|seed| seen(seed).0 != immediately),
        "other seeds lag differently"
    );
}

#[test]
fn a_resource_that_is_not_seen_yet_is_not_found_by_id_but_can_be_used() {
    let mut account = Account::with(|setup| {
        setup.quotas.insert("L-F678F1CE".to_owned(), 100);
    });
    let mut missed = 0;
    for _ in 0..20 {
        let (_, text) = account.send("CreateVpc", &[("CidrBlock", "10.0.0.0/16")], "");
        let id = super::account::Xml(text).first("vpcId");
        let (status, found) = account.send("DescribeVpcs", &[("VpcId.1", &id)], "");
        let is_missed = status == 400 && found.contains("InvalidVpcID.NotFound");
        assert!(is_missed || status == 200, "{found}");
        missed += usize::from(is_missed);
        let params = [("VpcId", id.as_str()), ("CidrBlock", "10.0.0.0/24")];
        assert_eq!(account.send("CreateSubnet", &params, "").0, 200);
    }
    assert!((1..20).contains(&missed), "{missed} of 20 missed");
}

#[test]
fn what_an_account_has_from_its_start_is_always_seen() {
    let mut account = Account::new();
    let start = account.state().setup.start;
    let lagging = account
        .state()
        .ec2
        .metas()
        .iter()
        .filter(|meta| meta.visible_at > start)
        .count();
    assert_eq!(lagging, 0);
}
