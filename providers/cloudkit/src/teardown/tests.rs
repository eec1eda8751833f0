//! The laws of a teardown, on a cloud of three types and a marker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use futures::FutureExt as _;
use kubeproof_contract::mutex::lock;
use proptest::prelude::*;

use super::*;

/// `b` is in `a` and goes before it; `c` goes by itself.
#[derive(Default)]
struct Model {
    there: Mutex<BTreeMap<&'static str, usize>>,
    /// Deletions of a type that fail before one succeeds.
    failing: Mutex<BTreeMap<&'static str, usize>>,
    /// Types whose list cannot be read.
    unreadable: BTreeSet<&'static str>,
    /// Types whose deletion is accepted and has no effect.
    ineffective: BTreeSet<&'static str>,
    /// How many seconds a deletion takes.
    seconds: BTreeMap<&'static str, u64>,
    deleted: Mutex<Vec<String>>,
    /// What the list of `b` was given.
    given: Mutex<Vec<Vec<String>>>,
    /// How many seconds before the teardown the marker was made; none where there is no marker.
    marked: Mutex<Option<u64>>,
    /// How many looks do not show the marker yet.
    unseen: Mutex<usize>,
    began: OnceLock<Instant>,
}

impl Model {
    fn with(there: &[(&'static str, usize)]) -> Self {
        Self {
            there: Mutex::new(there.iter().copied().collect()),
            ..Self::default()
        }
    }

    fn elapsed(&self) -> Duration {
        self.began.get_or_init(Instant::now).elapsed()
    }

    fn deleted(&self) -> Vec<String> {
        lock(&self.deleted).clone()
    }
}

async fn list(model: &Model, name: &'static str) -> Result<Vec<String>, CallError> {
    if model.unreadable.contains(name) {
        return Err(CallError::state(format!("list {name}"), "unreadable"));
    }
    let count = lock(&model.there).get(name).copied().unwrap_or(0);
    Ok((0..count).map(|n| format!("{name}-{n}")).collect())
}

async fn list_in(model: &Model, of: Vec<String>) -> Result<Vec<String>, CallError> {
    lock(&model.given).push(of);
    list(model, "b").await
}

async fn delete(model: &Model, name: &'static str, id: String) -> Result<(), CallError> {
    if let Some(seconds) = model.seconds.get(name) {
        sleep(Duration::from_secs(*seconds)).await;
    }
    if let Some(count @ 1..) = lock(&model.failing).get_mut(name) {
        *count -= 1;
        return Err(CallError::state(format!("delete {name}"), "refused"));
    }
    lock(&model.deleted).push(id);
    if !model.ineffective.contains(name)
        && let Some(count) = lock(&model.there).get_mut(name)
    {
        *count -= 1;
    }
    Ok(())
}

async fn find_marker(model: &Model) -> Result<Option<FoundMarker>, CallError> {
    if let unseen @ 1.. = &mut *lock(&model.unseen) {
        *unseen -= 1;
        return Ok(None);
    }
    let marked = *lock(&model.marked);
    Ok(marked.map(|before| FoundMarker {
        id: "marker".to_owned(),
        age: Duration::from_secs(before) + model.elapsed(),
    }))
}

async fn delete_marker(model: &Model) -> Result<(), CallError> {
    delete(model, "marker", "marker".to_owned()).await?;
    *lock(&model.marked) = None;
    Ok(())
}

const STEPS: &[Step<Model>] = &[
    Step {
        name: "a",
        of: None,
        after: &[],
        in_use_for: Duration::ZERO,
        list: |model, _| list(model, "a").boxed(),
        delete: Delete::Each(|model, id, _| delete(model, "a", id).boxed()),
    },
    Step {
        name: "b",
        of: Some("a"),
        after: &["a"],
        in_use_for: Duration::ZERO,
        list: |model, of| list_in(model, of).boxed(),
        delete: Delete::Each(|model, id, _| delete(model, "b", id).boxed()),
    },
    Step {
        name: "c",
        of: None,
        after: &["a"],
        in_use_for: Duration::ZERO,
        list: |model, _| list(model, "c").boxed(),
        delete: Delete::Each(|model, id, _| delete(model, "c", id).boxed()),
    },
    Step {
        name: "d",
        of: None,
        after: &[],
        in_use_for: Duration::ZERO,
        list: |model, _| list(model, "d").boxed(),
        delete: Delete::Each(|model, id, _| delete(model, "d", id).boxed()),
    },
];
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const PLAN: Teardown<Model> = Teardown {
    steps: STEPS,
    prepare: None,
    marker: None,
    rounds: Rounds {
        most: 4,
        settle: Duration::from_secs(10),
        begin_within: Duration::from_hours(1),
    },
};
const MARKED: Teardown<Model> = Teardown {
    marker: Some(Marker {
        find: |model| find_marker(model).boxed(),
        delete: |model| delete_marker(model).boxed(),
        all_applied_after: Duration::from_mins(2),
    }),
    ..PLAN
};

fn run(plan: &Teardown<Model>, model: &Model) -> Result<(), ProvisionerError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(async {
        model.elapsed();
        plan.run(model).await
    })
}

proptest! {
    #[test]
    fn nothing_is_reported_as_removed_that_is_left_and_no_error_hides_another(
        there in prop::array::uniform4(0_usize..3),
        failing in prop::array::uniform4(0_usize..9),
    ) {
        let model = Model::default();
        *lock(&model.there) = NAMES.into_iter().zip(there).collect();
        *lock(&model.failing) = NAMES.into_iter().zip(failing).collect();
        let result = run(&PLAN, &model);
        let left = lock(&model.there).values().sum::<usize>();
        match &result {
            Ok(()) => prop_assert_eq!(left, 0),
            Err(error) => {
                prop_assert_eq!(error.left_behind.len(), left);
                // What cannot go is told by name, unless something that must go first is left too.
                let is_left = |name: &str| error.left_behind.iter().any(|id| id.starts_with(name));
                let told = |name: &str| error.message.contains(&format!("delete {name}"));
                for name in NAMES {
                    let waits = matches!(name, "b" | "c") && is_left("a");
                    prop_assert!(!is_left(name) || waits || told(name), "{}", error.message);
                }
            }
        }
        // All of `a` goes before the others, whatever fails.
        let deleted = model.deleted();
        let last_a = deleted.iter().rposition(|id| id.starts_with('a'));
        let first_after = deleted.iter().position(|id| id.starts_with(['b', 'c']));
        if let (Some(last_a), Some(first_after)) = (last_a, first_after) {
            prop_assert!(last_a < first_after, "{:?}", deleted);
        }
    }
}

#[test]
fn a_deletion_that_fails_stops_no_other_one_of_its_step() {
    let model = Model::with(&[("a", 3)]);
    *lock(&model.failing) = BTreeMap::from([("a", 1)]);
    let once = Teardown {
        rounds: Rounds {
            most: 1,
            ..PLAN.rounds
        },
        ..PLAN
    };
    let error = run(&once, &model).expect_err("left behind");
    assert_eq!(error.left_behind, ["a-0"]);
    assert_eq!(model.deleted(), ["a-1", "a-2"]);
}

#[test]
fn what_a_list_still_shows_is_left_even_if_its_deletion_was_accepted() {
    let model = Model {
        ineffective: BTreeSet::from(["b"]),
        ..Model::with(&[("a", 1), ("b", 2)])
    };
    let error = run(&PLAN, &model).expect_err("left behind");
    assert_eq!(error.left_behind, ["b-0", "b-1"]);
}

#[test]
fn a_list_that_cannot_be_read_makes_what_is_left_unknown_and_stops_only_what_comes_after() {
    let check = |unreadable: &'static str, deleted: &[&str]| {
        let model = Model {
            unreadable: BTreeSet::from([unreadable]),
            ..Model::with(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)])
        };
        let error = run(&PLAN, &model).expect_err("unknown");
        let told = format!("list {unreadable}");
        assert!(error.message.contains(&told), "{}", error.message);
        assert_eq!(error.left_behind, ["unknown"]);
        assert_eq!(model.deleted(), deleted, "{unreadable}");
    };
    check("a", &["d-0"]);
    check("b", &["a-0", "d-0", "c-0"]);
}

#[test]
fn a_step_is_given_what_it_is_in_and_begins_as_soon_as_those_before_it_are_done() {
    let model = Model {
        seconds: BTreeMap::from([("a", 5), ("b", 5), ("d", 60)]),
        ..Model::with(&[("a", 2), ("b", 1), ("d", 1)])
    };
    assert_eq!(run(&PLAN, &model), Ok(()));
    let given = lock(&model.given).clone();
    assert_eq!(given, [vec!["a-0".to_owned(), "a-1".to_owned()], vec![]]);
    assert_eq!(model.deleted(), ["a-0", "a-1", "b-0", "d-0"]);
}

#[test]
fn the_marker_goes_last_and_not_while_an_unanswered_request_may_still_be_applied() {
    let check = |made_before: u64, expected: u64| {
        let model = Model {
            marked: Mutex::new(Some(made_before)),
            ..Model::with(&[("a", 1), ("d", 1)])
        };
        let (result, took) = timed(&model);
        assert_eq!(result, Ok(()));
        assert_eq!(model.deleted(), ["a-0", "d-0", "marker"]);
        assert_eq!(took, expected, "{made_before}");
    };
    check(3600, 10);
    check(0, 120);
    check(60, 60);
}

/// The result of a teardown with a marker, and how many seconds it took.
fn timed(model: &Model) -> (Result<(), ProvisionerError>, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(async {
        model.elapsed();
        let result = MARKED.run(model).await;
        (result, model.elapsed().as_secs())
    })
}

#[test]
fn a_marker_that_does_not_show_once_is_not_taken_for_gone() {
    // Neither at the first look nor at a later one.
    for unseen in [0, 1] {
        let model = Model {
            marked: Mutex::new(Some(3600)),
            unseen: Mutex::new(unseen),
            ..Model::default()
        };
        assert_eq!(run(&MARKED, &model), Ok(()));
        assert_eq!(model.deleted(), ["marker"], "{unseen}");
    }
    let nothing = Model::default();
    assert_eq!(timed(&nothing), (Ok(()), 10));
    assert_eq!(nothing.deleted(), [""; 0]);
}

#[test]
fn a_marker_that_cannot_be_deleted_is_left_behind() {
    let model = Model {
        marked: Mutex::new(Some(3600)),
        failing: Mutex::new(BTreeMap::from([("marker", 9)])),
        ..Model::default()
    };
    let error = run(&MARKED, &model).expect_err("left behind");
    assert_eq!(error.left_behind, ["marker"]);
    assert!(error.message.contains("delete marker"), "{}", error.message);
}

#[test]
fn no_round_begins_too_late() {
    let model = Model {
        seconds: BTreeMap::from([("a", 3601)]),
        failing: Mutex::new(BTreeMap::from([("a", 9)])),
        ..Model::with(&[("a", 1)])
    };
    let error = run(&PLAN, &model).expect_err("left behind");
    assert_eq!(error.left_behind, ["a-0"]);
    assert_eq!(lock(&model.failing)["a"], 8, "one round");
}

/// A step without a deletion.
const fn step(
    name: &'static str,
    of: Option<&'static str>,
    after: &'static [&'static str],
) -> Step<Model> {
    Step {
        name,
        of,
        after,
        in_use_for: Duration::ZERO,
        list: |model, _| list(model, "x").boxed(),
        delete: Delete::Each(|_, _, _| async { Ok(()) }.boxed()),
    }
}

#[test]
fn a_step_comes_after_those_that_go_before_it_and_its_container_is_listed_by_itself() {
    fn check(steps: &'static [Step<Model>], expected: Option<&str>) {
        assert_eq!(Teardown { steps, ..PLAN }.out_of_order(), expected);
    }
    check(STEPS, None);
    const INSIDE_FIRST: &[Step<Model>] = &[step("y", Some("x"), &[]), step("x", None, &["y"])];
    check(INSIDE_FIRST, None);
    const WRONG_ORDER: &[Step<Model>] = &[step("x", None, &["y"]), step("y", Some("x"), &[])];
    check(WRONG_ORDER, Some("x"));
    const TWICE_INSIDE: &[Step<Model>] = &[
        step("x", None, &[]),
        step("y", Some("x"), &[]),
        step("z", Some("y"), &[]),
    ];
    check(TWICE_INSIDE, Some("z"));
    const UNKNOWN: &[Step<Model>] = &[step("x", Some("unknown"), &[])];
    check(UNKNOWN, Some("x"));
}
