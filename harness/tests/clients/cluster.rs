//! Clients of the cluster's API, with the kubeconfig that the AWS CLI writes: kubectl and Python's.

use std::sync::OnceLock;

use crate::run::{CLEAN, Ran, simulate};
use crate::table::Seen;

/// The Python with boto3, if requested: it creates a cluster in a tenth of the AWS CLI's time.
pub static BOTO3: OnceLock<String> = OnceLock::new();

/// Runs a script while a cluster exists.
fn with_cluster(script: &str, variables: &[(&str, &str)]) -> Ran {
    let Some(boto3) = BOTO3.get() else {
        let script = format!("sh \"$DATA/aws_up.sh\"; {script}; sh \"$DATA/aws_down.sh\"");
        return simulate(&script, variables);
    };
    let script = format!(
        "\"$BOTO3\" \"$DATA/boto3_lifecycle.py\" up; \
         aws eks update-kubeconfig --name boto3-eks > /dev/null; \
         {script}; \"$BOTO3\" \"$DATA/boto3_lifecycle.py\" down"
    );
    simulate(&script, &[variables, &[("BOTO3", boto3)]].concat())
}

pub fn kubectl(program: &str, seen: &Seen) -> Result<(), String> {
    let script = "sh \"$DATA/kubectl.sh\" \"$KUBECTL\"";
    let ran = with_cluster(script, &[("KUBECTL", program)]);
    ran.expect(0, &[CLEAN])?;
    seen.note_cluster("kubectl", &ran)
}

pub fn python(program: &str, seen: &Seen) -> Result<(), String> {
    let script = "\"$PYTHON\" \"$DATA/kubernetes_client.py\"";
    let ran = with_cluster(script, &[("PYTHON", program)]);
    ran.expect(0, &[CLEAN])?;
    seen.note_cluster("kubernetes", &ran)
}
