//! Price tables: list prices with source and date, exact matches only. A price that is not in the table is an
//! error of the caller, never a guess.

use std::error::Error;

use rust_decimal::{Decimal, RoundingStrategy};

/// Hours of a month in list prices "per month" (365 × 24 / 12).
pub const HOURS_PER_MONTH: u32 = 730;

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
