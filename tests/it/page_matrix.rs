//! The page of the matrix in a real browser: what holds on top, groups, sorting, and the grade in sight on a phone.

use crate::browser::{Browser, LAPTOP, Screen};
use crate::harness::Folder;
use crate::page::middle_of;
use crate::page_shows::look_at;

#[test]
fn the_matrix_says_first_what_holds_and_is_sorted_by_a_click() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let ran = folder.ticketsim(
        "matrix --trials 3 --workers task,sequential --lock semaphore,none --write overwrite --html m.html",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let page = folder.path("m.html");
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.complaints(), [""; 0]);
    let summary = browser.text("document.querySelector('.summary').innerText");
    for part in ["differs from its documentation: 0", "holds here: 1", "does not hold: 1", "inconclusive: 2"]
    {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    let header = browser.text("document.querySelector('header').innerText");
    assert!(
        header.contains("ticketsim 0.") && header.contains("3 trials"),
        "what was tested, and where: {header}"
    );
    let groups = "document.querySelectorAll('tr.group').length";
    assert_eq!(browser.number(groups), 2.0, "by workers");
    // By grade: the worst first, then the best; then in groups again.
    let grades =
        "[...document.querySelectorAll('td.grade')].map((cell) => cell.parentElement.classList[0]).join()";
    let (x, y) = middle_of(&mut browser, "th.grade button");
    browser.click(x, y);
    assert_eq!(browser.text(grades), "unsafe,inconclusive,inconclusive,safe");
    assert_eq!(browser.number(groups), 0.0);
    browser.click(x, y);
    assert_eq!(browser.text(grades), "safe,inconclusive,inconclusive,unsafe");
    let (x, y) = middle_of(&mut browser, "#groups");
    browser.click(x, y);
    assert_eq!(browser.number(groups), 2.0);
    // On a phone the grade stands above its row, in sight.
    browser.open(&page, &Screen { width: 390, height: 800, ..LAPTOP });
    let right = browser.number(
        "Math.max(...[...document.querySelectorAll('td.grade')].map((cell) => cell.getBoundingClientRect().right))",
    );
    assert!(right <= 390.0, "{right}");
    look_at(&mut browser, &page, "matrix");
}
