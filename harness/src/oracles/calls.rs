//! What the journal must show: who may change things (O7 and the audit), how many calls (O5), and what the meter may
//! count (O4).

use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::journal::Call;

use super::Violation;
use crate::audit::calls::{mutating, refused};
use crate::cost::usd;

/// Mutating calls of read-only actors.
pub fn read_only_violations(calls: &[Call]) -> Vec<Violation> {
    calls
        .iter()
        .filter(|call| {
            matches!(call.actor, Actor::Observer | Actor::Auditor | Actor::Biller)
                && call.signature.mutating
        })
        .map(|call| {
            let message = format!(
                "the {} made call {} {}, which changes things: it is read-only",
                call.actor, call.ordinal, call.signature
            );
            Violation::new("audit looks", message)
        })
        .collect()
}

/// O5: the call budget.
pub fn budget(calls: usize, most: u32) -> Option<Violation> {
    (calls > usize::try_from(most).unwrap_or(usize::MAX)).then(|| {
        Violation::new(
            "O5 ends",
            format!("{calls} calls were made, the budget of the trial is {most}"),
        )
    })
}

/// O4: the meter stays within the declared bound.
pub fn metered(metered: Decimal, most: Decimal) -> Option<Violation> {
    (metered > most).then(|| {
        Violation::new(
            "O4 bill",
            format!(
                "the meter counted {}, the budget is {}",
                usd(metered, 4),
                usd(most, 2)
            ),
        )
    })
}

/// O4 where no meter counts: the bill stays within the declared bound.
pub fn billed(billed: Decimal, most: Decimal) -> Option<Violation> {
    (billed > most).then(|| {
        let (billed, most) = (usd(billed, 4), usd(most, 2));
        Violation::new(
            "O4 bill",
            format!("{billed} were billed, the budget is {most}"),
        )
    })
}

/// O7: a teardown of what is torn down changes nothing.
///
/// A call that was refused changed nothing; any other, also one without an answer, may have.
pub fn second_teardown(calls: &[Call]) -> Option<Violation> {
    let changing: Vec<String> = mutating(calls)
        .filter(|call| !refused(call))
        .map(|call| call.signature.to_string())
        .collect();
    (!changing.is_empty()).then(|| {
        let message = format!("a second teardown changed things: {}", changing.join(", "));
        Violation::new("O7 no-op", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::calls::sample;

    fn call(actor: Actor, mutating: bool) -> Call {
        sample(actor, "Delete", mutating)
    }

    #[test]
    fn an_auditor_that_changes_anything_is_found() {
        assert_eq!(
            read_only_violations(&[call(Actor::Auditor, false), call(Actor::Provisioner, true)]),
            []
        );
        assert_eq!(read_only_violations(&[call(Actor::Auditor, true)]).len(), 1);
        assert_eq!(
            read_only_violations(&[call(Actor::Observer, true)]).len(),
            1
        );
    }

    #[test]
    fn a_second_teardown_may_read_but_not_change() {
        assert_eq!(second_teardown(&[call(Actor::Provisioner, false)]), None);
        assert!(second_teardown(&[call(Actor::Provisioner, true)]).is_some());
        let answered = |status| Call {
            status,
            ..call(Actor::Provisioner, true)
        };
        assert_eq!(second_teardown(&[answered(Some(404))]), None);
        assert!(second_teardown(&[answered(Some(200))]).is_some());
        assert!(second_teardown(&[answered(Some(500))]).is_some());
    }

    #[test]
    fn budgets_are_inclusive() {
        assert_eq!(budget(10, 10), None);
        assert!(budget(11, 10).is_some());
        assert_eq!(metered(Decimal::ONE, Decimal::ONE), None);
        assert!(metered(Decimal::TWO, Decimal::ONE).is_some());
        assert_eq!(billed(Decimal::ONE, Decimal::ONE), None);
        assert!(billed(Decimal::TWO, Decimal::ONE).is_some());
    }
}
