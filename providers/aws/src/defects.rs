//! Deliberately wrong variants of the reference provisioner, to prove that the harness catches them.
//!
//! Each makes a mistake that real provisioners have made, at the level of API calls, and has a file of its own.

use kubeproof_contract::provider::{Connection, Defect};
use kubeproof_contract::provisioner::Provisioner;

use crate::provisioner::EksProvisioner;
use crate::spec::EksSpec;

mod deletes_neighbours_vpc;
mod hides_teardown_error;
mod leaks_elastic_ip;
mod lies_about_ready;
mod tags_later;
mod trusts_one_look;
mod twin_vpc_on_retry;

pub const DEFECTS: &[Defect] = &[
    Defect {
        name: "leaks-elastic-ip",
        about: "allocates one address more than it uses, and its teardown forgets that one",
    },
    Defect {
        name: "hides-teardown-error",
        about: "its teardown skips the NAT gateways, cannot delete the VPC, and reports success",
    },
    Defect {
        name: "twin-vpc-on-retry",
        about: "a second attempt does not look for the VPC of the first and makes another",
    },
    Defect {
        name: "deletes-neighbours-vpc",
        about: "its teardown deletes every VPC whose name begins with `kp-`, no matter who owns it",
    },
    Defect {
        name: "finds-vpc-by-name",
        about: "its teardown deletes every VPC whose name begins with the run's, even another run's",
    },
    Defect {
        name: "lies-about-ready",
        about: "reports a ready cluster as soon as the control plane is active, without nodes",
    },
    Defect {
        name: "trusts-one-look",
        about: "makes another VPC after one listing shows none, although reads lag",
    },
    Defect {
        name: "tags-later",
        about: "tags addresses in a second call, so that one whose tagging failed is forgotten",
    },
];

/// The reference provisioner with a defect; `None` when the name is unknown.
pub fn apply(name: &str, spec: EksSpec, connection: Connection) -> Option<Box<dyn Provisioner>> {
    let right = EksProvisioner::new(spec, connection);
    Some(match name {
        "leaks-elastic-ip" => Box::new(leaks_elastic_ip::LeaksElasticIp(right)),
        "hides-teardown-error" => Box::new(hides_teardown_error::HidesTeardownError(right)),
        "twin-vpc-on-retry" => Box::new(twin_vpc_on_retry::TwinVpcOnRetry(right)),
        "deletes-neighbours-vpc" | "finds-vpc-by-name" => {
            Box::new(deletes_neighbours_vpc::DeletesNeighboursVpc {
                right,
                like_its_own: name == "finds-vpc-by-name",
            })
        }
        "trusts-one-look" => Box::new(trusts_one_look::TrustsOneLook(right)),
        "tags-later" => Box::new(tags_later::TagsLater(right)),
        "lies-about-ready" => Box::new(lies_about_ready::LiesAboutReady(right)),
        _ => return None,
    })
}
