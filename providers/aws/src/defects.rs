//! The wrong provisioners of AWS, each made of rules around the correct one. Each makes a mistake that real
//! provisioners have made, at the level of API calls.

use bytes::Bytes;
use kubeproof_cloudkit::defects::{
    Does, Phase, Rule, When, WrongProvisioner, WrongProvisioners, WrongTeardown, defects,
};
use kubeproof_contract::provider::Defect;

use crate::dialect::AwsDialect;

mod requests;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &AwsDialect,
    worked: |call| {
        let operation = &call.operation;
        let worked = format!("<{operation}Response><return>true</return></{operation}Response>");
        Bytes::from(worked)
    },
};

const UNTIL_A_VPC: When = When {
    until: Some("ec2:CreateVpc"),
    ..When::ALWAYS
};

/// Deletions by a name that does not prove ownership, which take what they must.
const fn deletes_by_name(pattern: Does) -> [Rule; 3] {
    [
        Rule::new(Phase::SecondTeardown, &["ec2:DescribeVpcs"], pattern),
        NO_WAIT_FOR_INTERFACES,
        GIVES_UP_WHAT_IS_IN_USE,
    ]
}

const NO_WAIT_FOR_INTERFACES: Rule = Rule::new(
    Phase::SecondTeardown,
    &["ec2:DescribeNetworkInterfaces"],
    Does::ShowNothing,
);
const GIVES_UP_WHAT_IS_IN_USE: Rule = Rule::new(
    Phase::SecondTeardown,
    &["ec2:Delete*", "ec2:Detach*"],
    Does::TakeForSuccess(is_in_use),
);
const BY_PREFIX: &[Rule] = &deletes_by_name(Does::Change(requests::vpcs_of_every_run));
const BY_OWN_NAME: &[Rule] = &deletes_by_name(Does::Change(requests::vpcs_named_as_this_run));

fn is_in_use(code: &str) -> bool {
    code == "DependencyViolation"
}

const ALL: [WrongProvisioner; 8] = [
    // Seen as addresses that stay after a NAT gateway could not be made (CAPA pull 5856).
    WrongProvisioner::new(
        "leaks-elastic-ip",
        "allocates one address more than it uses, and its teardown forgets that one",
        &[
            Rule::new(
                Phase::Provision,
                &["ec2:AllocateAddress"],
                Does::Then(requests::spare_address),
            )
            .when(When {
                times: 1,
                ..When::ALWAYS
            }),
            Rule::new(
                Phase::Any,
                &["ec2:DescribeAddresses"],
                Does::Hide(|run| format!(">{}<", run.name(requests::SPARE))),
            ),
        ],
    ),
    WrongProvisioner::new(
        "hides-teardown-error",
        "its teardown skips the NAT gateways, cannot delete the VPC, and reports success",
        &[
            Rule::new(
                Phase::Teardown,
                &[
                    "ec2:DescribeNatGateways",
                    "ec2:DescribeAddresses",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeRouteTables",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeInternetGateways",
                ],
                Does::ShowNothing,
            ),
            Rule::new(
                Phase::Teardown,
                &["ec2:DeleteVpc"],
                Does::TakeForSuccess(is_in_use),
            ),
        ],
    ),
    // Seen when an id is kept only in memory or written too late (CAPA issues 2563, 2658).
    WrongProvisioner::new(
        "twin-vpc-on-retry",
        "a second attempt does not look for the VPC of the first and makes another",
        &[Rule::new(Phase::Provision, &["ec2:DescribeVpcs"], Does::ShowNothing).when(UNTIL_A_VPC)],
    ),
    // Seen when resources are chosen by name instead of by an owner's tag (kops issue 2003).
    WrongProvisioner {
        teardown: WrongTeardown::Twice,
        ..WrongProvisioner::new(
            "deletes-neighbours-vpc",
            "its teardown deletes every VPC whose name begins with `kp-`, no matter who owns it",
            BY_PREFIX,
        )
    },
    WrongProvisioner {
        teardown: WrongTeardown::Twice,
        ..WrongProvisioner::new(
            "finds-vpc-by-name",
            "its teardown deletes every VPC whose name begins with the run's, even another run's",
            BY_OWN_NAME,
        )
    },
    WrongProvisioner::new(
        "lies-about-ready",
        "reports a ready cluster as soon as the control plane is active, without nodes",
        &[
            Rule::new(
                Phase::Provision,
                &["eks:DescribeNodegroup"],
                Does::Answer(requests::active_node_group),
            ),
            Rule::new(
                Phase::Provision,
                &["kubernetes:list-nodes"],
                Does::Answer(requests::ready_nodes),
            ),
        ],
    ),
    // Seen when a read lags behind a creation (CAPA issue 2658, crossplane-runtime issue 277).
    WrongProvisioner::new(
        "trusts-one-look",
        "makes another VPC after one listing shows none, although reads lag",
        &[
            Rule::new(Phase::Provision, &["ec2:DescribeVpcs"], Does::AnswerAsFirst)
                .when(UNTIL_A_VPC),
        ],
    ),
    // Seen when the second call fails (kops issue 597; CAPA proposal 20181010, edge case 1).
    WrongProvisioner::new(
        "tags-later",
        "tags addresses in a second call, so that one whose tagging failed is forgotten",
        &[
            Rule::new(
                Phase::Provision,
                &["ec2:AllocateAddress"],
                Does::Change(|_, request| requests::without_tags(request)),
            ),
            Rule::new(
                Phase::Provision,
                &["ec2:AllocateAddress"],
                Does::Then(requests::tagging_of_address),
            ),
        ],
    ),
];
