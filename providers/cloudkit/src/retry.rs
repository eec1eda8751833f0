//! When a call is repeated, how long after, and when no more.
//!
//! Each class of errors has its own schedule and its own limit, so that no loop is endless.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Applied, CallError, Cause};

/// Which errors of a call are worth repeating it for. Throttling, expired credentials and connections that were
/// never made always are: they say that nothing was applied.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Repeat when it is unknown whether the call was applied.
    unknown: bool,
    /// Repeat when something that was just made does not show yet.
    lag: bool,
    /// Repeat for so long while something still depends on what is deleted.
    in_use: Option<Duration>,
    /// Repeat while what was just permitted is not known everywhere.
    propagation: Option<fn(&CallError) -> bool>,
}

impl RetryPolicy {
    /// A read, or a call that does no harm twice.
    pub const IDEMPOTENT: Self = Self {
        unknown: true,
        lag: false,
        in_use: None,
        propagation: None,
    };
    /// An idempotent call that names resources which may be too new to show.
    pub const LAGGING: Self = Self {
        lag: true,
        ..Self::IDEMPOTENT
    };
    /// A call that must not be repeated once it may have been applied: it has no token, and what it makes no
    /// unique name.
    pub const ONCE: Self = Self {
        unknown: false,
        ..Self::LAGGING
    };

    /// A deletion, repeated for so long while something still depends on the resource.
    pub const fn while_in_use(limit: Duration) -> Self {
        Self {
            in_use: Some(limit),
            ..Self::IDEMPOTENT
        }
    }

    /// An idempotent call that names permissions which the cloud may not know everywhere yet. `is_lag` tells the
    /// refusals that say so.
    pub const fn propagation(is_lag: fn(&CallError) -> bool) -> Self {
        Self {
            propagation: Some(is_lag),
            ..Self::LAGGING
        }
    }

    /// The same, repeated also while the cloud says itself that what was just permitted or switched on is not known
    /// everywhere ([`Cause::NotPropagated`]).
    #[must_use]
    pub const fn while_not_propagated(self) -> Self {
        Self {
            propagation: Some(|_| false),
            ..self
        }
    }

    fn class(&self, error: &CallError) -> Option<Class> {
        match (error.cause, error.applied) {
            (Cause::State | Cause::Cancelled, _) => None,
            (Cause::Throttled, Applied::No) => Some(Class::Throttled),
            (_, Applied::Unknown | Applied::MaybeLater) => self.unknown.then_some(Class::Unknown),
            (Cause::NoAnswer, Applied::No) => Some(Class::Unknown),
            (Cause::CredentialsExpired, Applied::No) => Some(Class::Expired),
            (Cause::NotPropagated, Applied::No) if self.propagation.is_some() => {
                Some(Class::Propagation)
            }
            (cause, Applied::No) => {
                if self.propagation.is_some_and(|is_lag| is_lag(error)) {
                    return Some(Class::Propagation);
                }
                match cause {
                    Cause::NotFound => self.lag.then_some(Class::Lag),
                    Cause::InUse => self.in_use.map(Class::InUse),
                    _ => None,
                }
            }
        }
    }
}

/// A class of errors: each is repeated on its own schedule, up to its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Throttled,
    Unknown,
    Expired,
    Propagation,
    Lag,
    InUse(Duration),
}

impl Class {
    /// The wait before the `count`-th repetition (from 0), and the limit of all of them together.
    fn schedule(self, count: u32) -> (Duration, Duration) {
        let doubled = |most: u64| Duration::from_secs((1_u64 << count.min(6)).min(most));
        match self {
            Self::Throttled => (doubled(20), Duration::from_mins(10)),
            Self::Unknown => (doubled(20), Duration::from_mins(5)),
            Self::Expired => (Duration::from_secs(5), Duration::from_secs(30)),
            // terraform-provider-aws waits two minutes for IAM, by long experience.
            Self::Propagation => (Duration::from_secs(2), Duration::from_mins(2)),
            Self::Lag => (Duration::from_secs(1), Duration::from_mins(1)),
            Self::InUse(limit) => (Duration::from_secs(10), limit),
        }
    }
}

/// Most repetitions of one call for any one class of errors.
const REPETITIONS: u32 = 250;

/// What is left of a policy for one call.
#[derive(Debug)]
pub struct RetryState {
    policy: RetryPolicy,
    seen: BTreeMap<Class, (u32, Duration)>,
}

impl RetryState {
    /// Nothing used up yet.
    pub fn new(policy: RetryPolicy) -> Self {
        Self {
            policy,
            seen: BTreeMap::new(),
        }
    }

    /// How long to wait before the call is repeated; `None` when it must not be. `now` is any clock that does not
    /// go back.
    pub fn after(&mut self, error: &CallError, now: Duration) -> Option<Duration> {
        let class = self.policy.class(error)?;
        let (count, since) = self.seen.entry(class).or_insert((0, now));
        let (wait, limit) = class.schedule(*count);
        let wait = wait.max(error.retry_after.unwrap_or_default());
        *count += 1;
        let ends = now.saturating_sub(*since).saturating_add(wait);
        (*count <= REPETITIONS && ends <= limit.max(wait)).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(cause: Cause, applied: Applied) -> CallError {
        CallError {
            cause,
            applied,
            ..CallError::state("x:Test", "")
        }
    }

    const CAUSES: [Cause; 14] = [
        Cause::NotFound,
        Cause::AlreadyExists,
        Cause::InUse,
        Cause::Throttled,
        Cause::CredentialsExpired,
        Cause::QuotaExceeded,
        Cause::NoCapacity,
        Cause::NotPropagated,
        Cause::Denied,
        Cause::Server,
        Cause::NoAnswer,
        Cause::State,
        Cause::Cancelled,
        Cause::Other,
    ];

    fn causes() -> impl Strategy<Value = Cause> {
        prop::sample::select(&CAUSES[..])
    }

    fn unclear() -> impl Strategy<Value = Applied> {
        prop::sample::select(&[Applied::Unknown, Applied::MaybeLater][..])
    }

    fn policies() -> impl Strategy<Value = RetryPolicy> {
        prop_oneof![
            Just(RetryPolicy::IDEMPOTENT),
            Just(RetryPolicy::LAGGING),
            Just(RetryPolicy::ONCE),
            (0_u64..5000).prop_map(|s| RetryPolicy::while_in_use(Duration::from_secs(s))),
            Just(RetryPolicy::propagation(|_| true)),
        ]
    }

    proptest! {
        #[test]
        fn a_call_without_a_token_is_never_repeated_when_it_may_have_been_applied(
            cause in causes(),
            applied in unclear(),
            retry_after in prop::option::of(0_u64..100),
        ) {
            let error = CallError {
                retry_after: retry_after.map(Duration::from_secs),
                ..error(cause, applied)
            };
            let wait = RetryState::new(RetryPolicy::ONCE).after(&error, Duration::ZERO);
            prop_assert_eq!(wait, None);
        }

        #[test]
        fn every_policy_ends(
            policy in policies(),
            errors in prop::collection::vec((causes(), prop::sample::select(
                &[Applied::No, Applied::Unknown, Applied::MaybeLater][..])), 1..4),
        ) {
            let mut state = RetryState::new(policy);
            let mut now = Duration::ZERO;
            let mut repeated = 0;
            for (cause, applied) in errors.iter().cycle() {
                let Some(wait) = state.after(&error(*cause, *applied), now) else { break };
                now += wait;
                repeated += 1;
                prop_assert!(repeated <= 4 * REPETITIONS);
            }
        }

        #[test]
        fn retry_after_is_a_floor(seconds in 0_u64..4000, cause in causes(), policy in policies()) {
            let error = CallError {
                retry_after: Some(Duration::from_secs(seconds)),
                ..error(cause, Applied::No)
            };
            if let Some(wait) = RetryState::new(policy).after(&error, Duration::ZERO) {
                prop_assert!(wait >= Duration::from_secs(seconds));
            }
        }

        #[test]
        fn what_no_repetition_mends_is_not_repeated(policy in policies()) {
            for cause in [Cause::State, Cause::Cancelled] {
                let wait = RetryState::new(policy).after(&error(cause, Applied::No), Duration::ZERO);
                prop_assert_eq!(wait, None);
            }
        }
    }

    #[test]
    fn each_policy_repeats_what_it_is_for() {
        let check = |policy: RetryPolicy, cause: Cause, applied: Applied, expected: Option<u64>| {
            let wait = RetryState::new(policy).after(&error(cause, applied), Duration::ZERO);
            assert_eq!(wait.map(|wait| wait.as_secs()), expected, "{cause:?}");
        };
        let once = RetryPolicy::ONCE;
        check(once, Cause::Throttled, Applied::No, Some(1));
        check(once, Cause::NotFound, Applied::No, Some(1));
        check(once, Cause::NoAnswer, Applied::No, Some(1));
        check(once, Cause::QuotaExceeded, Applied::No, None);
        check(once, Cause::Server, Applied::Unknown, None);
        let idempotent = RetryPolicy::IDEMPOTENT;
        check(idempotent, Cause::Server, Applied::Unknown, Some(1));
        check(idempotent, Cause::CredentialsExpired, Applied::No, Some(5));
        check(idempotent, Cause::NotFound, Applied::No, None);
        check(idempotent, Cause::InUse, Applied::No, None);
        let delete = RetryPolicy::while_in_use(Duration::from_mins(1));
        check(delete, Cause::InUse, Applied::No, Some(10));
        let roles = RetryPolicy::propagation(|error| error.cause == Cause::Other);
        check(roles, Cause::Other, Applied::No, Some(2));
        check(roles, Cause::NotPropagated, Applied::No, Some(2));
        check(roles, Cause::Denied, Applied::No, None);
        let read = RetryPolicy::IDEMPOTENT.while_not_propagated();
        check(read, Cause::NotPropagated, Applied::No, Some(2));
        check(read, Cause::NotFound, Applied::No, None);
        check(read, Cause::Denied, Applied::No, None);
    }

    #[test]
    fn throttling_is_given_up_within_ten_minutes() {
        let mut state = RetryState::new(RetryPolicy::IDEMPOTENT);
        let mut now = Duration::ZERO;
        for _ in 0..1000 {
            now += state
                .after(&error(Cause::Throttled, Applied::No), now)
                .unwrap_or_default();
        }
        assert!(now > Duration::from_secs(500) && now <= Duration::from_mins(10));
    }
}
