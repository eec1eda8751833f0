//! terraform with its AWS provider: a complete EKS configuration.

use crate::run::{CLEAN, simulate};
use crate::table::Seen;

/// Copies the configuration, so that nothing is written into the source tree.
const INIT: &str = "cp \"$EXTERNAL\"/terraform-eks/*.tf .; \"$TERRAFORM\" init -no-color -input=false; \
                    \"$TERRAFORM\" apply -no-color -auto-approve";

pub fn lifecycle(program: &str, seen: &Seen) -> Result<(), String> {
    let script = format!(
        "{INIT}; \"$TERRAFORM\" plan -no-color -detailed-exitcode; \
         \"$TERRAFORM\" destroy -no-color -auto-approve"
    );
    let variables = [("TERRAFORM", program), ("CHECKPOINT_DISABLE", "1")];
    let ran = simulate(&script, &variables);
    ran.expect(0, &[CLEAN])?;
    let printed = ran.printed();
    for words in [
        "Apply complete! Resources: 31 added",
        "No changes.",
        "31 destroyed",
    ] {
        if !printed.contains(words) {
            return Err(format!("expected `{words}` in:\n{printed}"));
        }
    }
    seen.note("terraform", &ran, |_| true)
}

/// Two NAT gateways at $0.045 an hour are $32.85 a month each, an EKS cluster at $0.10 is $73.00.
pub fn leaks(program: &str, _seen: &Seen) -> Result<(), String> {
    let variables = [("TERRAFORM", program), ("CHECKPOINT_DISABLE", "1")];
    let said = [
        "eks_cluster tf-eks in us-east-1: $73.00 a month",
        "(tf-eks-0) in us-east-1: $32.85 a month",
        "(tf-eks-1) in us-east-1: $32.85 a month",
        "nat_gateway: ",
    ];
    simulate(INIT, &variables).expect(1, &said)
}
