//! Clients of the cluster's API, with the kubeconfig that the AWS CLI writes: kubectl and Python's.

use crate::run::{CLEAN, simulate};
use crate::table::Seen;

pub fn kubectl(program: &str, seen: &Seen) -> Result<(), String> {
    let script =
        "sh \"$DATA/aws_up.sh\"; sh \"$DATA/kubectl.sh\" \"$KUBECTL\"; sh \"$DATA/aws_down.sh\"";
    let ran = simulate(script, &[("KUBECTL", program)]);
    ran.expect(0, &[CLEAN])?;
    seen.note_cluster("kubectl", &ran)
}

pub fn python(program: &str, seen: &Seen) -> Result<(), String> {
    let script = "\"$PYTHON\" \"$DATA/boto3_lifecycle.py\" up; \
                  aws eks update-kubeconfig --name boto3-eks > /dev/null; \
                  \"$PYTHON\" \"$DATA/kubernetes_client.py\"; \
                  \"$PYTHON\" \"$DATA/boto3_lifecycle.py\" down";
    let ran = simulate(script, &[("PYTHON", program)]);
    ran.expect(0, &[CLEAN])?;
    seen.note_cluster("kubernetes", &ran)
}
