//! EC2 over its wire protocol: everything here asks as a real client does.

#[path = "ec2/account.rs"]
mod account;
#[path = "ec2/dependencies.rs"]
mod dependencies;
#[path = "ec2/filters.rs"]
mod filters;
#[path = "ec2/instances.rs"]
mod instances;
#[path = "ec2/launch_templates.rs"]
mod launch_templates;
#[path = "ec2/nat_gateways.rs"]
mod nat_gateways;
#[path = "ec2/network.rs"]
mod network;
#[path = "ec2/pages.rs"]
mod pages;
#[path = "ec2/reads.rs"]
mod reads;
#[path = "ec2/refusals.rs"]
mod refusals;
#[path = "ec2/security_groups.rs"]
mod security_groups;
#[path = "ec2/tags.rs"]
mod tags;
#[path = "ec2/terraform.rs"]
mod terraform;
