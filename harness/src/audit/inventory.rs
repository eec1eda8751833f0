//! Takes the inventory of an account: every cell of region × resource type, to its last page.
//!
//! Fails closed: a cell that could not be listed is named, never taken for empty.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::Coverage;

/// Cells that are listed at the same time.
const AT_ONCE: usize = 16;
/// The longest that listing one cell may take, in the trial's clock.
const CELL_LIMIT: Duration = Duration::from_mins(10);

/// All resources of an account at one moment, and what was listed to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The resources, in the order of cells.
    pub resources: Vec<Resource>,
    /// What was listed.
    pub coverage: Coverage,
}

/// One cell: a resource type in a region, or `global`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub resource_type: &'static str,
    pub region: String,
}

/// The cells of an account in these regions: each regional type in each region, and each global type once.
pub fn cells(account: &dyn Observer, regions: &[String]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for resource_type in account.resource_types() {
        if resource_type.global {
            cells.push(Cell {
                resource_type: resource_type.name,
                region: "global".to_owned(),
            });
            continue;
        }
        for region in regions {
            cells.push(Cell {
                resource_type: resource_type.name,
                region: region.clone(),
            });
        }
    }
    cells
}

/// Takes the inventory of the scenario's own regions.
pub async fn take(account: &dyn Observer) -> Inventory {
    take_in(account, &account.regions()).await
}

/// Takes the inventory of the named regions or, if none are named, of all enabled regions of the account and of
/// `besides`. If the enabled regions cannot be listed, that is a failed cell.
pub async fn take_everywhere(
    account: &dyn Observer,
    named: &[String],
    besides: &[String],
) -> Inventory {
    if !named.is_empty() {
        let mut inventory = take_in(account, named).await;
        let line = format!("regions other than {}: not listed", named.join(", "));
        inventory.coverage.not_covered.push(line);
        return inventory;
    }
    let enabled = account.enabled_regions().await;
    let mut failed = Vec::new();
    let enabled = enabled.unwrap_or_else(|error| {
        failed.push(format!("regions other than those of the scenario: {error}"));
        account.regions()
    });
    let regions: BTreeSet<String> = enabled.into_iter().chain(besides.iter().cloned()).collect();
    let regions: Vec<String> = regions.into_iter().collect();
    let mut inventory = take_in(account, &regions).await;
    inventory.coverage.failed.append(&mut failed);
    inventory
}

/// Takes the inventory of these regions.
pub async fn take_in(account: &dyn Observer, regions: &[String]) -> Inventory {
    let cells = cells(account, regions);
    let mut inventory = Inventory::default();
    inventory.coverage.cells = cells.len() as u64;
    inventory.coverage.not_covered = account.not_covered();
    let mut listings = futures::stream::iter(cells.into_iter().map(|cell| async move {
        let listing = account.list(cell.resource_type, &cell.region);
        let listed = match tokio::time::timeout(CELL_LIMIT, listing).await {
            Ok(Ok(resources)) => Ok(resources),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", CELL_LIMIT.as_secs())),
        };
        (cell, listed)
    }))
    .buffered(AT_ONCE);
    while let Some((cell, listed)) = listings.next().await {
        match listed {
            Ok(mut resources) => {
                inventory.coverage.listed += 1;
                inventory.resources.append(&mut resources);
            }
            Err(reason) => {
                let line = format!("{} in {}: {reason}", cell.resource_type, cell.region);
                inventory.coverage.failed.push(line);
            }
        }
    }
    inventory
}

#[cfg(test)]
pub(crate) mod stub_observer;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (named, besides): (Vec<String>, Vec<String>) = (owned(named), owned(besides));
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
        let refused = "regions other than those of the scenario: stub:Ask failed: refused";
        let unknown = StubObserver(answers.clone());
        check_everywhere(&unknown, (&[], &[]), (3, &[refused], &[blind])).await;
        answers.insert(("region", "enabled"), 0);
        let observer = StubObserver(answers);
        check_everywhere(&observer, (&[], &[]), (3, &[], &[blind])).await;
        // What a run had in a region that is not enabled any more.
        check_everywhere(&observer, (&[], &["west"]), (4, &[], &[blind])).await;
        let others = "regions other than south: not listed";
        check_everywhere(&observer, (&["south"], &[]), (2, &[], &[blind, others])).await;
    }
}
