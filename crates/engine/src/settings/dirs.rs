//! The default folders of each system.

use std::path::{Path, PathBuf};

use mira_protocol::{Code, Failure};

type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

pub fn data_dir(environment: Environment<'_>) -> Result<PathBuf, Failure> {
    folder(environment, "MIRA_DATA_DIR", Kind::Data)
}

pub fn config_dir(environment: Environment<'_>) -> Result<PathBuf, Failure> {
    folder(environment, "MIRA_CONFIG_DIR", Kind::Config)
}

/// An absolute path of what a person wrote; `~` is the home folder.
pub fn absolute(text: &str) -> Result<PathBuf, Failure> {
    let below_home = if text == "~" {
        Some("")
    } else {
        text.strip_prefix("~/")
    };
    let expanded = match (below_home, std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    };
    std::path::absolute(&expanded).map_err(|error| {
        Failure::new(
            Code::BadParams,
            format!("The folder {text:?} cannot be used: {error}."),
        )
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Data,
    Config,
}

fn folder(environment: Environment<'_>, name: &str, kind: Kind) -> Result<PathBuf, Failure> {
    let given = |name: &str| {
        environment(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = || given("HOME").or_else(|| given("USERPROFILE"));
    let found = if cfg!(target_os = "macos") {
        let base = home().map(|home| home.join("Library/Application Support/Mira"));
        match kind {
            Kind::Data => base,
            Kind::Config => base.map(|base| base.join("config")),
        }
    } else if cfg!(windows) {
        match kind {
            Kind::Data => given("LOCALAPPDATA").map(|base| base.join("Mira")),
            Kind::Config => given("APPDATA").map(|base| base.join("Mira")),
        }
    } else {
        let (variable, below_home) = match kind {
            Kind::Data => ("XDG_DATA_HOME", ".local/share"),
            Kind::Config => ("XDG_CONFIG_HOME", ".config"),
        };
        // A relative XDG folder is to be ignored, says its specification.
        given(variable)
            .or_else(|| home().map(|home| home.join(below_home)))
            .map(|base| Path::join(&base, "mira"))
    };
    found.ok_or_else(|| {
        Failure::new(
            Code::BadParams,
            "There is no home folder to keep Mira's files in.",
        )
        .hint(format!("Set {name} to a folder."))
    })
}
