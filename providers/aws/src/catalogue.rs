//! The regions, Kubernetes versions and instance types that AWS offers, from tables with their source.
//!
//! A scenario may ask for things without a known price; their cost is then unknown. The simulator reads the same
//! tables, so it serves exactly what a scenario file may ask for.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A Kubernetes version on EKS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its name: `1.34`.
    pub name: &'static str,
    /// From when EKS offers it.
    pub released: Date,
    /// The first day of extended support, which costs a surcharge.
    pub standard_until: Date,
    /// The first day on which it is not offered any more.
    pub extended_until: Date,
}

/// All versions, the oldest first.
static VERSIONS: LazyLock<Vec<Version>> = LazyLock::new(|| {
    rows(include_str!("../versions.csv"))
        .filter_map(version)
        .collect()
});

/// All regions that an account has without asking for them, with the prefix of their usage types.
static REGIONS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let pair = |row: &'static str| {
        let mut cells = row.split(',');
        Some((cells.next()?, cells.next()?))
    };
    rows(include_str!("../regions.csv"))
        .filter_map(pair)
        .collect()
});

/// All instance types that are known by size.
static INSTANCE_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    rows(include_str!("../instance_types.csv"))
        .filter_map(|row| row.split(',').next())
        .collect()
});

fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().skip(1).filter(|line| !line.is_empty())
}

fn version(row: &'static str) -> Option<Version> {
    let mut cells = row.split(',');
    let name = cells.next()?;
    let mut day = || cells.next()?.parse().ok();
    Some(Version {
        name,
        released: day()?,
        standard_until: day()?,
        extended_until: day()?,
    })
}

/// All versions, the oldest first.
pub fn versions() -> &'static [Version] {
    &VERSIONS
}

/// Whether a version costs the surcharge of extended support at this time.
pub fn is_extended(version: &str, at: Timestamp) -> bool {
    let day = at.to_zoned(TimeZone::UTC).date();
    VERSIONS
        .iter()
        .any(|known| known.name == version && known.standard_until <= day)
}

/// The names of all regions.
pub fn regions() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(name, _)| *name)
}

/// The names of all instance types.
pub fn instance_types() -> &'static [&'static str] {
    &INSTANCE_TYPES
}

/// The forms that a usage type has in a region. The prefix is irregular: us-east-1 has it for some
/// services and not for others.
pub fn usage_types(region: &str, bare: &str) -> Vec<String> {
    let known = REGIONS.iter().find(|(name, _)| *name == region);
    let prefix = known.map_or_else(|| region.to_uppercase(), |(_, prefix)| (*prefix).to_owned());
    let mut forms = vec![format!("{prefix}-{bare}")];
    if region == "us-east-1" {
        forms.push(bare.to_owned());
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_table_is_read() {
        let rows = |text: &str| text.lines().count() - 1;
        assert_eq!(VERSIONS.len(), rows(include_str!("../versions.csv")));
        assert_eq!(REGIONS.len(), rows(include_str!("../regions.csv")));
        assert_eq!(
            INSTANCE_TYPES.len(),
            rows(include_str!("../instance_types.csv"))
        );
    }

    #[test]
    fn the_table_is_not_about_to_be_out_of_date() {
        // EKS always offers three versions in standard support. With fewer than two in two months, the table lacks what was
        // released meanwhile: see the EKS user guide, "release calendar".
        let now = Timestamp::now(); // tidy: real time, the table ages in reality
        let soon = now + jiff::SignedDuration::from_hours(24 * 60);
        let soon = soon.to_zoned(TimeZone::UTC).date();
        let left = VERSIONS
            .iter()
            .filter(|version| version.standard_until > soon);
        assert!(
            left.count() >= 2,
            "add the newest versions of EKS to versions.csv"
        );
    }

    #[test]
    fn every_row_names_the_version_and_the_file_that_its_figures_were_read_in() {
        let source = |row: &'static str| row.rsplit(',').next().unwrap();
        for row in rows(include_str!("../instance_types.csv")) {
            let (version, file) = source(row).split_once(": ").expect(row);
            assert!(
                version.starts_with("moto ") && version.contains('.'),
                "{row}"
            );
            assert!(file.contains("instance_types.json"), "{row}");
        }
        for row in rows(include_str!("../regions.csv")) {
            let (place, what) = source(row).split_once(": ").expect(row);
            assert!(place.contains('.') && !what.is_empty(), "{row}");
        }
    }

    #[test]
    fn support_is_extended_from_its_date_on() {
        let check = |version: &str, at: &str, expected: bool| {
            assert_eq!(
                is_extended(version, at.parse().unwrap()),
                expected,
                "{version} {at}"
            );
        };
        // The release calendar: standard support of 1.34 ends on 2026-12-02.
        check("1.34", "2026-12-01T23:59:59Z", false);
        check("1.34", "2026-12-02T00:00:00Z", true);
        check("1.33", "2026-11-02T10:00:00Z", true);
    }

    #[test]
    fn a_usage_type_has_the_prefix_of_its_region_and_of_no_other() {
        let check = |region: &str, expected: &[&str]| {
            assert_eq!(usage_types(region, "NatGateway-Hours"), expected);
        };
        check("us-east-1", &["USE1-NatGateway-Hours", "NatGateway-Hours"]);
        check("eu-west-1", &["EU-NatGateway-Hours"]);
    }

    #[test]
    fn every_instance_type_with_a_price_is_known() {
        for priced in crate::prices::instance_types() {
            assert!(INSTANCE_TYPES.contains(&priced), "{priced}");
        }
    }
}
