//! terraform: with its AWS provider a complete EKS configuration, with azurerm a complete AKS one.

use crate::run::{CLEAN, Ran, one_cloud, simulate};
use crate::table::Seen;

/// Copies the configuration, so that nothing is written into the source tree.
const INIT: &str = "cp \"$EXTERNAL\"/$CONFIGURATION/*.tf .; \"$TERRAFORM\" init -no-color -input=false; \
                    \"$TERRAFORM\" apply -no-color -auto-approve";

/// Everything that the usual modules make by default: keys, log groups, network ACLs, add-ons, endpoints, flow logs.
pub fn lifecycle(program: &str, seen: &Seen) -> Result<(), String> {
    let script = format!(
        "{INIT}; \"$TERRAFORM\" plan -no-color -detailed-exitcode; \
         \"$TERRAFORM\" destroy -no-color -auto-approve"
    );
    let ran = simulate(&script, &variables(program, "terraform-eks-complete"));
    ran.expect(0, &[CLEAN, "may remain: kms_key "])?;
    went_through(&ran, 82)?;
    seen.note("terraform", &ran, |_| true)
}

fn variables<'a>(program: &'a str, configuration: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("TERRAFORM", program),
        ("CONFIGURATION", configuration),
        ("CHECKPOINT_DISABLE", "1"),
    ]
}

/// It made so many resources, had nothing more to do, and destroyed them all.
fn went_through(ran: &Ran, count: usize) -> Result<(), String> {
    let printed = ran.printed();
    let added = format!("Apply complete! Resources: {count} added");
    let destroyed = format!("{count} destroyed");
    for words in [added.as_str(), "No changes.", &destroyed] {
        if !printed.contains(words) {
            return Err(format!("expected `{words}` in:\n{printed}"));
        }
    }
    Ok(())
}

/// azurerm, unmodified. It waits in real seconds between its own questions: some minutes.
pub fn azurerm(program: &str, _seen: &Seen) -> Result<(), String> {
    let script = "cp \"$EXTERNAL\"/terraform-aks/*.tf .; \"$TERRAFORM\" init -no-color -input=false; \
                  \"$TERRAFORM\" apply -no-color -auto-approve; \
                  \"$TERRAFORM\" plan -no-color -detailed-exitcode; \
                  \"$TERRAFORM\" destroy -no-color -auto-approve";
    let variables = [("TERRAFORM", program), ("CHECKPOINT_DISABLE", "1")];
    let ran = one_cloud("azure", script, &variables);
    ran.expect(0, &[CLEAN])?;
    went_through(&ran, 7)
}

/// Two NAT gateways at $0.045 an hour are $32.85 a month each, an EKS cluster at $0.10 is $73.00.
pub fn leaks(program: &str, _seen: &Seen) -> Result<(), String> {
    let said = [
        "eks_cluster tf-eks in us-east-1: $73.00 a month",
        "(tf-eks-0) in us-east-1: $32.85 a month",
        "(tf-eks-1) in us-east-1: $32.85 a month",
        "nat_gateway: ",
    ];
    simulate(INIT, &variables(program, "terraform-eks")).expect(1, &said)
}
