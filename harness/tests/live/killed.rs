//! Runs that are killed: each in a process of its own, which is gone in the middle of a phase. What it leaves is found and
//! removed by another one that has no folder of it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kubeproof::sweep::{Action, Decision};
use kubeproof::trial_context::progress::Progress;

use crate::run::Live;
use crate::second_process::{Account, SecondProcess};
use crate::{CLOUDS, Cloud, later};

/// The phase in which a process dies, and after how many calls of it.
const DEATHS: [(&str, usize); 4] = [
    ("provision", 12),
    ("provision", 40),
    ("run_job", 4),
    ("teardown", 8),
];

/// Sets the counter when the phase begins.
struct Doom {
    phase: String,
    calls: usize,
    dies: Arc<AtomicUsize>,
}

impl Progress for Doom {
    fn phase(&self, _: &str, phase: &str, _: Duration) {
        if phase == self.phase {
            self.dies.store(self.calls, Ordering::SeqCst);
        }
    }
}

/// The process that dies; other tests start it.
#[test]
#[ignore = "started by the tests of killed runs"]
fn process_that_dies() {
    let variable = |name: &str| std::env::var(name).expect(name);
    let account = Account::given();
    let out = PathBuf::from(variable("LIVE_OUT"));
    let (file, id) = (variable("LIVE_FILE"), variable("LIVE_ID"));
    let live = Live::new(&account, &file, &out, &id);
    let accounts = live.gate("10").expect("permitted");
    let dies = Arc::new(AtomicUsize::new(0));
    let doom: Arc<dyn Progress> = Arc::new(Doom {
        phase: variable("LIVE_PHASE"),
        calls: variable("LIVE_CALLS").parse().expect("a number"),
        dies: Arc::clone(&dies),
    });
    let record = live.run_until(accounts, &doom, dies);
    panic!("it lived: {:?}", record.phases);
}

/// Runs a trial in a process that dies in this phase, and forgets its folder.
fn die(account: &Account, cloud: &Cloud, (phase, calls): (&str, usize)) {
    let out = tempfile::tempdir().expect("a folder");
    let mut process = Command::new(std::env::current_exe().expect("this program"));
    process
        .args([
            "--exact",
            "killed::process_that_dies",
            "--ignored",
            "--nocapture",
        ])
        .env("LIVE_OUT", out.path())
        .env("LIVE_FILE", cloud.file)
        .env("LIVE_ID", cloud.id)
        .env("LIVE_PHASE", phase)
        .env("LIVE_CALLS", calls.to_string());
    account.hand_on(&mut process);
    let ended = process.output().expect("it starts");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(
        !said.contains("it lived") && !ended.status.success(),
        "{} in {phase} after {calls} calls: {said}",
        cloud.name
    );
}

/// Kills a run, and sweeps the account after its expiry.
fn check(cloud: &Cloud, (phase, calls): (&str, usize)) {
    let served = SecondProcess::serve(cloud.name);
    let account = served.account();
    die(&account, cloud, (phase, calls));
    let name = format!("{} in {phase} after {calls} calls", cloud.name);

    let elsewhere = tempfile::tempdir().expect("a folder");
    let live = Live::new(&account, cloud.file, elsewhere.path(), cloud.id);
    let now = live.now();
    let (early, untouched) = live.sweep_expired(later(now, 1));
    let early = early.of(Action::Delete).count();
    assert_eq!(early, 0, "{name}: swept too early");
    let failed = &untouched.failed;
    assert!(failed.is_empty(), "{name}: {failed:?}");

    let (planned, left) = live.sweep_expired(later(now, 7));
    assert!(planned.failed.is_empty(), "{name}: {:?}", planned.failed);
    let deleted = planned.of(Action::Delete).count();
    // A job ends by itself, long before its expiry.
    let ended = cloud.name == "huggingface" && planned.decisions.is_empty();
    assert!(deleted > 0 || ended, "{name}: nothing to delete");
    // What Kubernetes made (balancers, firewall rules) may carry no mark of the run: a person has to delete it, and with it
    // goes what holds the network. The plan names it, and nothing but networks stays.
    let by_hand = left.of(Action::LeaveToPerson).count() > 0 && phase != "provision";
    let held = ["internet_gateway", "network", "subnet", "subnetwork", "vpc"];
    let is_held = |it: &Decision| by_hand && held.contains(&it.resource.resource_type.as_str());
    let stays: Vec<&Decision> = left
        .of(Action::Delete)
        .filter(|decision| !is_held(decision))
        .collect();
    assert!(stays.is_empty(), "{name}: {stays:#?} {:?}", left.failed);
}

#[test]
fn what_a_killed_run_leaves_is_swept_from_another_folder_after_its_expiry() {
    for cloud in &CLOUDS {
        for death in DEATHS {
            check(cloud, death);
        }
    }
}
