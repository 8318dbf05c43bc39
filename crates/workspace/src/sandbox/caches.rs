//! Folders outside the project that tools fill and read again: without them each build would
//! begin anew, or fail.
//!
//! What a command puts there other projects use later, so only folders are declared whose
//! contents tools check (by hash or lock file) or make again; configuration and programs
//! (`~/.cargo/bin`, `~/.local/bin`) are not among them.

use std::path::{Path, PathBuf};

/// Below the home folder.
const IN_HOME: &[&str] = &[
    ".cargo/registry",
    ".cargo/git",
    ".cargo/.package-cache",
    ".cargo/.global-cache",
    ".npm/_cacache",
    ".npm/_logs",
    ".cache/node-gyp",
    ".cache/node",
    ".cache/yarn",
    ".cache/pnpm",
    ".local/share/pnpm/store",
    ".bun/install/cache",
    ".cache/deno",
    ".cache/pip",
    ".cache/uv",
    ".cache/pypoetry",
    ".cache/mypy",
    ".cache/ruff",
    ".cache/pre-commit",
    ".cache/go-build",
    ".cache/golangci-lint",
    "go/pkg/mod",
    "go/pkg/sumdb",
    ".gradle/caches",
    ".gradle/daemon",
    ".gradle/native",
    ".gradle/wrapper",
    ".m2/repository",
    ".nuget/packages",
    ".local/share/NuGet",
    ".cache/ccache",
    ".ccache",
    ".cache/sccache",
    ".cache/bazel",
    ".cache/zig",
    ".cabal/packages",
    ".stack/pantry",
    ".hex/packages",
    ".cache/composer",
    ".cache/electron",
    ".cache/fontconfig",
];

/// Variables that name such a folder.
const NAMED: &[&str] = &[
    "CARGO_TARGET_DIR",
    "npm_config_cache",
    "NPM_CONFIG_CACHE",
    "YARN_CACHE_FOLDER",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "GOCACHE",
    "GOMODCACHE",
    "DENO_DIR",
    "NUGET_PACKAGES",
];

/// Variables that name a tool's home, and the caches in it.
const HOMES: &[(&str, &[&str])] = &[
    (
        "CARGO_HOME",
        &["registry", "git", ".package-cache", ".global-cache"],
    ),
    ("GOPATH", &["pkg/mod", "pkg/sumdb"]),
    (
        "GRADLE_USER_HOME",
        &["caches", "daemon", "native", "wrapper"],
    ),
];

/// Canonical paths that are there. `variable` reads the environment.
pub(super) fn paths(
    home: Option<&Path>,
    variable: impl Fn(&str) -> Option<PathBuf>,
) -> Vec<PathBuf> {
    let in_home = home
        .into_iter()
        .flat_map(|home| IN_HOME.iter().map(move |name| home.join(name)));
    let named = NAMED.iter().filter_map(|name| variable(name));
    let homes = HOMES.iter().filter_map(|(name, parts)| {
        let base = variable(name)?;
        Some(parts.iter().map(move |part| base.join(part)))
    });
    let mut found: Vec<PathBuf> = in_home
        .chain(named)
        .chain(homes.flatten())
        .filter(|path| path.is_absolute())
        .filter_map(|path| path.canonicalize().ok())
        // A variable must not open a whole home or the system.
        .filter(|path| {
            path.components().count() > 3 && home.is_none_or(|home| !home.starts_with(path))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
