//! The Kubernetes versions that EKS offers, with the dates of their support.
//!
//! The dates are in `versions.csv`, with their source; which versions are offered follows from
//! them and the date of the simulated account, so that a version grows old as it does in reality.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::input;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;

/// A version: name, release on EKS, end of standard support, end of extended support.
struct Version(&'static str, Date, Date, Date);

/// The versions, from the table that is also used to read scenario files (each reads it by itself).
static VERSIONS: LazyLock<Vec<Version>> = LazyLock::new(|| {
    include_str!("../../../versions.csv")
        .lines()
        .skip(1)
        .filter_map(read)
        .collect()
});

fn read(line: &'static str) -> Option<Version> {
    let mut cells = line.split(',');
    let name = cells.next()?;
    let mut day = || cells.next()?.parse::<Date>().ok();
    Some(Version(name, day()?, day()?, day()?))
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn offered(now: Timestamp) -> impl Iterator<Item = &'static Version> {
    let today = today(now);
    VERSIONS
        .iter()
        .filter(move |version| version.1 <= today && today < version.3)
}

/// The names of all versions that there ever were, the oldest first.
pub fn names() -> impl Iterator<Item = &'static str> {
    VERSIONS.iter().map(|version| version.0)
}

/// Whether EKS offers this version at this time.
pub fn is_offered(now: Timestamp, version: &str) -> bool {
    offered(now).any(|known| known.0 == version)
}

/// Whether standard support of this version has ended, so that it costs a surcharge.
pub fn is_extended(now: Timestamp, version: &str) -> bool {
    VERSIONS
        .iter()
        .any(|known| known.0 == version && known.2 <= today(now))
}

/// When the support of a version ends next, standard or extended: the beginning of that day.
pub fn next_end(now: Timestamp, version: &str) -> Option<Timestamp> {
    let known = VERSIONS.iter().find(|known| known.0 == version)?;
    let days = [known.2, known.3].into_iter();
    let mut ends =
        days.filter_map(|day| Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()));
    ends.find(|end| *end > now)
}

/// The default version of a new cluster: the newest one.
pub fn default(now: Timestamp) -> &'static str {
    offered(now).last().map_or("1.35", |version| version.0)
}

/// The minor number of `1.34`.
pub fn minor(version: &str) -> u32 {
    version
        .split('.')
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// The platform version that a new cluster gets.
pub fn platform(_version: &str) -> &'static str {
    "eks.1"
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    let asked = input::query_list(call, "clusterVersions");
    let newest = default(state.now);
    let mut all: Vec<Value> = offered(state.now)
        .filter(|version| asked.is_empty() || asked.iter().any(|one| one == version.0))
        .map(|version| view(state.now, version, newest))
        .collect();
    // Newest first, as the API lists them.
    all.reverse();
    input::paged(state, call, "clusterVersions", all)
}

fn view(now: Timestamp, version: &Version, newest: &str) -> Value {
    let Version(name, released, standard, extended) = version;
    let is_standard = today(now) < *standard;
    let instant = |date: &Date| {
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC);
        input::epoch(zoned.map_or(now, |zoned| zoned.timestamp()))
    };
    json!({
        "clusterVersion": name,
        "clusterType": "eks",
        "defaultPlatformVersion": platform(name),
        "defaultVersion": *name == newest,
        "releaseDate": instant(released),
        "endOfStandardSupportDate": instant(standard),
        "endOfExtendedSupportDate": instant(extended),
        "status": if is_standard { "standard-support" } else { "extended-support" },
        "versionStatus": if is_standard { "STANDARD_SUPPORT" } else { "EXTENDED_SUPPORT" },
        "kubernetesPatchVersion": format!("{name}.1"),
    })
}
