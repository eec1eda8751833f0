//! A Space: an application on a machine, which is billed by the minute while it runs on one that is not free.
//!
//! "Only billed when the Space is actually `Running`"; paused and asleep it costs nothing; `cpu-basic` is free and sleeps after
//! 48 hours, any other never unless it is told to (docs/hub/spaces-gpus). Building takes 1 to 5 minutes
//! (reference/api/huggingface.md, section 4); how long starting takes is a guess.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_simkit::injected::{AsyncFault, InjectedFault};
use kubeproof_simkit::meter::{Rounding, Usage};
use kubeproof_simkit::rest::ApiError;
use serde_json::{Value, json};

use super::Repository;
use crate::flavors;
use crate::state::{Event, State};

const BUILDING: i64 = 120;
const STARTING: i64 = 30;
/// After how many idle seconds the free machine is taken away.
const FREE_SLEEP: i64 = 48 * 3600;

/// Where a Space is (`SpaceStage` of `huggingface_hub` 2.4.0, and `SLEEPING`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    NoAppFile,
    Building,
    BuildError,
    AppStarting,
    Running,
    Sleeping,
    Paused,
}

impl Stage {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::NoAppFile => "NO_APP_FILE",
            Self::Building => "BUILDING",
            Self::BuildError => "BUILD_ERROR",
            Self::AppStarting => "APP_STARTING",
            Self::Running => "RUNNING",
            Self::Sleeping => "SLEEPING",
            Self::Paused => "PAUSED",
        }
    }
}

/// A value that was set, and when.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) description: Option<String>,
    pub(super) updated: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(super) sdk: String,
    pub(super) stage: Stage,
    /// The machine that it has, and the one that it is to have.
    pub(super) current: Option<String>,
    pub(super) requested: String,
    /// After how many idle seconds it sleeps, where that can be chosen.
    pub(super) sleep_seconds: Option<i64>,
    pub(super) secrets: BTreeMap<String, Setting>,
    pub(super) variables: BTreeMap<String, Setting>,
    /// Counts the turns of its course: what was scheduled before the last one no longer happens.
    turn: u64,
    /// Counts the times to sleep that were set: only the last one holds.
    watch: u64,
}

impl Space {
    /// A Space without files.
    pub(super) fn new(sdk: &str, flavor: &str, sleep_seconds: Option<i64>) -> Self {
        Self {
            sdk: sdk.to_owned(),
            stage: Stage::NoAppFile,
            current: None,
            requested: flavor.to_owned(),
            sleep_seconds,
            secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            turn: 0,
            watch: 0,
        }
    }

    /// The names of its secrets.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }

    /// What was set, as text.
    pub(super) fn settings(&self) -> String {
        let is_paused = self.stage == Stage::Paused;
        let (secrets, variables) = (&self.secrets, &self.variables);
        format!(
            "{}|{:?}|{secrets:?}|{variables:?}|{is_paused}",
            self.requested, self.sleep_seconds
        )
    }

    /// After how many idle seconds it sleeps; `None` if it never does.
    fn sleeps_after(&self) -> Option<i64> {
        if self.requested == flavors::FREE {
            return Some(FREE_SLEEP);
        }
        self.sleep_seconds.filter(|seconds| *seconds > 0)
    }

    /// Its runtime, as answers show it.
    pub(super) fn runtime(&self) -> Value {
        let replicas = i32::from(self.stage == Stage::Running);
        json!({
            "stage": self.stage.word(),
            "hardware": {"current": self.current, "requested": self.requested},
            "storage": null, "gcTimeout": self.sleeps_after(),
            "replicas": {"current": replicas, "requested": 1}, "devMode": false,
        })
    }
}

/// What happens later to a Space.
#[derive(Clone, Debug)]
pub(crate) struct SpaceEvent {
    uid: String,
    turn: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Built {
        has_failed: bool,
    },
    Started,
    /// It has been idle for its time, unless another was set meanwhile.
    Sleeps {
        watch: u64,
    },
}

fn after(state: &mut State, key: &str, seconds: i64, what: What) {
    let Some(repository) = state.repositories.get(key) else {
        return;
    };
    let turn = repository.space.as_ref().map_or(0, |space| space.turn);
    let uid = repository.uid.clone();
    state.after(seconds, Event::Space(SpaceEvent { uid, turn, what }));
}

fn meter_key(uid: &str) -> String {
    format!("space/{uid}")
}

/// Lets a Space take another turn. What it uses is billed only while it runs.
pub(super) fn turn(state: &mut State, key: &str, stage: Stage) {
    let now = state.now;
    let Some(repository) = state.repositories.get_mut(key) else {
        return;
    };
    let usage = usage(repository);
    let Some(space) = &mut repository.space else {
        return;
    };
    space.turn += 1;
    space.stage = stage;
    let meter_key = meter_key(&repository.uid);
    state.meter.stop(&meter_key, now);
    if let (Stage::Running, Some(usage)) = (stage, usage) {
        state.meter.start(meter_key, usage, now);
    }
}

fn usage(repository: &Repository) -> Option<Usage> {
    let space = repository.space.as_ref()?;
    let flavor = flavors::of_spaces(&space.requested).filter(|one| one.name != flavors::FREE)?;
    let names = ["space", "Spaces", flavor.name];
    Some(Usage {
        rounding: Rounding::Minutes,
        ..Usage::of(&repository.name, names, flavor.usd_per_hour())
    })
}

/// Builds a Space, and starts it after that.
pub(super) fn build(
    state: &mut State,
    key: &str,
    injected: &InjectedFault,
) -> Result<(), ApiError> {
    let fault = injected.take_async_if(|code| code == "build-error")?;
    turn(state, key, Stage::Building);
    let (seconds, has_failed) = match fault {
        Some(AsyncFault::Stuck) => return Ok(()),
        Some(AsyncFault::Fail(_)) => (BUILDING, true),
        Some(AsyncFault::Late(times)) => (BUILDING.saturating_mul(i64::from(times)), false),
        None => (BUILDING, false),
    };
    after(state, key, seconds, What::Built { has_failed });
    Ok(())
}

/// Starts a Space that is built.
pub(super) fn start(state: &mut State, key: &str) {
    turn(state, key, Stage::AppStarting);
    after(state, key, STARTING, What::Started);
}

/// Lets a Space that runs sleep when it has been idle for its time, and not for one that was set before. No one calls it
/// here.
pub(super) fn watch_idleness(state: &mut State, key: &str) {
    let repository = state.repositories.get_mut(key);
    let Some(space) = repository.and_then(|one| one.space.as_mut()) else {
        return;
    };
    space.watch += 1;
    let watch = space.watch;
    let is_running = space.stage == Stage::Running;
    if let Some(seconds) = space.sleeps_after().filter(|_| is_running) {
        after(state, key, seconds, What::Sleeps { watch });
    }
}

/// Applies an event that is due, unless the Space has taken another turn.
pub(crate) fn happen(state: &mut State, event: SpaceEvent) {
    let of_turn = |one: &&Repository| {
        one.uid == event.uid
            && one
                .space
                .as_ref()
                .is_some_and(|space| space.turn == event.turn)
    };
    let found = state.repositories.entries().find(|(_, one)| of_turn(one));
    let Some(key) = found.map(|(key, _)| key.to_owned()) else {
        return;
    };
    match event.what {
        What::Built { has_failed: true } => turn(state, &key, Stage::BuildError),
        What::Built { has_failed: false } => start(state, &key),
        What::Started => {
            if let Some(space) = state
                .repositories
                .get_mut(&key)
                .and_then(|one| one.space.as_mut())
            {
                space.current = Some(space.requested.clone());
            }
            turn(state, &key, Stage::Running);
            watch_idleness(state, &key);
        }
        What::Sleeps { watch } => {
            let repository = state.repositories.get(&key);
            let space = repository.and_then(|one| one.space.as_ref());
            if space.is_some_and(|space| space.watch == watch) {
                turn(state, &key, Stage::Sleeping);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_machine_that_is_paid_for_has_a_time_to_sleep_of_its_own() {
        let check = |flavor: &str, seconds: Option<i64>, expected: Option<i64>| {
            let space = Space::new("docker", flavor, seconds);
            assert_eq!(space.sleeps_after(), expected, "{flavor} {seconds:?}");
        };
        check("cpu-basic", None, Some(48 * 3600));
        check("cpu-basic", Some(300), Some(48 * 3600));
        check("t4-small", None, None);
        check("t4-small", Some(300), Some(300));
        check("t4-small", Some(-1), None);
    }
}
