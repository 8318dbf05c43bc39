//! Typing without an echo: keys, and single letters.

use std::io::{self, Write};

/// Reads a line from the terminal that is not shown while it is typed.
pub fn read_line(prompt: &str, line: &mut String) -> io::Result<()> {
    let mut stderr = io::stderr();
    write!(stderr, "{prompt}")?;
    stderr.flush()?;
    let quiet = Quiet::begin(false)?;
    let read = io::stdin().read_line(line);
    drop(quiet);
    writeln!(stderr)?;
    read.map(|_| ())
}

/// The terminal without echo, until the value is dropped. Ctrl-C goes on to interrupt.
pub struct Quiet {
    #[cfg(unix)]
    before: rustix::termios::Termios,
    #[cfg(unix)]
    on: std::os::fd::OwnedFd,
}

impl Quiet {
    /// `keys`: every key press is given out at once, without waiting for Enter.
    #[cfg(unix)]
    pub fn begin(keys: bool) -> io::Result<Self> {
        Self::with(std::os::fd::AsFd::as_fd(&io::stdin()), keys)
    }

    /// Of another terminal than the one we were started on; whole lines.
    #[cfg(unix)]
    pub fn on(terminal: &impl std::os::fd::AsFd) -> io::Result<Self> {
        Self::with(terminal.as_fd(), false)
    }

    #[cfg(unix)]
    fn with(terminal: std::os::fd::BorrowedFd<'_>, keys: bool) -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let on = terminal.try_clone_to_owned()?;
        let before = tcgetattr(&on)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO;
        if keys {
            quiet.local_modes -= LocalModes::ICANON;
        }
        tcsetattr(&on, OptionalActions::Now, &quiet)?;
        Ok(Self { before, on })
    }

    /// Elsewhere keys stay visible and wait for Enter.
    #[cfg(not(unix))]
    pub fn begin(_: bool) -> io::Result<Self> {
        Ok(Self {})
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // A terminal that is gone needs nothing put back.
        let _ = tcsetattr(&self.on, OptionalActions::Now, &self.before);
    }
}
