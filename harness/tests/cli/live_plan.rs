//! `verify --tier live --plan`: what a live run would make, and what is missing for it; nothing is run.

use crate::program::{
    code, command, folder_with_scenario, kubeproof, nothing_was_made, stderr, stdout,
};

const SCENARIO: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../scenarios/aws/two-zones.yaml"
);

#[test]
fn a_plan_says_what_is_made_for_how_long_at_what_price_and_by_which_operations() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        "verify",
        SCENARIO,
        "--tier",
        "live",
        "--plan",
        "--only",
        "two-zones",
    ];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let plan = stdout(&output);
    for words in [
        "2 × NAT gateway",
        "kubeproof:run=",
        "min to provision + 45 min planned",
        "cost.budget_usd is $2.00",
        "ec2:CreateNatGateway",
        "eks:DescribeCluster",
        "1 trial: at most $",
        "it may not run: a live run costs money in a real account: set KUBEPROOF_LIVE_ACCOUNT",
    ] {
        assert!(plan.contains(words), "`{words}` is not in:\n{plan}");
    }
    let changing = plan
        .lines()
        .find(|line| line.trim().starts_with("to change"));
    assert!(
        changing.is_some_and(|line| !line.contains("Describe")),
        "{plan}"
    );
    nothing_was_made(folder.path());
}

#[test]
fn a_plan_says_which_budget_or_account_keeps_it_from_being_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |account: &str, budget: &str, words: &str| {
        let arguments = [
            "verify",
            SCENARIO,
            "--tier",
            "live",
            "--plan",
            "--only",
            "two-zones",
        ];
        let output = command(folder.path(), &arguments)
            .env("KUBEPROOF_LIVE_ACCOUNT", account)
            .env("KUBEPROOF_LIVE_BUDGET_USD", budget)
            .env("AWS_ACCESS_KEY_ID", "AKIDX")
            .env("AWS_SECRET_ACCESS_KEY", "y")
            .output()
            .expect("the program starts");
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let plan = stdout(&output);
        assert!(plan.contains(words), "`{words}` is not in:\n{plan}");
    };
    check(
        "12345",
        "2",
        "it may not run: KUBEPROOF_LIVE_ACCOUNT: `12345` is not",
    );
    check("123456789012", "0.10", "it may not run: 1 trial may cost $");
    check(
        "123456789012",
        "2",
        "it may run: without --plan it is carried out",
    );
}

#[test]
fn other_tiers_have_no_plan() {
    let folder = folder_with_scenario();
    let output = kubeproof(folder.path(), &["verify", "s.yaml", "--plan"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("--plan is for --tier live"),
        "{}",
        stderr(&output)
    );
    nothing_was_made(folder.path());
}
