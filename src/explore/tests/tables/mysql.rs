//! MariaDB 10.11.19: every row that was measured. `+s` is innodb_snapshot_isolation.

use super::*;
use crate::protocol::sql::Switch;

const RU: Isolation = Isolation::ReadUncommitted;
/// Without and with snapshot isolation.
const BOTH: &[bool] = &[false, true];
const OFF: &[bool] = &[false];
const ON: &[bool] = &[true];

/// A row: the steps; levels; without, with snapshot isolation, or both; how many schedules; how they end.
type Row = (&'static str, &'static [Isolation], &'static [bool], u32, &'static str);

const MARIADB: &[Row] = &[
    ("read write", &[NONE], BOTH, 6, "2/0/0 ×4; 1/0/0 ×2"),
    ("begin read write commit", &[RU], BOTH, 14, "1/0/0 ×6; 2/0/0 ×8"),
    ("begin read write commit", &[RC], BOTH, 14, "2/0/0 ×12; 1/0/0 ×2"),
    ("begin read write commit", &[RR], OFF, 14, "2/0/0 ×12; 1/0/0 ×2"),
    ("begin read write commit", &[RR], ON, 14, "1/0/1 ×12 {1020@W}; 1/0/0 ×2"),
    ("begin read write commit", &[SER], OFF, 8, "1/0/0 ×4; 1/0/1 ×4 {1213@W}"),
    ("begin read write commit", &[SER], ON, 8, "1/0/1 ×6 {1020@R, 1213@W}; 1/0/0 ×2"),
    ("begin read decrement commit", &[RU], BOTH, 14, "1/0/0 ×6; 2/-1/0 ×8"),
    ("begin read decrement commit", &[RC], BOTH, 14, "2/-1/0 ×12; 1/0/0 ×2"),
    ("begin read decrement commit", &[RR], OFF, 14, "2/-1/0 ×12; 1/0/0 ×2"),
    ("begin read decrement commit", &[RR], ON, 14, "1/0/1 ×12 {1020@D}; 1/0/0 ×2"),
    ("begin read decrement commit", &[SER], OFF, 8, "1/0/0 ×4; 1/0/1 ×4 {1213@D}"),
    ("begin read decrement commit", &[SER], ON, 8, "1/0/1 ×6 {1020@R, 1213@D}; 1/0/0 ×2"),
    ("begin read-for-update write commit", &[RU, RC, RR], BOTH, 6, "1/0/0 ×6"),
    ("begin read-for-update write commit", &[SER], OFF, 6, "1/0/0 ×6"),
    ("begin read-for-update write commit", &[SER], ON, 6, "1/0/1 ×4 {1020@R}; 1/0/0 ×2"),
    ("begin read-for-share write commit", &[RU, RC, RR], BOTH, 8, "1/0/0 ×4; 1/0/1 ×4 {1213@W}"),
    ("begin read-for-share write commit", &[SER], OFF, 8, "1/0/0 ×4; 1/0/1 ×4 {1213@W}"),
    ("begin read-for-share write commit", &[SER], ON, 8, "1/0/1 ×6 {1020@R, 1213@W}; 1/0/0 ×2"),
    ("read swap", &[NONE], BOTH, 6, "1/0/0 ×6"),
    ("take", &[NONE], BOTH, 2, "1/0/0 ×2"),
    ("begin take commit", &[RU, RC, RR], BOTH, 4, "1/0/0 ×4"),
    ("begin take commit", &[SER], OFF, 4, "1/0/0 ×4"),
    ("begin take commit", &[SER], ON, 4, "1/0/0 ×2; 1/0/1 ×2 {1020@D}"),
    ("begin lock read write commit unlock", &[RU, RC, RR, SER], BOTH, 10, "1/0/0 ×10"),
    ("lock begin read write commit unlock", &[RU, RC, RR, SER], BOTH, 10, "1/0/0 ×10"),
    ("begin lock read write unlock commit", &[RU], BOTH, 34, "1/0/0 ×34"),
    ("begin lock read write unlock commit", &[RC], BOTH, 26, "2/0/0 ×16; 1/0/0 ×10"),
    ("begin lock read write unlock commit", &[RR], OFF, 26, "2/0/0 ×16; 1/0/0 ×10"),
    ("begin lock read write unlock commit", &[RR], ON, 26, "1/0/1 ×16 {1020@W}; 1/0/0 ×10"),
    ("begin lock read write unlock commit", &[SER], OFF, 18, "1/0/0 ×18"),
    ("begin lock read write unlock commit", &[SER], ON, 18, "1/0/0 ×10; 1/0/1 ×8 {1020@R}"),
    ("begin read decrement commit --constraint", &[RU], BOTH, 14, "1/0/0 ×6; 1/0/1 ×8 {4025@D}"),
    ("begin read decrement commit --constraint", &[RC], BOTH, 14, "1/0/1 ×12 {4025@D}; 1/0/0 ×2"),
    ("begin read decrement commit --constraint", &[RR], OFF, 14, "1/0/1 ×12 {4025@D}; 1/0/0 ×2"),
    ("begin read decrement commit --constraint", &[RR], ON, 14, "1/0/1 ×12 {1020@D}; 1/0/0 ×2"),
    ("begin read decrement commit --constraint", &[SER], OFF, 8, "1/0/0 ×4; 1/0/1 ×4 {1213@D}"),
    ("begin read decrement commit --constraint", &[SER], ON, 8, "1/0/1 ×6 {1020@R, 1213@D}; 1/0/0 ×2"),
    ("begin read swap commit", &[RU, RC], BOTH, 14, "1/0/0 ×14"),
    ("begin read swap commit", &[RR], OFF, 14, "1/0/0 ×14"),
    ("begin read swap commit", &[RR], ON, 14, "1/0/1 ×12 {1020@S}; 1/0/0 ×2"),
    ("begin read swap commit", &[SER], OFF, 8, "1/0/0 ×4; 1/0/1 ×4 {1213@S}"),
    ("begin read swap commit", &[SER], ON, 8, "1/0/1 ×6 {1020@R, 1213@S}; 1/0/0 ×2"),
    ("begin read write commit --retry", &[RU], BOTH, 14, "1/0/0 ×6; 2/0/0 ×8"),
    ("begin read write commit --retry", &[RC], BOTH, 14, "2/0/0 ×12; 1/0/0 ×2"),
    ("begin read write commit --retry", &[RR], OFF, 14, "2/0/0 ×12; 1/0/0 ×2"),
    ("begin read write commit --retry", &[RR], ON, 14, "1/0/0 ×14"),
    ("begin read write commit --retry", &[SER], BOTH, 12, "1/0/0 ×12"),
    ("begin read decrement commit --retry", &[RU], BOTH, 14, "1/0/0 ×6; 2/-1/0 ×8"),
    ("begin read decrement commit --retry", &[RC], BOTH, 14, "2/-1/0 ×12; 1/0/0 ×2"),
    ("begin read decrement commit --retry", &[RR], OFF, 14, "2/-1/0 ×12; 1/0/0 ×2"),
    ("begin read decrement commit --retry", &[RR], ON, 14, "1/0/0 ×14"),
    ("begin read decrement commit --retry", &[SER], BOTH, 12, "1/0/0 ×12"),
    ("begin count insert commit", &[RU], BOTH, 18, "2/-1/0 ×12; 1/0/0 ×6"),
    ("begin count insert commit", &[RC, RR], BOTH, 20, "2/-1/0 ×18; 1/0/0 ×2"),
    ("begin count insert commit", &[SER], OFF, 8, "1/0/0 ×4; 1/0/1 ×4 {1213@W}"),
    ("begin count insert commit", &[SER], ON, 8, "1/0/1 ×6 {1020@R, 1213@W}; 1/0/0 ×2"),
];

#[test]
fn mariadb_ends_as_it_was_measured() {
    for (steps, levels, snapshots, schedules, expected) in MARIADB {
        for (level, is_on) in
            levels.iter().flat_map(|level| snapshots.iter().map(move |is_on| (level, is_on)))
        {
            let snapshot_isolation = Some(if *is_on { Switch::On } else { Switch::Off });
            let usual = SqlChoices { snapshot_isolation, ..SqlChoices::new(Engine::Mysql) };
            assert_row(&of_choices(chosen(usual, steps, *level), 2, 1), *schedules, expected);
        }
    }
}
