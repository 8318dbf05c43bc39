//! Windows: a job object, which all that comes of a command belongs to and ends with. It limits
//! processes and nothing else: files and network are not held, so the level is none and each
//! command is asked about. Never run there; `mira doctor` calls it untested.
//!
//! What is decided here is plain code over four calls of the system ([`Kernel`]), so that it is
//! checked and tried everywhere; the calls themselves are there on Windows only.

use std::io;

use super::holder::{Held, Hold, Holder, Mechanism, Protection};
use super::{Confinement, Level};

/// At most so many processes of one command at the same time.
const MOST_PROCESSES: u32 = 1_024;

pub(crate) struct Windows;

impl Holder for Windows {
    fn hold(&self, _: &Confinement) -> io::Result<Hold> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a job object holds processes, not files and network",
        ))
    }

    fn protection(&self) -> Protection {
        Protection {
            level: Level::None,
            by_host: false,
            mechanisms: vec![
                Mechanism::new(
                    "job object",
                    Held::Untested,
                    "ends all processes of a command together",
                ),
                Mechanism::new("files", Held::No, "a command may write what you may"),
                Mechanism::new(
                    "network by host",
                    Held::No,
                    "a command has the whole network",
                ),
            ],
        }
    }
}

/// What the system is asked for. Zero is failure, as there.
pub(crate) trait Kernel {
    type Handle: Copy;
    fn create(&self) -> io::Result<Self::Handle>;
    fn limit(&self, job: Self::Handle, limits: &Limits) -> io::Result<()>;
    fn assign(&self, job: Self::Handle, process: Self::Handle) -> io::Result<()>;
    /// Closing the last handle ends all that is in the job.
    fn close(&self, job: Self::Handle);
}

/// Flags of `JOBOBJECT_BASIC_LIMIT_INFORMATION`.
pub(crate) const KILL_ON_CLOSE: u32 = 0x2000;
pub(crate) const ACTIVE_PROCESSES: u32 = 0x8;
/// Nothing that a command starts may leave the job: `BREAKAWAY_OK` (0x800) stays unset.
pub(crate) const DIE_ON_UNHANDLED: u32 = 0x400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub flags: u32,
    pub active_processes: u32,
}

/// All processes of one command. Dropping it ends them.
pub(crate) struct Job<K: Kernel> {
    kernel: K,
    handle: K::Handle,
}

impl<K: Kernel> Job<K> {
    /// Takes a process, which was created suspended, before it runs its first instruction.
    ///
    /// # Errors
    /// Where it cannot be held; the caller ends it then.
    pub fn of(kernel: K, process: K::Handle) -> io::Result<Self> {
        let handle = kernel.create()?;
        let job = Self { kernel, handle };
        let limits = Limits {
            flags: KILL_ON_CLOSE | ACTIVE_PROCESSES | DIE_ON_UNHANDLED,
            active_processes: MOST_PROCESSES,
        };
        job.kernel.limit(job.handle, &limits)?;
        job.kernel.assign(job.handle, process)?;
        Ok(job)
    }
}

impl<K: Kernel> Drop for Job<K> {
    fn drop(&mut self) {
        self.kernel.close(self.handle);
    }
}

/// The calls of `kernel32`.
#[cfg(windows)]
pub(crate) mod system {
    use std::ffi::c_void;
    use std::io;

    use super::{Kernel, Limits};

    #[repr(C)]
    #[derive(Default)]
    struct Basic {
        per_process_time: i64,
        per_job_time: i64,
        flags: u32,
        minimum_working_set: usize,
        maximum_working_set: usize,
        active_processes: u32,
        affinity: usize,
        priority_class: u32,
        scheduling_class: u32,
    }

    #[repr(C)]
    #[derive(Default)]
    struct Extended {
        basic: Basic,
        io: [u64; 6],
        process_memory: usize,
        job_memory: usize,
        peak_process_memory: usize,
        peak_job_memory: usize,
    }

    const EXTENDED_LIMITS: i32 = 9;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn CreateJobObjectW(security: *const c_void, name: *const u16) -> *mut c_void;
        fn SetInformationJobObject(
            job: *mut c_void,
            class: i32,
            limits: *const c_void,
            length: u32,
        ) -> i32;
        fn AssignProcessToJobObject(job: *mut c_void, process: *mut c_void) -> i32;
        fn CloseHandle(handle: *mut c_void) -> i32;
    }

    #[derive(Clone, Copy)]
    pub struct Kernel32;

    fn done(result: i32) -> io::Result<()> {
        match result {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    impl Kernel for Kernel32 {
        type Handle = *mut c_void;

        fn create(&self) -> io::Result<*mut c_void> {
            // SAFETY: both may be null: no name, no security of its own.
            let job = unsafe { CreateJobObjectW(std::ptr::null(), std::ptr::null()) };
            match job.is_null() {
                true => Err(io::Error::last_os_error()),
                false => Ok(job),
            }
        }

        fn limit(&self, job: *mut c_void, limits: &Limits) -> io::Result<()> {
            let mut wanted = Extended::default();
            wanted.basic.flags = limits.flags;
            wanted.basic.active_processes = limits.active_processes;
            let length = size_of::<Extended>() as u32;
            // SAFETY: the structure and its length belong to this class of limits.
            done(unsafe {
                SetInformationJobObject(job, EXTENDED_LIMITS, (&raw const wanted).cast(), length)
            })
        }

        fn assign(&self, job: *mut c_void, process: *mut c_void) -> io::Result<()> {
            // SAFETY: both handles are open.
            done(unsafe { AssignProcessToJobObject(job, process) })
        }

        fn close(&self, job: *mut c_void) {
            // SAFETY: ours, and closed once.
            unsafe { CloseHandle(job) };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default)]
    struct Recorded {
        calls: RefCell<Vec<String>>,
        refuses: bool,
    }

    impl Kernel for &Recorded {
        type Handle = u32;

        fn create(&self) -> io::Result<u32> {
            self.calls.borrow_mut().push("create".into());
            Ok(7)
        }

        fn limit(&self, job: u32, limits: &Limits) -> io::Result<()> {
            let text = format!(
                "limit {job} {:#x} {}",
                limits.flags, limits.active_processes
            );
            self.calls.borrow_mut().push(text);
            Ok(())
        }

        fn assign(&self, job: u32, process: u32) -> io::Result<()> {
            self.calls
                .borrow_mut()
                .push(format!("assign {job} {process}"));
            match self.refuses {
                true => Err(io::ErrorKind::PermissionDenied.into()),
                false => Ok(()),
            }
        }

        fn close(&self, job: u32) {
            self.calls.borrow_mut().push(format!("close {job}"));
        }
    }

    #[test]
    fn a_process_is_limited_before_it_is_taken_and_ends_with_its_job() {
        let kernel = Recorded::default();
        drop(Job::of(&kernel, 3).unwrap());
        let expected = ["create", "limit 7 0x2408 1024", "assign 7 3", "close 7"];
        assert_eq!(*kernel.calls.borrow(), expected);
        let kernel = Recorded {
            refuses: true,
            ..Recorded::default()
        };
        assert!(Job::of(&kernel, 3).is_err());
        assert_eq!(kernel.calls.borrow().last().unwrap(), "close 7");
    }

    #[test]
    fn nothing_is_promised_that_a_job_cannot_keep() {
        let found = Windows.protection();
        assert_eq!((found.level, found.by_host), (Level::None, false));
    }
}
