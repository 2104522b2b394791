//! The graph of states as one self-contained page: a column for each step, an edge as wide as the probability that flows
//! through it. The picture needs no script; a click on a step shows a whole schedule through it.

use askama::Template;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::text::setting_line;
use crate::explore::{Edge, End, Graph, Node, Setting, Stopped};
use crate::lang::{Lang, explore as say};
use crate::report::words::{anomaly_name, grouped};

/// How many states fit into a column of the page.
pub const MOST_OF_A_COLUMN: usize = 40;

/// The lines of the picture, in units of its own.
const COLUMN: f64 = 110.0;
const FLOW: f64 = 320.0;
const GAP: f64 = 14.0;
const BAR: f64 = 10.0;
const MARGIN: f64 = 30.0;
/// How far behind an end its text begins, and how wide a column of letters is at most.
const LABEL: f64 = 14.0;
const LETTER: f64 = 7.6;
/// The least width of an edge.
const LEAST: f64 = 0.8;
/// Ends that are less likely than this differ by colour and sign alone.
const WORTH_A_LABEL: f64 = 0.004;

#[derive(Template)]
#[template(path = "explore.html")]
struct Page<'a> {
    lang: &'static str,
    title: String,
    summary: &'a str,
    notes: Vec<String>,
    width: f64,
    height: f64,
    columns: Vec<(f64, String)>,
    bars: Vec<Bar>,
    flows: Vec<Flow>,
    sound: String,
    unsound: String,
    click: String,
    schedule: String,
    command: String,
    paths: Vec<PathData>,
}

/// A state.
struct Bar {
    x: f64,
    y: f64,
    height: f64,
    class: &'static str,
    sign: &'static str,
    title: String,
    label: String,
}

impl Bar {
    /// Where its text ends.
    fn ends_at(&self) -> f64 {
        self.x + LABEL + (self.label.width() + 2) as f64 * LETTER
    }
}

/// A step.
struct Flow {
    place: usize,
    d: String,
    width: f64,
    class: &'static str,
    title: String,
    letters: String,
    x: f64,
    y: f64,
}

/// A path, as it is shown.
#[derive(Serialize)]
struct PathData {
    edges: Vec<usize>,
    schedule: String,
    end: String,
    command: String,
}

/// The graph of a setting as one page. `summary` is the ruling on all of its schedules.
///
/// # Errors
/// When the page can't be rendered.
pub fn graph_page(
    setting: &Setting,
    graph: &Graph,
    summary: &str,
    lang: Lang,
) -> Result<String, askama::Error> {
    let title = anstream::adapter::strip_str(&setting_line(setting, lang)).to_string();
    let layout = Layout::of(graph);
    let bars: Vec<Bar> =
        graph.nodes.iter().enumerate().map(|(place, node)| layout.bar(place, node, lang)).collect();
    let page = Page {
        lang: match lang {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        },
        title: title.lines().next().unwrap_or_default().to_owned(),
        summary,
        notes: notes(graph, lang),
        width: bars.iter().map(Bar::ends_at).fold(0.0, f64::max).ceil() + MARGIN,
        height: layout.height + 2.0 * MARGIN,
        columns: (0..layout.columns.len())
            .map(|column| {
                (layout.x(column), if column == 0 { say::page_start(lang) } else { column.to_string() })
            })
            .collect(),
        bars,
        flows: layout.flows(graph, lang),
        sound: say::page_sound(lang),
        unsound: say::page_unsound(lang),
        click: say::page_click(lang),
        schedule: say::page_schedule(lang),
        command: say::page_command(lang),
        paths: paths(setting, graph, lang),
    };
    page.render()
}

fn notes(graph: &Graph, lang: Lang) -> Vec<String> {
    let mut notes = Vec::new();
    let drawn = graph.nodes.len() as u64;
    if drawn < graph.states {
        let share = percent(graph.ended());
        notes.push(say::page_thinned(lang, grouped(drawn), grouped(graph.states), share));
    }
    match graph.stopped {
        Some(Stopped::Bound) => notes.push(say::stopped(lang, grouped(graph.states))),
        Some(Stopped::Told) => notes.push(say::told_to_stop(lang, grouped(graph.states))),
        Some(Stopped::Endless) => notes.push(say::endless(lang, grouped(graph.states))),
        None => {}
    }
    notes
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent >= 0.1 { format!("{percent:.1} %") } else { format!("{percent:.1e} %") }
}

/// How a schedule ends, in a few words.
fn end_words(end: &End, lang: Lang) -> String {
    let left = end.remaining.map_or_else(|| say::page_torn(lang), |left| left.to_string().replace('-', "−"));
    let names: Vec<String> = end.anomalies.iter().map(|kind| anomaly_name(*kind, lang)).collect();
    let mut words = say::page_end(lang, end.receipts, left);
    if end.failed > 0 {
        words = say::page_failed(lang, words, end.failed);
    }
    if names.is_empty() { words } else { format!("{words}{}{}", lang.signs()[0], lang.list(&names)) }
}

fn paths(setting: &Setting, graph: &Graph, lang: Lang) -> Vec<PathData> {
    let path = |path: &crate::explore::Path| {
        let last = path.edges.last().and_then(|edge| graph.nodes.get(graph.edges[*edge].to));
        let end = last.and_then(|node| node.end.as_ref());
        let replay = || setting.replay_command(&path.schedule);
        PathData {
            edges: path.edges.clone(),
            schedule: format!("{}{}", path.schedule, if path.is_whole { "" } else { " …" }),
            end: end.map_or_else(String::new, |end| end_words(end, lang)),
            command: path.is_whole.then(replay).unwrap_or_default(),
        }
    };
    graph.paths.iter().map(path).collect()
}

/// Where everything stands.
struct Layout {
    /// The nodes of each column, from top to bottom.
    columns: Vec<Vec<usize>>,
    /// The upper end of each node.
    tops: Vec<f64>,
    heights: Vec<f64>,
    height: f64,
}

impl Layout {
    fn of(graph: &Graph) -> Self {
        let count = graph.nodes.iter().map(|node| node.column).max().unwrap_or(0) + 1;
        let mut columns = vec![Vec::new(); count];
        for (place, node) in graph.nodes.iter().enumerate() {
            columns[node.column].push(place);
        }
        let heights: Vec<f64> =
            graph.nodes.iter().map(|node| (node.probability * FLOW).max(LEAST * 4.0)).collect();
        let tall = |column: &Vec<usize>| -> f64 {
            column.iter().map(|place| heights[*place] + GAP).sum::<f64>() - GAP
        };
        let height = columns.iter().map(tall).fold(FLOW, f64::max);
        let mut layout = Self { columns, tops: vec![0.0; graph.nodes.len()], heights, height };
        layout.put_down(graph);
        layout
    }

    /// Puts each node near the nodes before it, column by column, so that few edges cross.
    fn put_down(&mut self, graph: &Graph) {
        let mut wanted = vec![0.0_f64; graph.nodes.len()];
        let mut flowed = vec![0.0_f64; graph.nodes.len()];
        for column in 0..self.columns.len() {
            let mut order = std::mem::take(&mut self.columns[column]);
            let middle =
                |place: &usize| if flowed[*place] > 0.0 { wanted[*place] / flowed[*place] } else { 0.0 };
            order.sort_by(|one, other| middle(one).total_cmp(&middle(other)));
            let tall: f64 = order.iter().map(|place| self.heights[*place] + GAP).sum::<f64>() - GAP;
            let mut top = MARGIN + (self.height - tall) / 2.0;
            for place in &order {
                self.tops[*place] = top;
                top += self.heights[*place] + GAP;
            }
            // Each node behind this column wants to stand where its edges come from.
            for edge in graph.edges.iter().filter(|edge| graph.nodes[edge.from].column == column) {
                let from = self.tops[edge.from] + self.heights[edge.from] / 2.0;
                wanted[edge.to] += from * edge.probability;
                flowed[edge.to] += edge.probability;
            }
            self.columns[column] = order;
        }
    }

    fn x(&self, column: usize) -> f64 {
        MARGIN + column as f64 * COLUMN
    }

    fn bar(&self, place: usize, node: &Node, lang: Lang) -> Bar {
        let share = percent(node.probability);
        let (class, sign, title, label) = match &node.end {
            None => ("state", "", share, String::new()),
            Some(end) => {
                let (class, sign) = if end.is_sound() { ("sound", "✓") } else { ("unsound", "✗") };
                let words = end_words(end, lang);
                let label = if node.probability >= WORTH_A_LABEL {
                    format!("{share} {words}")
                } else {
                    String::new()
                };
                (class, sign, format!("{words} ({share})"), label)
            }
        };
        Bar {
            x: self.x(node.column),
            y: self.tops[place],
            height: self.heights[place],
            class,
            sign,
            title,
            label,
        }
    }

    /// The edges: at both ends they lie one below the other, in the order of the nodes that they lead to.
    fn flows(&self, graph: &Graph, lang: Lang) -> Vec<Flow> {
        let mut order: Vec<usize> = (0..graph.edges.len()).collect();
        let ends = |edge: &Edge| (self.tops[edge.from], self.tops[edge.to]);
        order.sort_by(|one, other| {
            let (one, other) = (ends(&graph.edges[*one]), ends(&graph.edges[*other]));
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1))
        });
        let (mut leaving, mut arriving) = (self.tops.clone(), self.tops.clone());
        let flow = |place: usize| {
            let edge = &graph.edges[place];
            let width = (edge.probability * FLOW).max(LEAST);
            let (x1, x2) = (self.x(graph.nodes[edge.from].column) + BAR, self.x(graph.nodes[edge.to].column));
            let (y1, y2) = (leaving[edge.from], arriving[edge.to]);
            let (low1, low2) = (y1 + width, y2 + width);
            leaving[edge.from] += width;
            arriving[edge.to] += width;
            let middle = (x1 + x2) / 2.0;
            let letters: Vec<String> = edge.letters.iter().map(ToString::to_string).collect();
            let letters = letters.join(" ");
            Flow {
                place,
                // The outline, there and back: a thick line would bulge where it bends.
                d: format!(
                    "M{x1:.1} {y1:.1}C{middle:.1} {y1:.1} {middle:.1} {y2:.1} {x2:.1} {y2:.1}\
                     V{low2:.1}C{middle:.1} {low2:.1} {middle:.1} {low1:.1} {x1:.1} {low1:.1}Z"
                ),
                width,
                class: match graph.nodes[edge.to].end.as_ref().map(End::is_sound) {
                    None => "",
                    Some(true) => " sound",
                    Some(false) => " unsound",
                },
                title: say::page_edge(lang, &letters, percent(edge.probability)),
                letters,
                x: middle,
                y: (y1 + low2) / 2.0,
            }
        };
        order.into_iter().map(flow).collect()
    }
}
