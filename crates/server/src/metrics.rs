//! A few real figures in the Prometheus text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use mira_protocol::system::Status;

/// Counted by the connections.
#[derive(Default)]
pub struct Metrics {
    clients: AtomicU64,
    pub received: AtomicU64,
    pub sent: AtomicU64,
    pub cut_off: AtomicU64,
}

/// One authenticated client, for as long as it lives.
pub struct Counted<'m>(&'m Metrics);

impl Metrics {
    pub fn clients(&self) -> u64 {
        self.clients.load(Ordering::Relaxed)
    }

    pub fn client(&self) -> Counted<'_> {
        self.clients.fetch_add(1, Ordering::Relaxed);
        Counted(self)
    }

    pub fn text(&self, status: &Status) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut out = String::new();
        let mut line = |name: &str, kind: &str, help: &str, value: f64| {
            let _ = writeln!(
                out,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
            );
        };
        line(
            "mira_clients",
            "gauge",
            "Connected clients.",
            self.clients() as f64,
        );
        let counters = [
            (
                "mira_messages_received_total",
                "Messages from clients.",
                &self.received,
            ),
            (
                "mira_messages_sent_total",
                "Messages to clients.",
                &self.sent,
            ),
            (
                "mira_clients_cut_off_total",
                "Clients cut off for not reading.",
                &self.cut_off,
            ),
        ];
        for (name, help, counter) in counters {
            line(name, "counter", help, read(counter) as f64);
        }
        let gauges = [
            (
                "mira_sessions",
                "Sessions that are not deleted.",
                status.sessions as f64,
            ),
            (
                "mira_operations_running",
                "Operations.",
                f64::from(status.running_operations),
            ),
            (
                "mira_jobs_running",
                "Background commands.",
                f64::from(status.running_jobs),
            ),
            (
                "mira_approvals_waiting",
                "Approvals.",
                f64::from(status.waiting_approvals),
            ),
            (
                "mira_uptime_seconds",
                "Since the start.",
                status.uptime_ms as f64 / 1000.0,
            ),
            (
                "process_resident_memory_bytes",
                "Memory in RAM.",
                status.memory_bytes as f64,
            ),
        ];
        for (name, help, value) in gauges {
            line(name, "gauge", help, value);
        }
        out
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}
