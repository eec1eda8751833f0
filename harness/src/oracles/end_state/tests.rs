//! What makes two end states differ, and what does not.

use kubeproof_contract::run::EXPIRES_TAG;

use super::*;
use crate::audit::stub_plan::StubPlan;

fn run(id: &str) -> Run {
    Run::new(id, "o", Timestamp::UNIX_EPOCH)
}

fn state(run: &Run, id: &str, size: &str) -> EndState {
    let mut disk = Resource::new("disk", id, "r");
    disk.name = Some(run.name("data"));
    disk.tags = run.tags();
    disk.properties.insert("size".to_owned(), size.to_owned());
    disk.properties.insert(
        "network".to_owned(),
        format!("net-0a{}", &id[id.len() - 8..]),
    );
    EndState::of(run, &StubPlan::default(), &[], &[disk])
}

#[test]
fn ids_and_the_runs_own_name_make_no_difference() {
    let clean = state(&run("r1-aaaaaaaa"), "disk-0123456789", "20");
    let healed = state(&run("r1-bbbbbbbb"), "disk-9876543210", "20");
    assert_eq!(differs(&clean, &healed), None);
}

#[test]
fn a_uuid_in_a_name_makes_no_difference() {
    let run = run("r1-aaaaaaaa");
    let shown = |text| plain(&run, text);
    let name = shown("workers-0b1c2d3e-a20f-419b-a1d0-0123456789ab");
    assert_eq!(name, "workers-#");
    // One short word alone is no middle of a UUID; a range stays, an address goes.
    assert_eq!(shown("10.0.0.0/16-a20f"), "10.0.0.0/16-a20f");
    assert_eq!(shown("to 10.0.0.7"), "to #");
}

#[test]
fn words_of_chance_are_hidden_and_others_stay() {
    let check = |text: &str, expected: &str| {
        assert_eq!(plain(&run("r1-aaaaaaaa"), text), expected, "{text}");
    };
    check("2026-11-02T09:00:00Z", "#");
    check("10.0.0.7", "#");
    check("ip-10-0-0-7.internal", "ip-#");
    check("key-0123456789ab", "key-#");
    check("key-12345ABCXYZ", "key-#");
    // Letters alone are a word, short ones are names, and both cases mixed are no id.
    check("facedecade", "facedecade");
    check("node-1a2b", "node-1a2b");
    // Also after an id: only the provider knows which names end at random.
    check("main-d7c3b283-x4z9", "main-#-x4z9");
    check("main-d7c3b283-vms", "main-#-vms");
    check("Version12345", "Version12345");
    // Only the middle of a whole UUID goes with it.
    check("0b1c2d3e-zzzz-419b-a1d0-0123456789ab", "#-zzzz-419b-a1d0-#");
    check("0b1c2d3e-a20f-419b-a1d0-tail", "#-a20f-419b-a1d0-tail");
    check("head-a20f-419b-a1d0-0123456789ab", "head-a20f-419b-a1d0-#");
    check(
        "0b1c2d3e-a20ff-419b-a1d0-0123456789ab",
        "#-a20ff-419b-a1d0-#",
    );
}

#[test]
fn only_the_tag_with_the_expiry_makes_no_difference() {
    let run = run("r1-aaaaaaaa");
    let tagged = |key: &str, value: &str| {
        let mut disk = Resource::new("disk", "disk-0123456789", "r");
        disk.tags.insert(key.to_owned(), value.to_owned());
        EndState::of(&run, &StubPlan::default(), &[], &[disk])
    };
    let check = |key: &str, same: bool| {
        let found = differs(&tagged(key, "one"), &tagged(key, "two"));
        assert_eq!(found.is_none(), same, "{key}: {found:?}");
    };
    check(EXPIRES_TAG, true);
    check("color", false);
}

#[test]
fn another_region_makes_no_difference() {
    let run = run("r1-aaaaaaaa");
    let rules = |region: &str| {
        let mut rules = Resource::new("rules", "x-00000001", region);
        rules.name = Some(run.name(region));
        EndState::of(&run, &StubPlan::default(), &[], &[rules])
    };
    assert_eq!(differs(&rules("north-1"), &rules("south-2")), None);
}

#[test]
fn a_fact_that_differs_is_found_with_both_sides() {
    let clean = state(&run("r1-aaaaaaaa"), "disk-0123456789", "20");
    let healed = state(&run("r1-bbbbbbbb"), "disk-9876543210", "40");
    let found = differs(&clean, &healed).expect("a finding");
    assert_eq!(found.oracle, "O8 end state");
    assert!(found.message.contains("missing: 1 × disk"), "{found:?}");
    assert!(found.message.contains("size=40"), "{found:?}");
}

#[test]
fn what_leads_elsewhere_is_found_though_only_ids_tell() {
    let run = run("r1-aaaaaaaa");
    let state = |left: &str, right: &str, leads: &str| {
        let named = |id: &str, name: &str| {
            let mut gateway = Resource::new("gateway", id, "r");
            gateway.name = Some(run.name(name));
            gateway
        };
        let mut table = named("table-00000009", "table");
        let routes = format!("0.0.0.0/0 by {leads}, local");
        table.properties.insert("routes".to_owned(), routes);
        // In the order of ids, as a cloud lists them.
        let listed = format!("{}, {}", left.min(right), left.max(right));
        table.properties.insert("all".to_owned(), listed);
        EndState::of(
            &run,
            &StubPlan::default(),
            &[],
            &[named(left, "a"), named(right, "b"), table],
        )
    };
    let clean = state("gw-00000001", "gw-00000002", "gw-00000001");
    let same = state("gw-00000004", "gw-00000003", "gw-00000004");
    assert_eq!(differs(&clean, &same), None);
    let crossed = state("gw-00000004", "gw-00000003", "gw-00000003");
    let found = differs(&clean, &crossed).expect("a finding").message;
    assert!(found.contains("by <gateway kp-RUN-b>, local"), "{found}");
}

/// Machines have names that end at random.
struct RandomMachines;

impl Naming for RandomMachines {
    fn name_length_max(&self) -> usize {
        63
    }

    fn random_ending<'r>(&self, resource: &'r Resource) -> Option<&'r str> {
        let is_machine = resource.resource_type == "machine";
        is_machine.then(|| resource.id.rsplit('-').next())?
    }
}

#[test]
fn a_short_word_after_an_id_makes_no_difference_only_where_the_provider_says_that_it_is_random() {
    let run = run("r1-aaaaaaaa");
    let state = |of_type: &str, id: &str| {
        let user = Resource::new("group", "g", "r").with("members", format!("zones/z/{id}"));
        EndState::of(
            &run,
            &RandomMachines,
            &[],
            &[Resource::new(of_type, id, "r"), user],
        )
    };
    let check = |of_type: &str, left: &str, right: &str, same: bool| {
        let found = differs(&state(of_type, left), &state(of_type, right));
        assert_eq!(found.is_none(), same, "{of_type} {left} {right}: {found:?}");
    };
    check("machine", "main-0a1b2c3d-x4z9", "main-d7c3b283-0d3b", true);
    check("machine", "main-0a1b2c3d-x4z9", "data-d7c3b283-0d3b", false);
    check("machine", "main-0a1b2c3d-x4z9", "x4z9", false);
    // What somebody has chosen: the pool for spare capacity instead of the one on demand.
    check("group", "pool-0a1b2c3d-spot", "pool-d7c3b283-main", false);
    check("group", "pool-0a1b2c3d-spot", "pool-d7c3b283-spot", true);
}

#[test]
fn another_range_of_addresses_is_found() {
    let run = run("r1-aaaaaaaa");
    let state = |range: &str| {
        let mut network = Resource::new("network", "net-00000001", "r");
        network
            .properties
            .insert("cidr".to_owned(), range.to_owned());
        EndState::of(&run, &StubPlan::default(), &[], &[network])
    };
    assert!(differs(&state("10.0.0.0/24"), &state("10.0.9.0/24")).is_some());
}

#[test]
fn a_second_one_of_the_same_kind_is_found_though_every_line_is_known() {
    let run = run("r1-aaaaaaaa");
    let disk = |id| Resource::new("disk", id, "r");
    let one = EndState::of(&run, &StubPlan::default(), &[], &[disk("d-00000001")]);
    let two = EndState::of(
        &run,
        &StubPlan::default(),
        &[],
        &[disk("d-00000001"), disk("d-00000002")],
    );
    assert!(differs(&one, &two).is_some());
    assert!(differs(&two, &one).is_some());
}

#[test]
fn the_remains_of_a_failed_attempt_are_no_part_of_it() {
    let run = run("r1-aaaaaaaa");
    let mut gateway = Resource::new("gateway", "g-1", "r");
    gateway.lifetime = Lifetime::Dead;
    assert_eq!(
        EndState::of(&run, &StubPlan::default(), &[], &[gateway]),
        EndState::default()
    );
}
