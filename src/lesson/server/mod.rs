//! A ticket counter on the network, with a process of its own for each customer. The customers of the
//! lesson are processes, too: those who buy, one that is slow, and three that waste the counter's time.

mod by_hand;
mod client;
mod counter;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use nix::sys::socket::{Backlog, listen};
use serde::Serialize;

use super::child::Child;
use super::stage::{SharedNumber, Stage, USUAL, share};
use super::{Claim, Lecture, LessonError, Used, failed, store_of};
use crate::lang::lesson::server as text;
use crate::paths::temporary_folder;
use crate::plan::Plan;
use crate::protocol::file::FileChoices;
use crate::report::text::{BAD, GOOD};
use crate::stock::Stock;
use crate::store::file::ticket;
use client::Customer;
pub use client::NoCounter;
pub use counter::Answer;
use counter::Counter;

pub use by_hand::{ask, open_counter};

/// The most customers that the lesson sends.
pub(super) const MOST_CLIENTS: u32 = 200;
const CLIENTS: u32 = 10;
/// How long the counter waits for a message.
const PATIENCE_MS: u64 = 4000;
/// The patience that each client adds to that at any pace: so long it may take a busy machine to start
/// the client and to serve it, and the slow customer waits for the last of them.
const PATIENCE_EACH: Duration = Duration::from_millis(25);
/// What the flood sends, in bytes, without an end of line.
const FLOOD: usize = 4 << 20;

/// What was measured. Times are nanoseconds since the lesson began.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    port: u16,
    server_pid: u32,
    clients: u32,
    tickets: Stock,
    receipts: usize,
    sold_out: usize,
    /// What is left in the ticket file.
    remaining: Stock,
    /// Connections, and the processes that served them.
    connections: usize,
    serving_processes: usize,
    clients_done_ns: u64,
    slow: Served,
    silent: Served,
    garbage: Served,
    flood: Served,
    port_taken_while_serving: bool,
    port_free_afterwards: bool,
}

/// What one customer was told.
#[derive(Clone, Debug, Serialize)]
struct Served {
    answer: Option<Answer>,
    /// The process that served it.
    process: u64,
    done_ns: u64,
}

/// Where a customer notes what it was told, for its parent to read.
struct Note {
    /// 1 + the answer's place in the list; 0 for none.
    answer: SharedNumber,
    process: SharedNumber,
    done_ns: SharedNumber,
}

impl Note {
    fn new() -> Result<Self, LessonError> {
        let [answer, process, done_ns] = share()?;
        Ok(Self { answer, process, done_ns })
    }

    /// Waits for the counter's answer, and notes it.
    fn take(&self, stage: &Stage<'_>, customer: &mut Customer<'_>) -> io::Result<Answer> {
        let (answer, process) = customer.answer()?;
        self.done_ns.set(stage.now_ns());
        self.process.set(process);
        let place = Answer::ALL.iter().position(|one| *one == answer);
        self.answer.set(place.map_or(0, |place| place as u64 + 1));
        Ok(answer)
    }

    fn read(&self) -> Served {
        let place = self.answer.get().checked_sub(1);
        Served {
            answer: place.and_then(|place| Answer::ALL.get(place as usize).copied()),
            process: self.process.get(),
            done_ns: self.done_ns.get(),
        }
    }
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    let clients = stage.count.unwrap_or(CLIENTS);
    stage.predict(&text::predicts(lang, clients));
    stage.columns();
    let folder = temporary_folder().map_err(failed(Used::Folder))?;
    let file = folder.path().join("ticket.json");
    let plan = plan(&file, 1);
    ticket::create(&file, 1)?;

    let listener = listen_at(0).map_err(failed(Used::AnyPort))?;
    let address = listener.local_addr().map_err(failed(Used::AnyPort))?;
    let [closing] = share()?;
    let counter = Counter { stage, plan: &plan, patience: patience(stage, clients), tells: false };
    let mut listener = Some(listener);
    let mut server = stage.start("server", || {
        let Some(listener) = listener.take() else { return Ok(()) };
        stage.say(&text::opens(lang, address));
        counter.serve(listener, || closing.get() == 1).map_err(|error| io::Error::other(error.to_string()))
    })?;
    drop(listener);
    let port_taken_while_serving = TcpListener::bind(address).is_err();

    let (bought, [slow, silent, garbage, flood]) = send_customers(stage, address, clients)?;

    closing.set(1);
    server.join()?;
    let port_free_afterwards = becomes_free(stage, address)?;
    stage.say(&text::closed(lang, address.port()));

    let told = |answer| {
        bought.iter().filter(|served| served.answer == Some(answer)).count()
            + usize::from(slow.answer == Some(answer))
    };
    let mut processes: Vec<u64> =
        bought.iter().chain([&slow, &silent, &garbage, &flood]).map(|served| served.process).collect();
    let connections = processes.len();
    processes.retain(|process| *process != 0);
    processes.sort_unstable();
    processes.dedup();
    let facts = Facts {
        port: address.port(),
        server_pid: server.pid(),
        clients,
        tickets: 1,
        receipts: told(Answer::Ticket),
        sold_out: told(Answer::SoldOut),
        remaining: ticket::load(&file)?,
        connections,
        serving_processes: processes.len(),
        clients_done_ns: bought.iter().map(|served| served.done_ns).max().unwrap_or(0),
        slow,
        silent,
        garbage,
        flood,
        port_taken_while_serving,
        port_free_afterwards,
    };
    let claims = claims(stage, &facts);
    Ok((facts, claims, text::why(lang)))
}

/// Listens at a port of 127.0.0.1, with room for all who come at once: one that finds the queue full tries
/// again after a second, and the standard library's queue has room for 128.
fn listen_at(port: u16) -> io::Result<TcpListener> {
    #[cfg(target_os = "linux")]
    let backlog = Backlog::MAXALLOWABLE;
    #[cfg(not(target_os = "linux"))]
    let backlog = Backlog::MAXCONN;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    // On a socket that listens already it changes the length of the queue alone.
    listen(&listener, backlog)?;
    Ok(listener)
}

/// How long the lesson's counter waits for a message.
fn patience(stage: &Stage<'_>, clients: u32) -> Duration {
    stage.time(PATIENCE_MS).max(PATIENCE_EACH * clients)
}

/// A sale at the counter: each seller makes one purchase, under the lock.
fn plan(file: &Path, tickets: Stock) -> Plan {
    Plan::on_file(FileChoices::usual(), file, 1, Some(tickets))
}

/// Sends all customers, the odd ones first, and waits until the last has left. Returns what the buyers
/// were told, and what the slow, the silent, the garbling and the flooding one were.
fn send_customers(
    stage: &Stage<'_>,
    address: SocketAddr,
    clients: u32,
) -> Result<(Vec<Served>, [Served; 4]), LessonError> {
    let lang = stage.lang;
    let [greeted, ready, go, through] = share()?;
    let [slow, silent, garbage, flood] = [Note::new()?, Note::new()?, Note::new()?, Note::new()?];
    // An odd customer does something after the greeting, and says what it was told.
    let odd = |note: &Note, does: &dyn Fn(&mut Customer<'_>) -> io::Result<()>, says: fn(_, _) -> String| {
        let mut customer = Customer::connect(address, stage.interrupted())?;
        greeted.count();
        // The counter may hang up in the middle of a flood: what it answered still counts.
        let _ = does(&mut customer);
        let answer = note.take(stage, &mut customer)?;
        stage.say_in(if answer.is_error() { BAD } else { USUAL }, &says(lang, answer));
        Ok(())
    };
    let takes_its_time = |customer: &mut Customer<'_>| {
        // Until the others are through, but no longer than the counter has patience.
        let look = patience(stage, clients) / 400;
        (0..300).take_while(|_| through.get() < u64::from(clients)).for_each(|_| std::thread::sleep(look));
        customer.send(b"buy slow\n")
    };
    let mut customers = vec![
        stage.start("slow", || odd(&slow, &takes_its_time, text::slow_says))?,
        stage.start("silent", || odd(&silent, &|_| Ok(()), text::silent_says))?,
        stage.start("garbage", || odd(&garbage, &|one| one.send(b"\xff\xfe\x00\n"), text::garbage_says))?,
        stage.start("flood", || odd(&flood, &|one| one.send(&vec![b'x'; FLOOD]), text::flood_says))?,
    ];
    stage.until(|| greeted.get() == 4 || customers.iter_mut().any(|child| !child.is_alive()))?;

    let notes = (0..clients).map(|_| Note::new()).collect::<Result<Vec<_>, _>>()?;
    for (number, note) in (1..).zip(&notes) {
        customers.push(stage.start(&format!("client-{number}"), || {
            ready.count();
            while go.get() == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            let mut customer = Customer::connect(address, stage.interrupted())?;
            customer.send(format!("buy client-{number}\n").as_bytes())?;
            if note.take(stage, &mut customer)? == Answer::Ticket {
                stage.say_in(GOOD, &text::buyer_says(lang, Answer::Ticket));
            }
            through.count();
            Ok(())
        })?);
    }
    stage.until(|| {
        ready.get() == u64::from(clients) || customers[4..].iter_mut().any(|client| !client.is_alive())
    })?;
    stage.say(&text::lets_go(lang, clients));
    go.set(1);
    customers.iter_mut().try_for_each(Child::join)?;
    let bought: Vec<Served> = notes.iter().map(Note::read).collect();
    let refused = bought.iter().filter(|served| served.answer == Some(Answer::SoldOut)).count();
    stage.say(&text::refused(lang, refused));
    Ok((bought, [slow.read(), silent.read(), garbage.read(), flood.read()]))
}

/// Whether the port can be bound again, at once or a moment later.
fn becomes_free(stage: &Stage<'_>, address: SocketAddr) -> Result<bool, LessonError> {
    for _ in 0..20 {
        if TcpListener::bind(address).is_ok() {
            return Ok(true);
        }
        stage.pause(100)?;
    }
    Ok(false)
}

fn claims(stage: &Stage<'_>, facts: &Facts) -> Vec<Claim> {
    let lang = stage.lang;
    let error = |served: &Served| served.answer.is_some_and(Answer::is_error);
    let buyers = facts.clients as usize + 1;
    let done_first =
        facts.clients_done_ns < facts.slow.done_ns && facts.clients_done_ns < facts.silent.done_ns;
    vec![
        Claim::new(
            "one_ticket_sold",
            facts.receipts == 1 && facts.sold_out == buyers - 1 && facts.remaining == 0,
            text::one_ticket_sold(lang, buyers),
        ),
        Claim::new(
            "own_process_each",
            facts.serving_processes == facts.connections,
            text::own_process_each(lang, facts.connections),
        ),
        Claim::new(
            "nobody_held_up",
            done_first && facts.slow.answer.is_some_and(|answer| !answer.is_error()),
            text::nobody_held_up(lang),
        ),
        Claim::new(
            "nonsense_answered",
            error(&facts.silent) && error(&facts.garbage) && error(&facts.flood),
            text::nonsense_answered(lang),
        ),
        Claim::new(
            "port_free_again",
            facts.port_taken_while_serving && facts.port_free_afterwards,
            text::port_free_again(lang),
        ),
    ]
}
