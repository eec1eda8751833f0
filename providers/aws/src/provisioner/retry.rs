//! When a call is repeated, how long after, and when no more.
//!
//! Apart from the calls because these limits are one policy: every class of problems has its own
//! pace and its own limit, so no loop of the provisioner is endless.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::provisioner::problem::{Fate, Problem};

/// Which problems of a call are worth repeating it for. Throttles and expired credentials always
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Repeat when it is unclear whether the call was applied: reads, and calls that do no harm
    /// twice.
    unclear: bool,
    /// Repeat when something that we just made is not visible yet.
    lag: bool,
    /// Repeat while a dependent thing is in use, so long.
    in_use: Option<Duration>,
    /// Repeat while IAM has not told EKS about a new role.
    roles: bool,
}

impl Rule {
    /// A read, or a call that may safely be repeated.
    pub(crate) const SAFE: Self = Self {
        unclear: true,
        lag: false,
        in_use: None,
        roles: false,
    };
    /// A safe call that names things which may be too new to be visible.
    pub(crate) const LAGGING: Self = Self {
        lag: true,
        ..Self::SAFE
    };
    /// A call that must not be repeated when it may have been applied: no token, no natural key.
    pub(crate) const ONCE: Self = Self {
        unclear: false,
        ..Self::LAGGING
    };
    /// A safe call that names roles which EKS may not know yet.
    pub(crate) const NEW_ROLES: Self = Self {
        roles: true,
        ..Self::LAGGING
    };

    /// A deletion, repeated while the thing is in use.
    pub(crate) const fn delete(limit: Duration) -> Self {
        Self {
            in_use: Some(limit),
            ..Self::SAFE
        }
    }

    fn class(&self, problem: &Problem) -> Option<Class> {
        match problem.fate {
            Fate::Throttled => Some(Class::Throttled),
            Fate::Unclear | Fate::Silent => self.unclear.then_some(Class::Unclear),
            Fate::Ours | Fate::Halted => None,
            Fate::Refused if problem.is_expired() => Some(Class::Expired),
            Fate::Refused if self.roles && is_role_lag(problem) => Some(Class::Roles),
            Fate::Refused if self.lag && problem.is_not_found() => Some(Class::Lag),
            Fate::Refused => self
                .in_use
                .filter(|_| problem.is_in_use())
                .map(Class::InUse),
        }
    }
}

/// A class of problems: each is repeated at its own pace, up to its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Throttled,
    Unclear,
    Expired,
    Roles,
    Lag,
    InUse(Duration),
}

impl Class {
    /// The wait before the `count`-th repetition (from 0), and the limit of all of them together.
    fn pace(self, count: u32) -> (Duration, Duration) {
        let doubled = |most: u64| Duration::from_secs((1_u64 << count.min(6)).min(most));
        match self {
            Self::Throttled => (doubled(20), Duration::from_secs(600)),
            Self::Unclear => (doubled(20), Duration::from_secs(300)),
            Self::Expired => (Duration::from_secs(5), Duration::from_secs(30)),
            // terraform-provider-aws waits two minutes for IAM, by long experience.
            Self::Roles => (Duration::from_secs(2), Duration::from_secs(120)),
            Self::Lag => (Duration::from_secs(1), Duration::from_secs(60)),
            Self::InUse(limit) => (Duration::from_secs(10), limit),
        }
    }
}

/// What `CreateCluster` and `CreateNodegroup` say while IAM has not told EKS about a new role.
const ROLE_LAG: &[&str] = &[
    "does not exist",
    "Error in role params",
    "Role could not be assumed because the trusted entity is not correct",
    "The provided role doesn't have the Amazon EKS Managed Policies associated with it",
    "IAM role's policy must include",
];

fn is_role_lag(problem: &Problem) -> bool {
    problem.is("InvalidParameterException")
        && ROLE_LAG.iter().any(|words| problem.message.contains(words))
}

/// The patience that one call has left.
#[derive(Debug)]
pub(crate) struct Patience {
    rule: Rule,
    seen: BTreeMap<Class, (u32, Duration)>,
}

/// Most repetitions of one call for any one class of problems.
const REPETITIONS: u32 = 250;

impl Patience {
    /// Full patience under a rule.
    pub(crate) fn new(rule: Rule) -> Self {
        Self {
            rule,
            seen: BTreeMap::new(),
        }
    }

    /// How long to wait before the call is repeated; `None` when it shall not be.
    pub(crate) fn after(&mut self, problem: &Problem, now: Duration) -> Option<Duration> {
        let class = self.rule.class(problem)?;
        let (count, since) = self.seen.entry(class).or_insert((0, now));
        let (wait, limit) = class.pace(*count);
        let wait = wait.max(problem.retry_after.unwrap_or_default());
        *count += 1;
        let ends = now.saturating_sub(*since).saturating_add(wait);
        (*count <= REPETITIONS && ends <= limit.max(wait)).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: &str, fate: Fate) -> Problem {
        Problem {
            code: code.to_owned(),
            fate,
            ..Problem::ours("ec2:Test", "")
        }
    }

    #[test]
    fn a_call_without_token_is_repeated_after_a_throttle_but_never_after_a_lost_answer() {
        let check = |code: &str, fate: Fate, expected: bool| {
            let wait = Patience::new(Rule::ONCE).after(&problem(code, fate), Duration::ZERO);
            assert_eq!(wait.is_some(), expected, "{code} {fate:?}");
        };
        check("RequestLimitExceeded", Fate::Throttled, true);
        check("InvalidVpcID.NotFound", Fate::Refused, true);
        check("VpcLimitExceeded", Fate::Refused, false);
        check("InternalError", Fate::Unclear, false);
        check("", Fate::Silent, false);
    }

    #[test]
    fn retry_after_is_honoured_even_when_it_is_longer_than_our_own_pace() {
        let throttle = Problem {
            retry_after: Some(Duration::from_secs(45)),
            ..problem("x", Fate::Throttled)
        };
        let wait = Patience::new(Rule::SAFE).after(&throttle, Duration::ZERO);
        assert_eq!(wait, Some(Duration::from_secs(45)));
    }

    #[test]
    fn patience_ends() {
        let mut patience = Patience::new(Rule::SAFE);
        let mut now = Duration::ZERO;
        let throttle = problem("Throttling", Fate::Throttled);
        let repeated = (0..1000).take_while(|_| match patience.after(&throttle, now) {
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
