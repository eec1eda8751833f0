//! Machines of a cluster over a cloud that loses answers and takes its time.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::create::{LookupWindows, first_with_capacity};
use kubeproof_cloudkit::machines::{
    ClusterOrder, Machine, MachineApi, States, launch_in_first, launch_nodes, observer_access,
    running, terminated, usable,
};
use kubeproof_cloudkit::poll::PollSchedule;
use kubeproof_cloudkit::{Applied, CallError, Cause, Session};
use kubeproof_contract::disk::Files;
use kubeproof_contract::provider::{Connection, Credentials};
use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_kubernetes::machines::{ClusterCa, K3s, cluster_ca};

use crate::connection;

/// A cloud whose machines run a minute after their launch and are gone a minute after their end.
struct Sky {
    session: Session,
    all: Mutex<Vec<(Machine, Duration)>>,
    documents: Mutex<Vec<String>>,
    /// How many answers of launches are lost.
    lost: Mutex<usize>,
    /// How many orders to terminate do nothing.
    deaf: Mutex<usize>,
    fails: bool,
    /// The places without capacity.
    full: &'static [&'static str],
}

const MINUTE: Duration = Duration::from_mins(1);

impl Sky {
    fn new() -> Self {
        Self {
            session: Session::new(&connection(Files::empty()), Duration::ZERO),
            all: Mutex::default(),
            documents: Mutex::default(),
            lost: Mutex::default(),
            deaf: Mutex::default(),
            fails: false,
            full: &[],
        }
    }

    /// With these machines: node and state.
    fn with(machines: &[(&str, &str)]) -> Self {
        let sky = Self::new();
        for (node, state) in machines {
            sky.add(node, state);
        }
        sky
    }

    fn add(&self, node: &str, state: &str) -> Machine {
        let mut all = self.all.lock().expect("a lock");
        let number = all.len();
        let machine = Machine {
            id: format!("m-{number}"),
            name: node.to_owned(),
            node: node.to_owned(),
            state: state.to_owned(),
            place: "here".to_owned(),
            ip: Some(format!("203.0.113.{number}")),
            private_ip: Some(format!("10.0.0.{number}")),
        };
        all.push((machine.clone(), self.session.elapsed()));
        machine
    }

    fn states(&self) -> Vec<(String, String)> {
        let all = self.all.lock().expect("a lock");
        let all = all.iter();
        all.map(|(one, _)| (one.node.clone(), one.state.clone()))
            .collect()
    }
}

#[async_trait]
impl MachineApi for Sky {
    type Prepared = String;

    const STATES: States = States {
        starting: "dawning",
        running: "up",
        ending: "setting",
        addressed_within: MINUTE,
        running_within: Duration::from_mins(5),
        gone_within: Duration::from_mins(5),
        every: PollSchedule::every(10),
        lookup: LookupWindows::DEFAULT,
    };

    fn session(&self) -> &Session {
        &self.session
    }

    async fn machines(&self) -> Result<Vec<Machine>, CallError> {
        let now = self.session.elapsed();
        let mut all = self.all.lock().expect("a lock");
        all.retain(|(one, since)| one.state != "setting" || now < *since + MINUTE);
        for (one, since) in all.iter_mut() {
            if one.state == "dawning" && now >= *since + MINUTE {
                one.state = if self.fails { "dark" } else { "up" }.to_owned();
            }
        }
        Ok(all.iter().map(|(one, _)| one.clone()).collect())
    }

    async fn machine(&self, id: &str) -> Result<Machine, CallError> {
        let all = self.machines().await?;
        let found = all.into_iter().find(|one| one.id == id);
        found.ok_or_else(|| CallError::state("GetMachine", "none"))
    }

    async fn prepare(&self, place: &str, _: &ClusterCa) -> Result<String, CallError> {
        Ok(place.to_owned())
    }

    async fn launch(
        &self,
        prepared: &String,
        node: &str,
        user_data: &str,
    ) -> Result<Machine, CallError> {
        if self.full.contains(&prepared.as_str()) {
            let error = CallError::state("Launch", format!("{prepared} is full"));
            let cause = Cause::NoCapacity;
            return Err(CallError { cause, ..error });
        }
        assert_eq!(prepared, "here");
        self.documents
            .lock()
            .expect("a lock")
            .push(user_data.to_owned());
        let machine = self.add(node, "dawning");
        let mut lost = self.lost.lock().expect("a lock");
        if *lost > 0 {
            *lost -= 1;
            return Err(CallError::no_answer("Launch", "lost", Applied::Unknown));
        }
        Ok(machine)
    }

    async fn connect(&self, _: &String, nodes: &[Machine]) -> Result<(), CallError> {
        assert_eq!(nodes.len(), 2);
        Ok(())
    }

    async fn terminate(&self, ids: &[&str]) -> Result<(), CallError> {
        let mut deaf = self.deaf.lock().expect("a lock");
        if *deaf > 0 {
            *deaf -= 1;
            return Ok(());
        }
        let now = self.session.elapsed();
        let mut all = self.all.lock().expect("a lock");
        for (one, since) in all.iter_mut() {
            if ids.contains(&one.id.as_str()) {
                assert_ne!(one.state, "setting", "ordered once");
                (one.state, *since) = ("setting".to_owned(), now);
            }
        }
        Ok(())
    }
}

fn authorities() -> ClusterCa {
    let made = cluster_ca::ensure(&connection(Files::empty()));
    made.expect("authorities").0
}

const K3S: K3s<'_> = K3s {
    version: "1.34",
    with_gpus: false,
    address_from: "https://address.example",
};

/// Launches two nodes while so many answers are lost.
async fn launched(sky: &Sky) -> Vec<Machine> {
    let cluster_ca = authorities();
    let order = ClusterOrder {
        nodes: 2,
        k3s: K3S,
        cluster_ca: &cluster_ca,
    };
    launch_nodes(sky, order, "here").await.expect("nodes")
}

#[tokio::test(start_paused = true)]
async fn each_node_is_launched_once_and_the_others_join_the_first() {
    for lost in 0..3 {
        let sky = Sky::new();
        *sky.lost.lock().expect("a lock") = lost;
        let nodes = launched(&sky).await;
        let names: Vec<&str> = nodes.iter().map(|one| one.node.as_str()).collect();
        assert_eq!(names, ["kp-r1-node-0", "kp-r1-node-1"]);
        assert_eq!(sky.states().len(), 2, "{lost} answers were lost");
        let documents = sky.documents.lock().expect("a lock").clone();
        assert!(documents[0].contains("install-k3s.sh server"));
        assert!(documents[1].contains("https://10.0.0.0:6443"));
        // Who comes second finds what is there.
        assert_eq!(launched(&sky).await.len(), 2);
        assert_eq!(sky.states().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_go_to_the_first_place_with_capacity_and_the_others_are_cleared() {
    let check = async |places: &[&str], stuck: bool, expected: Result<usize, &str>, times| {
        let sky = Sky {
            full: &["there", "yonder"],
            ..Sky::new()
        };
        let cluster_ca = authorities();
        let order = ClusterOrder {
            nodes: 2,
            k3s: K3S,
            cluster_ca: &cluster_ca,
        };
        let cleared = Mutex::new(0);
        let clear = || async {
            *cleared.lock().expect("a lock") += 1;
            if stuck {
                return Err(ProvisionerError::new("stuck"));
            }
            Ok(())
        };
        let launched = launch_in_first(&sky, order, ("small", places), clear).await;
        let launched = launched.map(|nodes| nodes.len());
        let launched = launched.map_err(|error| error.message);
        assert_eq!(launched, expected.map_err(str::to_owned), "{places:?}");
        assert_eq!(*cleared.lock().expect("a lock"), times, "{places:?}");
    };
    check(&["here"], false, Ok(2), 0).await;
    check(&["there", "here"], false, Ok(2), 1).await;
    check(&["there", "here"], true, Err("stuck"), 1).await;
    let full = "no capacity for small in any of there, yonder: yonder is full";
    check(&["there", "yonder"], false, Err(full), 2).await;
    let none = "there is no place to launch in";
    check(&[], false, Err(none), 0).await;
}

#[test]
fn the_observer_has_access_by_the_address_of_the_server_and_the_runs_authorities() {
    let rehearsal = connection(Files::empty());
    let env_file = "none".into();
    let live = Connection {
        credentials: Credentials::Documented { env_file },
        ..rehearsal.clone()
    };
    let server = Sky::new().add("kp-r1-node-0", "up");
    let check = |connection: &Connection, all: &[&Machine], expected: Result<&str, &str>| {
        let all = all.iter().map(|one| (*one).clone());
        let seen = observer_access(connection, "sky:List", all);
        let seen = seen.map(|access| access.server);
        let seen = seen.map_err(|error| error.message);
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(seen, expected);
    };
    let address = "https://203.0.113.0:6443";
    check(&rehearsal, &[&server], Ok(address));
    let none = "the run's directory has no authorities";
    check(&live, &[&server], Err(none));
    let missing = "no live instance kp-r1-node-0 with an address";
    check(&rehearsal, &[], Err(missing));
    let unaddressed = Machine { ip: None, ..server };
    check(&rehearsal, &[&unaddressed], Err(missing));
}

#[tokio::test(start_paused = true)]
async fn duplicates_of_a_node_are_terminated() {
    let server = "kp-r1-node-0";
    let sky = Sky::with(&[(server, "up"), (server, "dawning")]);
    launched(&sky).await;
    let states = sky.states();
    let named = states.iter().filter(|(node, _)| node == server);
    assert_eq!(named.count(), 1, "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn machines_are_usable_only_beside_a_live_server_that_trusts_the_same_authorities() {
    let check = async |machines: &[(&str, &str)], is_new, expected: Option<&str>, left: usize| {
        let sky = Sky::with(machines);
        let found = usable(&sky, is_new).await.expect("a list");
        assert_eq!(
            found.as_ref().map(|one| one.node.as_str()),
            expected,
            "{machines:?}"
        );
        assert_eq!(sky.states().len(), left, "{machines:?}");
    };
    let (server, agent) = ("kp-r1-node-0", "kp-r1-node-1");
    check(&[], false, None, 0).await;
    check(
        &[(server, "up"), (agent, "dawning")],
        false,
        Some(server),
        2,
    )
    .await;
    check(&[(server, "up"), (agent, "dark")], false, Some(server), 1).await;
    check(&[(server, "dark"), (agent, "up")], false, None, 0).await;
    check(&[(server, "up")], true, None, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_all_run_or_one_will_not_and_says_which() {
    let wait = async |sky: &Sky, nodes: &[Machine]| {
        running(sky, nodes).await.map_err(|error| error.message)
    };
    let mut sky = Sky::new();
    let nodes = launched(&sky).await;
    assert_eq!(wait(&sky, &nodes).await, Ok(()));
    sky.all = Mutex::default();
    let gone = "instance m-0 (kp-r1-node-0) is gone".to_owned();
    assert_eq!(wait(&sky, &nodes).await, Err(gone));
    sky.fails = true;
    let nodes = launched(&sky).await;
    let dark = "instance m-0 (kp-r1-node-0) is dark".to_owned();
    assert_eq!(wait(&sky, &nodes).await, Err(dark));
}

#[tokio::test(start_paused = true)]
async fn what_stands_is_terminated_again_until_it_is_gone() {
    let sky = Sky::with(&[("a", "up"), ("b", "up"), ("c", "up")]);
    *sky.deaf.lock().expect("a lock") = 2;
    let ids = vec!["m-0".to_owned(), "m-2".to_owned()];
    assert_eq!(terminated(&sky, ids).await, Ok(()));
    assert_eq!(sky.states(), [("b".to_owned(), "up".to_owned())]);
    *sky.deaf.lock().expect("a lock") = usize::MAX;
    let stuck = terminated(&sky, vec!["m-1".to_owned()]).await;
    let message = stuck.expect_err("it stands").message;
    assert_eq!(message, "still `setting: m-1` after 300 s");
}

/// Tries these places, of which some lack capacity, and checks which were left.
async fn check(places: &[&str], lacking: &[&str], expected: Result<&str, Option<Cause>>) {
    let left = Mutex::new(Vec::new());
    let make = |place: String| async move {
        if lacking.contains(&place.as_str()) {
            let error = CallError::state("Launch", "full");
            let cause = Cause::NoCapacity;
            return Err(CallError { cause, ..error });
        }
        Ok(place)
    };
    let leave = |place: String| left.lock().expect("a lock").push(place);
    let places: Vec<&str> = places.to_vec();
    let made = first_with_capacity(
        &places,
        |place| make(place.to_owned()),
        |place, _| {
            leave(place.to_owned());
            async { Ok(()) }
        },
    )
    .await;
    let made = made.map_err(|refusal| refusal.map(|error| error.cause));
    assert_eq!(made, expected.map(str::to_owned), "{places:?}");
    assert_eq!(left.into_inner().expect("a lock"), lacking);
}

#[tokio::test(start_paused = true)]
async fn the_first_place_with_capacity_is_used_and_the_others_are_left() {
    check(&["a", "b"], &[], Ok("a")).await;
    check(&["a", "b"], &["a"], Ok("b")).await;
    check(&["a", "b"], &["a", "b"], Err(Some(Cause::NoCapacity))).await;
    check(&[], &[], Err(None)).await;
}
