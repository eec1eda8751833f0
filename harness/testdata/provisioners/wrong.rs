//! Wrong provisioners, each named for what is wrong with it, as real ones were.
//!
//! Apart from the defects that a scenario file can name: these are made of the contract alone. Their
//! sources are the issues of public provisioners.

#[path = "wrong/begins_anew.rs"]
pub mod begins_anew;
#[path = "wrong/blind_repeat.rs"]
pub mod blind_repeat;
#[path = "wrong/cleans_by_name.rs"]
pub mod cleans_by_name;
#[path = "wrong/crosses_zones.rs"]
pub mod crosses_zones;
#[path = "wrong/disowns_a_living_cluster.rs"]
pub mod disowns_a_living_cluster;
#[path = "wrong/failover_beside.rs"]
pub mod failover_beside;
#[path = "wrong/finishes_later.rs"]
pub mod finishes_later;
#[path = "wrong/forgets_failed_groups.rs"]
pub mod forgets_failed_groups;
#[path = "wrong/forgets_volumes.rs"]
pub mod forgets_volumes;
#[path = "wrong/hangs_on_expired.rs"]
pub mod hangs_on_expired;
#[path = "wrong/hurries.rs"]
pub mod hurries;
#[path = "wrong/ignores_failed_write.rs"]
pub mod ignores_failed_write;
#[path = "wrong/keyed_by_name.rs"]
pub mod keyed_by_name;
#[path = "wrong/knows_by_name.rs"]
pub mod knows_by_name;
#[path = "wrong/loses_a_gateway.rs"]
pub mod loses_a_gateway;
#[path = "wrong/loses_a_rule.rs"]
pub mod loses_a_rule;
#[path = "wrong/loses_an_attribute.rs"]
pub mod loses_an_attribute;
#[path = "wrong/needs_living_cluster.rs"]
pub mod needs_living_cluster;
#[path = "wrong/reuses_a_token.rs"]
pub mod reuses_a_token;
#[path = "wrong/says_half.rs"]
pub mod says_half;
#[path = "wrong/state_at_the_end.rs"]
pub mod state_at_the_end;
#[path = "wrong/stops_at_haste.rs"]
pub mod stops_at_haste;
#[path = "wrong/swallows_error.rs"]
pub mod swallows_error;
#[path = "wrong/tombstone.rs"]
pub mod tombstone;
#[path = "wrong/waits_for_hours.rs"]
pub mod waits_for_hours;
#[path = "wrong/waits_too_short.rs"]
pub mod waits_too_short;
