//! Words for people: sizes, times, money; and what keeps foreign text from steering the terminal.

use mira_protocol::UtcMs;
pub use mira_protocol::dollars as usd;
use mira_protocol::operation::Tier;

/// Without control and direction characters: what a model, a file or a command wrote must not
/// move the cursor, recolour the screen or make a command look like another one.
pub fn clean(text: &str) -> String {
    text.chars().filter(|&c| !is_hostile(c)).collect()
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line of at most `width` characters; what does not fit becomes "…".
pub fn one_line(text: &str, width: usize) -> String {
    let line = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= width {
        return line;
    }
    let mut cut: String = line.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// "1,234"
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "340 ms", "12.4 s", "3 min 20 s", "2 h 5 min"
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// "12.3 MB"
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// "just now", "5 min ago", "3 h ago", "12 days ago"
pub fn ago(at: UtcMs, now: UtcMs) -> String {
    let minutes = (now - at).max(0) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1_440 => format!("{} h ago", minutes / 60),
        1_440..2_880 => "yesterday".to_owned(),
        _ => format!("{} days ago", minutes / 1_440),
    }
}

/// "1 file", "3 files"
pub fn plural(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(number))
}

/// As the tier is called on the command line.
pub fn tier_word(tier: Tier) -> &'static str {
    match tier {
        Tier::Fast => "fast",
        Tier::Voice => "voice",
        Tier::Code => "code",
        Tier::Agentic => "agentic",
    }
}

/// The time now.
pub fn now_ms() -> UtcMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(200_000), "3 min 20 s");
        assert_eq!(bytes(61_500_000), "61.5 MB");
        assert_eq!(ago(0, 5 * 60_000), "5 min ago");
        assert_eq!(ago(10, 0), "just now");
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(one_line("a\n  b\tc", 10), "a b c");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        let hostile = "rm\x1b[2J \u{202e}fdsa\u{2069}\r\x07\u{9b}31m ok\n\tä";
        assert_eq!(clean(hostile), "rm[2J fdsa31m ok\n\tä");
    }
}
