//! The system's limits for one process or one user that a large run may reach, and their names.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::WorkersError;
use crate::plan::{Plan, Workers};

/// Files that a process has open beside its buyers' files: standard streams, those of a runtime, some to spare.
const OTHER_FILES: u64 = 64;

/// Lets this process open as many files as its buyers need: raises the soft limit to the hard one, which
/// is what the soft limit is there for (getrlimit(2)).
pub(super) fn allow_open_files(buyers: u32, files_of_a_buyer: u64) -> Result<(), WorkersError> {
    let needed = u64::from(buyers) * files_of_a_buyer + OTHER_FILES;
    allow(needed, |limit| WorkersError::OpenFiles { buyers, needed, limit })
}

/// Lets this process open a socket for each buyer's gate and, if buyers run inside this process, their ends of the
/// gates and their files.
pub(super) fn allow_gates(plan: &Plan, files_of_a_buyer: u64) -> Result<(), WorkersError> {
    let of_a_buyer = match plan.workers {
        Workers::Process => 1,
        Workers::Thread | Workers::Task | Workers::Sequential => 3 + files_of_a_buyer,
    };
    let (buyers, needed) = (plan.buyers, u64::from(plan.buyers) * of_a_buyer + OTHER_FILES);
    allow(needed, |limit| WorkersError::Gates { buyers, needed, limit })
}

fn allow(needed: u64, too_many: impl FnOnce(u64) -> WorkersError) -> Result<(), WorkersError> {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return Ok(());
    };
    if needed <= soft {
        return Ok(());
    }
    if needed > hard {
        return Err(too_many(hard));
    }
    // macOS allows fewer than its hard limit: there the error appears when buyers open their files.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    Ok(())
}

/// A limit of the system that can keep buyers from being started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitName {
    /// A setting that has this name on all systems.
    Setting(&'static str),
    /// The limit of the control group.
    Cgroup,
}

/// The limits in force that can keep buyers from being started, with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(pub Vec<(LimitName, String)>);

impl std::fmt::Display for Limits {
    /// As a remark at the end of an error.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { " (limits: " } else { ", " })?;
            match name {
                LimitName::Setting(name) => write!(f, "{name} {value}")?,
                LimitName::Cgroup => write!(f, "the cgroup's pids.max {value}")?,
            }
        }
        if self.0.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

/// The limits that can keep buyers from being started.
pub(super) fn limits_in_force() -> Limits {
    let mut limits = Vec::new();
    if let Ok((limit, _)) = getrlimit(Resource::RLIMIT_NPROC) {
        limits.push((LimitName::Setting("ulimit -u"), limit.to_string()));
    }
    for (path, name) in [
        ("/proc/sys/kernel/pid_max", LimitName::Setting("kernel.pid_max")),
        ("/proc/sys/kernel/threads-max", LimitName::Setting("kernel.threads-max")),
        ("/proc/sys/vm/max_map_count", LimitName::Setting("vm.max_map_count")),
        ("/sys/fs/cgroup/pids.max", LimitName::Cgroup),
    ] {
        if let Ok(limit) = std::fs::read_to_string(path) {
            limits.push((name, limit.trim().to_owned()));
        }
    }
    Limits(limits)
}
