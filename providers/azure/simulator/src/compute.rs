//! Machines and disks: scale sets with their instances, which clusters make, and disks of claims.

pub(crate) mod disks;
pub(crate) mod scale_sets;
pub(crate) mod sizes;

use kubeproof_simkit::router::on;

use crate::network::none;
use crate::route::{Table, table};

/// The tables of this namespace.
pub(crate) const TABLES: &[Table] = &[disks::TABLE, disks::SNAPSHOT_TABLE, scale_sets::TABLE, NONE];

/// Types of which there are none here: they can be listed.
#[rustfmt::skip]
const NONE: Table = table(&[
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines", "compute.virtualMachines.listAll", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/diskEncryptionSets", "compute.diskEncryptionSets.listAll", |_, _| Ok(none())),
]);
