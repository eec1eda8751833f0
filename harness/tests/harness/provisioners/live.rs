//! Live trials with a recorded network: the account is checked first, and programs get no other credentials.

use std::path::Path;
use std::sync::{Arc, Mutex};

use kubeproof::runner;
use kubeproof::runner::readiness;
use kubeproof::trial::Trial;
use kubeproof::trial_context::RunOptions;
use kubeproof::trial_context::progress::Silent;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::{CommandBlock, Tier};
use kubeproof_contract::transport::{Transport, TransportError};

use crate::campaigns::scenario_of;
use crate::provisioners::clean;
use crate::provisioners::of::TWO_ZONES;
use crate::provisioners::variant::through;

/// The account to which all keys belong.
const ACCOUNT: &str = "999988887777";

/// A network in which all keys belong to one account; it records all requests.
#[derive(Debug, Default)]
struct Edge(Mutex<Vec<(String, String)>>);

#[async_trait::async_trait]
impl Transport for Edge {
    async fn send(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, TransportError> {
        let header = request.headers().get("authorization");
        let key = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let key = key.split("Credential=").nth(1).unwrap_or_default();
        let key = key.split('/').next().unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(request.body()).into_owned();
        self.0.lock().expect("a lock").push((key, body));
        let answer = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Account>999988887777</Account></GetCallerIdentityResult>\
             </GetCallerIdentityResponse>";
        Ok(http::Response::new(answer.into()))
    }
}

/// A live trial over this network that is permitted in one account, with keys in a file in `folder`.
fn trial(
    edge: Arc<Edge>,
    program: Option<CommandBlock>,
    account: &str,
    folder: &Path,
) -> (Trial, RunOptions) {
    let env_file = folder.join(".env");
    let keys = "AWS_ACCESS_KEY_ID=AKIDX\nAWS_SECRET_ACCESS_KEY=y\n";
    std::fs::write(&env_file, keys).expect("written");
    let mut scenario = through(scenario_of(TWO_ZONES), edge);
    let mut content = (*scenario.content).clone();
    content.provisioner.command = program;
    scenario.content = Arc::new(content);
    let trial = Trial {
        tier: Tier::Live,
        ..clean(scenario)
    };
    let options = RunOptions {
        env_file,
        accounts: vec![account.to_owned()],
        ..RunOptions::quiet()
    };
    (trial, options)
}

/// A program that runs this command in every phase.
fn program(words: &[&str]) -> CommandBlock {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    CommandBlock {
        provision: words.clone(),
        teardown: words.clone(),
        estimate: None,
        ready: Some(words),
        client: None,
    }
}

#[test]
fn a_live_trial_first_checks_the_account_and_makes_no_other_call_in_a_wrong_one() {
    for is_program in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let started = folder.path().join("started");
        let edge = Arc::new(Edge::default());
        let program = is_program.then(|| program(&["touch", &started.display().to_string()]));
        let (trial, options) = trial(edge.clone(), program, "111122223333", folder.path());
        let record = runner::run_one(&trial, &options, &Silent::shared()).expect("a run");
        let said = &record.phases[0].message;
        assert_eq!(record.phases[0].verdict, Verdict::Fail, "{said}");
        assert!(
            said.contains(ACCOUNT) && said.contains("nothing was created"),
            "{said}"
        );
        let asked = edge.0.lock().expect("a lock").clone();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            asked[0].0 == "AKIDX" && asked[0].1.contains("Action=GetCallerIdentity"),
            "{asked:?}"
        );
        assert!(!started.exists());
    }
}

#[test]
fn the_readiness_command_of_a_live_program_goes_through_the_proxy_and_never_sees_the_real_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("told");
    let script = format!("env > '{}'", told.display());
    let asked = |account: &str| {
        let program = program(&["sh", "-c", &script]);
        let (trial, options) = trial(Arc::default(), Some(program), account, folder.path());
        readiness::of_programs(&trial, &options)
    };
    let refusal = asked("111122223333")
        .expect_err("another account")
        .to_string();
    assert!(refusal.contains(ACCOUNT), "{refusal}");
    assert!(!told.exists(), "it was started");
    asked(ACCOUNT).expect("it is ready");
    let environment = std::fs::read_to_string(&told).expect("it was started");
    let value = |name: &str| {
        let mut found = environment.lines().filter_map(|line| line.split_once('='));
        found.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    assert_eq!(value("AWS_EC2_METADATA_DISABLED"), Some("true"));
    assert_eq!(value("AWS_REGION"), Some("us-east-1"));
    let proxy = value("HTTPS_PROXY").expect("a proxy");
    assert!(proxy.starts_with("http://127.0.0.1:"), "{proxy}");
    for (name, real) in [
        ("AWS_ACCESS_KEY_ID", "AKIDX"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
    ] {
        let given = value(name).expect(name);
        assert!(given.len() > 8 && given != real, "{name}: {given}");
    }
    assert!(!environment.contains("AKIDX"), "the real key is there");
}
