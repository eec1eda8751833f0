//! The difference that a program made to a served account: what is left, gone or changed, and the bill. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::Count;
use kubeproof_contract::resource::Resource;

use crate::audit::compare::{new_resources, words};
use crate::cost::{fixed, usd};
use crate::prices::month;

/// The contents of an account at one moment.
#[derive(Clone, Debug, Default)]
pub struct AccountState {
    /// All resources, regardless of their owners, each with a digest of its state.
    pub states: Vec<(Resource, String)>,
}

impl AccountState {
    fn inventory(&self) -> Vec<Resource> {
        let resources = self.states.iter().map(|(resource, _)| resource.clone());
        resources.collect()
    }
}

/// How an account differs from what it was at the beginning.
#[derive(Clone, Debug, Default)]
pub struct AccountDiff {
    /// The cloud's name in reports.
    pub title: String,
    /// The provider's name in scenario files.
    pub provider: String,
    /// New resources with what keeping each costs a month, if a price is known.
    pub left: Vec<(Resource, Option<Decimal>)>,
    /// New resources that may remain, with the reason.
    pub stays: Vec<(Resource, String)>,
    /// Resources that were there before and are gone.
    pub gone: Vec<Resource>,
    /// Resources that were there before and whose state has changed.
    pub changed: Vec<Resource>,
    /// What the meter counted.
    pub charges: Vec<Charge>,
    /// What was used and has no known price: then the bill is incomplete.
    pub unpriced: Vec<String>,
    /// Minutes of the cloud's time that passed.
    pub minutes: u64,
    /// Each fault, with how often it was seen and injected.
    pub faults: Vec<(Fault, Count)>,
    /// Calls that were made.
    pub calls: usize,
}

impl AccountDiff {
    /// Compares two moments.
    pub fn of(
        before: &AccountState,
        after: &AccountState,
        stays: impl Fn(&Resource) -> Option<String>,
        price: impl Fn(&Resource) -> Option<Decimal>,
    ) -> Self {
        let mut diff = Self::default();
        let (then, now) = (before.inventory(), after.inventory());
        for resource in new_resources(&then, &now) {
            match stays(&resource) {
                Some(reason) => diff.stays.push((resource, reason)),
                None => {
                    let usd = price(&resource);
                    diff.left.push((resource, usd));
                }
            }
        }
        diff.gone = new_resources(&now, &then);
        let states = after.states.iter();
        let now: BTreeMap<_, _> = states
            .map(|(resource, digest)| (resource.key(), digest))
            .collect();
        let changed = before.states.iter().filter(|(resource, digest)| {
            now.get(&resource.key())
                .is_some_and(|other| *other != digest)
        });
        diff.changed = changed.map(|(resource, _)| resource.clone()).collect();
        diff
    }

    /// Whether the account is not as it was: something is left, gone or changed.
    pub fn is_finding(&self) -> bool {
        !(self.left.is_empty() && self.gone.is_empty() && self.changed.is_empty())
    }

    /// Whether no one called the account, and nothing was asked of it: there is nothing to tell.
    pub fn is_untouched(&self) -> bool {
        let is_silent = self.calls == 0 && self.faults.is_empty() && self.charges.is_empty();
        is_silent && self.stays.is_empty() && !self.is_finding()
    }

    /// The faults that were not injected, or not as often as requested: their results are inconclusive.
    pub fn not_injected(&self) -> Vec<&Fault> {
        let faults = self.faults.iter();
        faults
            .filter(|(fault, count)| {
                let asked = if fault.target.lasts() {
                    1
                } else {
                    fault.target.times
                };
                count.injected() < asked
            })
            .map(|(fault, _)| fault)
            .collect()
    }

    /// The text for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let minutes = duration(self.minutes);
        let _ = writeln!(
            text,
            "{}: {} calls, {minutes} of its time",
            self.title, self.calls
        );
        self.write_left(&mut text);
        for (resource, reason) in &self.stays {
            let _ = writeln!(text, "  may remain: {}: {reason}", words(resource));
        }
        for resource in &self.gone {
            let _ = writeln!(text, "  gone, and was there before: {}", words(resource));
        }
        for resource in &self.changed {
            let _ = writeln!(text, "  changed, and was there before: {}", words(resource));
        }
        for (fault, count) in &self.faults {
            let told = match count.injected() {
                0 => "never injected, so nothing was tested".to_owned(),
                injected if !fault.target.lasts() && injected < fault.target.times => format!(
                    "injected into {injected} of {} calls, not {} as requested: inconclusive",
                    count.seen, fault.target.times
                ),
                injected => format!("injected into {injected} of {} calls", count.seen),
            };
            let _ = writeln!(text, "fault {fault}: {told}");
        }
        self.write_bill(&mut text);
        text
    }

    fn write_left(&self, text: &mut String) {
        if self.left.is_empty() {
            let _ = writeln!(text, "left behind: nothing");
            return;
        }
        let total: Decimal = self.left.iter().filter_map(|(_, usd)| *usd).sum();
        let count = match self.left.len() {
            1 => "1 resource".to_owned(),
            count => format!("{count} resources"),
        };
        let unpriced = self.left.iter().filter(|(_, usd)| usd.is_none()).count();
        let more = match unpriced {
            0 => String::new(),
            count => format!(", and {count} without a known price"),
        };
        let total = usd(total, 2);
        let _ = writeln!(text, "left behind: {count}, {total} a month{more}");
        for (resource, usd) in &self.left {
            let _ = writeln!(text, "  {}: {}", words(resource), month(*usd));
        }
    }

    fn write_bill(&self, text: &mut String) {
        let total: Decimal = self.charges.iter().map(|charge| charge.usd).sum();
        let _ = writeln!(text, "bill: {}", usd(total, 4));
        let mut lines: BTreeMap<BillLine<'_>, Used> = BTreeMap::new();
        for charge in &self.charges {
            let used = lines.entry(BillLine::of(charge)).or_default();
            used.quantity += charge.quantity;
            used.usd += charge.usd;
        }
        let types = |line: &str| lines.keys().filter(|other| other.line == line).count();
        for (bill_line, used) in &lines {
            let BillLine {
                line,
                usage_type,
                unit,
            } = bill_line;
            let (quantity, dollars) = (fixed(used.quantity, 4), usd(used.usd, 4));
            // Hours of different types must not be mixed up.
            let of_type = match types(line) {
                1 => String::new(),
                _ => format!(" ({usage_type})"),
            };
            let _ = writeln!(text, "  {line}{of_type}: {quantity} {unit}, {dollars}");
        }
        for words in &self.unpriced {
            let _ = writeln!(text, "  not known: {words}");
        }
    }
}

/// What a line of the bill is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct BillLine<'a> {
    line: &'a str,
    usage_type: &'a str,
    unit: &'a str,
}

impl<'a> BillLine<'a> {
    fn of(charge: &'a Charge) -> Self {
        Self {
            line: &charge.line,
            usage_type: &charge.usage_type,
            unit: &charge.unit,
        }
    }
}

/// How much of it was used.
#[derive(Default)]
struct Used {
    quantity: Decimal,
    usd: Decimal,
}

fn duration(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(line: &str, usage_type: &str, quantity: i64) -> Charge {
        Charge {
            line: line.to_owned(),
            usage_type: usage_type.to_owned(),
            resource_id: None,
            run_id: None,
            quantity: Decimal::from(quantity),
            unit: "Hrs".to_owned(),
            usd: Decimal::from(quantity),
        }
    }

    #[test]
    fn hours_of_two_usage_types_are_two_lines_of_the_bill_and_of_one_type_one() {
        let diff = AccountDiff {
            charges: vec![
                charge("nodes", "small", 1),
                charge("nodes", "large", 2),
                charge("nodes", "small", 3),
                charge("gateway", "Gateway-Hours", 4),
            ],
            ..AccountDiff::default()
        };
        let text = diff.text();
        let bill: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("bill"))
            .collect();
        let expected = [
            "bill: $10.0000",
            "  gateway: 4.0000 Hrs, $4.0000",
            "  nodes (large): 2.0000 Hrs, $2.0000",
            "  nodes (small): 4.0000 Hrs, $4.0000",
        ];
        assert_eq!(bill, expected, "{text}");
    }
}
