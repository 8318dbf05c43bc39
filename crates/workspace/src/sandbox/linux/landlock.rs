//! Landlock, by its three system calls: they must be made between clone and exec, where nothing
//! may be allocated, which is why no library does it for us.

use std::ffi::CStr;

use libc::{c_int, c_long};

pub(super) const EXECUTE: u64 = 1;
pub(super) const WRITE_FILE: u64 = 1 << 1;
pub(super) const READ_FILE: u64 = 1 << 2;
pub(super) const READ_DIR: u64 = 1 << 3;
const MAKE_CHAR: u64 = 1 << 6;
const MAKE_BLOCK: u64 = 1 << 11;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;
pub(super) const IOCTL_DEV: u64 = 1 << 15;

pub(super) const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
/// Everything that changes files and folders, but no devices.
pub(super) const WRITE: u64 = ((1 << 15) - 1) & !READ & !MAKE_CHAR & !MAKE_BLOCK;
/// What can be granted on something that is no folder.
pub(super) const OF_FILE: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

const SCOPE_ABSTRACT_SOCKETS: u64 = 1;
const SCOPE_SIGNALS: u64 = 2;

const SYS_CREATE: c_long = 444;
const SYS_ADD: c_long = 445;
const SYS_RESTRICT: c_long = 446;
const VERSION: c_int = 1;
const BENEATH: c_int = 1;

#[repr(C)]
struct Attributes {
    files: u64,
    network: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct Beneath {
    allowed: u64,
    parent: c_int,
}

/// What the kernel speaks; 0 where it has none.
pub(super) fn version() -> u32 {
    // SAFETY: asks for a number; reads no memory.
    let version = unsafe { libc::syscall(SYS_CREATE, 0usize, 0usize, VERSION) };
    u32::try_from(version).unwrap_or(0)
}

/// Rights that a kernel of this version can withhold.
fn handled(version: u32) -> u64 {
    let mut rights = (1 << 13) - 1;
    if version >= 2 {
        rights |= REFER;
    }
    if version >= 3 {
        rights |= TRUNCATE;
    }
    if version >= 5 {
        rights |= IOCTL_DEV;
    }
    rights
}

/// One path and what may be done there and below.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub path: std::ffi::CString,
    pub rights: u64,
}

/// Gives up everything that no rule allows, for this process and all that it starts. A rule
/// whose path is not there allows nothing. Safe between clone and exec. Fails with the number of
/// the error.
pub(super) fn restrict(version: u32, rules: &[Rule]) -> Result<(), c_int> {
    let handled = handled(version);
    let attributes = Attributes {
        files: handled,
        network: 0,
        scoped: if version >= 6 {
            SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS
        } else {
            0
        },
    };
    // An older kernel knows a shorter structure.
    let size: usize = match version {
        0..=3 => 8,
        4..=5 => 16,
        _ => 24,
    };
    // SAFETY: the structures live on this stack and are only read; descriptors are our own.
    unsafe {
        let ruleset = libc::syscall(SYS_CREATE, &raw const attributes, size, 0) as c_int;
        if ruleset < 0 {
            return Err(errno());
        }
        for rule in rules {
            add(ruleset, &rule.path, rule.rights & handled)?;
        }
        if libc::syscall(SYS_RESTRICT, ruleset, 0) < 0 {
            return Err(errno());
        }
        libc::close(ruleset);
    }
    Ok(())
}

/// # Safety
/// `ruleset` must be one.
unsafe fn add(ruleset: c_int, path: &CStr, rights: u64) -> Result<(), c_int> {
    unsafe {
        let parent = libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
        if parent < 0 {
            return Ok(());
        }
        let beneath = Beneath {
            allowed: rights,
            parent,
        };
        let mut added = libc::syscall(SYS_ADD, ruleset, BENEATH, &raw const beneath, 0);
        if added < 0 && errno() == libc::EINVAL {
            let beneath = Beneath {
                allowed: rights & OF_FILE,
                parent,
            };
            added = libc::syscall(SYS_ADD, ruleset, BENEATH, &raw const beneath, 0);
        }
        let failed = added < 0;
        let number = errno();
        libc::close(parent);
        if failed { Err(number) } else { Ok(()) }
    }
}

pub(super) fn errno() -> c_int {
    // SAFETY: always points to this thread's number.
    unsafe { *libc::__errno_location() }
}
