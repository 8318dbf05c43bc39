//! The fake as journeys start it.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn it_says_where_it_is_and_serves_until_its_input_ends() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_fake-qdrant"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = String::new();
    let mut out = BufReader::new(server.stdout.take().expect("its output"));
    out.read_line(&mut said).expect("its address");
    let address = said.trim().strip_prefix("http://").expect("an address");
    TcpStream::connect(address).expect("it listens");
    drop(server.stdin.take());
    assert!(server.wait().expect("it ends").success());
}
