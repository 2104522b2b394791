//! The address of a server of PostgreSQL: the parts of its URL. Missing parts come from the environment variables and the
//! password file that every client of PostgreSQL knows (libpq, sections 34.1, 34.15 and 34.16 of its manual).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::url::{Url, escaped, no_port, own_name, wrong};
use super::{HostPart, NoAddress, PartMistake};
use crate::closed_set::closed_set;
use crate::foreign;

closed_set! {
    /// What is asked of TLS.
    pub enum SslMode: "sslmode" {
        /// No TLS.
        Disable = "disable",
        /// TLS if the server requires it.
        Allow = "allow",
        /// TLS if the server has it.
        Prefer = "prefer",
        /// TLS, with any certificate.
        Require = "require",
        /// TLS, with a certificate that a trusted authority has signed.
        VerifyCa = "verify-ca",
        /// TLS, with a certificate that is signed and names the host.
        VerifyFull = "verify-full",
    }
}

/// The machine that a server runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresHost {
    /// The socket in the usual folders, else this machine.
    Usual,
    /// A name or a number.
    Name(String),
    /// The folder that the server's socket lies in.
    Folder(PathBuf),
}

/// Where a server of PostgreSQL is, and the role for it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// The machine.
    pub host: PostgresHost,
    /// The port; of a socket, too.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
    /// What is asked of TLS.
    pub ssl_mode: SslMode,
    /// The trusted authorities, if not the system's.
    pub ssl_root: Option<PathBuf>,
    /// How long the login may take.
    pub connect_timeout: Duration,
    /// Settings of the session, as `-c name=value`.
    pub options: Option<String>,
    /// The password that was given; it is never printed.
    pub(in crate::store::sql) password: Option<String>,
    /// The password file.
    pub(in crate::store::sql) password_file: Option<PathBuf>,
}

/// The default port.
const PORT: u16 = 5432;
/// How long the login may take by default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest password file that is read, in bytes.
const MOST_PASSWORD_FILE: u64 = 1 << 20;

impl PostgresAddress {
    /// Reads what stands behind `postgres://`.
    pub(super) fn parse(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, NoAddress> {
        let mut parts = Parts::read(text)?;
        parts.fill(environment);
        let user = parts.user.filter(|user| !user.is_empty()).or_else(own_name);
        let user = user.ok_or_else(|| wrong("user", PartMistake::Missing("postgres://USER@…, or PGUSER")))?;
        let port = match &parts.port {
            None => PORT,
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(|| no_port(port))?,
        };
        let ssl_mode = match &parts.ssl_mode {
            None => SslMode::Prefer,
            Some(mode) => mode.parse().map_err(|error| wrong("sslmode", PartMistake::Name(error)))?,
        };
        let connect_timeout = match &parts.connect_timeout {
            None => CONNECT_TIMEOUT,
            Some(seconds) => {
                seconds.parse().ok().filter(|seconds| (1..=3600).contains(seconds)).map_or_else(
                    || Err(wrong("connect_timeout", PartMistake::Seconds)),
                    |seconds| Ok(Duration::from_secs(seconds)),
                )?
            }
        };
        Ok(Self {
            host: host(parts.host)?,
            port,
            database: parts.database.filter(|name| !name.is_empty()).unwrap_or_else(|| user.clone()),
            user,
            ssl_mode,
            ssl_root: parts.ssl_root.map(PathBuf::from),
            connect_timeout,
            options: parts.options,
            password: parts.password,
            password_file: parts.password_file.map(PathBuf::from),
        })
    }

    /// The password: the one that was given, or else the one in the password file.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        self.password.clone().or_else(|| self.password_in_file())
    }

    /// Which part of it leads to a file of this host, or sets what its sessions do.
    pub(super) fn of_this_host(&self) -> Option<HostPart> {
        [
            (self.password_file.is_some(), HostPart::Parameter("passfile")),
            (self.ssl_root.is_some(), HostPart::Parameter("sslrootcert")),
            (self.options.is_some(), HostPart::Parameter("options")),
            (matches!(self.host, PostgresHost::Folder(_)), HostPart::SocketFolder),
        ]
        .into_iter()
        .find_map(|(is_there, part)| is_there.then_some(part))
    }

    fn password_in_file(&self) -> Option<String> {
        let path = self.password_file.as_deref()?;
        let about = fs::metadata(path).ok()?;
        // As every client does: a file that others can read is not used.
        if !about.is_file() || about.mode() & 0o077 != 0 || about.len() > MOST_PASSWORD_FILE {
            return None;
        }
        let text = fs::read_to_string(path).ok()?;
        let host = match &self.host {
            PostgresHost::Name(name) => name.as_str(),
            PostgresHost::Usual | PostgresHost::Folder(_) => "localhost",
        };
        let wanted = [host, &self.port.to_string(), &self.database, &self.user];
        text.lines().find_map(|line| password_of_line(line, wanted))
    }

    /// The folders in which the server's socket may lie.
    #[must_use]
    pub fn socket_folders(&self) -> Vec<&Path> {
        match &self.host {
            PostgresHost::Usual => vec![Path::new("/var/run/postgresql"), Path::new("/tmp")],
            PostgresHost::Folder(folder) => vec![folder],
            PostgresHost::Name(_) => Vec::new(),
        }
    }
}

impl std::fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "postgres://{}@", escaped(&self.user))?;
        match &self.host {
            PostgresHost::Usual => {}
            PostgresHost::Name(name) if name.contains(':') => write!(f, "[{name}]")?,
            PostgresHost::Name(name) => f.write_str(&escaped(name))?,
            PostgresHost::Folder(folder) => f.write_str(&escaped(&folder.to_string_lossy()))?,
        }
        write!(f, ":{}/{}", self.port, escaped(&self.database))?;
        let mut sign = '?';
        let mut say = |name: &str, value: &str| {
            let done = write!(f, "{sign}{name}={}", escaped(value));
            sign = '&';
            done
        };
        if self.ssl_mode != SslMode::Prefer {
            say("sslmode", self.ssl_mode.name())?;
        }
        if let Some(path) = &self.ssl_root {
            say("sslrootcert", &path.to_string_lossy())?;
        }
        if let Some(options) = &self.options {
            say("options", options)?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

/// The parts of a URL, as texts.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    ssl_mode: Option<String>,
    ssl_root: Option<String>,
    connect_timeout: Option<String>,
    options: Option<String>,
    password_file: Option<String>,
}

impl Parts {
    fn read(text: &str) -> Result<Self, NoAddress> {
        let Url { user, password, host, port, database, parameters } = Url::read(text)?;
        let mut parts = Self { host, port, user, password, database, ..Self::default() };
        for (name, value) in parameters {
            *parts.place_of(&name)? = value;
        }
        Ok(parts)
    }

    fn place_of(&mut self, name: &str) -> Result<&mut Option<String>, NoAddress> {
        Ok(match name {
            "host" => &mut self.host,
            "port" => &mut self.port,
            "user" => &mut self.user,
            "password" => &mut self.password,
            "dbname" => &mut self.database,
            "sslmode" => &mut self.ssl_mode,
            "sslrootcert" => &mut self.ssl_root,
            "connect_timeout" => &mut self.connect_timeout,
            "options" => &mut self.options,
            "passfile" => &mut self.password_file,
            other => {
                let known = "host, port, user, password, dbname, sslmode, sslrootcert, connect_timeout, \
                             options, passfile";
                return Err(wrong(&foreign::shown(other), PartMistake::NoParameter(known)));
            }
        })
    }

    /// Fills the parts that the URL does not have.
    fn fill(&mut self, environment: &dyn Fn(&str) -> Option<String>) {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        for (part, name) in [
            (&mut self.host, "PGHOST"),
            (&mut self.port, "PGPORT"),
            (&mut self.user, "PGUSER"),
            (&mut self.password, "PGPASSWORD"),
            (&mut self.database, "PGDATABASE"),
            (&mut self.ssl_mode, "PGSSLMODE"),
            (&mut self.ssl_root, "PGSSLROOTCERT"),
            (&mut self.connect_timeout, "PGCONNECT_TIMEOUT"),
            (&mut self.options, "PGOPTIONS"),
            (&mut self.password_file, "PGPASSFILE"),
        ] {
            if part.is_none() {
                *part = set(name);
            }
        }
        if self.password_file.is_none() {
            self.password_file = set("HOME").map(|home| format!("{home}/.pgpass"));
        }
    }
}

fn host(host: Option<String>) -> Result<PostgresHost, NoAddress> {
    Ok(match host {
        None => PostgresHost::Usual,
        Some(folder) if folder.starts_with('/') => PostgresHost::Folder(folder.into()),
        Some(name) if name.contains(foreign::is_harmful) || name.contains(char::is_whitespace) => {
            return Err(wrong("host", PartMistake::NoMachine(foreign::shown(&name).into_owned())));
        }
        Some(name) => PostgresHost::Name(name),
    })
}

/// The password of a line `host:port:database:user:password`, if the line is about this server. `*` matches anything;
/// `\` escapes a colon or itself.
fn password_of_line(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut characters = line.chars();
    for wanted in wanted {
        let field = field(&mut characters)?;
        if field != "*" && field != wanted {
            return None;
        }
    }
    let mut password = String::new();
    while let Some(c) = characters.next() {
        match c {
            '\\' => password.extend(characters.next()),
            c => password.push(c),
        }
    }
    Some(password)
}

/// The next field of a line; `None` where no colon ends it.
fn field(characters: &mut std::str::Chars<'_>) -> Option<String> {
    let mut field = String::new();
    loop {
        match characters.next()? {
            ':' => return Some(field),
            '\\' => field.push(characters.next()?),
            c => field.push(c),
        }
    }
}
