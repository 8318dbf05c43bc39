//! The first process of a sandbox: starts the command, waits for whatever is left of it, and
//! tells how the command ended.
//!
//! It is a program of its own because a first process that shared our memory, or was a copy of
//! it, would carry keys into the sandbox; and one that is the command itself would be deaf to
//! signals and never collect orphans. No library, a few kilobytes, started in microseconds.
//! Built by `build.rs`.
//!
//! Arguments: its own name, the program's path, then the program's words. Descriptor 3 takes four
//! bytes: the wait status of the command, or minus the error number where it could not be started.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

const EINTR: isize = -4;
const STATUS_FD: usize = 3;
const SIGCHLD: usize = 17;

#[cfg(target_arch = "x86_64")]
mod number {
    pub const WRITE: usize = 1;
    pub const CLOSE: usize = 3;
    pub const CLONE: usize = 56;
    pub const EXECVE: usize = 59;
    pub const WAIT4: usize = 61;
    pub const FCNTL: usize = 72;
    pub const EXIT_GROUP: usize = 231;
}
#[cfg(target_arch = "aarch64")]
mod number {
    pub const WRITE: usize = 64;
    pub const CLOSE: usize = 57;
    pub const CLONE: usize = 220;
    pub const EXECVE: usize = 221;
    pub const WAIT4: usize = 260;
    pub const FCNTL: usize = 25;
    pub const EXIT_GROUP: usize = 94;
}

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {begin}",
    "ud2",
    begin = sym begin,
);
#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, xzr",
    "mov x0, sp",
    "bl {begin}",
    "brk 1",
    begin = sym begin,
);

#[cfg(target_arch = "x86_64")]
unsafe fn call(number: usize, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let result: isize;
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            lateout("rcx") _, lateout("r11") _);
    }
    result
}
#[cfg(target_arch = "aarch64")]
unsafe fn call(number: usize, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let result: isize;
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a as isize => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e);
    }
    result
}

/// `stack` is what the kernel puts there: the number of words, the words, null, the environment.
unsafe extern "C" fn begin(stack: *const usize) -> ! {
    unsafe {
        let words = *stack;
        let argv = stack.add(1);
        let environment = argv.add(words + 1);
        let child = call(number::CLONE, SIGCHLD, 0, 0, 0, 0);
        if child == 0 {
            // Closed when the program starts.
            call(number::FCNTL, STATUS_FD, 2, 1, 0, 0);
            let path = *argv.add(1);
            let error = call(number::EXECVE, path, argv.add(2) as usize, environment as usize, 0, 0);
            tell(error as i32);
            exit(127);
        }
        if child < 0 {
            tell(child as i32);
            exit(127);
        }
        // The command's output ends when the command closes it, not when we do.
        for fd in 0..STATUS_FD {
            call(number::CLOSE, fd, 0, 0, 0, 0);
        }
        loop {
            let mut status = 0i32;
            let ended = call(number::WAIT4, usize::MAX, &raw mut status as usize, 0, 0, 0);
            if ended == child {
                tell(status);
                call(number::CLOSE, STATUS_FD, 0, 0, 0, 0);
            } else if ended < 0 && ended != EINTR {
                exit(0);
            }
        }
    }
}

unsafe fn tell(status: i32) {
    unsafe {
        call(number::WRITE, STATUS_FD, &raw const status as usize, 4, 0, 0);
    }
}

unsafe fn exit(code: usize) -> ! {
    loop {
        unsafe {
            call(number::EXIT_GROUP, code, 0, 0, 0, 0);
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { exit(126) }
}
