//! The fake as a program, for journeys that start Mira as a program: prints its address and serves
//! until its input ends.

use std::io::Read;

use mira_fake_qdrant::FakeQdrant;

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let server = FakeQdrant::start_with(port.unwrap_or(0), None)?;
    println!("{}", server.url());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    for complaint in server.complaints() {
        eprintln!("complaint: {complaint}");
    }
    Ok(())
}
