//! The run's authorities on disk, and the documents of machines as the simulator reads them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::{Transport, TransportError};
use kubeproof_kubernetes::machines::K3s;
use kubeproof_kubernetes::machines::cloud_init::ASK_AMAZON;
use kubeproof_kubernetes::machines::cluster_ca::{ensure, forget, load};
use kubeproof_kubernetes_simulator::machines::{Boot, cloud_init};

#[derive(Debug)]
struct NoNetwork;

#[async_trait]
impl Transport for NoNetwork {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        Err(TransportError::Connect("no network".to_owned()))
    }
}

/// A connection as a live run has it, or a rehearsal. Nothing is sent.
fn connection(directory: &Path, credentials: Credentials) -> Connection {
    let clock = Clock::starting_at(Timestamp::from_second(1_795_000_000).unwrap());
    Connection {
        transport: Arc::new(NoNetwork),
        clock,
        seed: 1,
        run: Run::new("r1", "tester", clock.now()),
        credentials,
        directory: directory.join("run"),
        disk: Disk::unwatched(),
        progress: ProgressSink::default(),
    }
}

fn live(directory: &Path) -> Connection {
    let env_file = directory.join(".env");
    connection(directory, Credentials::Documented { env_file })
}

fn file(connection: &Connection) -> PathBuf {
    connection.directory.join("cluster-ca.json")
}

#[tokio::test(start_paused = true)]
async fn authorities_are_kept_for_their_owner_alone_found_by_the_next_process_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let connection = live(folder.path());
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
    let connection = live(folder.path());
    ensure(&connection).unwrap();
    let text = std::fs::read_to_string(file(&connection)).unwrap();
    std::fs::write(file(&connection), &text[..text.len() / 2]).unwrap();
    for said in [ensure(&connection).err(), load(&connection).err()] {
        let said = said.expect("an error").to_string();
        assert!(said.contains("damaged: tear the run down"), "{said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulator_makes_of_a_document_what_it_was_written_for() {
    let folder = tempfile::tempdir().unwrap();
    let rehearsal = connection(folder.path(), Credentials::Rehearsal);
    let (cluster_ca, new) = ensure(&rehearsal).unwrap();
    assert!(!new && !file(&rehearsal).exists());
    for with_gpus in [false, true] {
        let k3s = K3s {
            version: "1.34",
            with_gpus,
            address_from: ASK_AMAZON,
        };
        let server = match cloud_init::read(Some(&k3s.server(&cluster_ca, "n-0"))) {
            Ok(Boot::Server(server)) => server,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (server.node.as_str(), server.version.as_str()),
            ("n-0", "1.34")
        );
        assert_eq!(server.server_ca, cluster_ca.server.certificate_pem);
        assert_eq!(server.client_ca, cluster_ca.client.certificate_pem);
        assert!(server.names_address);
        assert_eq!(server.device_plugin, with_gpus);
        let document = k3s.agent(&cluster_ca, "n-1", "10.0.0.1");
        for secret in [&cluster_ca.server.key_pem, &cluster_ca.client.key_pem] {
            let line = secret.lines().nth(1).expect("a key of some lines");
            assert!(!document.contains(line), "an agent gets no key");
        }
        let agent = match cloud_init::read(Some(&document)) {
            Ok(Boot::Agent(agent)) => agent,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (agent.node.as_str(), agent.server.as_str()),
            ("n-1", "10.0.0.1")
        );
        assert_eq!(agent.secret, server.token);
        let authority = cloud_init::digest(&server.server_ca);
        assert_eq!(agent.authority, Some(authority));
    }
}
