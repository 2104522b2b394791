//! A plan as the command that repeats it. Errors name no options; this is the one place of the plan that does.

use std::path::Path;
use std::time::Duration;

use super::{PerBuyer, Plan};
use crate::shell::{shell_quoted, shell_quoted_path};

impl Plan {
    /// The command that repeats this run, with the same plan and the same think times.
    #[must_use]
    pub fn command(&self) -> String {
        self.command_with(Some(self.pace.seed))
    }

    /// The command that runs the same plan with new think times.
    #[must_use]
    pub fn command_for_any_seed(&self) -> String {
        self.command_with(None)
    }

    fn command_with(&self, seed: Option<u64>) -> String {
        let mut words = vec!["ticketsim".to_owned()];
        if self.hosts > 0 {
            words.push(format!("lead --hosts {}", self.hosts));
        }
        words.push(format!("--buyers {}", self.buyers));
        if let Some(tickets) = self.tickets {
            words.push(format!("--tickets {tickets}"));
        }
        words.extend(self.workers.option());
        words.extend(self.store_options());
        words.extend(self.restocks.then(|| "--restocks".to_owned()));
        words.extend(self.mishaps.iter().map(|mishap| format!("--mishap '{mishap}'")));
        words.extend(self.pace_options());
        words.extend(seed.map(|seed| format!("--seed {seed}")));
        words.extend(self.place_options());
        words.join(" ")
    }

    /// The options that say where the stock is kept.
    fn place_options(&self) -> Vec<String> {
        if let Some((url, name)) = self.store.address() {
            let named = (name != Self::DEFAULT_SALE).then(|| format!("--sale {}", shell_quoted(name)));
            return std::iter::once(format!("--store {}", shell_quoted(url))).chain(named).collect();
        }
        let file = self.file().filter(|plan| plan.file != Path::new(Self::DEFAULT_FILE));
        let file = file.map(|plan| format!("--file {}", shell_quoted_path(&plan.file)));
        let via = self.file().into_iter().flat_map(|plan| &plan.via);
        file.into_iter().chain(via.map(|name| format!("--via {}", shell_quoted_path(name)))).collect()
    }

    /// The command that replays these steps under this plan. The steps name `named` buyers.
    #[must_use]
    pub fn replay_command(&self, steps: &str, named: u32) -> String {
        let mut words = vec![format!("ticketsim replay {}", shell_quoted(steps))];
        if self.buyers != named {
            words.push(format!("--buyers {}", self.buyers));
        }
        if let Some(tickets) = self.tickets {
            words.push(format!("--tickets {tickets}"));
        }
        words.extend(self.workers_in_steps().option());
        words.extend(self.store_options());
        words.extend(self.place_options());
        words.join(" ")
    }

    /// The options that say what a purchase does, where they differ from their defaults.
    fn store_options(&self) -> Vec<String> {
        let mut options = self.store.choices().options();
        if self.per_buyer != PerBuyer::ONE {
            options.push(format!("--per-buyer {}", self.per_buyer));
        }
        options
    }

    /// The options on think times, without the seed, where they differ from their defaults.
    fn pace_options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let think = Duration::from_nanos(self.pace.think_ns);
        let think_text = shell_quoted(&humantime::format_duration(think).to_string());
        if think != Self::DEFAULT_THINK {
            options.push(format!("--think {think_text}"));
        }
        // An exact comparison is right: the default is a literal, not a computed number.
        if self.pace.jitter != Self::DEFAULT_JITTER {
            options.push(format!("--jitter {}", self.pace.jitter));
        }
        options
    }
}
