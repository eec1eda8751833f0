//! Adoption: never make a second one of what may exist already.
//!
//! Apart from the resources because there are just two ways: things with a natural key, where the
//! cloud refuses a twin, and things without, where only looking first and looking again prevents
//! one.

use std::future::Future;
use std::time::Duration;

use crate::provisioner::problem::{Fate, Problem};
use crate::provisioner::session::Session;

/// How long a thing that must exist may stay invisible.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// How long to look for what a call with a lost answer may have made.
const AFTER_LOST: Duration = Duration::from_secs(15);
/// The same after silence: a request that timed out may still be applied a while later.
const AFTER_SILENCE: Duration = Duration::from_secs(45);
/// The pace of looking again.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How often a creation that left nothing behind is tried again.
const ATTEMPTS: usize = 4;

/// Finds or makes a thing that has neither a token nor a natural key.
///
/// # Errors
/// When looking or making fails, or the answer stays unclear too often.
pub(crate) async fn once<L, LF, C, CF>(
    session: &Session,
    look: L,
    create: C,
) -> Result<String, Problem>
where
    L: Fn() -> LF + Send + Sync,
    LF: Future<Output = Result<Option<String>, Problem>> + Send,
    C: Fn() -> CF + Send + Sync,
    CF: Future<Output = Result<String, Problem>> + Send,
{
    if let Some(id) = look().await? {
        return Ok(id);
    }
    let unsettled = session.unsettled();
    if !unsettled.is_zero() {
        session.pause(unsettled).await?;
        if let Some(id) = look().await? {
            return Ok(id);
        }
    }
    let mut last = Problem::ours("create", "never tried");
    for _ in 0..ATTEMPTS {
        match create().await {
            Ok(id) => return Ok(id),
            Err(problem) => last = problem,
        }
        let window = match last.fate {
            Fate::Unclear => AFTER_LOST,
            Fate::Silent => AFTER_SILENCE,
            _ => return Err(last),
        };
        // Another branch may halt this one before the window is over.
        session.asked_in_vain(window);
        if let Some(id) = shown(session, window, &look).await? {
            return Ok(id);
        }
    }
    Err(last)
}

/// Finds or makes a thing whose natural key makes a twin impossible. `taken` tells the refusal that
/// names an existing one; that one is adopted only if `look`, which knows our tags, finds it.
///
/// # Errors
/// When looking or making fails, or the key is taken by something that is not ours.
pub(crate) async fn keyed<T, L, LF, C, CF>(
    session: &Session,
    look: L,
    create: C,
    taken: &[&str],
) -> Result<T, Problem>
where
    T: Send,
    L: Fn() -> LF + Send + Sync,
    LF: Future<Output = Result<Option<T>, Problem>> + Send,
    C: Fn() -> CF + Send + Sync,
    CF: Future<Output = Result<T, Problem>> + Send,
{
    if let Some(found) = look().await? {
        return Ok(found);
    }
    let problem = match create().await {
        Ok(made) => return Ok(made),
        Err(problem) => problem,
    };
    if !taken.iter().any(|code| problem.is(code)) {
        return Err(problem);
    }
    match shown(session, SHOWN_WITHIN, &look).await? {
        Some(found) => Ok(found),
        None => Err(Problem {
            message: format!(
                "{}; it does not carry this run's tag, so it is someone else's: remove or rename \
                 it, or start a run with another id",
                problem.message
            ),
            ..problem
        }),
    }
}

/// Looks again and again until a thing shows, at most so long.
///
/// # Errors
/// When looking fails.
pub(crate) async fn shown<T, L, LF>(
    session: &Session,
    within: Duration,
    look: &L,
) -> Result<Option<T>, Problem>
where
    T: Send,
    L: Fn() -> LF + Send + Sync,
    LF: Future<Output = Result<Option<T>, Problem>> + Send,
{
    let until = session.elapsed() + within;
    // Ends by the clock, which every round lets pass.
    while session.elapsed() < until {
        session.pause(LOOK_EVERY).await?;
        if let Some(found) = look().await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
