//! Whether an address is this machine's own.

use std::net::IpAddr;

use reqwest::Url;

/// A loopback address or the name for it; every other name counts as elsewhere, whatever it would
/// resolve to.
pub fn is_this_machine(url: &Url) -> bool {
    names_this_machine(url.host_str().unwrap_or_default())
}

pub(crate) fn names_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
