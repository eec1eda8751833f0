//! Times as the APIs write them.

use jiff::Timestamp;

/// A time with milliseconds.
pub(crate) fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_milliseconds() {
        let at = Timestamp::from_millisecond(1_795_000_020_007).unwrap();
        assert_eq!(shown(at), "2026-11-18T11:07:00.007Z");
    }
}
