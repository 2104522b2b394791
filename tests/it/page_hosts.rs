//! The page of a sale by several hosts: their lanes stand together under a heading, and say what is not known.

use ticketsim::history::{Header, History, Host, Purchase};

use crate::browser::{Browser, LAPTOP};
use crate::harness::Folder;
use crate::page::{MS, bought, place, write_page};
use crate::page_shows::look_at;

/// Three buyers on two hosts, in turn; the second is lost.
fn a_sale() -> History {
    let on = |host: u16, purchase: Purchase| Purchase { host, ..purchase };
    let host = |number: u32, first_buyer: u32, buyers: u32, lost_ns: Option<u64>| Host {
        name: format!("<b>h</b>#{number}"),
        first_buyer,
        buyers,
        offset_ns: -35_000_000,
        error_ns: u64::from(number) * 400_000,
        lost_ns,
        ..Host::default()
    };
    let header = Header {
        initial: Some(4),
        remaining: Some(0),
        hosts: vec![host(1, 1, 1, None), host(2, 2, 2, Some(22 * MS))],
        ..Header::default()
    };
    let purchases = vec![
        on(2, bought(2, 4, 0, 4)),
        on(1, bought(1, 3, 5, 9)),
        on(2, bought(3, 2, 10, 14)),
        on(1, bought(1, 1, 30, 34)),
    ];
    History { header, purchases }
}

#[test]
fn hosts_are_groups_of_lanes() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &a_sale());
    look_at(&mut browser, &page, "hosts");
    browser.open(&page, &LAPTOP);
    // A heading a host, with its buyers below it, in the order of their turns.
    let hosts = browser.text("document.querySelector('.hosts').innerText");
    for words in
        ["<b>h</b>#1 1 buyer, clock −35 ms ±400 µs", "<b>h</b>#2 2 buyers", "lost after 22 ms", "±1.2 ms"]
    {
        assert!(hosts.contains(words), "{words}: {hosts}");
    }
    let mut middle = |purchase| place(&mut browser, purchase).1;
    let (first, own, second, third) = (middle(1), middle(3), middle(0), middle(2));
    assert!(first == own && first < second && second < third);
    let row = third - second;
    assert!((second - first - 2.0 * row).abs() < 0.5, "a heading stands between: {first} {second} {third}");
    let (x, y) = place(&mut browser, 2);
    browser.hover(x, y);
    let tip = browser.text("document.getElementById('tip').innerText");
    assert!(tip.contains("<b>h</b>#2"), "{tip}");
}

/// How many points of one purchase's row, in the 80 pixels before where another stands, are not as the row's ground.
fn marks(browser: &mut Browser, of: usize, before: usize) -> f64 {
    browser.number(&format!(
        "(() => {{
           const {{ y }} = ticketsim.place({of}), {{ x }} = ticketsim.place({before});
           const ratio = window.devicePixelRatio || 1;
           const {{ data }} = document.getElementById('canvas').getContext('2d')
             .getImageData((x - 80) * ratio, (y - 8) * ratio, 80 * ratio, 16 * ratio);
           let count = 0;
           for (let k = 4; k < data.length; k += 4)
             if (data[k] !== data[0] || data[k + 1] !== data[1]) count++;
           return count;
         }})()"
    ))
}

#[test]
fn of_a_lost_host_nothing_is_drawn_but_that() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &a_sale());
    browser.open(&page, &LAPTOP);
    let hatched = marks(&mut browser, 2, 3);
    let mut whole = a_sale();
    whole.header.hosts[1].lost_ns = None;
    let page = write_page(&folder, &whole);
    browser.open(&page, &LAPTOP);
    let plain = marks(&mut browser, 2, 3);
    assert!(hatched > 300.0 && plain < hatched / 4.0, "hatched {hatched}, and otherwise {plain}");
}
