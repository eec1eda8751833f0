//! The retry policy: when a call is repeated, after which wait, and for how long.
//!
//! Every class of errors has its own backoff and its own limit, so no loop of the provisioner is endless.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::provisioner::error::{CallError, CallOutcome};

/// The errors after which a call is repeated. Throttling and expired credentials always are among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// Repeat when it is unknown whether the call was applied: for reads, and calls that do no harm twice.
    unknown: bool,
    /// Repeat when something that has just been made is not visible yet.
    lag: bool,
    /// Repeat while the resource is in use, for at most this long.
    in_use: Option<Duration>,
    /// Repeat while a new role has not propagated from IAM to EKS.
    roles: bool,
}

impl RetryPolicy {
    /// A read, or a call that may safely be repeated.
    pub(crate) const IDEMPOTENT: Self = Self {
        unknown: true,
        lag: false,
        in_use: None,
        roles: false,
    };
    /// An idempotent call on resources that may be too new to be visible.
    pub(crate) const LAGGING: Self = Self {
        lag: true,
        ..Self::IDEMPOTENT
    };
    /// A call that must not be repeated when it may have been applied: no token, no unique name.
    pub(crate) const ONCE: Self = Self {
        unknown: false,
        ..Self::LAGGING
    };
    /// An idempotent call that names roles which EKS may not know yet.
    pub(crate) const NEW_ROLES: Self = Self {
        roles: true,
        ..Self::LAGGING
    };

    /// A deletion, repeated while the resource is in use.
    pub(crate) const fn while_in_use(limit: Duration) -> Self {
        Self {
            in_use: Some(limit),
            ..Self::IDEMPOTENT
        }
    }

    fn class(&self, error: &CallError) -> Option<Class> {
        match error.outcome {
            CallOutcome::Throttled => Some(Class::Throttled),
            CallOutcome::Unknown | CallOutcome::TimedOut => self.unknown.then_some(Class::Unknown),
            CallOutcome::Other | CallOutcome::Cancelled => None,
            CallOutcome::Rejected if error.is_expired() => Some(Class::Expired),
            CallOutcome::Rejected if self.roles && is_role_lag(error) => Some(Class::Roles),
            CallOutcome::Rejected if self.lag && error.is_not_found() => Some(Class::Lag),
            CallOutcome::Rejected => self.in_use.filter(|_| error.is_in_use()).map(Class::InUse),
        }
    }
}

/// A class of errors, with its own backoff and limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Throttled,
    Unknown,
    Expired,
    Roles,
    Lag,
    InUse(Duration),
}

impl Class {
    /// The wait before the `count`-th repetition (from 0), and the limit for all of them together.
    fn backoff(self, count: u32) -> (Duration, Duration) {
        let doubled = |most: u64| Duration::from_secs((1_u64 << count.min(6)).min(most));
        match self {
            Self::Throttled => (doubled(20), Duration::from_secs(600)),
            Self::Unknown => (doubled(20), Duration::from_secs(300)),
            Self::Expired => (Duration::from_secs(5), Duration::from_secs(30)),
            // terraform-provider-aws waits two minutes for IAM, by long experience.
            Self::Roles => (Duration::from_secs(2), Duration::from_secs(120)),
            Self::Lag => (Duration::from_secs(1), Duration::from_secs(60)),
            Self::InUse(limit) => (Duration::from_secs(10), limit),
        }
    }
}

/// What `CreateCluster` and `CreateNodegroup` answer before a new role has propagated from IAM to EKS.
const ROLE_LAG: &[&str] = &[
    "does not exist",
    "Error in role params",
    "Role could not be assumed because the trusted entity is not correct",
    "The provided role doesn't have the Amazon EKS Managed Policies associated with it",
    "IAM role's policy must include",
];

fn is_role_lag(error: &CallError) -> bool {
    error.is("InvalidParameterException")
        && ROLE_LAG.iter().any(|words| error.message.contains(words))
}

/// How often, and since when, one call has been repeated.
#[derive(Debug)]
pub(crate) struct RetryState {
    policy: RetryPolicy,
    seen: BTreeMap<Class, (u32, Duration)>,
}

/// Most repetitions of one call for any one class of errors.
const REPETITIONS: u32 = 250;

impl RetryState {
    /// The state before the first attempt.
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self {
            policy,
            seen: BTreeMap::new(),
        }
    }

    /// How long to wait before the call is repeated; `None` when it is not repeated.
    pub(crate) fn after(&mut self, error: &CallError, now: Duration) -> Option<Duration> {
        let class = self.policy.class(error)?;
        let (count, since) = self.seen.entry(class).or_insert((0, now));
        let (wait, limit) = class.backoff(*count);
        let wait = wait.max(error.retry_after.unwrap_or_default());
        *count += 1;
        let ends = now.saturating_sub(*since).saturating_add(wait);
        (*count <= REPETITIONS && ends <= limit.max(wait)).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, outcome: CallOutcome) -> CallError {
        CallError {
            code: code.to_owned(),
            outcome,
            ..CallError::other("ec2:Test", "")
        }
    }

    #[test]
    fn a_call_without_token_is_repeated_after_a_throttle_but_never_after_a_lost_answer() {
        let check = |code: &str, outcome: CallOutcome, expected: bool| {
            let wait =
                RetryState::new(RetryPolicy::ONCE).after(&error(code, outcome), Duration::ZERO);
            assert_eq!(wait.is_some(), expected, "{code} {outcome:?}");
        };
        check("RequestLimitExceeded", CallOutcome::Throttled, true);
        check("InvalidVpcID.NotFound", CallOutcome::Rejected, true);
        check("VpcLimitExceeded", CallOutcome::Rejected, false);
        check("InternalError", CallOutcome::Unknown, false);
        check("", CallOutcome::TimedOut, false);
    }

    #[test]
    fn retry_after_is_honoured_even_when_it_is_longer_than_our_own_backoff() {
        let throttle = CallError {
            retry_after: Some(Duration::from_secs(45)),
            ..error("x", CallOutcome::Throttled)
        };
        let wait = RetryState::new(RetryPolicy::IDEMPOTENT).after(&throttle, Duration::ZERO);
        assert_eq!(wait, Some(Duration::from_secs(45)));
    }

    #[test]
    fn retries_end() {
        let mut state = RetryState::new(RetryPolicy::IDEMPOTENT);
        let mut now = Duration::ZERO;
        let throttle = error("Throttling", CallOutcome::Throttled);
        let repeated = (0..1000).take_while(|_| match state.after(&throttle, now) {
            Some(wait) => {
                now += wait;
                true
            }
            None => false,
        });
        assert!(repeated.count() < 60);
        assert!(now <= Duration::from_secs(600));
    }
}
