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
