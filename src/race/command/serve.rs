//! A target that the race starts itself. It is restarted if it dies, and ended with the race.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::race::plan::RacePlan;

/// How much is kept of what it wrote last.
const LAST_WORDS: usize = 2 << 10;

/// A running target.
#[derive(Debug)]
pub struct Server {
    child: Child,
    last_words: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// When the shell can't be started.
    pub fn start(plan: &RacePlan, command: &str) -> std::io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        shell.envs(plan.serve_env.iter().map(|(name, value)| (name, value)));
        shell.process_group(0);
        if let Some(folder) = &plan.chdir {
            shell.current_dir(folder);
        }
        // SAFETY: between fork and exec it makes one system call, which does not allocate.
        unsafe { shell.pre_exec(die_with_parent) };
        let mut child = shell.spawn()?;
        let last_words = Arc::new(Mutex::new(Vec::new()));
        if let Some(mut stderr) = child.stderr.take() {
            let kept = Arc::clone(&last_words);
            // It ends when the last process that holds the pipe ends.
            std::thread::spawn(move || {
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                    let Ok(mut kept) = kept.lock() else { return };
                    kept.extend_from_slice(&buffer[..count]);
                    let too_many = kept.len().saturating_sub(LAST_WORDS);
                    kept.drain(..too_many);
                }
            });
        }
        Ok(Self { child, last_words })
    }

    /// Its process group.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "the gate asks for it"))]
    pub fn group(&self) -> Option<i32> {
        i32::try_from(self.child.id()).ok()
    }

    /// How it died, with the last line that it wrote; `None` while it runs.
    pub fn died(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        let words = self.last_words.lock().map(|words| String::from_utf8_lossy(&words).into_owned());
        let words = words.unwrap_or_default();
        Some(match words.trim().lines().last() {
            Some(line) => format!("{status}: {line}"),
            None => status.to_string(),
        })
    }
}

fn die_with_parent() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    Ok(())
}

impl Drop for Server {
    fn drop(&mut self) {
        let Ok(pid) = i32::try_from(self.child.id()) else { return };
        // First SIGTERM: it may have to end its own children and to put files in order.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGTERM);
        for _ in 0..50 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
