//! EC2 over its wire protocol: everything here asks as a real client does.

mod account;
mod acls;
mod dependencies;
mod endpoints;
mod filters;
mod instances;
mod launch_templates;
mod nat_gateways;
mod network;
mod pages;
mod reads;
mod refusals;
mod run_instances;
mod security_groups;
mod tags;
mod terraform;
