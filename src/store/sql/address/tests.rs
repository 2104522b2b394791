//! Tests of addresses: what stands in them, what the environment adds, and that no password is printed.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<PostgresAddress, NoAddress> {
    let environment = environment.to_vec();
    let look = move |name: &str| {
        environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    match Address::parse_in(text, &look)? {
        Address::Postgres(address) => Ok(*address),
        other => panic!("{other}"),
    }
}

#[test]
fn a_url_names_all_of_it() {
    let address = read("postgres://ann:s%40crét@db.example:6000/shop?sslmode=disable&connect_timeout=3", &[]);
    let address = address.expect("an address");
    assert_eq!(address.host, PostgresHost::Name("db.example".to_owned()));
    assert_eq!((address.port, &*address.user, &*address.database), (6000, "ann", "shop"));
    assert_eq!((address.ssl_mode, address.connect_timeout.as_secs()), (SslMode::Disable, 3));
    assert_eq!(address.password().as_deref(), Some("s@crét"));
    let shown = format!("{address} {address:?}");
    assert!(
        !shown.contains("cr") && shown.starts_with("postgres://ann@db.example:6000/shop?sslmode=disable ")
    );
}

#[test]
fn what_it_prints_is_an_address_again() {
    for text in [
        "postgres://ann@[::1]:5432/shop",
        "postgres://ann@%2Fvar%2Frun%2Fpg:5433/a%20b",
        "postgres://ann@:5432/shop?options=-c%20synchronous_commit%3Doff",
    ] {
        assert_eq!(read(text, &[]).expect(text).to_string(), text);
    }
    assert_eq!(Address::parse("sqlite:a b.db").expect("a path").to_string(), "sqlite:a b.db");
}

#[test]
fn the_environment_fills_what_the_url_leaves_open() {
    let environment = [
        ("PGHOST", "/run/pg"),
        ("PGPORT", "7000"),
        ("PGUSER", "bob"),
        ("PGPASSWORD", "word"),
        ("PGDATABASE", "db"),
        ("PGSSLMODE", "require"),
    ];
    let address = read("postgresql://", &environment).expect("an address");
    assert_eq!(address.to_string(), "postgres://bob@%2Frun%2Fpg:7000/db?sslmode=require");
    assert_eq!(address.password().as_deref(), Some("word"));
    let address = read("postgres://ann:own@h/", &environment).expect("an address");
    assert_eq!(address.to_string(), "postgres://ann@h:7000/db?sslmode=require");
    assert_eq!(address.password().as_deref(), Some("own"));
    assert_eq!(read("postgres://ann@h", &[]).expect("an address").database, "ann");
}

#[test]
fn the_password_file_is_read_if_nobody_else_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pass");
    let text = "# ours\nother:*:*:*:no\nh:5432:shop:bob:no\nh:*:sh\\:op:ann:a\\:b\\\\c\n*:*:*:*:any\n";
    std::fs::write(&path, text).expect("a file");
    let password = |url: &str| {
        let file = path.to_str().expect("UTF-8");
        read(url, &[("PGPASSFILE", file)]).expect(url).password()
    };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    assert_eq!(password("postgres://ann@h/sh%3Aop").as_deref(), Some("a:b\\c"));
    assert_eq!(password("postgres://ann@h/shop").as_deref(), Some("any"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    assert_eq!(password("postgres://ann@h/shop"), None);
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    let error = |text: &str| read(text, &[("PGUSER", "u")]).expect_err(text).to_string();
    for (text, says) in [
        ("redis://h", "it takes sqlite:PATH"),
        ("postgres://u:pass@h:x/", "port: \"x\": it takes a number"),
        ("postgres://u:pass@h:0/", "port: \"0\""),
        ("postgres://u:pa%ss@h/", "password: a % stands before"),
        ("postgres://u:pass@h/?sslmode=maybe", "one of disable, allow"),
        ("postgres://u:pass@h/?color=red", "color: no such parameter"),
        ("postgres://u:pass@h,i/", "host: several"),
        ("postgres://u:pass@[::1/", "host: no ]"),
        ("postgres://u:pass@h/?connect_timeout=soon", "whole seconds"),
        ("postgres://a%1bb/", "no name of a machine"),
    ] {
        let error = error(text);
        assert!(error.contains(says) && !error.contains("pass@"), "{text}: {error}");
    }
    for (text, says) in [
        ("sqlite:", "needs the path"),
        ("sqlite::memory:", "name a file"),
        ("sqlite://shop.db", "without //"),
        ("shop.db", "no store"),
    ] {
        let error = Address::parse(text).expect_err(text).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

fn mysql(text: &str, environment: &[(&str, &str)]) -> Result<MysqlAddress, NoAddress> {
    let environment = environment.to_vec();
    let look = move |name: &str| {
        environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    match Address::parse_in(text, &look)? {
        Address::Mysql(address) => Ok(*address),
        other => panic!("{other}"),
    }
}

#[test]
fn an_address_of_mariadb_names_all_of_it_and_prints_no_password() {
    let address = mysql("mysql://ann:s%40crét@db.example:6000/shop?ssl-mode=VERIFY_CA&ssl-ca=%2Fca.pem", &[]);
    let address = address.expect("an address");
    assert_eq!(address.host, MysqlHost::Name("db.example".to_owned()));
    assert_eq!((address.port, &*address.user, &*address.database), (6000, "ann", "shop"));
    assert_eq!((address.ssl_mode, address.password()), (SslMode::VerifyCa, Some("s@crét")));
    let shown = format!("{address} {address:?}");
    assert!(!shown.contains("cr"), "{shown}");
    for text in [
        "mysql://ann@db.example:6000/shop?ssl-mode=verify_ca&ssl-ca=%2Fca.pem",
        "mysql://ann@[::1]:3306/shop",
        "mysql://ann@/a%20b?socket=%2Frun%2Fm.sock",
        "mysql://ann@localhost/shop",
    ] {
        assert_eq!(mysql(text, &[]).expect(text).to_string(), text);
    }
    let other = mysql("mariadb://ann@h/shop", &[]).expect("an address");
    assert_eq!(other.to_string(), "mysql://ann@h:3306/shop");
}

/// As in the server's own client: a port means the network.
#[test]
fn localhost_is_the_socket_unless_a_port_is_named() {
    for text in ["mysql://ann@localhost/shop", "mysql://ann@/shop"] {
        assert_eq!(mysql(text, &[]).expect(text).host, MysqlHost::Usual);
    }
    let tcp = MysqlHost::Name("localhost".to_owned());
    for text in ["mysql://ann@localhost:3306/shop", "mysql://ann@:3307/shop"] {
        assert_eq!(mysql(text, &[]).expect(text).host, tcp);
    }
    let socket = [("MYSQL_UNIX_PORT", "/run/own.sock")];
    assert_eq!(mysql("mysql://ann@/shop", &socket).expect("one").socket(), Some("/run/own.sock".into()));
    assert_eq!(mysql("mysql://ann@h/shop", &socket).expect("one").socket(), None);
}

#[test]
fn the_option_file_and_then_the_environment_fill_what_the_url_leaves_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(".my.cnf");
    let home = folder.path().to_str().expect("UTF-8").to_owned();
    let text = "[mysqld]\npassword=no\n[client]\n# password=no\nuser = bob\npassword=\"wo\\\\rd #1\"\nhost=db\n\
                port=7000 # ours\ndatabase=no\n[mysqldump]\npassword=no\n";
    std::fs::write(&path, text).expect("a file");
    let environment = [("HOME", home.as_str()), ("MYSQL_PWD", "of the environment"), ("MYSQL_HOST", "no")];
    let address = mysql("mysql:///shop", &environment).expect("an address");
    assert_eq!(address.to_string(), "mysql://bob@db:7000/shop");
    assert_eq!(address.password(), Some("wo\\rd #1"));
    let address = mysql("mysql://ann:own@h:1/shop", &environment).expect("an address");
    assert_eq!((address.to_string().as_str(), address.password()), ("mysql://ann@h:1/shop", Some("own")));
    // One that everybody can write is not used.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("a mode");
    assert_eq!(
        mysql("mysql://ann@h/shop", &environment).expect("one").password(),
        Some("of the environment")
    );
}

#[test]
fn what_is_wrong_with_an_address_of_mariadb_is_said_without_the_password() {
    for (text, says) in [
        ("mysql://u:pass@h:x/d", "port: \"x\": it takes a number"),
        ("mysql://u:pass@h/", "database: none is named"),
        ("mysql://u:pass@h/d?ssl-mode=maybe", "one of disabled, preferred"),
        ("mysql://u:pass@h/d?sslmode=disable", "sslmode: no such parameter; there are: socket"),
        ("mysql://u:pass@h/d?connect-timeout=soon", "whole seconds"),
        ("mysql://a%1bb/d", "no name of a machine"),
    ] {
        let error = mysql(text, &[]).expect_err(text).to_string();
        assert!(error.contains(says) && !error.contains("pass@"), "{text}: {error}");
    }
}

/// An address that another host has named leads to no file of this host, and gets none of its secrets.
#[test]
fn a_strangers_address_takes_nothing_of_this_host() {
    for (url, part) in [
        ("postgres://u@db/d?passfile=/home/u/.pgpass", HostPart::Parameter("passfile")),
        ("postgres://u@db/d?sslrootcert=/etc/ssl/own.pem", HostPart::Parameter("sslrootcert")),
        ("postgres://u@db/d?options=-csession_preload_libraries%3Dx", HostPart::Parameter("options")),
        ("postgres://u@%2Fvar%2Frun%2Fpostgresql/d", HostPart::SocketFolder),
        ("mysql://u@/d?socket=/tmp/mysql.sock", HostPart::Parameter("socket")),
        ("mysql://u@db/d?ssl-ca=/etc/ssl/own.pem", HostPart::Parameter("ssl-ca")),
        ("sqlite:/var/shop.db", HostPart::Path),
    ] {
        assert!(Address::parse(url).is_ok(), "{url}");
        assert_eq!(Address::parse_strangers(url), Err(NoAddress::OfThisHost(part)), "{url}");
    }
    let url = "postgres://u@db:5432/d";
    let Ok(Address::Postgres(address)) = Address::parse_strangers(url) else { panic!("an address") };
    assert_eq!((address.password(), address.password_file.as_ref()), (None, None));
    assert_eq!(address.to_string(), url);
}
