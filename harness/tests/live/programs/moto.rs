//! A boto3 script through the proxy against moto, an independent emulator that checks signatures: it accepts what the proxy
//! has signed anew, and neither the placeholder key nor another one.
//!
//! moto checks after its first requests, as many as `INITIAL_NO_AUTH_ACTION_COUNT` says: they make the user whose key is
//! the real one here (moto's documentation, "IAM-like Access Control").

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use kubeproof::scenario;
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::progress::Silent;
use kubeproof::trial_context::{RunOptions, TrialContext};
use kubeproof_contract::call::Actor;
use kubeproof_contract::https::Https;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::serve::{ClientEnvironment, Variable};
use kubeproof_external::access::Access as _;
use serde_json::Value;

use crate::program;
use crate::server::Server;
use crate::transport::MotoTransport;
use crate::variant::through;

/// Makes the user, with leave to do everything, and its key: three requests.
const USER: &str = r#"
import boto3, json, sys
iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1",
                   aws_access_key_id="any", aws_secret_access_key="any")
iam.create_user(UserName="real")
iam.put_user_policy(UserName="real", PolicyName="all", PolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
print(json.dumps(iam.create_access_key(UserName="real")["AccessKey"], default=str))
"#;
/// Works in the cloud, as its environment says.
const SCRIPT: &str = r#"
import boto3
ec2 = boto3.client("ec2")
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
ec2.delete_subnet(SubnetId=subnet)
print(boto3.client("sts").get_caller_identity()["Arn"], subnet.split("-")[0])
"#;
/// The same with a key of its own.
const FOREIGN: &str = r#"
import boto3
ec2 = boto3.client("ec2", aws_access_key_id="AKIAFOREIGN", aws_secret_access_key="its-own")
ec2.describe_vpcs()
"#;
/// Past the proxy, which moto does not know.
const AROUND: &str = r#"
import boto3, sys
boto3.client("ec2", endpoint_url=sys.argv[1]).describe_vpcs()
"#;
/// moto's one account.
const ACCOUNT: &str = "123456789012";

fn python(script: &str, argument: &str, environment: &ClientEnvironment) -> Output {
    let mut command = Command::new(program("boto3"));
    command.args(["-c", script, argument]);
    for Variable { name, value, .. } in &environment.variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.output().expect("it starts")
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn failed(output: &Output, words: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it succeeded");
    assert!(errors.contains(words), "{errors}");
}

/// The trial of a program whose real cloud is moto.
fn trial(address: &str) -> Trial {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/external/boto3-eks.yaml");
    let read = scenario::read::all(&[path], &kubeproof::providers::shared());
    let https = Https::new(Duration::from_mins(1)).expect("authorities");
    let moto = MotoTransport::new(https, address).expect("an address");
    Trial {
        scenario: through(read.expect("a scenario").remove(0), Arc::new(moto)),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Live,
        seed: 1,
    }
}

pub fn accepts() {
    let server = Server::start(&program("moto"), &[("INITIAL_NO_AUTH_ACTION_COUNT", "3")]);
    let server = server.expect("it listens");
    let url = format!("http://{}", server.address);
    let key = succeeded(&python(USER, &url, &ClientEnvironment::default()));
    let key: Value = serde_json::from_str(&key).expect("a key");
    let text = |name: &str| key[name].as_str().expect(name).to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let env_file = folder.path().join(".env");
    let (id, secret) = (text("AccessKeyId"), text("SecretAccessKey"));
    let lines = format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n");
    fs::write(&env_file, lines).expect("written");

    let (trial, options) = (
        trial(&server.address),
        RunOptions {
            env_file,
            accounts: vec![ACCOUNT.to_owned()],
            ..RunOptions::quiet()
        },
    );
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let today = jiff::Timestamp::now();
        let context = TrialContext::new(&trial, &options, &Silent::shared(), today);
        let context = context.expect("a context");
        let access = context.access().expect("a program");
        let given = access.environment(folder.path()).await.expect("access");
        for (path, content) in &given.files {
            fs::write(path, content).expect("written");
        }
        let all = format!("{given:?}");
        assert!(!all.contains(&secret) && !all.contains(&id), "the real key");
        let run = async |script: &'static str| {
            let (given, url) = (given.clone(), url.clone());
            let ran = tokio::task::spawn_blocking(move || python(script, &url, &given));
            ran.await.expect("no panic")
        };
        let said = succeeded(&run(SCRIPT).await);
        let expected = format!("arn:aws:iam::{ACCOUNT}:user/real subnet\n");
        assert_eq!(said, expected);
        let calls = context.journal.calls();
        let own = calls.iter().filter(|call| call.actor == Actor::Provisioner);
        let names: Vec<String> = own.map(|call| call.signature.to_string()).collect();
        assert_eq!(
            names,
            [
                "ec2:CreateVpc",
                "ec2:CreateSubnet",
                "ec2:DeleteSubnet",
                "sts:GetCallerIdentity"
            ]
        );
        failed(
            &run(FOREIGN).await,
            "signed with another key than the run's placeholder",
        );
        failed(&run(AROUND).await, "AuthFailure");
        let report = context.proxy.as_ref().expect("a proxy").report();
        assert_eq!(report.refused.len(), 1, "{report:?}");
    });
}
