//! The graph of states: one column for each step, equal states merged, with the probability of each edge.
//!
//! It is built like the census. Of a column with many states, the most likely are kept, and as many others as are
//! needed for a path through each of them. Probabilities are plain floating-point numbers here: they become line
//! widths.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use num_rational::Ratio;

use super::census::Walk;
use super::counted::{Stopped, nearly};
use super::level::{Level, Next};
use super::{End, Setting, with_model_of};
use crate::protocol::Letter;
use crate::schedule::Schedule;
use crate::world::Model;

/// A state, or several equal ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// After how many steps.
    pub column: usize,
    /// The probability that a schedule comes through it.
    pub probability: f64,
    /// How the schedules that stop there end.
    pub end: Option<End>,
    /// The probability that a schedule ends there.
    pub ends: f64,
}

/// A step from one state to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The place of the node that it leads from.
    pub from: usize,
    /// The place of the node that it leads to.
    pub to: usize,
    /// The letters of the steps: one, unless several steps lead there.
    pub letters: Vec<Letter>,
    /// The probability that a schedule takes it.
    pub probability: f64,
    /// The place of the buyer that steps; of several, the most likely.
    by: Next,
    likeliest: f64,
}

/// The most likely path through an edge, from the first step to the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Its edges, by their places.
    pub edges: Vec<usize>,
    /// The schedule that follows it.
    pub schedule: Schedule,
    /// Whether it is complete: it leads to an end.
    pub is_whole: bool,
}

/// The graph of a setting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The states that were kept, by their columns.
    pub nodes: Vec<Node>,
    /// The steps between them, grouped by the column that they start from.
    pub edges: Vec<Edge>,
    /// For each edge the path that shows it.
    pub paths: Vec<Path>,
    /// How many states there are, kept or not.
    pub states: u64,
    /// Why the graph is not complete, if it is not.
    pub stopped: Option<Stopped>,
}

impl Graph {
    /// The probability that a schedule ends in a node that was kept.
    #[must_use]
    pub fn ended(&self) -> f64 {
        self.nodes.iter().map(|node| node.ends).sum()
    }
}

/// The graph of a setting, over at most `max_states` states, with about `of_a_column` of each column; until `told` to
/// stop.
#[must_use]
pub fn graph(setting: &Setting, max_states: u64, of_a_column: usize, told: &AtomicBool) -> Graph {
    let max_states = max_states.min(u64::from(u32::MAX));
    with_model_of!(setting, model => {
        let mut watch = |_| ();
        Walk::new(setting, model, &mut watch).graph(max_states, of_a_column, told)
    })
}

/// A step from one place in a level to one in the next.
#[derive(Clone, Copy)]
struct Met {
    from: usize,
    to: usize,
    by: Next,
    probability: f64,
}

impl<M: Model> Walk<'_, M> {
    fn graph(mut self, max_states: u64, of_a_column: usize, told: &AtomicBool) -> Graph {
        let most_steps = self.most_steps();
        let mut graph = Graph::default();
        let mut level = self.first_level();
        graph.nodes.push(Node { column: 0, probability: 1.0, end: None, ends: 0.0 });
        // The node of each place that was kept.
        let mut kept = BTreeMap::from([(0, 0)]);
        for column in 1.. {
            let able = self.all_able(&level);
            for (place, node) in kept.iter().filter(|(place, _)| able[**place].may_end) {
                let node = &mut graph.nodes[*node];
                node.ends = node.probability / f64::from(able[*place].parts());
                node.end = Some(self.end_of(&level, *place).0);
            }
            let is_over = able.iter().all(|able| able.turns == 0);
            let is_endless = most_steps.is_some_and(|most| column as u64 > most + 1);
            if is_over || is_endless {
                graph.stopped = (!is_over).then_some(Stopped::Endless);
                break;
            }
            let mut met = Vec::new();
            let next = self.next_level(&level, &able, max_states, told, |from, to, by, count| {
                if let Some(node) = kept.get(&from) {
                    let share = f64::from(count) / f64::from(able[from].parts());
                    let probability = graph.nodes[*node].probability * share;
                    met.push(Met { from: *node, to, by, probability });
                }
            });
            let Some(next) = next else {
                let was_told = told.load(Ordering::Relaxed);
                graph.stopped = Some(if was_told { Stopped::Told } else { Stopped::Bound });
                break;
            };
            kept = self.keep(&mut graph, column, &next, &met, of_a_column);
            level = next;
            self.count_step();
        }
        graph.states = self.states();
        let likeliest = Likeliest::of(&graph);
        graph.paths =
            (0..graph.edges.len()).map(|edge| self.path_through(&graph, &likeliest, edge)).collect();
        graph
    }

    /// Adds the most likely states of a column and the edges that lead to them. Returns the node of each place.
    fn keep(
        &self,
        graph: &mut Graph,
        column: usize,
        next: &Level,
        met: &[Met],
        most: usize,
    ) -> BTreeMap<usize, usize> {
        let reached: BTreeSet<usize> = met.iter().map(|met| met.to).collect();
        let mut ranked: Vec<usize> = reached.into_iter().collect();
        ranked.sort_by_cached_key(|place| Reverse(next.mass(*place)));
        ranked.truncate(most);
        let mut places: BTreeSet<usize> = ranked.into_iter().collect();
        // Each node of the column before needs an edge onwards.
        let mut onwards: BTreeMap<usize, Met> = BTreeMap::new();
        for each in met {
            let best = onwards.entry(each.from).or_insert(*each);
            let rank = |met: &Met| (places.contains(&met.to), met.probability);
            if rank(each).partial_cmp(&rank(best)).is_some_and(std::cmp::Ordering::is_gt) {
                *best = *each;
            }
        }
        places.extend(onwards.values().map(|met| met.to));
        let mut kept = BTreeMap::new();
        for place in places {
            let probability = nearly(&Ratio::new_raw(next.mass(place), self.denominator().clone()));
            kept.insert(place, graph.nodes.len());
            graph.nodes.push(Node { column, probability, end: None, ends: 0.0 });
        }
        let mut places: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for Met { from, to, by, probability } in met.iter().copied() {
            let Some(to) = kept.get(&to).copied() else { continue };
            let letters = self.letter_of(by).into_iter().collect();
            let new = Edge { from, to, letters, probability, by, likeliest: probability };
            match places.get(&(from, to)) {
                None => {
                    places.insert((from, to), graph.edges.len());
                    graph.edges.push(new);
                }
                Some(place) => graph.edges[*place].join(new),
            }
        }
        kept
    }

    /// The most likely path through an edge.
    fn path_through(&self, graph: &Graph, likeliest: &Likeliest, edge: usize) -> Path {
        let mut before = Vec::new();
        let mut first = edge;
        while let Some(edge) = likeliest.into[graph.edges[first].from] {
            before.push(edge);
            first = edge;
        }
        let mut edges: Vec<usize> = before.into_iter().rev().chain([edge]).collect();
        let mut last = graph.edges[edge].to;
        while let Some(edge) = likeliest.out_of[last] {
            edges.push(edge);
            last = graph.edges[edge].to;
        }
        let schedule = self.named(edges.iter().map(|edge| graph.edges[*edge].by));
        Path { edges, schedule, is_whole: graph.nodes[last].end.is_some() }
    }
}

/// The most likely edges into each node and out of it.
struct Likeliest {
    into: Vec<Option<usize>>,
    out_of: Vec<Option<usize>>,
}

impl Likeliest {
    fn of(graph: &Graph) -> Self {
        let mut likeliest =
            Self { into: vec![None; graph.nodes.len()], out_of: vec![None; graph.nodes.len()] };
        for (place, edge) in graph.edges.iter().enumerate() {
            for best in [&mut likeliest.into[edge.to], &mut likeliest.out_of[edge.from]] {
                if best.is_none_or(|other| graph.edges[other].probability < edge.probability) {
                    *best = Some(place);
                }
            }
        }
        likeliest
    }
}

impl Edge {
    /// Adds another step that leads to the same state.
    fn join(&mut self, other: Edge) {
        self.probability += other.probability;
        if other.likeliest > self.likeliest {
            (self.likeliest, self.by) = (other.likeliest, other.by);
        }
        for letter in other.letters {
            if !self.letters.contains(&letter) {
                self.letters.push(letter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::{census, rehearse};
    use crate::protocol::file::{FileChoices, Lock, Write};
    use crate::protocol::sql::{Engine, Isolation, SqlChoices};
    use crate::protocol::{Allowed, Choices, Mishap, Mishaps};

    fn settings() -> Vec<Setting> {
        let file = |lock| Choices::File(FileChoices::new(lock, Write::Overwrite));
        let sql = |isolation| Choices::Sql(SqlChoices { isolation, ..SqlChoices::new(Engine::Postgres) });
        let choices = [
            file(Lock::None),
            file(Lock::Flock),
            sql(Isolation::ReadCommitted),
            sql(Isolation::RepeatableRead),
        ];
        let sizes = [(2, 1), (3, 2)];
        let of = |choices| sizes.map(|(buyers, tickets)| Setting::new(choices, buyers, tickets));
        let kills = Mishaps::none().with(Mishap::Kill, Allowed::Most(1));
        let killing = [file(Lock::Flock), file(Lock::Lockfile), sql(Isolation::ReadCommitted)];
        let killing = killing.map(|choices| Setting { mishaps: kills, ..Setting::new(choices, 2, 1) });
        choices.into_iter().flat_map(of).chain(killing).collect()
    }

    /// The probability into a node equals that out of it, and the ends have the probabilities of the census.
    #[test]
    fn nothing_is_lost_on_the_way() {
        for setting in settings() {
            let graph = graph(&setting, 1_000_000, 1_000, &AtomicBool::new(false));
            let census = census(&setting, 1_000_000);
            assert_eq!(
                (graph.states, graph.stopped, graph.nodes.len() as u64),
                (census.states, None, census.states)
            );
            for (place, node) in graph.nodes.iter().enumerate() {
                let sum = |is: &dyn Fn(&Edge) -> bool| -> f64 {
                    graph.edges.iter().filter(|edge| is(edge)).map(|edge| edge.probability).sum()
                };
                let (comes, goes) = (sum(&|edge| edge.to == place), sum(&|edge| edge.from == place));
                assert!(place == 0 || (comes - node.probability).abs() < 1e-9, "{setting:?}");
                // Mishaps may still befall buyers that wait for ever, but need not.
                assert_eq!(node.end.is_some(), node.ends > 0.0, "{setting:?}");
                assert!((goes + node.ends - node.probability).abs() < 1e-9, "{setting:?}");
            }
            for found in &census.found {
                let alike = graph.nodes.iter().filter(|node| node.end.as_ref() == Some(&found.end));
                let sum: f64 = alike.map(|node| node.ends).sum();
                assert!((sum - nearly(&found.probability)).abs() < 1e-9, "{setting:?} {found:?}");
            }
        }
    }

    /// The path of each edge is a schedule that ends as the path's last node says.
    #[test]
    fn each_path_is_a_schedule_that_ends_so() {
        for setting in settings() {
            let graph = graph(&setting, 1_000_000, 1_000, &AtomicBool::new(false));
            for (edge, path) in graph.paths.iter().enumerate() {
                assert!(path.is_whole && path.edges.contains(&edge), "{setting:?}");
                let last = *path.edges.last().expect("an edge");
                let history = rehearse(&setting, &path.schedule).expect("a schedule of the model");
                let end = graph.nodes[graph.edges[last].to].end.as_ref();
                assert_eq!(end, Some(&End::of(&history)), "{setting:?} {}", path.schedule);
            }
        }
    }

    #[test]
    fn a_big_space_is_thinned_and_keeps_its_paths() {
        let setting = Setting::new(Choices::File(FileChoices::new(Lock::None, Write::Overwrite)), 8, 4);
        let graph = graph(&setting, 1_000_000, 10, &AtomicBool::new(false));
        let columns = graph.nodes.iter().map(|node| node.column).max().expect("nodes") + 1;
        assert!(graph.nodes.len() <= columns * 20, "{} in {columns} columns", graph.nodes.len());
        assert!(graph.states > graph.nodes.len() as u64 && graph.ended() < 1.0);
        assert!(graph.paths.iter().all(|path| path.is_whole));
        let told = super::graph(&setting, 100, 10, &AtomicBool::new(false));
        assert_eq!(told.stopped, Some(Stopped::Bound));
    }
}
