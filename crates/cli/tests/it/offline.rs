//! Offline means that no packet leaves: counted by the kernel, in a network of its own that has a
//! way out. The same acts online show that the count would tell.

use std::io::Write as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use serde_json::json;

use crate::home::{Home, Ran, text};

/// Set where this program runs in that network.
const INSIDE: &str = "MIRA_OFFLINE_TEST";
/// An interface that sends everything into nothing, as the way to everywhere.
const NETWORK: &str = "\
    set -e\n\
    for kind in default all; do echo 1 > /proc/sys/net/ipv6/conf/$kind/disable_ipv6 || true; done\n\
    ip link set lo up\n\
    ip link add way-out type dummy 2>/dev/null || ip link add way-out type veth peer name nobody\n\
    ip link set nobody up 2>/dev/null || true\n\
    ip address add 10.99.0.2/24 dev way-out\n\
    ip link set way-out up\n\
    ip neighbour replace 10.99.0.1 lladdr 02:00:00:00:00:01 dev way-out\n\
    ip route add default via 10.99.0.1 dev way-out\n\
    echo nameserver 10.99.0.1 > \"$1\"\n\
    mount --bind \"$1\" /etc/resolv.conf || true\n\
    shift\n\
    exec \"$@\"\n";

#[test]
fn offline_no_packet_leaves() {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let names = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--net", "--mount", "--", "sh", "-c", NETWORK, "network"])
        .arg(names.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "offline::inside", "--nocapture"])
        .env(INSIDE, "1");
    let said = match command.output() {
        Ok(output) => format!("{}{}", text(&output.stdout), text(&output.stderr)),
        Err(error) => format!("unshare: {error}"),
    };
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("packets, "))
        .collect();
    if lines.is_empty() {
        // What was not tried is not proven.
        let why = format!("offline: no network of its own could be made here:\n{said}");
        assert!(std::env::var_os("CI").is_none(), "{why}");
        let _ = writeln!(std::io::stderr(), "{why}");
        return;
    }
    for line in &lines {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    assert!(said.contains("1 passed"), "{said}");
}

/// What left by any way but the machine's own loopback, as the kernel counts.
fn packets() -> u64 {
    let table = std::fs::read_to_string("/proc/net/dev").unwrap();
    let sent = |line: &str| {
        let (name, numbers) = line.split_once(':')?;
        let sent = numbers.split_whitespace().nth(9)?;
        (name.trim() != "lo").then(|| sent.parse::<u64>().unwrap())
    };
    table.lines().filter_map(sent).sum()
}

/// A turn that wants out in every way that a model has, with a server of this machine.
fn turn() -> (FakeVendor, TempProject) {
    let vendor = FakeVendor::start(
        Script::new([
            Reply::call("fetch_url", json!({ "url": "http://192.0.2.1/a" })),
            Reply::call("fetch_url", json!({ "url": "http://example.com/a" })),
            Reply::call("web_search", json!({ "query": "anything" })),
            Reply::call(
                "run_command",
                json!({ "command": "getent hosts example.com; exec 3<>/dev/tcp/192.0.2.1/80" }),
            ),
            Reply::call(
                "run_command",
                json!({ "command": "exec 3<>/dev/tcp/192.0.2.1/80", "network": true }),
            ),
            Reply::call(
                "run_command",
                json!({ "command": "exec 3<>/dev/tcp/192.0.2.1/80", "unconfined": true }),
            ),
            Reply::call(
                "run_command",
                json!({ "command": "exec 3<>/dev/tcp/192.0.2.1/80", "hosts": ["192.0.2.1"] }),
            ),
            Reply::text("Done."),
        ])
        .aside("A title"),
    );
    let project = TempProject::new(
        "-- a.txt\none\n-- .mira/hooks.toml\n[[hook]]\nname = \"out\"\non = \"before_operation\"\nrun = [\"bash\", \"-c\", \"exec 3<>/dev/tcp/192.0.2.1/80\"]\nnetwork = true\n",
    );
    (vendor, project)
}

/// What asks a provider that is elsewhere, by name and by number.
const ELSEWHERE: [&str; 2] = ["http://192.0.2.7/v1", "http://api.example.com/v1"];
const ASKING: [(&str, &[&str]); 3] = [
    ("list of models", &["models", "--refresh"]),
    ("embedding", &["providers", "test-embeddings"]),
    ("provider", &["providers", "test", "openai"]),
];

/// The inner half, in the network of its own.
#[test]
fn inside() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let begun = packets();
    let (vendor, project) = turn();
    let home = Home::with(&vendor);
    let root = project.root().display().to_string();
    let exec = [
        "exec",
        "--json",
        "--project",
        &root,
        "--approve",
        "all",
        "--trust",
        "Reach out.",
    ];
    let offline = home.command(&exec).env("MIRA_OFFLINE", "true").output();
    let ran = Ran::of(offline.unwrap());
    assert_eq!(ran.last()["type"], "chat_complete", "{}", ran.stderr);
    let mut acts = 1;
    for url in ELSEWHERE {
        for (name, args) in ASKING {
            let out = Home::at(url)
                .command(args)
                .env("MIRA_OFFLINE", "true")
                .output();
            let out = out.unwrap();
            let said = format!("{}{}", text(&out.stdout), text(&out.stderr));
            assert!(said.contains("offline"), "{name}: {said}");
            acts += 1;
        }
    }
    let left = packets() - begun;
    println!("packets, offline: {acts} acts, {left} left");

    let mut online = Vec::new();
    let (vendor, project) = turn();
    let root = project.root().display().to_string();
    let exec = [
        "exec",
        "--json",
        "--project",
        &root,
        "--approve",
        "all",
        "--trust",
        "Reach out.",
    ];
    online.push(("turn", counted(Home::with(&vendor).command(&exec))));
    for (name, args) in ASKING {
        let home = Home::at(ELSEWHERE[0]);
        online.push((name, counted(home.command(args))));
    }
    println!("packets, online, until the first was seen: {online:?}");
    assert_eq!(left, 0);
    assert!(online.iter().all(|(_, left)| *left > 0), "{online:?}");
}

/// Runs until a packet leaves, and ends it then.
fn counted(mut command: Command) -> u64 {
    struct Ended(Child);
    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let begun = packets();
    let mut child = Ended(command.stdout(std::process::Stdio::null()).spawn().unwrap());
    let until = Instant::now() + Duration::from_secs(60);
    while packets() == begun && Instant::now() < until {
        if child.0.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    packets() - begun
}
