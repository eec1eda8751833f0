//! Whether programs work or wait, from the states and processor times of their processes on Linux.
//!
//! A program works while any thread of it or of its descendants is on a processor, waits for one (a loaded
//! machine), or waits for a disk. It waits while all of them sleep.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use super::programs::Programs;

/// How often all processes are scanned for descendants whose parents have ended.
///
/// tidy: real time (what programs do takes real time).
const SCAN_EVERY: Duration = Duration::from_millis(250);

/// The longest chain of processes that each wait for the next.
const CHAIN_MAX: usize = 8;

/// What programs are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Some program computes, or would if it got a processor.
    Working,
    /// All sleep, or none is running.
    Waiting,
    /// This system does not tell.
    Unknown,
}

/// Monitors the programs of one trial and everything that they start.
#[derive(Debug)]
pub struct WorkMonitor {
    programs: Programs,
    own: Option<Stat>,
    known: BTreeMap<i32, KnownProcess>,
    /// Their process groups and sessions, by which daemons are found.
    groups: BTreeSet<i32>,
    scanned: Option<Instant>,
}

/// A process that is monitored.
#[derive(Clone, Copy, Debug)]
struct KnownProcess {
    began: u64,
    used: u64,
}

/// The fields of `/proc/PID/stat` that are used here (proc(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: i32,
    group: i32,
    session: i32,
    /// Processor time, ticks.
    used: u64,
    threads: u64,
    /// When it began, ticks since the machine started. With the process id it identifies a process.
    began: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The program's name is in brackets, and may contain brackets itself.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let id = |at: usize| fields.get(at)?.parse::<i32>().ok();
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: id(1)?,
            group: id(2)?,
            session: id(3)?,
            used: number(11)?.saturating_add(number(12)?),
            threads: number(17)?,
            began: number(19)?,
        })
    }

    fn of(pid: i32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Whether it is on a processor or waits for one (R), or waits for a disk (D).
    fn works(&self) -> bool {
        matches!(self.state, 'R' | 'D')
    }
}

impl WorkMonitor {
    /// Monitors these programs.
    pub fn over(programs: &Programs) -> Self {
        Self {
            programs: programs.clone(),
            own: i32::try_from(std::process::id()).ok().and_then(Stat::of),
            known: BTreeMap::new(),
            groups: BTreeSet::new(),
            scanned: None,
        }
    }

    /// What they are doing at this moment.
    pub fn sample(&mut self) -> Activity {
        let roots = self.programs.roots();
        if roots.is_empty() {
            self.known.clear();
            self.groups.clear();
            self.scanned = None;
            return Activity::Waiting;
        }
        if self.own.is_none() {
            return Activity::Unknown;
        }
        for root in roots {
            self.adopt(root);
        }
        let works = self.any_works();
        if !works && !self.find_more() {
            return Activity::Waiting;
        }
        Activity::Working
    }

    /// Whether a known process works. Forgets those that have ended.
    fn any_works(&mut self) -> bool {
        let mut works = false;
        self.known.retain(|pid, known| {
            let Some(stat) = Stat::of(*pid).filter(|stat| stat.began == known.began) else {
                return false;
            };
            works |= stat.works() || stat.used > known.used;
            known.used = stat.used;
            // The state of a process is that of its first thread.
            works = works || (stat.threads > 1 && thread_works(*pid));
            true
        });
        works
    }

    /// Finds new processes: children of known ones, and every [`SCAN_EVERY`] also daemons. Returns whether one
    /// of them works.
    fn find_more(&mut self) -> bool {
        let mut works = false;
        let mut parents: Vec<i32> = self.known.keys().copied().collect();
        // Ends, because each process is adopted only once.
        while let Some(parent) = parents.pop() {
            for child in children(parent) {
                if let Some(stat) = self.adopt(child) {
                    works |= stat.works();
                    parents.push(child);
                }
            }
        }
        if self.scanned.is_none_or(|at| at.elapsed() >= SCAN_EVERY) {
            self.scanned = Some(Instant::now()); // real clock: how often to scan
            works |= self.find_orphans();
        }
        works
    }

    /// Adopts processes in their groups or sessions, and those whose parents are known. Returns whether one of
    /// them works.
    fn find_orphans(&mut self) -> bool {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let mut works = false;
        for pid in pids
            .filter(|pid| !self.known.contains_key(pid))
            .collect::<Vec<_>>()
        {
            let is_theirs = |stat: &Stat| {
                [stat.group, stat.session]
                    .iter()
                    .any(|it| self.groups.contains(it))
                    || self.known.contains_key(&stat.parent)
            };
            if Stat::of(pid).as_ref().is_some_and(is_theirs)
                && let Some(stat) = self.adopt(pid)
            {
                works |= stat.works();
            }
        }
        works
    }

    /// Begins to monitor a process, unless it is known already or has ended.
    fn adopt(&mut self, pid: i32) -> Option<Stat> {
        if self.known.contains_key(&pid) {
            return None;
        }
        let (stat, own) = (Stat::of(pid)?, self.own?);
        let known = KnownProcess {
            began: stat.began,
            used: stat.used,
        };
        self.known.insert(pid, known);
        // Being in our own group or session does not make a process theirs.
        let mut is = |group: i32, ours: i32| {
            if group != ours {
                self.groups.insert(group);
            }
        };
        is(stat.group, own.group);
        is(stat.session, own.session);
        Some(stat)
    }
}

/// Whether this process is all that these programs do: it has one thread and no children, and whoever started it only
/// waits for it. When it sleeps, all of them sleep, and nothing of theirs is on its way.
pub fn is_alone(programs: &Programs, process: i32) -> bool {
    let roots: Vec<i32> = programs.roots().into_iter().collect();
    let [mut one] = roots[..] else { return false };
    for _ in 0..CHAIN_MAX {
        let Some(stat) = Stat::of(one).filter(|stat| stat.threads == 1) else {
            return false;
        };
        match (one == process, &children(one)[..]) {
            (true, started) => return started.is_empty(),
            (false, [only]) if stat.state == 'S' => one = *only,
            _ => return false,
        }
    }
    false
}

/// The threads of a process.
fn threads(pid: i32) -> impl Iterator<Item = String> {
    let folder = format!("/proc/{pid}/task");
    let all = fs::read_dir(&folder).into_iter().flatten().flatten();
    all.filter_map(move |entry| Some(format!("{folder}/{}", entry.file_name().to_str()?)))
}

fn thread_works(pid: i32) -> bool {
    threads(pid).any(|thread| {
        let text = fs::read_to_string(format!("{thread}/stat")).unwrap_or_default();
        Stat::read(&text).is_some_and(|stat| stat.works())
    })
}

/// The children of a process. If the kernel does not list them, the scan of all processes finds them.
fn children(pid: i32) -> Vec<i32> {
    threads(pid)
        .filter_map(|thread| fs::read_to_string(format!("{thread}/children")).ok())
        .flat_map(|text| {
            let pids = text.split_ascii_whitespace();
            pids.filter_map(|pid| pid.parse().ok())
                .collect::<Vec<i32>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_whatever_the_program_is_called() {
        let rest =
            "S 10398 10399 10397 0 -1 4194560 5954 61096 0 6 7 5 48 9 20 0 3 0 38045 5124096";
        let stat = Stat::read(&format!("10399 (a) R (b) {rest}")).expect("a line");
        assert_eq!(
            stat,
            Stat {
                state: 'S',
                parent: 10398,
                group: 10399,
                session: 10397,
                used: 12,
                threads: 3,
                began: 38045,
            }
        );
        assert_eq!(Stat::read("10399 (sh) S 1 2"), None);
        assert_eq!(Stat::read(""), None);
    }

    #[test]
    fn without_programs_nothing_works() {
        assert_eq!(
            WorkMonitor::over(&Programs::default()).sample(),
            Activity::Waiting
        );
    }
}
