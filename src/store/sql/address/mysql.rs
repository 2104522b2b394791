//! The address of a server of MariaDB or MySQL: the parts of its URL. Missing parts come from the option file and the
//! environment variables that its own clients know ("Option Files" and "Environment Variables" in its manual).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::url::{Url, escaped, no_port, own_name, wrong};
use super::{HostPart, NoAddress, PartMistake, SslMode};
use crate::foreign;

/// The machine that a server runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MysqlHost {
    /// The socket in the usual places, else this machine.
    Usual,
    /// A name or a number.
    Name(String),
    /// The server's socket.
    Socket(PathBuf),
}

/// Where a server of MariaDB or MySQL is, and the user for it.
#[derive(Clone, PartialEq, Eq)]
pub struct MysqlAddress {
    /// The machine.
    pub host: MysqlHost,
    /// The port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
    /// What is asked of TLS.
    pub ssl_mode: SslMode,
    /// The trusted authorities, if not the system's.
    pub ssl_root: Option<PathBuf>,
    /// How long the login may take.
    pub connect_timeout: Duration,
    /// It is never printed.
    pub(in crate::store::sql) password: Option<String>,
}

/// The default port.
const PORT: u16 = 3306;
/// How long the login may take by default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest option file that is read, in bytes.
const MOST_OPTIONS: u64 = 1 << 20;
/// The usual places of a server's socket.
const SOCKETS: [&str; 4] = [
    "/run/mysqld/mysqld.sock",
    "/var/run/mysqld/mysqld.sock",
    "/tmp/mysql.sock",
    "/var/lib/mysql/mysql.sock",
];
/// The names of `ssl-mode`.
const SSL_MODES: [(&str, SslMode); 5] = [
    ("disabled", SslMode::Disable),
    ("preferred", SslMode::Prefer),
    ("required", SslMode::Require),
    ("verify_ca", SslMode::VerifyCa),
    ("verify_identity", SslMode::VerifyFull),
];

impl MysqlAddress {
    /// Reads what stands behind `mysql://`.
    pub(super) fn parse(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, NoAddress> {
        let mut parts = Parts::read(text)?;
        let home = environment("HOME").filter(|home| !home.is_empty());
        if let Some(home) = home {
            parts.fill(&options_in(&Path::new(&home).join(".my.cnf")));
        }
        let variables = [
            ("host", "MYSQL_HOST"),
            ("port", "MYSQL_TCP_PORT"),
            ("socket", "MYSQL_UNIX_PORT"),
            ("password", "MYSQL_PWD"),
        ];
        let set = |(name, variable): (&str, &str)| {
            Some((name.to_owned(), environment(variable).filter(|value| !value.is_empty())?))
        };
        parts.fill(&variables.into_iter().filter_map(set).collect::<Vec<_>>());
        parts.address()
    }

    /// The password, if there is one.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Which part of it leads to a file of this host.
    pub(super) fn of_this_host(&self) -> Option<HostPart> {
        match (&self.host, &self.ssl_root) {
            (MysqlHost::Socket(_), _) => Some(HostPart::Parameter("socket")),
            (_, Some(_)) => Some(HostPart::Parameter("ssl-ca")),
            _ => None,
        }
    }

    /// The server's socket, if it is to be used.
    #[must_use]
    pub fn socket(&self) -> Option<PathBuf> {
        match &self.host {
            MysqlHost::Usual => SOCKETS.iter().map(PathBuf::from).find(|path| path.exists()),
            MysqlHost::Socket(path) => Some(path.clone()),
            MysqlHost::Name(_) => None,
        }
    }

    /// The machine's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.host {
            MysqlHost::Name(name) => name,
            MysqlHost::Usual | MysqlHost::Socket(_) => "localhost",
        }
    }
}

impl std::fmt::Display for MysqlAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mysql://{}@", escaped(&self.user))?;
        match &self.host {
            MysqlHost::Usual => f.write_str("localhost")?,
            MysqlHost::Name(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port)?,
            MysqlHost::Name(name) => write!(f, "{}:{}", escaped(name), self.port)?,
            MysqlHost::Socket(_) => {}
        }
        write!(f, "/{}", escaped(&self.database))?;
        let mut sign = '?';
        let mut say = |name: &str, value: &str| {
            let done = write!(f, "{sign}{name}={}", escaped(value));
            sign = '&';
            done
        };
        if let MysqlHost::Socket(path) = &self.host {
            say("socket", &path.to_string_lossy())?;
        }
        let mode = SSL_MODES.iter().find(|(_, mode)| *mode == self.ssl_mode);
        if let Some((name, _)) = mode.filter(|(_, mode)| *mode != SslMode::Prefer) {
            say("ssl-mode", name)?;
        }
        if let Some(path) = &self.ssl_root {
            say("ssl-ca", &path.to_string_lossy())?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for MysqlAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MysqlAddress({self})")
    }
}

/// The parts of an address, as texts.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<String>,
    socket: Option<String>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    ssl_mode: Option<String>,
    ssl_root: Option<String>,
    connect_timeout: Option<String>,
}

impl Parts {
    fn read(text: &str) -> Result<Self, NoAddress> {
        let Url { user, password, host, port, database, parameters } = Url::read(text)?;
        let mut parts = Self { host, port, user, password, database, ..Self::default() };
        for (name, value) in parameters {
            match parts.place_of(&name) {
                Some(place) => *place = value,
                None => {
                    let known = "socket, user, password, ssl-mode, ssl-ca, connect-timeout";
                    let name = foreign::shown(&name).into_owned();
                    return Err(wrong(&name, PartMistake::NoParameter(known)));
                }
            }
        }
        Ok(parts)
    }

    fn place_of(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "host" => &mut self.host,
            "port" => &mut self.port,
            "socket" => &mut self.socket,
            "user" => &mut self.user,
            "password" => &mut self.password,
            "ssl-mode" => &mut self.ssl_mode,
            "ssl-ca" => &mut self.ssl_root,
            "connect-timeout" => &mut self.connect_timeout,
            _ => return None,
        })
    }

    /// Fills the parts that are missing. If a machine is named, sockets are ignored.
    fn fill(&mut self, options: &[(String, String)]) {
        let is_placed = self.host.is_some() || self.socket.is_some() || self.port.is_some();
        for (name, value) in options.iter().filter(|(name, _)| !(is_placed && name == "socket")) {
            // As in the engine's own clients: the last one in a file counts.
            if let Some(place) = self.place_of(name).filter(|place| place.is_none()) {
                *place = Some(value.clone());
            }
        }
    }

    fn address(self) -> Result<MysqlAddress, NoAddress> {
        let user = self.user.or_else(own_name);
        let port = self
            .port
            .as_deref()
            .map(|port| port.parse().ok().filter(|port| *port > 0).ok_or_else(|| no_port(port)));
        let port = port.transpose()?;
        let ssl_mode = self.ssl_mode.map_or(Ok(SslMode::Prefer), |given| {
            let named = SSL_MODES.iter().find(|(name, _)| given.eq_ignore_ascii_case(name));
            named.map(|(_, mode)| *mode).ok_or_else(|| {
                let names = SSL_MODES.map(|(name, _)| name).join(", ");
                let given = foreign::shown(&given).into_owned();
                wrong("ssl-mode", PartMistake::OneOf { given, known: names })
            })
        });
        let connect_timeout = self.connect_timeout.map_or(Ok(CONNECT_TIMEOUT), |seconds| {
            let seconds = seconds.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
            let wrong = || wrong("connect-timeout", PartMistake::Seconds);
            seconds.map(Duration::from_secs).ok_or_else(wrong)
        });
        let host = match (self.host, self.socket) {
            (None, Some(path)) => MysqlHost::Socket(path.into()),
            // A port means the network: no socket has one.
            (None, None) if port.is_none() => MysqlHost::Usual,
            (Some(name), _) if name == "localhost" && port.is_none() => MysqlHost::Usual,
            (host, _) => MysqlHost::Name(named(host.unwrap_or_else(|| "localhost".to_owned()))?),
        };
        Ok(MysqlAddress {
            host,
            port: port.unwrap_or(PORT),
            user: user.ok_or_else(|| wrong("user", PartMistake::Missing("mysql://USER@…")))?,
            database: self
                .database
                .ok_or_else(|| wrong("database", PartMistake::Missing("mysql://USER@HOST/DATABASE")))?,
            ssl_mode: ssl_mode?,
            ssl_root: self.ssl_root.map(PathBuf::from),
            connect_timeout: connect_timeout?,
            password: self.password,
        })
    }
}

fn named(name: String) -> Result<String, NoAddress> {
    if name.contains(foreign::is_harmful) || name.contains(char::is_whitespace) || name.contains('/') {
        return Err(wrong("host", PartMistake::NoMachine(foreign::shown(&name).into_owned())));
    }
    Ok(name)
}

/// The options that an option file has for every client, the last one first. As in the engine's own clients, a file that
/// others can write is not used.
fn options_in(path: &Path) -> Vec<(String, String)> {
    let Ok(about) = fs::metadata(path) else { return Vec::new() };
    if !about.is_file() || about.mode() & 0o002 != 0 || about.len() > MOST_OPTIONS {
        return Vec::new();
    }
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    let mut is_ours = false;
    let mut options = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(group) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            is_ours = ["client", "client-server", "client-mariadb"].contains(&group.trim());
        } else if is_ours
            && !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once('=')
        {
            options.push((name.trim().replace('_', "-"), value_of(value.trim())));
        }
    }
    options.retain(|(name, value)| name != "database" && !value.is_empty());
    options.reverse();
    options
}

/// The value of an option: without its quotes, and with its escapes resolved.
fn value_of(text: &str) -> String {
    let quoted = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let text = quoted.unwrap_or_else(|| text.split(" #").next().unwrap_or_default().trim_end());
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, characters.as_str().chars().next()) {
            ('\\', Some(next @ ('\\' | 's' | 't'))) => {
                characters.next();
                value.push(match next {
                    's' => ' ',
                    't' => '\t',
                    other => other,
                });
            }
            (c, _) => value.push(c),
        }
    }
    value
}
