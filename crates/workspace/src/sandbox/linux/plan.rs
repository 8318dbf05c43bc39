//! What a confinement means on this machine, worked out before the process is made: between clone
//! and exec nothing can be looked up or allocated any more.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::landlock::{self, IOCTL_DEV, READ, Rule, WRITE};
use super::seccomp;
use crate::Access;
use crate::sandbox::temp::temporary_folder;
use crate::sandbox::{Confinement, Level, Network, caches, hidden, repository};

/// Everything that the new process does to itself before it becomes the command.
#[derive(Debug)]
pub(crate) struct Plan {
    pub level: Level,
    /// Flags of clone: the namespaces.
    pub flags: libc::c_int,
    /// Texts for `uid_map` and `gid_map`; None where we are root already.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    pub steps: Vec<Step>,
    /// How many [`Step::Keep`] there are.
    pub kept: usize,
    /// Bring the sandbox's own loopback up.
    pub loopback: bool,
    /// Make the one listener in it that leads out, and hand it over.
    pub door: bool,
    /// Capabilities that stay, as bits.
    pub capabilities: u64,
    pub(super) landlock: Option<(u32, Vec<Rule>)>,
    pub filter: Option<Vec<libc::sock_filter>>,
    /// Where temporary files go, as the command sees it.
    pub temp: PathBuf,
}

/// One change of the view of files. Paths are absolute.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing done from here on is seen outside.
    Private,
    /// Takes what is at `path` now, to be placed later.
    Keep {
        path: CString,
        slot: usize,
    },
    /// Everything mounted at or below becomes read-only.
    ReadOnly(CString),
    /// An empty folder over this one.
    Empty(CString),
    /// Puts what was kept there.
    Place {
        path: CString,
        slot: usize,
    },
    Folder(CString),
    /// A folder that everybody may write, as for shared memory.
    Shared(CString),
    File(CString),
    Link {
        target: CString,
        path: CString,
    },
    /// The folder over itself, so that it cannot be moved away.
    Pin(CString),
    /// Only the sandbox's own processes.
    Processes,
    /// Terminals of its own.
    Terminals,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Layer {
    Hide,
    ReadOnly,
    Writable,
    /// Another folder lies here; writable.
    Instead(PathBuf),
}

type Layers = BTreeMap<(usize, PathBuf), Layer>;

/// Variables that name folders that tools are run from.
const TOOL_HOMES: &[&str] = &[
    "CARGO_HOME",
    "RUSTUP_HOME",
    "VIRTUAL_ENV",
    "NVM_DIR",
    "VOLTA_HOME",
    "PYENV_ROOT",
    "JAVA_HOME",
    "GOROOT",
    "GOPATH",
    "NODE_PATH",
    "DOTNET_ROOT",
];

/// Capabilities that root keeps: to handle files of any owner, as root is used to.
const ROOT_KEEPS: u64 = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5;

impl Plan {
    /// Fails where the temporary folder cannot be made, or a path cannot be passed on.
    pub fn new(on: &Confinement) -> io::Result<Self> {
        let home = on.home.as_deref();
        let temp = temporary_folder(&on.root)?;
        let writable = writable(on, home);
        let hidden = hidden::paths(home, &on.own, &shown(on));
        match on.level {
            Level::Full => full(on, home, &temp, &writable, &hidden),
            Level::Basic | Level::None => basic(on, home, temp, &writable, &hidden),
        }
    }
}

/// What stays to be seen although it is on the list: the project, and what the person named.
fn shown(on: &Confinement) -> Vec<PathBuf> {
    let mut shown = on.readable.clone();
    shown.extend(on.writable.iter().cloned());
    shown.push(on.root.clone());
    shown
}

fn writable(on: &Confinement, home: Option<&Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if on.access != Access::Read {
        found.push(on.root.clone());
        found.extend(repository::outside(&on.root));
    }
    if on.access == Access::Home {
        found.extend(home.map(Path::to_owned));
    }
    if on.access == Access::System {
        found.push("/".into());
    }
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    found.extend(caches::paths(home, variable));
    let named = on.writable.iter();
    found.extend(named.filter_map(|path| path.canonicalize().ok()));
    found
}

fn full(
    on: &Confinement,
    home: Option<&Path>,
    temp: &Path,
    writable: &[PathBuf],
    hidden: &[PathBuf],
) -> io::Result<Plan> {
    let everything = on.access == Access::System;
    let mut layers = Layers::new();
    let mut masks: Vec<PathBuf> = Vec::new();
    let mask = |masks: &mut Vec<PathBuf>, layers: &mut Layers, path: &str, layer: Layer| {
        if let Some(path) = Path::new(path)
            .canonicalize()
            .ok()
            .filter(|path| path.is_dir())
        {
            put(layers, path.clone(), layer);
            masks.push(path);
        }
    };
    for path in ["/run", "/var/run"] {
        mask(&mut masks, &mut layers, path, Layer::Hide);
    }
    if !everything {
        for path in ["/var/tmp", "/tmp"] {
            mask(
                &mut masks,
                &mut layers,
                path,
                Layer::Instead(temp.to_owned()),
            );
        }
    }
    for path in hidden::sockets(|path| {
        masks.iter().any(|mask| path.starts_with(mask)) || path.starts_with(&on.root)
    }) {
        put(&mut layers, path, Layer::Hide);
    }
    for path in hidden {
        put(&mut layers, path.clone(), Layer::Hide);
        if path.is_dir() {
            masks.push(path.clone());
        }
    }
    for path in reachable(home, on) {
        let masked = masks
            .iter()
            .any(|mask| path.starts_with(mask) && path != *mask);
        if masked
            && !writable
                .iter()
                .any(|other| path.starts_with(other) && other != Path::new("/"))
        {
            put(&mut layers, path, Layer::ReadOnly);
        }
    }
    if on.access == Access::Read {
        put(&mut layers, on.root.clone(), Layer::ReadOnly);
    }
    for path in writable.iter().filter(|path| *path != Path::new("/")) {
        put(&mut layers, path.clone(), Layer::Writable);
    }

    let mut made = Steps::default();
    made.push(Step::Private);
    made.devices_kept()?;
    let kept = made.layers_kept(&layers)?;
    if !everything {
        made.push(Step::ReadOnly(c"/".into()));
    }
    made.devices_placed()?;
    made.push(Step::Processes);
    made.layers_placed(&layers, kept, &masks)?;
    if on.access != Access::Read {
        made.repository(&on.root)?;
    }

    let mut rules = vec![rule("/", if everything { READ | WRITE } else { READ })?];
    for path in writable
        .iter()
        .map(PathBuf::as_path)
        .chain([Path::new("/tmp"), Path::new("/var/tmp")])
    {
        rules.push(rule(path, READ | WRITE)?);
    }
    rules.push(rule("/dev/shm", READ | WRITE)?);
    rules.push(rule("/dev/pts", READ | WRITE | IOCTL_DEV)?);
    rules.extend(devices()?);

    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let root = is_root();
    let map = |id: u32| format!("{id} {id} 1").into_bytes();
    let mut flags =
        libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if !root {
        flags |= libc::CLONE_NEWUSER;
    }
    let own_network = !matches!(on.network, Network::Open);
    if own_network {
        flags |= libc::CLONE_NEWNET;
    }
    let version = landlock::version();
    Ok(Plan {
        level: Level::Full,
        flags,
        identity: (!root).then(|| (map(user.as_raw()), map(group.as_raw()))),
        kept: made.kept,
        steps: made.steps,
        loopback: own_network,
        door: matches!(on.network, Network::Hosts(_)),
        capabilities: if root { ROOT_KEEPS } else { 0 },
        landlock: (version > 0).then_some((version, rules)),
        filter: seccomp::filter(seccomp::Rules {
            internet: true,
            local: true,
            one_session: false,
        }),
        temp: "/tmp".into(),
    })
}

fn basic(
    on: &Confinement,
    home: Option<&Path>,
    temp: PathBuf,
    writable: &[PathBuf],
    hidden: &[PathBuf],
) -> io::Result<Plan> {
    let version = landlock::version();
    let mut closed = hidden.to_vec();
    closed.extend(["/dev", "/tmp", "/var/tmp", "/run/user", "/run/credentials"].map(PathBuf::from));
    let mut rules = Vec::new();
    readable_below(Path::new("/"), &closed, &mut rules)?;
    for path in reachable(home, on) {
        readable_below(&path, hidden, &mut rules)?;
    }
    if on.access == Access::Read {
        rules.push(rule(&on.root, READ)?);
    }
    for path in writable.iter().chain([&temp]) {
        rules.push(rule(path, READ | WRITE)?);
    }
    rules.extend(devices()?);
    Ok(Plan {
        level: on.level,
        flags: 0,
        identity: None,
        steps: Vec::new(),
        kept: 0,
        loopback: false,
        door: false,
        capabilities: ROOT_KEEPS,
        landlock: (version > 0).then_some((version, rules)),
        filter: seccomp::filter(seccomp::Rules {
            // By host needs a network of its own.
            internet: !matches!(on.network, Network::Closed),
            local: false,
            one_session: true,
        }),
        temp,
    })
}

fn devices() -> io::Result<Vec<Rule>> {
    DEVICES
        .iter()
        .map(|name| rule(Path::new("/dev").join(name), READ | WRITE | IOCTL_DEV))
        .collect()
}

/// Landlock knows no exceptions: what holds something closed is opened entry by entry.
fn readable_below(path: &Path, closed: &[PathBuf], rules: &mut Vec<Rule>) -> io::Result<()> {
    if closed.iter().any(|closed| path.starts_with(closed)) {
        return Ok(());
    }
    if !closed.iter().any(|closed| closed.starts_with(path)) {
        rules.push(rule(path, READ)?);
        return Ok(());
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        // What a link leads to is opened, or not, at its own place.
        if !entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            readable_below(&entry.path(), closed, rules)?;
        }
    }
    Ok(())
}

/// Places that a command must reach although they may lie in a folder that is covered: programs,
/// the home folder itself, where names of hosts are looked up.
fn reachable(home: Option<&Path>, on: &Confinement) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let homes = TOOL_HOMES
        .iter()
        .filter_map(std::env::var_os)
        .map(PathBuf::from);
    let names = Path::new("/etc/resolv.conf").canonicalize().ok();
    let names = names.as_deref().and_then(Path::parent).map(Path::to_owned);
    let system = ["/run/current-system", "/run/opengl-driver"].map(PathBuf::from);
    let mut found: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(homes)
        .chain(home.map(Path::to_owned))
        .chain(names)
        .chain(system)
        .chain(on.readable.iter().cloned())
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    found.sort();
    found.dedup();
    found.retain(|path| path != Path::new("/"));
    found
}

fn put(layers: &mut Layers, path: PathBuf, layer: Layer) {
    let depth = path.components().count();
    layers
        .entry((depth, path))
        .and_modify(|there| {
            // What the person opened as a project is seen, whatever it is.
            if *there == Layer::Hide || *there == Layer::ReadOnly && layer == Layer::Writable {
                *there = layer.clone();
            }
        })
        .or_insert(layer);
}

#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    kept: usize,
}

const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];

impl Steps {
    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn keep(&mut self, path: &Path) -> io::Result<usize> {
        let slot = self.kept;
        self.kept += 1;
        self.push(Step::Keep {
            path: c_path(path)?,
            slot,
        });
        Ok(slot)
    }

    /// The first slots hold the devices, in their order.
    fn devices_kept(&mut self) -> io::Result<()> {
        for name in DEVICES {
            self.keep(&Path::new("/dev").join(name))?;
        }
        Ok(())
    }

    fn devices_placed(&mut self) -> io::Result<()> {
        self.push(Step::Empty(c"/dev".into()));
        for (slot, name) in DEVICES.iter().enumerate() {
            let path = c_path(&Path::new("/dev").join(name))?;
            self.push(Step::File(path.clone()));
            self.push(Step::Place { path, slot });
        }
        self.push(Step::Shared(c"/dev/shm".into()));
        self.push(Step::Folder(c"/dev/pts".into()));
        self.push(Step::Terminals);
        for (target, path) in [
            (c"pts/ptmx", c"/dev/ptmx"),
            (c"/proc/self/fd", c"/dev/fd"),
            (c"/proc/self/fd/0", c"/dev/stdin"),
            (c"/proc/self/fd/1", c"/dev/stdout"),
            (c"/proc/self/fd/2", c"/dev/stderr"),
        ] {
            self.push(Step::Link {
                target: target.into(),
                path: path.into(),
            });
        }
        Ok(())
    }

    fn layers_kept(&mut self, layers: &Layers) -> io::Result<BTreeMap<PathBuf, usize>> {
        let mut kept = BTreeMap::new();
        for ((_, path), layer) in layers {
            let source = match layer {
                Layer::Hide => continue,
                Layer::ReadOnly | Layer::Writable => path,
                Layer::Instead(source) => source,
            };
            kept.insert(path.clone(), self.keep(source)?);
        }
        Ok(kept)
    }

    /// From the outside in, so that what is shown lies over what is hidden.
    fn layers_placed(
        &mut self,
        layers: &Layers,
        kept: BTreeMap<PathBuf, usize>,
        masks: &[PathBuf],
    ) -> io::Result<()> {
        for ((_, path), layer) in layers {
            let place = c_path(path)?;
            let Some(slot) = kept.get(path).copied() else {
                if path.is_dir() {
                    self.push(Step::Empty(place));
                } else {
                    // An empty file that nothing can be written to: the null device.
                    let slot = self.keep_null(path)?;
                    self.push(Step::Place { path: place, slot });
                }
                continue;
            };
            self.way_to(path, masks)?;
            self.push(Step::Place {
                path: place.clone(),
                slot,
            });
            if *layer == Layer::ReadOnly {
                self.push(Step::ReadOnly(place));
            }
        }
        Ok(())
    }

    fn keep_null(&mut self, _: &Path) -> io::Result<usize> {
        self.keep(Path::new("/dev/null"))
    }

    /// Folders that must be made in an emptied one for `path` to be placed.
    fn way_to(&mut self, path: &Path, masks: &[PathBuf]) -> io::Result<()> {
        let above = masks
            .iter()
            .filter(|mask| path.starts_with(mask) && path != **mask)
            .min_by_key(|mask| mask.components().count());
        let Some(above) = above else { return Ok(()) };
        let below = path.strip_prefix(above).unwrap_or(path);
        let mut at = above.clone();
        let parts: Vec<_> = below.iter().collect();
        for (index, part) in parts.iter().enumerate() {
            at.push(part);
            let place = c_path(&at)?;
            self.push(if index + 1 == parts.len() && !path.is_dir() {
                Step::File(place)
            } else {
                Step::Folder(place)
            });
        }
        Ok(())
    }

    /// What git runs or obeys: hooks and settings stay as they are.
    fn repository(&mut self, root: &Path) -> io::Result<()> {
        for pin in repository::pinned(root) {
            self.push(Step::Pin(c_path(&pin)?));
        }
        for path in repository::fixed(root) {
            let path = c_path(&path)?;
            self.push(Step::Pin(path.clone()));
            self.push(Step::ReadOnly(path));
        }
        Ok(())
    }
}

/// Root, with the right to make namespaces.
fn is_root() -> bool {
    const SYS_ADMIN: u64 = 1 << 21;
    rustix::process::geteuid().is_root() && effective_capabilities() & SYS_ADMIN != 0
}

fn effective_capabilities() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
}

fn rule(path: impl AsRef<Path>, rights: u64) -> io::Result<Rule> {
    Ok(Rule {
        path: c_path(path.as_ref())?,
        rights,
    })
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().to_owned().into_vec())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a path has a NUL character"))
}
