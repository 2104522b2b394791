//! A real headless Chromium, driven over its DevTools protocol.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::harness::eventually;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser with one page. It is closed, with all its processes, when it is dropped.
pub struct Browser {
    process: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    last_id: u64,
    complaints: Vec<String>,
    // Last, so that it is removed when the browser has gone.
    _profile: tempfile::TempDir,
}

/// How a page is shown.
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub scale: f64,
    pub dark: bool,
}

/// What most people have.
pub const LAPTOP: Screen = Screen { width: 1360, height: 900, scale: 1.0, dark: false };

impl Browser {
    /// A browser; `None`, said aloud, where there is none to be had. In CI that is a failure: a test
    /// that is skipped there is a test that nobody has.
    pub fn start() -> Option<Self> {
        let Some(program) = find() else {
            let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!ci, "there is no Chromium, and CI is to have one: apt-get install chromium");
            // Past libtest's capture, which would swallow it.
            let said = "SKIPPED: no Chromium here to open the page in (apt-get install chromium)\n";
            std::io::stderr().write_all(said.as_bytes()).expect("stderr");
            return None;
        };
        let profile = tempfile::Builder::new().prefix("ticketsim-chromium-").tempdir().expect("a folder");
        let process = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-breakpad", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--remote-debugging-address=127.0.0.1", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own, so that all its processes can be ended at once.
            .process_group(0)
            .spawn()
            .expect("Chromium starts");
        // It chose a free port, and says which, and the browser's address, once it listens.
        let said = profile.path().join("DevToolsActivePort");
        let mut lines = Vec::new();
        eventually("Chromium listens", || {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            lines = text.lines().map(str::to_owned).collect();
            lines.len() == 2
        });
        let address = format!("ws://127.0.0.1:{}{}", lines[0], lines[1]);
        let (socket, _) = tungstenite::connect(address).expect("its DevTools answer");
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        }
        let mut browser =
            Self { process, socket, session: None, last_id: 0, complaints: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            browser.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        browser.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Opens a page and waits until it has drawn itself.
    pub fn open(&mut self, page: &Path, screen: &Screen) {
        self.show(screen);
        self.complaints.clear();
        self.call("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        eventually("the page has drawn itself", || {
            self.eval("document.documentElement?.dataset.openedMs !== undefined || document.title === ''")
                == json!(true)
                && self.eval("document.readyState") == json!("complete")
                && self.eval("location.protocol") == json!("file:")
        });
    }

    /// Sets the size of the screen and its colours.
    pub fn show(&mut self, screen: &Screen) {
        let Screen { width, height, scale, dark } = screen;
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": false}),
        );
        let value = if *dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Shows the page as people with a deficiency of colour vision see it (`none`, `deuteranopia`, …).
    pub fn see_as(&mut self, deficiency: &str) {
        self.call("Emulation.setEmulatedVisionDeficiency", json!({"type": deficiency}));
    }

    /// The value of an expression in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The value of an expression that is a number.
    pub fn number(&mut self, expression: &str) -> f64 {
        let value = self.eval(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// The value of an expression that is a text.
    pub fn text(&mut self, expression: &str) -> String {
        let value = self.eval(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression} is {value}")).to_owned()
    }

    /// Moves the mouse to a point of the page.
    pub fn hover(&mut self, x: f64, y: f64) {
        self.call("Input.dispatchMouseEvent", json!({"type": "mouseMoved", "x": x, "y": y}));
        self.settle();
    }

    /// Clicks at a point of the page.
    pub fn click(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
        self.settle();
    }

    /// From now on it has a touch screen, and no mouse.
    pub fn has_fingers(&mut self) {
        self.call("Emulation.setTouchEmulationEnabled", json!({"enabled": true, "maxTouchPoints": 2}));
        self.call("Emulation.setEmitTouchEventsForMouse", json!({"enabled": false}));
    }

    /// Puts fingers on the page, moves them, and lifts them: each from a point to another.
    pub fn touch(&mut self, fingers: &[[(f64, f64); 2]]) {
        let points = |at: usize| -> Vec<Value> {
            let place = |(finger, id): (&[(f64, f64); 2], usize)| {
                let (x, y) = finger[at];
                json!({"x": x, "y": y, "id": id})
            };
            fingers.iter().zip(0..).map(place).collect()
        };
        let (start, end) = (points(0), points(1));
        self.call("Input.dispatchTouchEvent", json!({"type": "touchStart", "touchPoints": start}));
        if start != end {
            self.call("Input.dispatchTouchEvent", json!({"type": "touchMove", "touchPoints": end}));
        }
        self.call("Input.dispatchTouchEvent", json!({"type": "touchEnd", "touchPoints": []}));
        self.settle();
    }

    /// Drags from a point of the page to another.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        for (kind, (x, y)) in
            [("mousePressed", from), ("mouseMoved", middle), ("mouseMoved", to), ("mouseReleased", to)]
        {
            let event =
                json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
        self.settle();
    }

    /// Turns the wheel at a point of the page, with Ctrl held down.
    pub fn ctrl_wheel(&mut self, x: f64, y: f64, delta: f64) {
        const CTRL: u32 = 2;
        let event =
            json!({"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": delta, "modifiers": CTRL});
        self.call("Input.dispatchMouseEvent", event);
        self.settle();
    }

    /// Presses a key, by its name in DOM events.
    pub fn press(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        self.call("Input.dispatchKeyEvent", json!({"type": "keyDown", "key": key, "text": text}));
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key}));
        self.settle();
    }

    /// Keeps a picture of what is on the screen, in the format that its name ends in: png or webp.
    pub fn screenshot(&mut self, path: &Path) {
        self.settle();
        let format = path.extension().and_then(|ending| ending.to_str()).expect("an ending");
        let answer = self.call("Page.captureScreenshot", json!({"format": format, "quality": 90}));
        let data = answer["data"].as_str().expect("a picture");
        let picture = data_encoding::BASE64.decode(data.as_bytes()).expect("base64");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, picture).expect("written");
    }

    /// What the page complained of since it was opened: errors, warnings, and requests to anything
    /// but itself.
    pub fn complaints(&mut self) -> &[String] {
        self.settle();
        &self.complaints
    }

    /// Waits until the page has drawn what it was asked to.
    fn settle(&mut self) {
        self.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))");
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).expect("sent");
        loop {
            let Message::Text(text) = self.socket.read().expect("an answer") else { continue };
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            if answer["id"] == json!(id) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Value) {
        let params = &event["params"];
        let complaint = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => params["type"] == "error" || params["type"] == "warning",
            Some("Log.entryAdded") => params["entry"]["level"] == "error",
            Some("Network.requestWillBeSent") => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                !url.starts_with("file:") && !url.starts_with("about:")
            }
            _ => false,
        };
        if complaint {
            self.complaints.push(params.to_string());
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, killpg};
        let group = nix::unistd::Pid::from_raw(self.process.id() as i32);
        // It may have gone by itself; what is left of the group is ended.
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.process.wait();
    }
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}
