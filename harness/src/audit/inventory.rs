//! Takes the inventory of an account: every cell of scope × resource type, to its last page.
//!
//! Fails closed: a cell that could not be listed is named, never taken for empty.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::{Resource, ResourceKey};
use kubeproof_contract::scope::{Breadth, Cell, Listed, Listing, Scope};
use kubeproof_reports::record::Coverage;

/// Listings that are made at the same time.
const AT_ONCE: usize = 16;
/// The longest that one listing may take, in the trial's clock.
const LISTING_LIMIT: Duration = Duration::from_mins(10);

/// All resources of an account at one moment, and what was listed to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The resources, in the order of cells.
    pub resources: Vec<Resource>,
    /// What was listed.
    pub coverage: Coverage,
    /// The scopes that were listed, without the account itself.
    pub scopes: Vec<Scope>,
}

/// Takes the inventory of the scenario's own scopes.
pub async fn take(account: &dyn Observer) -> Inventory {
    match account.cells(&Breadth::Scenario).await {
        Ok(listings) => take_in(account, listings).await,
        Err(error) => {
            let mut inventory = Inventory::default();
            let line = format!("what there is to list: {error}");
            inventory.coverage.failed.push(line);
            inventory
        }
    }
}

/// Takes the inventory of the named scopes or, if none are named, of all enabled scopes of the account and of
/// `besides`. If the enabled scopes cannot be listed, that is a failed cell.
pub async fn take_everywhere(
    account: &dyn Observer,
    named: &[Scope],
    besides: &[Scope],
) -> Inventory {
    let (breadth, besides) = match named {
        [] => (Breadth::Account, besides),
        named => (Breadth::Named(named.to_vec()), &[][..]),
    };
    let mut failed = Vec::new();
    let mut listings = match account.cells(&breadth).await {
        Ok(listings) => listings,
        Err(error) => {
            failed.push(format!("scopes other than those of the scenario: {error}"));
            or_failed(account, Breadth::Scenario, &mut failed).await
        }
    };
    if !besides.is_empty() {
        let more = or_failed(account, Breadth::Named(besides.to_vec()), &mut failed).await;
        add(account, &mut listings, more);
    }
    let mut inventory = take_in(account, listings).await;
    // Two listings may overlap where some scopes were added.
    let mut seen: BTreeSet<ResourceKey> = BTreeSet::new();
    inventory.resources.retain(|it| seen.insert(it.key()));
    inventory.coverage.failed.append(&mut failed);
    if !named.is_empty() {
        let named: Vec<&str> = named.iter().map(Scope::as_str).collect();
        let line = format!("scopes other than {}: not listed", named.join(", "));
        inventory.coverage.not_covered.push(line);
    }
    inventory
}

/// The listings of a breadth, or none and a failed line.
async fn or_failed(
    account: &dyn Observer,
    breadth: Breadth,
    failed: &mut Vec<String>,
) -> Vec<Listing> {
    account.cells(&breadth).await.unwrap_or_else(|error| {
        failed.push(format!("{breadth:?}: {error}"));
        Vec::new()
    })
}

/// Adds the listings that answer a cell which no other does, at their places in deletion order.
fn add(account: &dyn Observer, listings: &mut Vec<Listing>, more: Vec<Listing>) {
    let known: BTreeSet<Cell> = listings.iter().flat_map(|it| it.cells.clone()).collect();
    let is_new = |listing: &Listing| listing.cells.iter().any(|cell| !known.contains(cell));
    listings.extend(more.into_iter().filter(is_new));
    let types = account.resource_types();
    listings.sort_by_key(|listing| {
        let first = listing.cells.first();
        types
            .iter()
            .position(|it| first.is_some_and(|cell| cell.resource_type == it.name))
    });
}

/// Makes these listings.
async fn take_in(account: &dyn Observer, listings: Vec<Listing>) -> Inventory {
    let mut inventory = Inventory::default();
    let cells = || listings.iter().flat_map(|listing| &listing.cells);
    let scopes: BTreeSet<&Scope> = cells().map(|cell| &cell.scope).collect();
    let scopes = scopes.into_iter().filter(|scope| !scope.is_global());
    inventory.scopes = scopes.cloned().collect();
    inventory.coverage.cells = cells().count() as u64;
    inventory.coverage.not_covered = account.not_covered();
    let mut listed = futures::stream::iter(listings.into_iter().map(|listing| async move {
        let listed = tokio::time::timeout(LISTING_LIMIT, account.list(&listing)).await;
        let listed = match listed {
            Ok(Ok(listed)) => Ok(listed),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", LISTING_LIMIT.as_secs())),
        };
        (listing, listed)
    }))
    .buffered(AT_ONCE);
    while let Some((listing, listed)) = listed.next().await {
        match listed {
            Ok(listed) => inventory.add(&listing, listed),
            Err(reason) => {
                let lines = listing.cells.iter();
                let lines = lines.map(|cell| format!("{cell}: {reason}"));
                inventory.coverage.failed.extend(lines);
            }
        }
    }
    inventory
}

impl Inventory {
    /// Adds what a listing has shown. A resource of no cell of its own, or an unread cell that was not asked for,
    /// means that the provider lists something else than it says: then nothing that it left out is known.
    fn add(&mut self, listing: &Listing, mut listed: Listed) {
        let unread: BTreeSet<&Cell> = listed.unread.iter().map(|(cell, _)| cell).collect();
        let read = listing.cells.iter().filter(|cell| !unread.contains(cell));
        self.coverage.listed += read.count() as u64;
        for (cell, error) in &listed.unread {
            self.coverage.failed.push(format!("{cell}: {error}"));
        }
        for resource in &listed.resources {
            if !listing.cells.iter().any(|cell| cell.covers(resource)) {
                self.coverage.failed.push(format!(
                    "{} {} in {} is of no cell that was asked for: a bug of the provider",
                    resource.resource_type, resource.id, resource.scope
                ));
            }
        }
        self.resources.append(&mut listed.resources);
    }
}

#[cfg(test)]
pub(crate) mod stub_observer;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kubeproof_contract::observer::ObserverError;

    use super::stub_observer::StubObserver;
    use super::*;

    /// Cells, listed ones, resources, and the lines of those that were not listed.
    async fn check(
        answers: &[(&'static str, &'static str, usize)],
        expected: (u64, u64, usize, &[&str]),
    ) {
        let answers = answers
            .iter()
            .map(|(name, region, count)| ((*name, *region), *count));
        let taken = take(&StubObserver(answers.collect())).await;
        let coverage = &taken.coverage;
        let failed: Vec<&str> = coverage.failed.iter().map(String::as_str).collect();
        let seen = (
            coverage.cells,
            coverage.listed,
            taken.resources.len(),
            &failed[..],
        );
        assert_eq!(seen, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn regional_types_are_listed_in_each_region_and_global_ones_once() {
        let all = [
            ("box", "north", 2),
            ("box", "south", 0),
            ("label", "global", 1),
        ];
        check(&all, (3, 3, 3, &[])).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_cell_that_is_refused_or_never_answers_is_named_and_never_empty() {
        let two = [("box", "north", 2), ("label", "global", 1)];
        let refused = "box in south: stub:Ask failed: refused";
        check(&two, (3, 2, 3, &[refused])).await;
        let silent = [
            ("box", "north", 2),
            ("box", "south", usize::MAX),
            ("label", "global", 1),
        ];
        check(
            &silent,
            (3, 2, 3, &["box in south: no answer within 600 s"]),
        )
        .await;
    }

    /// The cells that were listed, what failed, and what was not covered.
    async fn check_everywhere(
        observer: &StubObserver,
        (named, besides): (&[&str], &[&str]),
        (listed, failed, not_covered): (u64, &[&str], &[&str]),
    ) {
        let owned = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let scopes =
            |names: &[&str]| -> Vec<Scope> { names.iter().map(|name| Scope::new(name)).collect() };
        let (named, besides) = (scopes(named), scopes(besides));
        let taken = take_everywhere(observer, &named, &besides).await.coverage;
        assert_eq!((taken.listed, taken.failed), (listed, owned(failed)));
        assert_eq!(taken.not_covered, owned(not_covered));
    }

    #[tokio::test(start_paused = true)]
    async fn an_audit_of_a_whole_account_lists_every_enabled_region_and_says_what_it_does_not_cover()
     {
        let cells = ["north", "south", "east", "west"].map(|region| ("box", region));
        let mut answers: BTreeMap<_, _> = cells.into_iter().map(|cell| (cell, 1)).collect();
        answers.insert(("label", "global"), 1);
        let blind = "stub: not listed";
        // The enabled regions are unknown: the scenario's regions, and a failed cell.
        let refused = "scopes other than those of the scenario: stub:Ask failed: refused";
        let unknown = StubObserver(answers.clone());
        check_everywhere(&unknown, (&[], &[]), (3, &[refused], &[blind])).await;
        answers.insert(("region", "enabled"), 0);
        let observer = StubObserver(answers);
        check_everywhere(&observer, (&[], &[]), (3, &[], &[blind])).await;
        // What a run had in a region that is not enabled any more.
        check_everywhere(&observer, (&[], &["west"]), (4, &[], &[blind])).await;
        let others = "scopes other than south: not listed";
        check_everywhere(&observer, (&["south"], &[]), (2, &[], &[blind, others])).await;
    }

    /// The listed cells and the failed lines of one listing of boxes in two zones.
    #[track_caller]
    fn check_added(listed: Listed, expected: (u64, &[&str])) {
        let cells = ["west/a", "west/b"].map(|scope| Cell::new("box", scope));
        let listing = Listing {
            cells: cells.to_vec(),
        };
        let mut inventory = Inventory::default();
        inventory.add(&listing, listed);
        let failed: Vec<&str> = inventory
            .coverage
            .failed
            .iter()
            .map(String::as_str)
            .collect();
        assert_eq!((inventory.coverage.listed, &failed[..]), expected);
    }

    #[test]
    fn one_listing_answers_many_cells_and_a_zone_that_was_not_reached_is_unread_and_never_empty() {
        let of = |scope: &str| Resource::new("box", "b-1", scope);
        check_added(vec![of("west/a")].into(), (2, &[]));
        let unreached = ObserverError {
            call: "stub:Ask".to_owned(),
            message: "unreachable".to_owned(),
        };
        let listed = Listed {
            resources: vec![of("west/a")],
            unread: vec![(Cell::new("box", "west/b"), unreached)],
        };
        let line = "box in west/b: stub:Ask failed: unreachable";
        check_added(listed, (1, &[line]));
    }

    #[test]
    fn a_resource_of_a_cell_that_was_not_asked_for_is_a_bug_and_never_a_clean_audit() {
        let stray = Resource::new("box", "b-1", "east/a");
        let line = "box b-1 in east/a is of no cell that was asked for: a bug of the provider";
        check_added(vec![stray].into(), (2, &[line]));
    }
}
