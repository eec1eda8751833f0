//! Figures for people: dollars, percentages and durations as text. The same in every format.

use kubeproof_contract::Decimal;
use rust_decimal::RoundingStrategy;

/// Most decimals that are shown to keep a small figure from looking like zero: far more than any cloud
/// bills in.
const MOST_DECIMALS: u32 = 12;

/// The largest amount that is shown with decimals: a billion billions.
const LARGEST: Decimal = Decimal::from_parts(0xa764_0000, 0x0de0_b6b3, 0, false, 0);

/// US dollars with this many decimals, rounded half away from zero, or with more if an amount that is not zero would
/// otherwise look like zero. The one rule for all amounts: two decimals for what is invoiced (a month, a
/// budget), four for what is counted (an hour, a line).
pub fn dollars(amount: Decimal, decimals: u32) -> String {
    let sign = if amount.is_sign_negative() && !amount.is_zero() {
        "-"
    } else {
        ""
    };
    format!("{sign}${}", fixed(amount.abs(), decimals))
}

/// US dollars as they are counted: with four decimals, or more.
pub fn usd(amount: Decimal) -> String {
    dollars(amount, 4)
}

/// US dollars an hour.
pub fn usd_per_hour(amount: Decimal) -> String {
    format!("{}/h", usd(amount))
}

/// An amount that may not be known: a dash then, never a zero.
pub fn usd_or_dash(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "–".to_owned(), usd)
}

/// Percent with one decimal, or as many more as a figure that is not zero needs.
pub fn percent(figure: Decimal) -> String {
    let sign = if figure.is_sign_negative() && !figure.is_zero() {
        "-"
    } else {
        ""
    };
    format!("{sign}{} %", fixed(figure.abs(), 1))
}

/// Seconds as `45 s`, `22 min 04 s` or `1 h 24 min 10 s`.
pub fn seconds(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes} min {rest:02} s"),
        _ => format!("{hours} h {minutes:02} min {rest:02} s"),
    }
}

/// Real time: milliseconds below a second, else seconds as in [`seconds`].
pub fn milliseconds(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        _ => seconds(milliseconds.div_ceil(1000)),
    }
}

/// A number with this many decimals, rounded half away from zero, or with more if it would otherwise look like zero.
pub fn fixed(amount: Decimal, decimals: u32) -> String {
    // A number with all the digits that there can be has no room for more behind the point.
    if amount.abs() > LARGEST {
        return amount.trunc().to_string();
    }
    let rounded =
        |places| amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    let places = (decimals..MOST_DECIMALS)
        .find(|places| amount.is_zero() || !rounded(*places).is_zero())
        .unwrap_or(MOST_DECIMALS);
    let shown = rounded(places);
    if shown.is_zero() && !amount.is_zero() {
        return format!("{:e}", amount.normalize());
    }
    format!("{shown:.*}", places as usize)
}

/// A deviation beside the most that passes: with as many decimals as show on which side of it it lies.
pub fn percent_beside(figure: Decimal, most: u32) -> String {
    let (exact, most) = (figure.abs(), Decimal::from(most));
    let places = (1..MOST_DECIMALS)
        .find(|places| {
            let shown =
                exact.round_dp_with_strategy(*places, RoundingStrategy::MidpointAwayFromZero);
            shown.cmp(&most) == exact.cmp(&most)
        })
        .unwrap_or(MOST_DECIMALS);
    format!("{} %", fixed(exact, places))
}

/// A deviation as a sentence. It is what was seen less what was estimated, in percent of what was seen: positive
/// when the estimate is below. `the estimate is 4.2 % below the bill`.
pub fn deviation(figure: Decimal, most: u32, (estimate, seen): (&str, &str)) -> String {
    if figure.is_zero() {
        return format!("{estimate} is exactly {seen}");
    }
    let side = if figure.is_sign_negative() {
        "above"
    } else {
        "below"
    };
    let amount = percent_beside(figure, most);
    format!("{estimate} is {amount} {side} {seen}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(figure: &str, expected: &str, write: impl Fn(Decimal) -> String) {
        assert_eq!(write(figure.parse().unwrap()), expected);
    }

    #[test]
    fn dollars_have_four_decimals_and_round_half_away_from_zero() {
        check("0.287584", "$0.2876", usd);
        check("0.18", "$0.1800", usd);
        check("0.00005", "$0.0001", usd);
        check("-0.04", "-$0.0400", usd);
        check("32.85", "$32.8500", usd);
        check("0", "$0.0000", usd);
    }

    #[test]
    fn a_small_amount_never_looks_like_zero() {
        check("0.000049", "$0.00005", usd);
        check("0.0000000037", "$0.000000004", usd);
        check("-0.00001", "-$0.00001", usd);
        check("0.04", "0.04 %", percent);
    }

    #[test]
    fn what_is_invoiced_has_cents_and_half_a_cent_rounds_away_from_zero() {
        let cents = |amount| dollars(amount, 2);
        check("0.005", "$0.01", cents);
        check("-0.005", "-$0.01", cents);
        check("32.845", "$32.85", cents);
        check("0.004", "$0.004", cents);
        check("0", "$0.00", cents);
        check("0.0000000000000000000000000001", "$1e-28", cents);
    }

    #[test]
    fn a_deviation_says_on_which_side_of_the_tolerance_and_of_the_bill_it_lies() {
        let words = |figure| deviation(figure, 20, ("the estimate", "the bill"));
        check("4.2", "the estimate is 4.2 % below the bill", words);
        check("-25", "the estimate is 25.0 % above the bill", words);
        check("20", "the estimate is 20.0 % below the bill", words);
        check("20.004", "the estimate is 20.004 % below the bill", words);
        check("19.9999", "the estimate is 19.9999 % below the bill", words);
        check("0", "the estimate is exactly the bill", words);
    }

    #[test]
    fn an_amount_of_any_size_is_shown() {
        let largest = "79228162514264337593543950335";
        check(largest, "$79228162514264337593543950335", usd);
        check(
            &format!("-{largest}"),
            "-$79228162514264337593543950335",
            usd,
        );
        check("7.9228162514264337593543950335", "$7.9228", usd);
        check("1000000000000000000", "$1000000000000000000.0000", usd);
        check("1000000000000000000.5", "$1000000000000000000", usd);
    }

    #[test]
    fn percent_has_one_decimal() {
        check("37.4095", "37.4 %", percent);
        check("-56", "-56.0 %", percent);
        check("0", "0.0 %", percent);
    }

    #[test]
    fn durations_drop_the_units_that_are_zero_in_front() {
        assert_eq!(seconds(0), "0 s");
        assert_eq!(seconds(59), "59 s");
        assert_eq!(seconds(1324), "22 min 04 s");
        assert_eq!(seconds(3600), "1 h 00 min 00 s");
        assert_eq!(seconds(48 * 3600 + 61), "48 h 01 min 01 s");
        assert_eq!(milliseconds(38), "38 ms");
        assert_eq!(milliseconds(1001), "2 s");
    }

    #[test]
    fn an_unknown_amount_is_a_dash_and_not_zero() {
        assert_eq!(usd_or_dash(None), "–");
        assert_eq!(usd_or_dash(Some(Decimal::ZERO)), "$0.0000");
    }
}
