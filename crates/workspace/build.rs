//! Builds the first process of a sandbox (`init/main.rs`): without any library, linked by the
//! compiler's own linker, put into the engine as bytes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = "init/main.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo gives OUT_DIR")).join("init");
    let system = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let machine = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let known = system == "linux" && matches!(machine.as_str(), "x86_64" | "aarch64");
    if !known || !built(&out) {
        // Without it there are no namespaces; `mira doctor` says what protects then.
        std::fs::write(&out, b"").expect("OUT_DIR can be written");
    }
}

fn built(out: &Path) -> bool {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(compiler);
    command.args(["--edition", "2024", "--crate-type", "bin", SOURCE, "-o"]);
    command.arg(out);
    if let Ok(target) = env::var("TARGET") {
        command.args(["--target", &target]);
    }
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut flag = std::ffi::OsString::from("linker=");
        flag.push(linker);
        command.arg("-C").arg(flag);
    }
    for flag in [
        "opt-level=s",
        "panic=abort",
        "relocation-model=static",
        "strip=symbols",
        "link-arg=-nostartfiles",
        "link-arg=-nostdlib",
        "link-arg=-static",
        "link-arg=-Wl,--build-id=none",
    ] {
        command.args(["-C", flag]);
    }
    match command.status() {
        Ok(status) if status.success() => true,
        Ok(status) => {
            println!("cargo::warning=the sandbox's first process was not built: {status}");
            false
        }
        Err(error) => {
            println!("cargo::warning=the sandbox's first process was not built: {error}");
            false
        }
    }
}
