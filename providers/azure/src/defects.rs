//! The wrong provisioners of AKS, each made of rules around the correct one.

use bytes::Bytes;
use kubeproof_cloudkit::defects::{WrongProvisioner, WrongProvisioners, defects};
use kubeproof_contract::provider::Defect;

use crate::dialect::AzureDialect;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &AzureDialect,
    worked: |_| Bytes::from_static(b"{}"),
};

const ALL: [WrongProvisioner; 0] = [];
