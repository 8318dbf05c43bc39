//! The filter of system calls: doors that no build and no test needs, and that lead out.

use libc::{c_long, sock_filter};

/// What the filter depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Internet sockets: where the network is allowed, or is one of the sandbox's own.
    pub internet: bool,
    /// Sockets of the machine: where the sandbox has its own view of files.
    pub local: bool,
    /// `setsid` does nothing: where nothing else holds a command's processes together.
    pub one_session: bool,
}

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const JUMP_IF_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NUMBER_AT: u32 = 0;
const MACHINE_AT: u32 = 4;

/// The low half of an argument (both machines are little-endian).
const fn argument_at(index: u32) -> u32 {
    16 + 8 * index
}

#[cfg(target_arch = "x86_64")]
const MACHINE: Option<u32> = Some(0xC000_003E);
#[cfg(target_arch = "aarch64")]
const MACHINE: Option<u32> = Some(0xC000_00B7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const MACHINE: Option<u32> = None;

/// Refused outright.
const REFUSED: &[c_long] = &[
    // Other processes' memory and descriptors.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Programs inside the kernel, and its less travelled interfaces.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_fanotify_init,
    libc::SYS_open_by_handle_at,
    libc::SYS_syslog,
    libc::SYS_lookup_dcookie,
    // Another view of the machine.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    // The machine itself.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];

/// The program for the kernel; None where this machine's calls are not known.
pub(super) fn filter(rules: Rules) -> Option<Vec<sock_filter>> {
    let machine = MACHINE?;
    let mut program = vec![
        step(LOAD, MACHINE_AT),
        // Calls of another machine (32 bit) have other numbers.
        jump(JUMP_IF_EQUAL, machine, 1, 0),
        step(RETURN, error(libc::ENOSYS)),
        step(LOAD, NUMBER_AT),
    ];
    if cfg!(target_arch = "x86_64") {
        // So do those of x32.
        program.push(jump(JUMP_IF_ANY_BIT, 0x4000_0000, 0, 1));
        program.push(step(RETURN, error(libc::ENOSYS)));
    }
    for call in REFUSED {
        on_call(&mut program, *call, &[step(RETURN, error(libc::EPERM))]);
    }
    // What these are asked for lies in memory, out of a filter's sight. Libraries fall back to
    // `clone` and `openat`.
    on_call(
        &mut program,
        libc::SYS_clone3,
        &[step(RETURN, error(libc::ENOSYS))],
    );
    on_call(
        &mut program,
        libc::SYS_openat2,
        &[step(RETURN, error(libc::ENOSYS))],
    );
    on_call(&mut program, libc::SYS_clone, &refuse_bits(0, NAMESPACES));
    on_call(&mut program, libc::SYS_ioctl, &typing());
    for (call, mode) in CHMOD {
        on_call(&mut program, *call, &refuse_bits(*mode, libc::S_ISUID));
    }
    for (call, flags, mode) in CREATE {
        // The mode is anything where no file is made.
        let mut steps = vec![
            step(LOAD, argument_at(*flags)),
            jump(
                JUMP_IF_ANY_BIT,
                (libc::O_CREAT | libc::O_TMPFILE) as u32 & !(libc::O_DIRECTORY as u32),
                1,
                0,
            ),
            step(RETURN, ALLOW),
        ];
        steps.extend(refuse_bits(*mode, libc::S_ISUID));
        on_call(&mut program, *call, &steps);
    }
    on_call(&mut program, libc::SYS_socket, &sockets(rules));
    if !rules.local {
        on_call(&mut program, libc::SYS_socketpair, &connected_pairs());
    }
    if rules.one_session {
        on_call(&mut program, libc::SYS_setsid, &[step(RETURN, error(0))]);
    }
    program.push(step(RETURN, ALLOW));
    Some(program)
}

/// Calls that set modes, and which argument has them: a program left behind that runs as its owner
/// is a door for others.
const CHMOD: &[(c_long, u32)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_fchmodat2, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1),
    (libc::SYS_mknodat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1),
];

/// Calls that may make a file: where their flags are, and its mode.
const CREATE: &[(c_long, u32, u32)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1, 2),
    (libc::SYS_openat, 2, 3),
];

const NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

fn refuse_bits(argument: u32, bits: u32) -> Vec<sock_filter> {
    vec![
        step(LOAD, argument_at(argument)),
        jump(JUMP_IF_ANY_BIT, bits, 0, 1),
        step(RETURN, error(libc::EPERM)),
        step(RETURN, ALLOW),
    ]
}

/// Typing into somebody's terminal.
fn typing() -> Vec<sock_filter> {
    const TIOCLINUX: u32 = 0x541C;
    vec![
        step(LOAD, argument_at(1)),
        jump(JUMP_IF_EQUAL, libc::TIOCSTI as u32, 1, 0),
        jump(JUMP_IF_EQUAL, TIOCLINUX, 0, 1),
        step(RETURN, error(libc::EPERM)),
        step(RETURN, ALLOW),
    ]
}

/// Families that stay inside the sandbox or were allowed; never raw, virtual or radio ones.
fn sockets(rules: Rules) -> Vec<sock_filter> {
    let mut allowed = Vec::new();
    if rules.local {
        allowed.push(libc::AF_UNIX);
    }
    if rules.internet {
        allowed.extend([libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]);
    }
    let mut steps = vec![step(LOAD, argument_at(0))];
    for family in allowed {
        steps.push(jump(JUMP_IF_EQUAL, family as u32, 0, 1));
        steps.push(step(RETURN, ALLOW));
    }
    steps.push(step(RETURN, error(libc::EACCES)));
    steps
}

/// A pair of datagram sockets could still send to any address.
fn connected_pairs() -> Vec<sock_filter> {
    vec![
        step(LOAD, argument_at(1)),
        step(AND, 0xF),
        jump(JUMP_IF_EQUAL, libc::SOCK_DGRAM as u32, 0, 1),
        step(RETURN, error(libc::EACCES)),
        step(RETURN, ALLOW),
    ]
}

/// `steps` for one call; they must end in a return on every way.
fn on_call(program: &mut Vec<sock_filter>, call: c_long, steps: &[sock_filter]) {
    program.push(jump(JUMP_IF_EQUAL, call as u32, 0, steps.len() as u8));
    program.extend_from_slice(steps);
}

fn step(code: u16, k: u32) -> sock_filter {
    jump(code, k, 0, 0)
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

fn error(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | (number as u32 & libc::SECCOMP_RET_DATA)
}
