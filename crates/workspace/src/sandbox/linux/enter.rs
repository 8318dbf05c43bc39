//! What the new process does between clone and exec. It shares our memory: nothing here may
//! allocate, lock or panic; everything it needs is in the [`Plan`].

use std::ffi::CStr;

use libc::{c_int, c_long, c_uint};

use super::DOOR_PORT;
use super::landlock::{self, errno};
use super::plan::{Plan, Step};

/// Where it failed, and the number of the error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed {
    pub stage: &'static str,
    pub number: c_int,
}

type Done = Result<(), Failed>;

fn failed(stage: &'static str) -> Failed {
    Failed {
        stage,
        number: errno(),
    }
}

fn check(stage: &'static str, result: impl Into<i64>) -> Done {
    if result.into() < 0 {
        Err(failed(stage))
    } else {
        Ok(())
    }
}

#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

const OPEN_TREE_CLONE: c_uint = 1;
const AT_RECURSIVE: c_uint = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH: c_uint = 4;
const MOUNT_ATTR_RDONLY: u64 = 1;

/// The view of files, identity and network. `slots` holds as many numbers as the plan keeps; the
/// listener of the way out is handed over through `door`.
///
/// # Safety
/// For a process of its own that was just cloned.
pub(crate) unsafe fn namespaces(plan: &Plan, slots: &mut [c_int], door: c_int) -> Done {
    unsafe {
        if let Some((user, group)) = &plan.identity {
            write_file(c"/proc/self/setgroups", b"deny")?;
            write_file(c"/proc/self/uid_map", user)?;
            write_file(c"/proc/self/gid_map", group)?;
        }
        if plan.loopback {
            loopback()?;
        }
        if plan.door {
            way_out(door)?;
        }
        for step in &plan.steps {
            take(step, slots)?;
        }
    }
    Ok(())
}

/// Gives up rights for good; after this only files that are open and the rules count.
///
/// # Safety
/// For a process of its own that was just cloned.
pub(crate) unsafe fn rights(plan: &Plan) -> Done {
    unsafe {
        capabilities(plan.capabilities)?;
        check(
            "no new privileges",
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        )?;
        if let Some((version, rules)) = &plan.landlock {
            landlock::restrict(*version, rules).map_err(|number| Failed {
                stage: "landlock",
                number,
            })?;
        }
        if let Some(filter) = &plan.filter {
            let program = libc::sock_fprog {
                len: filter.len() as u16,
                filter: filter.as_ptr().cast_mut(),
            };
            check(
                "seccomp",
                libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::SECCOMP_MODE_FILTER,
                    &raw const program,
                ),
            )?;
        }
    }
    Ok(())
}

unsafe fn take(step: &Step, slots: &mut [c_int]) -> Done {
    unsafe {
        match step {
            Step::Private => attributes(c"/", 0, libc::MS_PRIVATE),
            Step::Keep { path, slot } => {
                let kept = libc::syscall(
                    libc::SYS_open_tree,
                    libc::AT_FDCWD,
                    path.as_ptr(),
                    OPEN_TREE_CLONE | AT_RECURSIVE | libc::O_CLOEXEC as c_uint,
                );
                // It may have gone since the plan was made; then there is nothing to place.
                if kept < 0 && errno() != libc::ENOENT {
                    return Err(failed("keeping a folder"));
                }
                if let Some(place) = slots.get_mut(*slot) {
                    *place = kept as c_int;
                }
                Ok(())
            }
            Step::Place { path, slot } => {
                let kept = slots.get(*slot).copied().unwrap_or(-1);
                if kept < 0 {
                    return Ok(());
                }
                let moved = libc::syscall(
                    libc::SYS_move_mount,
                    kept,
                    c"".as_ptr(),
                    libc::AT_FDCWD,
                    path.as_ptr(),
                    MOVE_MOUNT_F_EMPTY_PATH,
                );
                let done = gone_is_fine("placing a folder", moved);
                libc::close(kept);
                done
            }
            Step::ReadOnly(path) => attributes(path, MOUNT_ATTR_RDONLY, 0),
            Step::Empty(path) => {
                let mounted = libc::mount(
                    c"tmpfs".as_ptr(),
                    path.as_ptr(),
                    c"tmpfs".as_ptr(),
                    libc::MS_NOSUID | libc::MS_NODEV,
                    c"mode=755".as_ptr().cast(),
                );
                gone_is_fine("hiding a folder", mounted.into())
            }
            Step::Folder(path) => {
                libc::mkdir(path.as_ptr(), 0o755);
                Ok(())
            }
            Step::Shared(path) => {
                libc::mkdir(path.as_ptr(), 0o1777);
                libc::chmod(path.as_ptr(), 0o1777);
                Ok(())
            }
            Step::File(path) => {
                let fd = libc::open(path.as_ptr(), libc::O_CREAT | libc::O_CLOEXEC, 0o644);
                if fd >= 0 {
                    libc::close(fd);
                }
                Ok(())
            }
            Step::Link { target, path } => {
                libc::symlink(target.as_ptr(), path.as_ptr());
                Ok(())
            }
            Step::Pin(path) => {
                let bound = libc::mount(
                    path.as_ptr(),
                    path.as_ptr(),
                    std::ptr::null(),
                    libc::MS_BIND | libc::MS_REC,
                    std::ptr::null(),
                );
                gone_is_fine("holding a folder", bound.into())
            }
            Step::Processes => {
                let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
                let name = c"proc".as_ptr();
                check(
                    "its own processes",
                    libc::mount(name, c"/proc".as_ptr(), name, flags, std::ptr::null()),
                )
            }
            Step::Terminals => {
                // Nothing but programs that want a terminal miss it where it cannot be had.
                libc::mount(
                    c"devpts".as_ptr(),
                    c"/dev/pts".as_ptr(),
                    c"devpts".as_ptr(),
                    libc::MS_NOSUID | libc::MS_NOEXEC,
                    c"newinstance,ptmxmode=0666,mode=620".as_ptr().cast(),
                );
                Ok(())
            }
        }
    }
}

fn gone_is_fine(stage: &'static str, result: c_long) -> Done {
    if result < 0 && errno() != libc::ENOENT {
        return Err(failed(stage));
    }
    Ok(())
}

unsafe fn attributes(path: &CStr, set: u64, propagation: u64) -> Done {
    let wanted = MountAttributes {
        set,
        clear: 0,
        propagation,
        user_namespace: 0,
    };
    let changed = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            AT_RECURSIVE,
            &raw const wanted,
            size_of::<MountAttributes>(),
        )
    };
    gone_is_fine("making folders read-only", changed)
}

unsafe fn write_file(path: &CStr, text: &[u8]) -> Done {
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        check("its own identity", fd)?;
        let written = libc::write(fd, text.as_ptr().cast(), text.len());
        let done = check("its own identity", written as i64);
        libc::close(fd);
        done
    }
}

unsafe fn loopback() -> Done {
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        check("its own network", fd)?;
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let raised = libc::ioctl(fd, libc::SIOCSIFFLAGS as _, &raw const request);
        let done = check("its own network", raised);
        libc::close(fd);
        done
    }
}

/// Listens in this new network and passes the listener to the engine, which accepts in its own:
/// a socket stays in the network that it was made in. Nothing else leads out of here.
unsafe fn way_out(door: c_int) -> Done {
    const STAGE: &str = "its way out";
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        check(STAGE, fd)?;
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        address.sin_family = libc::AF_INET as libc::sa_family_t;
        address.sin_port = DOOR_PORT.to_be();
        address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
        let length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        check(STAGE, libc::bind(fd, (&raw const address).cast(), length))?;
        check(STAGE, libc::listen(fd, 128))?;

        let mut byte = 0u8;
        let mut piece = libc::iovec {
            iov_base: (&raw mut byte).cast(),
            iov_len: 1,
        };
        // Of words, so that it lies as a header must.
        let mut space = [0u64; 8];
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut piece;
        message.msg_iovlen = 1;
        message.msg_control = space.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size_of::<c_int>() as c_uint) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size_of::<c_int>() as c_uint) as _;
        libc::CMSG_DATA(header).cast::<c_int>().write_unaligned(fd);
        let sent = libc::sendmsg(door, &raw const message, libc::MSG_NOSIGNAL);
        let done = check(STAGE, sent as i64);
        libc::close(fd);
        done
    }
}

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: c_int,
}

#[repr(C)]
struct CapabilitySet {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Keeps at most `kept`, now and after exec.
unsafe fn capabilities(kept: u64) -> Done {
    const VERSION_3: u32 = 0x2008_0522;
    unsafe {
        for capability in 0..64 {
            let dropped = kept & (1 << capability) != 0
                || libc::prctl(libc::PR_CAPBSET_DROP, capability as libc::c_ulong, 0, 0, 0) == 0;
            // EINVAL: the kernel knows no more of them. EPERM: there are none to give up.
            if !dropped {
                break;
            }
        }
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL,
            0,
            0,
            0,
        );
        let mut header = CapabilityHeader {
            version: VERSION_3,
            pid: 0,
        };
        let mut sets = [const {
            CapabilitySet {
                effective: 0,
                permitted: 0,
                inheritable: 0,
            }
        }; 2];
        check(
            "capabilities",
            libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()),
        )?;
        for (set, kept) in sets.iter_mut().zip([kept as u32, (kept >> 32) as u32]) {
            set.effective &= kept;
            set.permitted &= kept;
            set.inheritable = 0;
        }
        check(
            "capabilities",
            libc::syscall(libc::SYS_capset, &raw mut header, sets.as_ptr()),
        )
    }
}
