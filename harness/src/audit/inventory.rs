//! Takes the inventory of an account: every cell of region × resource type, to its last page.
//!
//! Apart from comparing because this makes calls. It fails closed: a cell that could not be listed is
//! named, never taken for empty.

use std::time::Duration;

use futures::StreamExt as _;
use kubeproof_contract::account::Account;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::Coverage;

/// Cells that are listed at the same time.
const AT_ONCE: usize = 16;
/// The longest that listing one cell may take, in the trial's clock.
const CELL_LIMIT: Duration = Duration::from_secs(600);

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
    /// The resource type.
    pub resource_type: &'static str,
    /// The region.
    pub region: String,
}

/// The cells of an account: each regional type in each region, and each global type once.
pub fn cells(account: &dyn Account) -> Vec<Cell> {
    let regions = account.regions();
    let mut cells = Vec::new();
    for resource_type in account.resource_types() {
        if resource_type.global {
            cells.push(Cell {
                resource_type: resource_type.name,
                region: "global".to_owned(),
            });
            continue;
        }
        for region in &regions {
            cells.push(Cell {
                resource_type: resource_type.name,
                region: region.clone(),
            });
        }
    }
    cells
}

/// Takes the inventory.
pub async fn take(account: &dyn Account) -> Inventory {
    let cells = cells(account);
    let mut inventory = Inventory::default();
    inventory.coverage.cells = cells.len() as u64;
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
mod tests {
    use std::collections::BTreeMap;

    use async_trait::async_trait;
    use jiff::Timestamp;
    use kubeproof_contract::account::{Making, ObserverError};
    use kubeproof_contract::check::Check;
    use kubeproof_contract::cost::{Billed, Estimate};
    use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
    use kubeproof_contract::resource::{MonthlyCost, ResourceType};
    use kubeproof_contract::run::Run;

    use super::*;

    /// An account whose listings are answered so: what is not in here cannot be listed.
    struct Shelf(BTreeMap<(&'static str, &'static str), usize>);

    const TYPES: &[ResourceType] = &[
        ResourceType {
            name: "box",
            global: false,
            stays_because: None,
        },
        ResourceType {
            name: "label",
            global: true,
            stays_because: None,
        },
    ];

    fn no<T>() -> Result<T, ObserverError> {
        Err(ObserverError {
            call: "shelf:Ask".to_owned(),
            message: "refused".to_owned(),
        })
    }

    #[async_trait]
    impl Account for Shelf {
        async fn list(&self, of_type: &str, region: &str) -> Result<Vec<Resource>, ObserverError> {
            let found = self.0.iter().find(|(cell, _)| **cell == (of_type, region));
            match found {
                // One that never answers.
                Some((_, &usize::MAX)) => std::future::pending().await,
                Some((_, count)) => {
                    let id = |number: usize| format!("{of_type}-{number}");
                    let all = (0..*count).map(|number| Resource::new(of_type, id(number), region));
                    Ok(all.collect())
                }
                None => no(),
            }
        }

        fn regions(&self) -> Vec<String> {
            vec!["north".to_owned(), "south".to_owned()]
        }

        fn resource_types(&self) -> &'static [ResourceType] {
            TYPES
        }

        async fn preflight(&self) -> Vec<Check> {
            Vec::new()
        }

        async fn checks(&self, _: &Run, _: &Provisioned) -> Vec<Check> {
            Vec::new()
        }

        async fn kubernetes(&self, _: &Run) -> Result<KubernetesAccess, ObserverError> {
            no()
        }

        fn nodes_expected(&self) -> usize {
            0
        }

        async fn complete(&self, _: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
            no()
        }

        fn proofs(&self, _: &Run, _: &Resource, _: &[Resource]) -> Vec<String> {
            Vec::new()
        }

        async fn created_by(
            &self,
            _: &Run,
            _: &[Resource],
        ) -> Result<BTreeMap<String, Making>, ObserverError> {
            no()
        }

        async fn delete(&self, _: &Resource) -> Result<(), ObserverError> {
            no()
        }

        fn monthly_cost(&self, _: &Resource) -> Option<MonthlyCost> {
            None
        }

        fn most_at_once(&self) -> BTreeMap<String, usize> {
            BTreeMap::new()
        }

        fn estimate(&self, _: Option<Timestamp>, _: u32) -> Estimate {
            Estimate::default()
        }

        async fn billed(&self, _: &Run, _: Timestamp) -> Result<Billed, ObserverError> {
            no()
        }

        fn billing_final_after(&self, at: Timestamp) -> Timestamp {
            at
        }
    }

    /// Cells, listed ones, resources, and the lines of those that were not listed.
    async fn check(
        answers: &[(&'static str, &'static str, usize)],
        expected: (u64, u64, usize, &[&str]),
    ) {
        let answers = answers
            .iter()
            .map(|(name, region, count)| ((*name, *region), *count));
        let taken = take(&Shelf(answers.collect())).await;
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
        let refused = "box in south: shelf:Ask failed: refused";
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
}
