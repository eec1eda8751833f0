//! The run's authorities on disk: only their owner can read them, each process finds the same, and they are removed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::provider::{
    Connection, Credentials, ProgressSink, Provider as _, Simulated as _,
};
use kubeproof_contract::run::Run;
use kubeproof_lambda::cluster_ca::{ensure, forget, load};
use kubeproof_lambda::provider::Lambda;

/// A connection as a live run has it. Nothing is sent.
fn connection(directory: &Path) -> Connection {
    let text = "scenario: s\ndescription: d\nprovider: lambda\njob: {gpus: 1}\ncluster:\n  kubernetes_version: \"1.34\"\n  \
                api_allowed_from: 198.51.100.7/32\n  regions: [us-east-1]\n  instance_type: gpu_1x_a10\n";
    let scenario = Lambda.read(text).unwrap();
    let clock = Clock::starting_at(Timestamp::from_second(1_795_000_000).unwrap());
    Connection {
        transport: Lambda.rehearse(&scenario, clock, 1).unwrap().transport,
        clock,
        seed: 1,
        run: Run::new("r1", "tester", clock.now()),
        credentials: Credentials::Documented {
            env_file: directory.join(".env"),
        },
        directory: directory.join("run"),
        disk: kubeproof_contract::disk::Disk::unwatched(),
        progress: ProgressSink::default(),
    }
}

fn file(connection: &Connection) -> std::path::PathBuf {
    connection.directory.join("lambda-trust.json")
}

#[tokio::test(start_paused = true)]
async fn it_is_kept_for_its_owner_alone_found_by_the_next_process_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let connection = connection(folder.path());
    assert!(load(&connection).unwrap().is_none());
    let (made, new) = ensure(&connection).unwrap();
    assert!(new);
    let mode = file(&connection).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (found, new) = ensure(&connection).unwrap();
    assert!(!new && found == made);
    forget(&connection).unwrap();
    assert!(!file(&connection).exists());
    forget(&connection).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_damaged_file_is_not_replaced_by_authorities_that_the_server_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let connection = connection(folder.path());
    ensure(&connection).unwrap();
    let text = std::fs::read_to_string(file(&connection)).unwrap();
    std::fs::write(file(&connection), &text[..text.len() / 2]).unwrap();
    for said in [ensure(&connection).err(), load(&connection).err()] {
        let said = said.expect("an error");
        assert!(said.contains("damaged: tear the run down"), "{said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
}
