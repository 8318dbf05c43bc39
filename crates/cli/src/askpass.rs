//! `sudo -A` calls this program to ask the person for a password. What is typed goes to sudo
//! through the pipe between the two, and nowhere else: not to the engine, not into an argument, a
//! variable, a file or a log.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use mira_engine::Askpass;

use crate::hidden::Quiet;

/// Names the terminal to ask on; its presence means that we are called by sudo.
const TERMINAL: &str = "MIRA_ASKPASS_TTY";
/// The command that the password is for.
const COMMAND: &str = "MIRA_ASKPASS_FOR";
/// The longest password, in bytes.
const LONGEST: usize = 1024;

/// How this program asks; None without a terminal.
pub fn here() -> Option<Askpass> {
    let program = std::env::current_exe().ok()?;
    let terminal = rustix::termios::ttyname(io::stdin(), Vec::new()).ok()?;
    let terminal = terminal.into_string().ok()?;
    Some(Askpass {
        program,
        env: vec![(TERMINAL.into(), terminal)],
    })
}

/// Asks where sudo called us to; the exit code then. None: this is an ordinary start.
pub fn asked() -> Option<u8> {
    let terminal = PathBuf::from(std::env::var_os(TERMINAL)?);
    let prompt = std::env::args_os().nth(1);
    let command = std::env::var_os(COMMAND).unwrap_or_default();
    Some(match ask(&terminal, prompt, command) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("mira: no password could be asked for: {error}");
            1
        }
    })
}

fn ask(terminal: &PathBuf, prompt: Option<OsString>, command: OsString) -> io::Result<()> {
    let mut screen = OpenOptions::new().read(true).write(true).open(terminal)?;
    let plain = |text: OsString| -> String {
        let text = text.to_string_lossy().into_owned();
        text.chars().filter(|c| !c.is_control()).collect()
    };
    let prompt = prompt.map(plain).unwrap_or_else(|| "Password: ".into());
    write!(
        screen,
        "\nThis command is to run with more rights:\n  {}\n{} ",
        plain(command),
        prompt.trim_end()
    )?;
    screen.flush()?;
    let mut password = Typed([0; LONGEST], 0);
    let quiet = Quiet::on(&screen)?;
    let read = password.read(&mut screen);
    drop(quiet);
    writeln!(screen)?;
    if !read? {
        // Ctrl-D, or nothing: sudo is told that there is none.
        return Err(io::Error::other("nothing was typed"));
    }
    let mut out = io::stdout().lock();
    out.write_all(&password.0[..password.1])?;
    out.write_all(b"\n")?;
    out.flush()
}

/// One line, wiped when it is no longer needed.
struct Typed([u8; LONGEST], usize);

impl Typed {
    /// False: the person gave none.
    fn read(&mut self, from: &mut File) -> io::Result<bool> {
        let mut byte = [0];
        loop {
            if from.read(&mut byte)? == 0 || byte[0] == b'\n' || byte[0] == b'\r' {
                return Ok(self.1 > 0);
            }
            if self.1 == LONGEST {
                return Err(io::Error::other("it is too long"));
            }
            self.0[self.1] = byte[0];
            self.1 += 1;
        }
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        for byte in &mut self.0 {
            // SAFETY: a plain write that the compiler may not leave out.
            unsafe { std::ptr::write_volatile(byte, 0) };
        }
    }
}
