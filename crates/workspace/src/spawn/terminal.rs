//! A terminal that a process has to itself.
//!
//! A process with more rights than ours takes no signal from us. It takes those of its terminal:
//! the kernel sends them, to everything in the session. The terminal shows and asks nothing.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use tokio::io::unix::AsyncFd;
use tokio::task::JoinHandle;

/// Our end. Dropping it hangs up.
pub(super) struct Terminal {
    end: Arc<OwnedFd>,
    drain: JoinHandle<()>,
}

/// What `^C` sends.
const INTERRUPT: &[u8] = b"\x03";

/// Our end and the other one.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut ours, mut theirs) = (-1, -1);
    // SAFETY: both numbers are written before they are used; neither name nor settings are given.
    let opened = unsafe {
        libc::openpty(
            &raw mut ours,
            &raw mut theirs,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    if opened < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, and nobody else's.
    let (ours, theirs) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
    for fd in [&ours, &theirs] {
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok((ours, theirs))
}

/// A number that stays open as long as the terminal.
struct Watched(Arc<OwnedFd>);

impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.as_raw_fd()
    }
}

impl Terminal {
    /// Needs a Tokio runtime.
    pub fn new(end: OwnedFd) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&end)?;
        rustix::fs::fcntl_setfl(&end, flags | rustix::fs::OFlags::NONBLOCK)?;
        let end = Arc::new(end);
        // SAFETY: the descriptor stays open and the same until the `AsyncFd` drops it.
        let watched = unsafe { AsyncFd::register(Watched(end.clone())) };
        let watched = watched.map_err(|error| error.into_parts().1)?;
        // What is written to it must go somewhere, or the writer waits for ever.
        let drain = tokio::spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok(mut ready) = watched.readable().await {
                let read = ready.try_io(|fd| Ok(rustix::io::read(&*fd.get_ref().0, &mut bytes)?));
                if let Ok(Ok(0) | Err(_)) = read {
                    return;
                }
            }
        });
        Ok(Self { end, drain })
    }

    /// As a person would with ^C.
    pub fn interrupt(&self) {
        let _ = rustix::io::write(&*self.end, INTERRUPT);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.drain.abort();
    }
}
