//! The environment of commands.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The environment that commands get: what tools need to find themselves and their caches, and
/// nothing that opens doors (keys, tokens, agents' sockets, the keychain's bus).
pub(crate) fn environment(added: &[(String, String)]) -> Vec<(OsString, OsString)> {
    let mut kept: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(name, value)| is_allowed(name, value))
        .collect();
    let fixed = [
        ("TERM", "dumb"),
        ("NO_COLOR", "1"),
        ("PAGER", "cat"),
        ("GIT_PAGER", "cat"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_EDITOR", "true"),
        ("DEBIAN_FRONTEND", "noninteractive"),
    ];
    let fixed = fixed.map(|(name, value)| (name.into(), value.into()));
    let added = added
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    for (name, value) in fixed.into_iter().chain(added) {
        kept.retain(|(other, _)| *other != name);
        kept.push((name, value));
    }
    kept
}

const ALLOWED: &[&str] = &[
    // Who and where.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "HOSTNAME",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "LANG",
    "LANGUAGE",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "XDG_STATE_HOME",
    // Compilers and libraries.
    "CC",
    "CXX",
    "LD",
    "AR",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "CPATH",
    "LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "CMAKE_PREFIX_PATH",
    "MAKEFLAGS",
    "SDKROOT",
    "DEVELOPER_DIR",
    // Rust.
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_JOBS",
    "CARGO_INCREMENTAL",
    "CARGO_NET_OFFLINE",
    "CARGO_TERM_COLOR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "RUST_MIN_STACK",
    // JavaScript.
    "NVM_DIR",
    "NVM_BIN",
    "FNM_DIR",
    "VOLTA_HOME",
    "PNPM_HOME",
    "BUN_INSTALL",
    "DENO_DIR",
    "NODE_ENV",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NPM_CONFIG_CACHE",
    "NPM_CONFIG_PREFIX",
    "npm_config_cache",
    "npm_config_prefix",
    "npm_config_offline",
    "COREPACK_HOME",
    "YARN_CACHE_FOLDER",
    "PLAYWRIGHT_BROWSERS_PATH",
    // Python, Ruby, Go, Java, .NET, Haskell, Elixir, PHP.
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYENV_ROOT",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "POETRY_HOME",
    "GEM_HOME",
    "GEM_PATH",
    "RBENV_ROOT",
    "BUNDLE_PATH",
    "RUBYOPT",
    "GOPATH",
    "GOROOT",
    "GOBIN",
    "GOCACHE",
    "GOMODCACHE",
    "GOFLAGS",
    "GOOS",
    "GOARCH",
    "CGO_ENABLED",
    "GOTOOLCHAIN",
    "JAVA_HOME",
    "JDK_HOME",
    "MAVEN_HOME",
    "M2_HOME",
    "MAVEN_OPTS",
    "GRADLE_HOME",
    "GRADLE_USER_HOME",
    "GRADLE_OPTS",
    "SDKMAN_DIR",
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "DOTNET_ROOT",
    "NUGET_PACKAGES",
    "GHCUP_INSTALL_BASE_PREFIX",
    "STACK_ROOT",
    "MIX_HOME",
    "HEX_HOME",
    "COMPOSER_HOME",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "NIX_PATH",
    "NIX_PROFILES",
    "NIX_SSL_CERT_FILE",
    // Certificates and proxies.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    // Who commits.
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
];

fn is_allowed(name: &OsStr, value: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    // A proxy's address may carry a password.
    let has_password =
        name.to_ascii_lowercase().ends_with("_proxy") && value.as_bytes().contains(&b'@');
    (ALLOWED.contains(&name) || name.starts_with("LC_")) && !has_password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_stay_out_of_the_environment() {
        let allowed = |name: &str, value: &str| is_allowed(OsStr::new(name), OsStr::new(value));
        for name in ["PATH", "HOME", "LC_ALL", "CARGO_HOME", "HTTPS_PROXY"] {
            assert!(allowed(name, "x"), "{name}");
        }
        for name in [
            "OPENAI_API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "CARGO_REGISTRY_TOKEN",
            "NPM_TOKEN",
            "SSH_AUTH_SOCK",
            "DBUS_SESSION_BUS_ADDRESS",
            "BASH_ENV",
            "LD_PRELOAD",
        ] {
            assert!(!allowed(name, "x"), "{name}");
        }
        assert!(!allowed("HTTPS_PROXY", "http://user:secret@proxy:3128"));
    }
}
