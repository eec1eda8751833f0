//! When a schedule is due: a name such as `@hourly`, or five fields of cron, in UTC.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The names, each with its fields.
const NAMES: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The bounds of the fields: minute, hour, day of the month, month, day of the week.
const BOUNDS: [(u8, u8); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
/// How far ahead a date is looked for, days: past a leap day.
const DAYS_MAX: i64 = 366 * 8;

/// A schedule: the values that each field may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule([Vec<u8>; 5]);

impl Schedule {
    /// Reads a schedule; `None` if it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(name, _)| *name == text);
        let text = named.map_or(text, |(_, fields)| *fields);
        let fields: Vec<&str> = text.split_whitespace().collect();
        let fields: [&str; 5] = fields.try_into().ok()?;
        let [minute, hour, day, month, weekday] = fields;
        let field = |text, place: usize| field(text, BOUNDS[place]);
        Some(Self([
            field(minute, 0)?,
            field(hour, 1)?,
            field(day, 2)?,
            field(month, 3)?,
            field(weekday, 4)?,
        ]))
    }

    /// The first time after `at`.
    pub(super) fn next(&self, at: Timestamp) -> Option<Timestamp> {
        let Self([minutes, hours, days, months, weekdays]) = self;
        let now = at.to_zoned(TimeZone::UTC).datetime();
        for ahead in 0..DAYS_MAX {
            let date = now
                .date()
                .checked_add(Span::new().try_days(ahead).ok()?)
                .ok()?;
            let is_there =
                |all: &[u8], one: i8| u8::try_from(one).is_ok_and(|it| all.contains(&it));
            let weekday = date.weekday().to_sunday_zero_offset();
            let fits = is_there(months, date.month())
                && is_there(days, date.day())
                && is_there(weekdays, weekday);
            if !fits {
                continue;
            }
            let times = hours
                .iter()
                .flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute)));
            for (hour, minute) in times {
                let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
                let then: DateTime = date.at(hour, minute, 0, 0);
                if then > now {
                    return then
                        .to_zoned(TimeZone::UTC)
                        .ok()
                        .map(|zoned| zoned.timestamp());
                }
            }
        }
        None
    }
}

/// The values of a field: `*`, `*/2`, `1-5`, `1,3`.
fn field(text: &str, (least, most): (u8, u8)) -> Option<Vec<u8>> {
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u8>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None => {
                let one = range.parse().ok()?;
                (one, one)
            }
        };
        if from < least || to > most || from > to {
            return None;
        }
        values.extend((from..=to).step_by(usize::from(step)));
    }
    values.sort_unstable();
    values.dedup();
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        // A Wednesday.
        let at: Timestamp = "2026-11-18T09:47:00Z".parse().unwrap();
        let next = Schedule::read(text).and_then(|schedule| schedule.next(at));
        assert_eq!(next.map(|it| it.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_schedule_is_due_at_its_next_time() {
        check("@hourly", Some("2026-11-18T10:00:00Z"));
        check("@daily", Some("2026-11-19T00:00:00Z"));
        check("@weekly", Some("2026-11-22T00:00:00Z"));
        check("@monthly", Some("2026-12-01T00:00:00Z"));
        check("@yearly", Some("2027-01-01T00:00:00Z"));
        check("0 9 * * 1", Some("2026-11-23T09:00:00Z"));
        check("*/15 * * * *", Some("2026-11-18T10:00:00Z"));
        check("47,50 9-10 * * *", Some("2026-11-18T09:50:00Z"));
        check("0 0 29 2 *", Some("2028-02-29T00:00:00Z"));
        check("0 0 31 2 *", None);
    }

    #[test]
    fn what_is_no_schedule_is_not_read() {
        for text in [
            "",
            "hourly",
            "* * * *",
            "60 * * * *",
            "* * 0 * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "a b c d e",
        ] {
            assert_eq!(Schedule::read(text), None, "{text}");
        }
    }
}
