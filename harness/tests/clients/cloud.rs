//! Clients of a cloud's own API: the AWS CLI, az, boto3, gcloud, and Lambda Cloud's public client.

use crate::run::{CLEAN, one_cloud, paced, simulate};
use crate::table::Seen;

/// Fast enough that a bill, which is a day late, takes some seconds.
const SCALE_OF_DAYS: u32 = 18_000;

pub fn aws_lifecycle(_program: &str, seen: &Seen) -> Result<(), String> {
    let ran = simulate("sh \"$DATA/aws_up.sh\"; sh \"$DATA/aws_down.sh\"", &[]);
    ran.expect(0, &[CLEAN])?;
    seen.note("aws", &ran, |_| true)
}

pub fn aws_keys(program: &str, _seen: &Seen) -> Result<(), String> {
    let (key, secret) = ("AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x");
    let refusals = [
        (secret, "sts get-caller-identity", "SignatureDoesNotMatch"),
        (secret, "eks list-clusters", "InvalidSignatureException"),
        (secret, "ec2 describe-vpcs", "AuthFailure"),
        (key, "sts get-caller-identity", "InvalidClientTokenId"),
        (key, "eks list-clusters", "UnrecognizedClientException"),
        ("A=b", "s3api list-buckets", "NotImplemented"),
    ];
    for (variable, call, code) in refusals {
        let ran = simulate(&format!("{variable} {program} {call}"), &[]);
        ran.expect(1, &[code, "the command failed"])?;
    }
    Ok(())
}

pub fn boto3_lifecycle(program: &str, seen: &Seen) -> Result<(), String> {
    let script = "\"$PYTHON\" \"$DATA/boto3_lifecycle.py\"";
    let ran = simulate(script, &[("PYTHON", program)]);
    ran.expect(0, &[CLEAN])?;
    seen.note("boto3", &ran, |_| true)
}

/// Calls every operation that the simulator lists, and checks each reply against botocore's service models, more
/// strictly than botocore does.
pub fn boto3_every_action(program: &str, seen: &Seen) -> Result<(), String> {
    let script = "\"$PYTHON\" \"$DATA/boto3_every_action.py\"";
    let ran = paced(SCALE_OF_DAYS, script, &[("PYTHON", program)]);
    ran.expect(0, &[CLEAN])?;
    // The others only probed whether an operation exists.
    seen.note("boto3", &ran, |status| status < 300)
}

pub fn boto3_strict(program: &str, _seen: &Seen) -> Result<(), String> {
    let ran = simulate("\"$PYTHON\" \"$DATA/strict.py\"", &[("PYTHON", program)]);
    ran.expect(0, &[CLEAN])
}

/// Its models are generated from the cloud's own API document. They keep unknown fields, of which there must be none.
pub fn lambda(program: &str, seen: &Seen) -> Result<(), String> {
    let script = "\"$PYTHON\" \"$DATA/lambda_cloud.py\"";
    let ran = simulate(script, &[("PYTHON", program)]);
    ran.expect(0, &[CLEAN])?;
    seen.note("lambda", &ran, |status| status < 300)
}

/// With kubectl, whose plug-in takes gcloud's token.
pub fn gcloud(program: &str, _seen: &Seen) -> Result<(), String> {
    let script = "bash \"$DATA/gcloud.sh\" \"$GCLOUD\"";
    simulate(script, &[("GCLOUD", program)]).expect(0, &[CLEAN])
}

/// A whole life: group, network, identity, role, cluster, pool, `kubectl get nodes`, application.
pub fn az(program: &str, _seen: &Seen) -> Result<(), String> {
    let script = "bash \"$DATA/az.sh\" \"$AZ\"";
    one_cloud("azure", script, &[("AZ", program)]).expect(0, &[CLEAN])
}

/// What az makes by itself and does not remove: the script believes that all is gone.
pub fn az_leaves_a_role(program: &str, _seen: &Seen) -> Result<(), String> {
    let script = "bash \"$DATA/az_shared_network.sh\" \"$AZ\"";
    let ran = one_cloud("azure", script, &[("AZ", program)]);
    ran.expect(
        1,
        &[
            "left behind: 1 resource",
            "role_assignment",
            "/subnets/build",
        ],
    )
}

/// What a program of `scenarios/external` is given for its endpoint.
const ENDPOINT: &str = "export KUBEPROOF_NAME=kp-by-hand KUBEPROOF_TAGS='{\"team\": \"docs\"}'; ";

/// The example of a provisioner that `simulate` runs as it is, with `huggingface_hub`.
pub fn huggingface(program: &str, _: &Seen) -> Result<(), String> {
    let script = "endpoint=\"$EXTERNAL/python-endpoint/endpoint.py\"; \"$PYTHON\" \"$endpoint\" up; \"$PYTHON\" \"$endpoint\" down";
    let ran = one_cloud(
        "huggingface",
        &format!("{ENDPOINT}{script}"),
        &[("PYTHON", program)],
    );
    ran.expect(0, &[CLEAN])
}

/// The wrong example leaves an endpoint, which is named with its price.
pub fn huggingface_zero(program: &str, _: &Seen) -> Result<(), String> {
    let script = "endpoint=\"$EXTERNAL/wrong/takes_zero_for_deleted.py\"; \"$PYTHON\" \"$endpoint\" up; \"$PYTHON\" \"$endpoint\" down";
    let ran = one_cloud(
        "huggingface",
        &format!("{ENDPOINT}{script}"),
        &[("PYTHON", program)],
    );
    let left = "inference_endpoint kp-by-hand in kubeproof-rehearsal/aws-us-east-1: $0.00 a month";
    ran.expect(1, &[left])
}
