//! Schedules of cron jobs: five fields, or one of the names for usual ones.
//!
//! Source: the Kubernetes documentation of `CronJobs` ("Schedule syntax").

use jiff::civil::DateTime;

/// The minutes that a schedule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether both kinds of days are restricted: then a day of either kind is enough.
    either: bool,
}

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Why a text is no schedule, in the words of a real server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScheduleError {
    #[error("expected exactly 5 fields, found {found}: [{text}]")]
    Fields { found: usize, text: String },
    #[error("failed to parse {text}: expected values from {least} to {most}")]
    Field { text: String, least: u32, most: u32 },
}

/// Reads a schedule.
///
/// # Errors
/// If it is none.
pub(crate) fn read(text: &str) -> Result<Schedule, ScheduleError> {
    let full = match text.trim() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    };
    let parts: Vec<&str> = full.split_whitespace().collect();
    let [minutes, hours, days, months, weekdays] = parts.as_slice() else {
        return Err(ScheduleError::Fields {
            found: parts.len(),
            text: text.to_owned(),
        });
    };
    let starred = |field: &str| field.starts_with('*') || field.starts_with('?');
    Ok(Schedule {
        minutes: field(minutes, 0, 59, &[])?,
        hours: field(hours, 0, 23, &[])?,
        days: field(days, 1, 31, &[])?,
        months: field(months, 1, 12, MONTHS)?,
        // Sunday may be 7 as well.
        weekdays: {
            let bits = field(weekdays, 0, 7, WEEKDAYS)?;
            bits | (bits >> 7)
        },
        either: !starred(days) && !starred(weekdays),
    })
}

/// The bits of a field: a list of ranges with steps.
fn field(text: &str, least: u32, most: u32, names: &[&str]) -> Result<u64, ScheduleError> {
    let wrong = || ScheduleError::Field {
        text: text.to_owned(),
        least,
        most,
    };
    let value = |word: &str| {
        let named = names
            .iter()
            .position(|name| word.eq_ignore_ascii_case(name));
        let named = named
            .and_then(|at| u32::try_from(at).ok())
            .map(|at| at + least);
        named.or_else(|| word.parse().ok()).ok_or_else(wrong)
    };
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().map_err(|_| wrong())?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (least, most),
            Some((first, last)) => (value(first)?, value(last)?),
            None if part.contains('/') => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        if step == 0 || first < least || last > most || first > last {
            return Err(wrong());
        }
        for bit in (first..=last).step_by(step as usize) {
            bits |= 1 << bit;
        }
    }
    Ok(bits)
}

impl Schedule {
    /// Whether a minute is one of the schedule.
    pub(crate) fn allows(&self, at: DateTime) -> bool {
        let has = |bits: u64, value: i8| bits & (1 << value) != 0;
        let day = has(self.days, at.day());
        let weekday = has(self.weekdays, at.weekday().to_sunday_zero_offset());
        let right_day = if self.either {
            day || weekday
        } else {
            day && weekday
        };
        right_day
            && has(self.minutes, at.minute())
            && has(self.hours, at.hour())
            && has(self.months, at.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: &str, at: &str, expected: bool) {
        let schedule_ = read(schedule).expect(schedule);
        assert_eq!(
            schedule_.allows(at.parse().unwrap()),
            expected,
            "{schedule} at {at}"
        );
    }

    #[test]
    fn a_schedule_has_five_fields_or_a_name() {
        check("*/5 * * * *", "2026-03-01T10:05:00", true);
        check("*/5 * * * *", "2026-03-01T10:06:00", false);
        check("0 3 * * mon-fri", "2026-03-02T03:00:00", true);
        check("0 3 * * 1-5", "2026-03-01T03:00:00", false);
        check("0 0 * * 7", "2026-03-01T00:00:00", true);
        check("0 0 13 * 5", "2026-02-13T00:00:00", true);
        check("0 0 14 * 1", "2026-03-14T00:00:00", true);
        check("0 0 14 * 1", "2026-03-02T00:00:00", true);
        check("0 0 14 * 1", "2026-03-03T00:00:00", false);
        check("@hourly", "2026-03-01T10:00:00", true);
        check("10-20/5,50 * * MAR *", "2026-03-01T10:15:00", true);
    }

    #[test]
    fn what_is_no_schedule_is_an_error() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "a * * * *",
            "*/0 * * * *",
            "5-1 * * * *",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let why = |text: &str| read(text).map_err(|error| error.to_string()).err();
        let fields = "expected exactly 5 fields, found 4: [* * * *]";
        assert_eq!(why("* * * *").as_deref(), Some(fields));
        let field = "failed to parse 60: expected values from 0 to 59";
        assert_eq!(why("60 * * * *").as_deref(), Some(field));
    }
}
