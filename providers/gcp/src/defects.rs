//! The wrong provisioners of GKE, each made of rules around the correct one.

use bytes::Bytes;
use kubeproof_cloudkit::defects::{WrongProvisioner, WrongProvisioners, defects};
use kubeproof_contract::provider::Defect;

use crate::dialect::GcpDialect;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &GcpDialect,
    worked: |_| Bytes::from_static(br#"{"name": "operation-0", "status": "DONE"}"#),
};

const ALL: [WrongProvisioner; 0] = [];
