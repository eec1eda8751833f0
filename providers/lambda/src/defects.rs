//! The wrong provisioners of Lambda Cloud, each made of rules around the correct one. All mistakes were seen in real
//! provisioners.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use kubeproof_cloudkit::defects::{
    Does, Event, Known, Phase, Rule, When, WrongProvisioner, WrongProvisioners, WrongTeardown,
    defects,
};
use kubeproof_contract::provider::Defect;
use kubeproof_contract::run::Run;
use serde_json::Value;

use crate::api::NO_CAPACITY;
use crate::dialect::LambdaDialect;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &LambdaDialect,
    worked: |_| Bytes::from_static(br#"{"data": {}}"#),
};

const MACHINES: &str = "lambda:ListInstances";
const LAUNCH: &str = "lambda:LaunchInstance";
/// The lists of what machines need.
const OTHERS: &[&str] = &[
    "lambda:ListFirewallRulesets",
    "lambda:ListFileSystems",
    "lambda:ListSshKeys",
];

const ALL: [WrongProvisioner; 5] = [
    WrongProvisioner::new(
        "blind-launch",
        "a launch without an answer is repeated without looking for what it made",
        &[Rule::new(
            Phase::Any,
            &[LAUNCH],
            Does::Resend(3, Duration::from_secs(13)),
        )],
    ),
    WrongProvisioner {
        teardown: WrongTeardown::DoesNothing,
        ..WrongProvisioner::new(
            "hides-stuck-create",
            "when nodes do not become ready it gives up without terminating, and its teardown does nothing",
            &[
                Rule::new(Phase::Provision, &[MACHINES], Does::ShowNothing).when(ONCE_STUCK),
                Rule::new(Phase::Provision, OTHERS, Does::ShowNothing).when(ONCE_STUCK),
            ],
        )
    },
    WrongProvisioner::new(
        "failover-twins",
        "what was launched in a region that lacks capacity stays there while another region is tried",
        &[
            Rule::new(
                Phase::Provision,
                &[LAUNCH],
                Does::ForgetMadeWhenRefused(NO_CAPACITY),
            ),
            // What machines need is not removed either, and is found again in the other region.
            Rule::new(Phase::Provision, OTHERS, Does::ShowNothing).when(When {
                since: Some(Event::Refused(LAUNCH, NO_CAPACITY)),
                times: 1,
                ..When::ALWAYS
            }),
        ],
    ),
    WrongProvisioner::new(
        "terminates-nothing",
        "instance ids are read from where they are not, so nothing is terminated",
        &[
            Rule::new(Phase::Teardown, &[MACHINES], Does::ShowNothing),
            // What is in use by machines that were never terminated is skipped without a word.
            Rule::new(
                Phase::Teardown,
                &["lambda:Delete*"],
                Does::TakeForSuccess(|code| code.ends_with("-in-use")),
            ),
        ],
    ),
    WrongProvisioner::new(
        "keys-by-name",
        "SSH keys are deleted by name, which the API answers with 404, and they pile up",
        &[
            Rule::new(Phase::Any, &["lambda:DeleteSshKey"], Does::Change(by_name)),
            // It takes the answer, 404, for a success.
            Rule::new(Phase::Any, &["lambda:DeleteSshKey"], Does::Forget),
        ],
    ),
];

const ONCE_STUCK: When = When {
    since: Some(Event::Shown(MACHINES, is_stuck)),
    ..When::ALWAYS
};

/// Whether a machine that this process launched will not become ready.
fn is_stuck(known: &Known<'_>, item: &str) -> bool {
    let machine: Value = serde_json::from_str(item).unwrap_or_default();
    let text = |name: &str| machine[name].as_str().unwrap_or_default().to_owned();
    known.made.contains(&text("id")) && !matches!(text("status").as_str(), "booting" | "active")
}

/// The request with the key's name in place of its id.
fn by_name(run: &Run, mut request: Request<Bytes>) -> Request<Bytes> {
    let uri = request.uri().to_string();
    let changed = uri
        .rsplit_once('/')
        .map(|(path, _)| format!("{path}/{}", run.name("")));
    if let Some(Ok(uri)) = changed.map(|uri| uri.parse()) {
        *request.uri_mut() = uri;
    }
    request
}
