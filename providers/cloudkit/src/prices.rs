//! Price tables: list prices with source and date, exact matches only. A price that is not in the table is an
//! error of the caller, never a guess.

use std::error::Error;

use jiff::Timestamp;
use kubeproof_contract::cost::EstimateLine;
use rust_decimal::{Decimal, RoundingStrategy};

/// Hours of a month in list prices "per month" (365 × 24 / 12).
pub const HOURS_PER_MONTH: u32 = 730;

/// Decimals of US dollars in estimates: a millionth is far below every price.
const DECIMALS: u32 = 6;

/// One row of a price table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Region, or `global` or `all`.
    pub region: String,
    /// What is priced: `instance`, `nat_gateway`, …
    pub kind: String,
    /// The exact name in the table.
    pub sku: String,
    /// The unit: `hour`, `GB-month`, …
    pub unit: String,
    /// US dollars per unit.
    pub usd: Decimal,
    /// Where it is from.
    pub source: String,
    /// When the source was read or published.
    pub source_date: String,
}

/// A table that was read from CSV with the columns `cloud, region, sku_kind, sku, unit, usd, granularity, minimum,
/// source, source_date, confidence`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceTable(Vec<Price>);

impl PriceTable {
    /// Reads a table.
    ///
    /// # Errors
    /// With the first row that cannot be read.
    pub fn read(text: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let mut prices = Vec::new();
        for row in rows.records() {
            let row = row?;
            let cell = |index: usize| row.get(index).unwrap_or_default().to_owned();
            let usd = cell(5);
            let usd = usd.parse().or_else(|_| Decimal::from_scientific(&usd))?;
            prices.push(Price {
                region: cell(1),
                kind: cell(2),
                sku: cell(3),
                unit: cell(4),
                usd,
                source: cell(8),
                source_date: cell(9),
            });
        }
        Ok(Self(prices))
    }

    /// The price of exactly this in exactly this region. A name in the table may add a note in parentheses.
    pub fn exact(&self, region: &str, kind: &str, sku: &str) -> Option<&Price> {
        self.0.iter().find(|price| {
            let note = price.sku.strip_prefix(sku);
            price.region == region
                && price.kind == kind
                && note.is_some_and(|note| note.is_empty() || note.starts_with(" ("))
        })
    }

    /// All prices of a kind, in the order of the table.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Price> {
        self.0.iter().filter(move |price| price.kind == kind)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A price with its source: the one that the cloud's own API `listed` takes precedence over the table's. Where both
/// exist, the source says whether they agree. `call` is how the API was asked.
pub fn listed_first(
    listed: Option<Decimal>,
    table: Option<&Price>,
    call: &str,
) -> Option<(Decimal, String)> {
    Some(match (listed, table) {
        (Some(usd), Some(row)) if usd == row.usd => {
            (usd, format!("{call}; {} says the same", row.source))
        }
        (Some(usd), Some(row)) => {
            let (source, other) = (&row.source, row.usd);
            (usd, format!("{call}; {source} disagrees: ${other} an hour"))
        }
        (Some(usd), None) => (usd, format!("{call}; the table has no such type")),
        (None, Some(row)) => (row.usd, format!("{}; the API was not asked", row.source)),
        (None, None) => return None,
    })
}

/// The line of so many things of one usage type with one price an hour, billed by whole minutes: the start minute
/// makes no difference.
pub fn by_the_minute(
    line: &str,
    (count, usage_type): (u32, &str),
    (usd_per_hour, source): (Decimal, String),
    start: Option<Timestamp>,
    minutes: u32,
) -> EstimateLine {
    let hour = usd_per_hour * Decimal::from(count);
    let usd = (hour * Decimal::from(minutes) / Decimal::from(60)).round_dp(DECIMALS);
    EstimateLine {
        line: line.to_owned(),
        title: format!("{count} × {usage_type}"),
        usd_per_hour: hour,
        min_usd: usd,
        expected_usd: usd,
        max_usd: usd,
        planned_usd: start.map(|_| usd),
        source,
        count,
        usage_types: vec![usage_type.to_owned()],
    }
}

/// Whole cents as a bill rounds them: half a cent goes away from zero.
pub fn cents(usd: Decimal) -> Decimal {
    usd.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: &str = "cloud,region,sku_kind,sku,unit,usd,granularity,minimum,source,source_date,confidence\n\
        x,r,disk,gp3 (GB),GB-month,0.08,second,,\"a, b\",\"2026 (later, perhaps)\",high\n\
        x,r,instance,small,hour,1.5e-3,second,,c,2026-01-01,high\n";

    #[test]
    fn cells_with_quoted_commas_are_read_and_only_exact_names_match() {
        let table = PriceTable::read(TABLE).expect("a table");
        let disk = table.exact("r", "disk", "gp3").expect("a price");
        assert_eq!(
            (disk.source.as_str(), disk.source_date.as_str()),
            ("a, b", "2026 (later, perhaps)")
        );
        assert!(table.exact("r", "disk", "gp").is_none());
        assert!(table.exact("s", "disk", "gp3").is_none());
        assert_eq!(
            table
                .of_kind("instance")
                .map(|p| p.usd.to_string())
                .collect::<Vec<_>>(),
            ["0.0015"]
        );
    }

    #[test]
    fn both_sources_are_named_and_their_disagreement_too() {
        let table = PriceTable::read(TABLE).expect("a table");
        let check = |listed: Option<i64>, sku: &str, expected: Option<(&str, &str)>| {
            let listed = listed.map(|mills| Decimal::new(mills, 4));
            let seen = listed_first(listed, table.exact("r", "instance", sku), "GET /prices");
            let seen = seen.map(|(usd, source)| (usd.to_string(), source));
            let expected = expected.map(|(usd, source)| (usd.to_owned(), source.to_owned()));
            assert_eq!(seen, expected, "{sku}");
        };
        check(None, "small", Some(("0.0015", "c; the API was not asked")));
        check(
            Some(15),
            "small",
            Some(("0.0015", "GET /prices; c says the same")),
        );
        let dearer = "GET /prices; c disagrees: $0.0015 an hour";
        check(Some(20), "small", Some(("0.0020", dearer)));
        let only_listed = "GET /prices; the table has no such type";
        check(Some(20), "large", Some(("0.0020", only_listed)));
        check(None, "large", None);
    }

    #[test]
    fn a_line_by_the_minute_costs_the_same_whenever_it_starts() {
        let line = |start, minutes| {
            by_the_minute(
                "nodes",
                (2, "small"),
                (Decimal::new(3, 0), "c".to_owned()),
                start,
                minutes,
            )
        };
        let planned = line(Some(Timestamp::UNIX_EPOCH), 30);
        assert_eq!(planned.title, "2 × small");
        assert_eq!(planned.usd_per_hour, Decimal::new(6, 0));
        for usd in [planned.min_usd, planned.expected_usd, planned.max_usd] {
            assert_eq!(usd, Decimal::new(3, 0));
        }
        assert_eq!(planned.planned_usd, Some(Decimal::new(3, 0)));
        assert_eq!(line(None, 1).planned_usd, None);
        assert_eq!(line(None, 1).expected_usd, Decimal::new(1, 1));
    }

    #[test]
    fn a_row_without_a_price_is_an_error() {
        assert!(PriceTable::read("a,b,c,d,e,usd,g,h,i,j,k\nx,r,k,s,hour,dear,,,,,\n").is_err());
    }

    proptest! {
        #[test]
        fn cents_never_differ_by_more_than_half_a_cent_and_half_goes_away_from_zero(mills in -100_000_i64..100_000) {
            let usd = Decimal::new(mills, 3);
            let rounded = cents(usd);
            prop_assert!((rounded - usd).abs() <= Decimal::new(5, 3));
            if mills % 10 == 5 {
                prop_assert!(rounded > usd);
            } else if mills % 10 == -5 {
                prop_assert!(rounded < usd);
            }
        }
    }
}
