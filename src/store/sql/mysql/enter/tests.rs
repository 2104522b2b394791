//! Servers that say what a real one here does not: MySQL's method for passwords, and what is no server at all.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::*;
use crate::store::sql::address::{Address, MysqlHost};

/// A server that sends these packets, each but the first after one of the client's. Returns what it was sent.
fn server(packets: Vec<Vec<u8>>) -> (MysqlAddress, std::thread::JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let Ok(Address::Mysql(address)) = Address::parse("mysql://ann:Sesame@h/shop?ssl-mode=disabled") else {
        panic!("an address")
    };
    let host = MysqlHost::Name("127.0.0.1".to_owned());
    let connect_timeout = Duration::from_secs(20);
    let address = MysqlAddress { host, port, connect_timeout, ..*address };
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut told = Vec::new();
        for (number, packet) in packets.iter().enumerate() {
            let mut bytes = (packet.len() as u32).to_le_bytes();
            bytes[3] = number as u8 * 2;
            stream.write_all(&[&bytes, packet.as_slice()].concat()).expect("sent");
            // It knows the password from an earlier login: that needs no answer.
            if packet != FAST {
                told.extend(heard(&mut stream));
            }
        }
        told
    });
    (address, served)
}

/// The next packet of a client, unless it has gone.
fn heard(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut packet = vec![0; usize::from(head[0]) + 256 * usize::from(head[1])];
    stream.read_exact(&mut packet).ok()?;
    Some(packet)
}

const DRAWN: &[u8; 20] = b"0123456789abcdefghij";

/// The greeting of a server of MySQL.
fn greeting(method: &str) -> Vec<u8> {
    let able = able::ALL.to_le_bytes();
    let mut packet = b"\x0a8.0.36\0\x07\0\0\0".to_vec();
    packet.extend_from_slice(&DRAWN[..8]);
    packet.push(0);
    packet.extend_from_slice(&[able[0], able[1], UTF8, 2, 0, able[2], able[3], 21]);
    packet.extend_from_slice(&[0; 10]);
    packet.extend_from_slice(&DRAWN[8..]);
    packet.push(0);
    packet.extend_from_slice(method.as_bytes());
    packet.push(0);
    packet
}

const FAST: &[u8] = &[1, 3];
const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

#[test]
fn a_password_is_proven_in_the_way_of_mysql() {
    let (address, served) = server(vec![greeting("caching_sha2_password"), FAST.to_vec(), OK.to_vec()]);
    assert_eq!(enter(&address).expect("let in").number, 7);
    let told = served.join().expect("a server");
    let proof = Method::CachingSha2.proof("Sesame", DRAWN);
    let first = &told[0];
    assert!(first.windows(proof.len()).any(|window| window == proof), "{first:?}");
    assert!(
        first.windows(5).any(|window| window == b"shop\0") && first.ends_with(b"caching_sha2_password\0")
    );
    assert!(!first.windows(6).any(|window| window == b"Sesame"));
}

#[test]
fn another_way_is_switched_to_and_a_password_is_never_told_where_it_can_be_read() {
    let switch = [&[0xfe][..], b"mysql_native_password\0", DRAWN, &[0]].concat();
    let (address, served) = server(vec![greeting("sha256_password"), switch, OK.to_vec()]);
    enter(&address).expect("let in");
    let told = served.join().expect("a server");
    assert_eq!(told[1], Method::Native.proof("Sesame", DRAWN));

    for asks in [vec![1, 4], b"\xfemysql_clear_password\0".to_vec()] {
        let (address, served) = server(vec![greeting("caching_sha2_password"), asks]);
        let error = enter(&address).expect_err("not told").to_string();
        assert!(error.contains("asks for the password itself"), "{error}");
        let told = served.join().expect("a server");
        assert!(told.len() == 1 && !told[0].windows(6).any(|window| window == b"Sesame"), "{told:?}");
    }
    let (address, served) = server(vec![greeting("x"), b"\xfeauth_gssapi_client\0principal\x1b[2J".to_vec()]);
    let error = enter(&address).expect_err("a ticket").to_string();
    assert!(error.contains("auth_gssapi_client") && !error.contains('\x1b'), "{error}");
    served.join().expect("a server");
}

#[test]
fn what_is_no_server_is_told_to_be_none() {
    for (packet, said) in [
        (b"HTTP/1.1 400 Bad Request".to_vec(), "does not greet as one"),
        (vec![], "ends in the middle"),
        (greeting("x")[..20].to_vec(), "ends in the middle"),
        (b"\x0a5.0\0\x07\0\0\0".iter().copied().chain([0; 60]).collect(), "older than this client"),
        (b"\xff\x10\x04Too many connections".to_vec(), "takes no more connections (Too many connections)"),
        (b"\xff\x6a\x04Host 'h' is not allowed".to_vec(), "\"ann\" is not let in: Host 'h' is not allowed"),
    ] {
        let (address, served) = server(vec![packet]);
        let error = enter(&address).expect_err(said).to_string();
        assert!(error.contains(said) && error.starts_with("mysql://ann@"), "{error}");
        served.join().expect("a server");
    }
}
