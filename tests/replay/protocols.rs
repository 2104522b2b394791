//! The protocols of the catalogue on real processes: what they do to a ticket file is what their model does, in every
//! order of two buyers' steps and in random ones of three and four.

use std::path::Path;

use ticketsim::explore::rehearse;
use ticketsim::grade::Named;
use ticketsim::plan::Workers;
use ticketsim::replay::replay;
use ticketsim::schedule::{Schedule, Unfollowed, Why};

use crate::conformance::schedules;
use crate::model::{a_random_replay, assert_agreement, setting};
use crate::random::Random;
use crate::{QUIET, plan};

/// How many schedules of a protocol and a size are replayed by default, spread over all of them.
const SHARE: usize = 40;

/// All schedules of two buyers, or a share of them.
pub(crate) fn every_protocol_ends_as_in_its_model(folder: &Path) {
    let (mut replayed, mut unsound) = (0, 0);
    let all = Named::all();
    for named in &all {
        for tickets in [1, 2] {
            let plan = plan(folder, 2, tickets, named.choices.lock, named.choices.write);
            let plan = plan.with_choices(|choices| *choices = named.choices);
            let schedules = schedules(&named.choices, Workers::Process, 2, tickets);
            let every = if crate::all() { 1 } else { 1 + schedules.len() / SHARE };
            for schedule in schedules.iter().step_by(every) {
                let real = replay(&plan, schedule, &QUIET)
                    .unwrap_or_else(|error| panic!("{schedule} of {}: {error}", named.entry.name));
                assert_eq!(real.schedule(), *schedule, "{}", named.entry.name);
                assert_agreement(&plan, &real);
                replayed += 1;
                unsound += usize::from(!real.sold.verdict.anomalies.is_empty());
            }
        }
    }
    println!("  {replayed} schedules of {} protocols, {unsound} of them unsound", all.len());
    assert!(unsound * 10 > replayed && unsound < replayed, "both sides of the matter were seen");
}

/// Random ones of three and four buyers; what has to wait for the real lock, has to in the model.
pub(crate) fn every_protocol_agrees_at_random(folder: &Path) {
    let mut random = Random::new(17);
    let all = Named::all();
    let rounds = if crate::all() { 10_000 } else { 10 * all.len() };
    let (mut waits, mut unsound) = (0, 0);
    for round in 0..rounds {
        let named = &all[round % all.len()];
        let buyers = 3 + random.below(2) as u32;
        let plan = plan(folder, buyers, 1 + random.below(3) as i64, named.choices.lock, named.choices.write);
        let plan = plan.with_choices(|choices| *choices = named.choices);
        let (replayed, waited) = a_random_replay(&plan, &mut random);
        assert_agreement(&plan, &replayed);
        for (before, step, holder) in &waited {
            let mut schedule: Schedule = before.clone();
            schedule.0.push(*step);
            let error = rehearse(&setting(&plan), &schedule).expect_err("the real lock let it wait");
            let expected = Unfollowed::at(schedule.0.len(), *step, Why::Locked(*holder));
            assert_eq!(error, expected, "{schedule} of {}", named.entry.name);
        }
        waits += waited.len();
        unsound += usize::from(!replayed.sold.verdict.anomalies.is_empty());
    }
    println!(
        "  {rounds} random schedules, {unsound} of them unsound, {waits} steps that had to wait for the lock"
    );
    assert!(unsound > rounds / 10 && unsound < rounds && waits > 0, "both sides of the matter were seen");
}
