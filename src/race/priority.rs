//! Priority for the go: while the last bytes are sent, a process that one of them wakes does not get the CPU first.

/// As long as this is held, the thread runs before all others, if the system allows it (on Linux, to root or with
/// CAP_SYS_NICE). Elsewhere nothing changes.
#[derive(Debug)]
pub(super) struct Priority {
    raised: bool,
}

impl Priority {
    /// Raises this thread's priority.
    pub(super) fn raise() -> Self {
        Self { raised: schedule(nix::libc::SCHED_FIFO, 1) }
    }
}

impl Drop for Priority {
    fn drop(&mut self) {
        if self.raised {
            schedule(nix::libc::SCHED_OTHER, 0);
        }
    }
}

#[cfg(target_os = "linux")]
fn schedule(policy: i32, priority: i32) -> bool {
    let parameter = nix::libc::sched_param { sched_priority: priority };
    // SAFETY: 0 is this thread, and the parameter lives during the call.
    unsafe { nix::libc::sched_setscheduler(0, policy, &raw const parameter) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn schedule(_: i32, _: i32) -> bool {
    false
}
