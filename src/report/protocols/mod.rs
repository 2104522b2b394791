//! The catalogue of protocols: a list, one screen for each, and JSON. What goes wrong is counted at that moment,
//! and written down nowhere.

mod json;
mod list;
mod text;

pub use json::json;
pub use list::list;
pub use text::text;

use crate::explore::{Census, Found, MAX_STATES, Setting, census};
use crate::protocol::catalogue::{Case, Entry, Promise, Variant};
use crate::shell::shell_quoted;

/// A protocol at one store, and the result of the smallest sale that shows it.
#[derive(Debug)]
pub struct Counted {
    /// The protocol.
    pub entry: &'static Entry,
    /// The store.
    pub case: &'static Case,
    /// What the name alone stands for there.
    pub usual: Variant,
    /// The smallest sale that shows it.
    pub setting: Setting,
    /// Every order of its steps.
    pub census: Census,
}

impl Counted {
    /// Counts every order of the steps of a protocol, in the smallest sale that shows what it promises.
    #[must_use]
    pub fn of(entry: &'static Entry, case: &'static Case) -> Self {
        let usual = case.usual();
        let Case { buyers, tickets, .. } = *case;
        let mishaps = usual.mishaps;
        let setting = Setting { mishaps, ..Setting::new(usual.choices, buyers, tickets) };
        Self { entry, case, usual, setting, census: census(&setting, MAX_STATES) }
    }

    /// The shortest way to what it promises: to an unsound end if it breaks, to any end if it keeps.
    #[must_use]
    pub fn shortest(&self) -> Option<&Found> {
        let breaks = self.usual.promise == Promise::Breaks;
        let found = self.census.found.iter().filter(|found| !breaks || !found.end.is_sound());
        found.min_by_key(|found| found.witness.0.len())
    }

    /// The commands that run it, count it and make the shortest schedule happen.
    fn commands(&self) -> Vec<String> {
        let name = self.entry.name;
        let store = self.case.store();
        // An example: the reader puts another address in its place.
        let place = match store {
            "file" => String::new(),
            "sqlite" => " --store sqlite:shop.db".to_owned(),
            "redis" => " --store redis://localhost".to_owned(),
            server => format!(" --store {server}://localhost/test"),
        };
        let engine = if place.is_empty() { String::new() } else { format!(" --store {store}") };
        // On a file buyers come back until they are refused; elsewhere each comes once.
        let tickets = if place.is_empty() { 20 } else { self.setting.tickets };
        let mut commands = vec![
            format!("ticketsim --protocol {name} --tickets {tickets}{place}"),
            format!("ticketsim explore --protocol {name}{engine}"),
        ];
        if let Some(found) = self.shortest() {
            let steps = shell_quoted(&found.witness.to_string());
            let (named, buyers) = (found.witness.buyers(), self.setting.buyers);
            let buyers = if named == buyers { String::new() } else { format!(" --buyers {buyers}") };
            let tickets = self.setting.tickets;
            commands.push(format!(
                "ticketsim replay {steps} --protocol {name}{buyers} --tickets {tickets}{place}"
            ));
        }
        commands
    }
}
