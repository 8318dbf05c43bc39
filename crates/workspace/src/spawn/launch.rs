//! Makes a process that shares our memory until its program is loaded: a copy of an engine of
//! many megabytes would cost milliseconds, and carry its keys along.

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::OnceLock;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, WaitOptions};

use super::NotStarted;
use crate::sandbox::Level;
use crate::sandbox::linux::enter::{self, Failed};
use crate::sandbox::linux::plan::Plan;

/// The first process of a sandbox; empty where it was not built.
const INIT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/init"));

/// Bytes of stack for what happens before the program is loaded.
const STACK: usize = 256 * 1024;

pub(super) struct Launched {
    pub pid: Pid,
    /// Where it tells of the command's end, in a sandbox of its own processes.
    pub told: Option<OwnedFd>,
    /// The reading end of its output.
    pub output: OwnedFd,
    /// The listener of its way out.
    pub door: Option<OwnedFd>,
    /// Our end of its terminal.
    pub terminal: Option<OwnedFd>,
}

pub(super) fn launch(
    argv: &[String],
    cwd: &Path,
    env: Vec<(OsString, OsString)>,
    plan: Option<&Plan>,
    with_terminal: bool,
) -> Result<Launched, NotStarted> {
    let program = program(argv)?;
    let argv = argv
        .iter()
        .map(|word| CString::new(word.as_str()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| invalid("a word has a NUL character"))?;
    let env: Vec<CString> = env.into_iter().filter_map(variable).collect();
    let cwd = CString::new(cwd.as_os_str().as_bytes())
        .map_err(|_| invalid("the folder has a NUL character"))?;

    let own_processes = plan.is_some_and(|plan| plan.level == Level::Full);
    let (reading, writing) = io::pipe()?;
    let (told, telling) = match own_processes {
        true => {
            let (told, telling) = io::pipe()?;
            (Some(OwnedFd::from(told)), Some(telling))
        }
        false => (None, None),
    };
    let (handed, handing) = match plan.is_some_and(|plan| plan.door) {
        true => {
            let (here, there) = UnixStream::pair()?;
            (Some(here), Some(there))
        }
        false => (None, None),
    };
    let (terminal, its_terminal) = match with_terminal {
        true => {
            let (ours, its) = super::terminal::pair()?;
            (Some(ours), Some(its))
        }
        false => (None, None),
    };
    let words: Vec<&CStr> = match own_processes {
        true => [c"mira-init", &program]
            .into_iter()
            .chain(argv.iter().map(CString::as_c_str))
            .collect(),
        false => argv.iter().map(CString::as_c_str).collect(),
    };
    let mut slots = vec![-1; plan.map_or(0, |plan| plan.kept)];
    let mut start = Start {
        program: &program,
        words: &pointers(words.iter().copied()),
        env: &pointers(env.iter().map(CString::as_c_str)),
        cwd: &cwd,
        output: writing.as_raw_fd(),
        telling: telling.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        door: handing.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        terminal: its_terminal.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        init: if own_processes { init()? } else { -1 },
        plan,
        slots: &mut slots,
        failed: None,
    };
    let pid = cloned(&mut start, plan.map_or(0, |plan| plan.flags))?;
    match start.failed {
        None => Ok(Launched {
            pid,
            told,
            output: reading.into(),
            door: handed.as_ref().map(received).transpose()?,
            terminal,
        }),
        Some((failed, kind)) => {
            let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
            Err(match kind {
                Kind::Program => NotStarted::Io(io::Error::from_raw_os_error(failed.number)),
                Kind::Confinement => NotStarted::NotConfined(failed),
            })
        }
    }
}

/// The descriptor that the new process handed over before it became the command.
fn received(from: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    recvmsg(
        from,
        &mut [io::IoSliceMut::new(&mut byte)],
        &mut beside,
        RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT,
    )?;
    let fd = beside.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    fd.ok_or_else(|| io::Error::other("the sandbox's way out was not handed over"))
}

#[derive(Clone, Copy)]
enum Kind {
    Program,
    Confinement,
}

/// What both sides see.
struct Start<'a> {
    program: &'a CStr,
    words: &'a [*const c_char],
    env: &'a [*const c_char],
    cwd: &'a CStr,
    output: c_int,
    telling: c_int,
    door: c_int,
    terminal: c_int,
    init: c_int,
    plan: Option<&'a Plan>,
    slots: &'a mut [c_int],
    failed: Option<(Failed, Kind)>,
}

fn cloned(start: &mut Start<'_>, namespaces: c_int) -> Result<Pid, NotStarted> {
    let mut stack = vec![0u128; STACK / size_of::<u128>()];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD | namespaces;
    // SAFETY: the child runs on a stack of its own while this thread waits (CLONE_VFORK), so what
    // `start` borrows outlives it. Signals are blocked meanwhile: a handler in the child would
    // work on our memory.
    let (pid, error) = unsafe {
        let mut all = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let top = stack.as_mut_ptr_range().end;
        let pid = libc::clone(child, top.cast(), flags, (&raw mut *start).cast());
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        (pid, error)
    };
    match Pid::from_raw(pid) {
        Some(pid) if !pid.as_raw_nonzero().get().is_negative() => Ok(pid),
        _ if namespaces != 0 => Err(NotStarted::NotConfined(Failed {
            stage: "namespaces",
            number: error.raw_os_error().unwrap_or_default(),
        })),
        _ => Err(error.into()),
    }
}

extern "C" fn child(start: *mut c_void) -> c_int {
    // SAFETY: given by `cloned`, which waits meanwhile.
    let start = unsafe { &mut *start.cast::<Start<'_>>() };
    let failed = unsafe { become_command(start) };
    start.failed = Some(failed);
    127
}

/// Returns only where it failed.
///
/// # Safety
/// For the process that was just cloned.
unsafe fn become_command(start: &mut Start<'_>) -> (Failed, Kind) {
    unsafe {
        if let Err(failed) = descriptors(start) {
            return (failed, Kind::Program);
        }
        if let Some(plan) = start.plan {
            let nothing = libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            };
            // The memory of a crashed command belongs in no file.
            libc::setrlimit(libc::RLIMIT_CORE, &raw const nothing);
            if let Err(failed) = enter::namespaces(plan, start.slots, start.door) {
                return (failed, Kind::Confinement);
            }
        }
        if libc::chdir(start.cwd.as_ptr()) < 0 {
            let kind = match start.plan {
                Some(_) => Kind::Confinement,
                None => Kind::Program,
            };
            return (now("the folder to run in"), kind);
        }
        if let Some(plan) = start.plan
            && let Err(failed) = enter::rights(plan)
        {
            return (failed, Kind::Confinement);
        }
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        if start.init >= 0 {
            libc::syscall(
                libc::SYS_execveat,
                start.init,
                c"".as_ptr(),
                start.words.as_ptr(),
                start.env.as_ptr(),
                libc::AT_EMPTY_PATH,
            );
            let kind = if *libc::__errno_location() == libc::E2BIG {
                Kind::Program
            } else {
                Kind::Confinement
            };
            return (now("its first process"), kind);
        }
        libc::execve(
            start.program.as_ptr(),
            start.words.as_ptr(),
            start.env.as_ptr(),
        );
        (now("the program"), Kind::Program)
    }
}

/// No input, output to the pipe, nothing else of ours; a session of its own; no handlers.
unsafe fn descriptors(start: &mut Start<'_>) -> Result<(), Failed> {
    const FREE: c_int = 10;
    unsafe {
        // Our runtime ignores some signals; a handler of ours must never run here.
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        libc::setsid();
        if start.terminal >= 0 && libc::ioctl(start.terminal, libc::TIOCSCTTY as _, 0) < 0 {
            return Err(now("its terminal"));
        }
        let output = libc::fcntl(start.output, libc::F_DUPFD_CLOEXEC, FREE);
        let telling = match start.telling {
            -1 => -1,
            fd => libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, FREE),
        };
        if start.door >= 0 {
            start.door = libc::fcntl(start.door, libc::F_DUPFD_CLOEXEC, FREE);
        }
        if start.init >= 0 {
            start.init = libc::fcntl(start.init, libc::F_DUPFD_CLOEXEC, FREE);
        }
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if output < 0 || null < 0 {
            return Err(now("its output"));
        }
        for (from, to) in [(null, 0), (output, 1), (output, 2)] {
            // The same number twice would keep close-on-exec.
            if from == to {
                libc::fcntl(to, libc::F_SETFD, 0);
            } else if libc::dup2(from, to) < 0 {
                return Err(now("its output"));
            }
        }
        let mut first = 3;
        if telling >= 0 {
            if libc::dup2(telling, 3) < 0 {
                return Err(now("its end"));
            }
            first = 4;
        }
        const CLOSE_RANGE_CLOEXEC: c_int = 4;
        libc::syscall(
            libc::SYS_close_range,
            first,
            c_int::MAX,
            CLOSE_RANGE_CLOEXEC,
        );
        Ok(())
    }
}

fn now(stage: &'static str) -> Failed {
    Failed {
        stage,
        // SAFETY: always points to this thread's number.
        number: unsafe { *libc::__errno_location() },
    }
}

/// The path of the program, as the C library would find it.
fn program(argv: &[String]) -> io::Result<CString> {
    let name = argv
        .first()
        .ok_or_else(|| invalid("the command is empty"))?;
    let whole = |path: &Path| {
        CString::new(path.as_os_str().as_bytes()).map_err(|_| invalid("a word has a NUL character"))
    };
    if name.contains('/') || name.contains('\0') {
        return whole(Path::new(name));
    }
    if name.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let mut missing = io::Error::from(io::ErrorKind::NotFound);
    for folder in std::env::split_paths(&path) {
        let file = folder.join(name);
        if !file.is_file() {
            continue;
        }
        match rustix::fs::access(&file, rustix::fs::Access::EXEC_OK) {
            Ok(()) => return whole(&file),
            Err(error) => missing = error.into(),
        }
    }
    Err(missing)
}

fn variable((mut name, value): (OsString, OsString)) -> Option<CString> {
    name.push("=");
    name.push(value);
    CString::new(name.into_vec()).ok()
}

fn pointers<'a>(strings: impl Iterator<Item = &'a CStr>) -> Vec<*const c_char> {
    strings
        .map(CStr::as_ptr)
        .chain([std::ptr::null()])
        .collect()
}

/// The first process as a file in memory, made once.
fn init() -> Result<c_int, NotStarted> {
    static FILE: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        if INIT.is_empty() {
            return None;
        }
        // SAFETY: a new descriptor, ours alone.
        let fd = unsafe {
            let fd = libc::memfd_create(c"mira-init".as_ptr(), libc::MFD_CLOEXEC);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))?
        };
        let mut file = std::fs::File::from(fd);
        file.write_all(INIT).ok()?;
        Some(file.into())
    });
    match file {
        Some(fd) => Ok(fd.as_raw_fd()),
        None => Err(NotStarted::NotConfined(Failed {
            stage: "its first process",
            number: libc::ENOEXEC,
        })),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
