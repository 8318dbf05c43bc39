//! Opening a file in the person's own editor, at a line.
//!
//! The command is theirs (`MIRA_EDITOR`, `VISUAL`, `EDITOR`) or that of an editor found on the
//! path. It becomes an argument list here; no shell ever sees a path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mira_protocol::project::{Editor, EditorList, OpenInEditor};
use mira_protocol::{Code, Failure};
use mira_workspace::guard::Intent;

use crate::changes::refused;
use crate::files::Files;
use crate::settings::{NAMES, SettingsHandle};

/// Program, name, arguments. In the order in which they are looked for.
const KNOWN: &[(&str, &str, &str)] = &[
    ("code", "VS Code", "--goto {file}:{line}:{column}"),
    (
        "code-insiders",
        "VS Code Insiders",
        "--goto {file}:{line}:{column}",
    ),
    ("cursor", "Cursor", "--goto {file}:{line}:{column}"),
    ("windsurf", "Windsurf", "--goto {file}:{line}:{column}"),
    ("codium", "VSCodium", "--goto {file}:{line}:{column}"),
    ("zed", "Zed", "{file}:{line}:{column}"),
    ("zeditor", "Zed", "{file}:{line}:{column}"),
    ("subl", "Sublime Text", "{file}:{line}:{column}"),
    (
        "idea",
        "IntelliJ IDEA",
        "--line {line} --column {column} {file}",
    ),
    (
        "rustrover",
        "RustRover",
        "--line {line} --column {column} {file}",
    ),
    ("clion", "CLion", "--line {line} --column {column} {file}"),
    (
        "pycharm",
        "PyCharm",
        "--line {line} --column {column} {file}",
    ),
    (
        "webstorm",
        "WebStorm",
        "--line {line} --column {column} {file}",
    ),
    ("goland", "GoLand", "--line {line} --column {column} {file}"),
    ("kate", "Kate", "--line {line} --column {column} {file}"),
    ("gedit", "gedit", "+{line}:{column} {file}"),
    ("geany", "Geany", "--line {line} --column {column} {file}"),
    (
        "mousepad",
        "Mousepad",
        "--line={line} --column={column} {file}",
    ),
    ("gvim", "gVim", "+{line} {file}"),
    ("emacsclient", "Emacs", "-n +{line}:{column} {file}"),
    ("emacs", "Emacs", "+{line}:{column} {file}"),
    ("gnome-text-editor", "Text Editor", "{file}"),
];

/// Editors that need a terminal around them.
const IN_TERMINAL: &[(&str, &str, &str)] = &[
    ("nvim", "Neovim", "+{line} {file}"),
    ("vim", "Vim", "+{line} {file}"),
    ("vi", "vi", "+{line} {file}"),
    ("hx", "Helix", "{file}:{line}:{column}"),
    ("helix", "Helix", "{file}:{line}:{column}"),
    ("micro", "micro", "+{line}:{column} {file}"),
    ("nano", "nano", "+{line},{column} {file}"),
    ("kak", "Kakoune", "+{line}:{column} {file}"),
];

/// Terminals with what stands before the program that they shall run.
const TERMINALS: &[(&str, &[&str])] = &[
    ("x-terminal-emulator", &["-e"]),
    ("gnome-terminal", &["--"]),
    ("konsole", &["-e"]),
    ("xfce4-terminal", &["-x"]),
    ("kitty", &[]),
    ("alacritty", &["-e"]),
    ("foot", &[]),
    ("xterm", &["-e"]),
];

/// What of the process's surroundings decides.
type Environment = BTreeMap<String, String>;

#[derive(Clone)]
pub struct Editors {
    files: Files,
    settings: SettingsHandle,
}

impl Editors {
    pub fn new(files: Files, settings: SettingsHandle) -> Self {
        Self { files, settings }
    }

    pub fn list(&self) -> EditorList {
        let environment = environment();
        let own = self.settings.current().editor.clone();
        let editors = found(own.as_deref(), &environment);
        let problem = problem(own.as_deref(), &editors, &environment);
        EditorList {
            editors,
            host: host(),
            problem,
        }
    }

    pub async fn open(&self, request: OpenInEditor) -> Result<Editor, Failure> {
        let list = self.list();
        if let Some(problem) = list.problem {
            return Err(Failure::new(Code::NotFound, problem).hint(HOW));
        }
        let Some(editor) = list.editors.into_iter().next() else {
            return Err(Failure::new(Code::NotFound, NO_EDITOR).hint(HOW));
        };
        let path = request.path.clone();
        let (file, root) = self
            .files
            .on(&request.project_id, move |workspace| {
                let resolved = workspace.resolve(&path, Intent::Read).map_err(refused)?;
                if !resolved.absolute.is_file() {
                    return Err(Failure::not_found(format!("The file {path}")));
                }
                Ok((resolved.absolute, workspace.root().to_owned()))
            })
            .await?;
        let (line, column) = (request.line.unwrap_or(1), request.column.unwrap_or(1));
        let argv = argv(&editor.command, &file, line.max(1), column.max(1))?;
        let secrets: Vec<&str> = NAMES
            .iter()
            .filter(|name| name.secret)
            .map(|name| name.name)
            .collect();
        mira_workspace::launch(&argv, &root, &secrets)
            .await
            .map_err(|refusal| Failure::new(Code::NotFound, refusal.to_string()).hint(HOW))?;
        Ok(editor)
    }
}

const HOW: &str = "Set MIRA_EDITOR in the settings, for example to `code --goto {file}:{line}`.";
const NO_EDITOR: &str = "No editor was found on the machine where the engine runs.";

/// Every editor there is, the one to take first: the person's word before what was found.
fn found(own: Option<&str>, environment: &Environment) -> Vec<Editor> {
    let mut editors: Vec<Editor> = Vec::new();
    let mut add = |editor: Option<Editor>| {
        let new = |editor: &Editor| editors.iter().all(|known| known.name != editor.name);
        if let Some(editor) = editor.filter(new) {
            editors.push(editor);
        }
    };
    let named = |source: &str, command: Option<&str>| {
        let command = command.filter(|command| !command.trim().is_empty())?;
        complete(source, command, environment)
    };
    add(named("MIRA_EDITOR", own));
    add(named(
        "VISUAL",
        environment.get("VISUAL").map(String::as_str),
    ));
    for (program, ..) in KNOWN {
        if on_path(program, environment).is_some() {
            add(complete("PATH", program, environment));
        }
    }
    add(named(
        "EDITOR",
        environment.get("EDITOR").map(String::as_str),
    ));
    editors
}

/// A command with its placeholders; None where its program is not there.
fn complete(source: &str, command: &str, environment: &Environment) -> Option<Editor> {
    let words = words(command).ok()?;
    let program = words.first()?;
    on_path(program, environment)?;
    let short = Path::new(program).file_name()?.to_str()?;
    let find = |list: &[(&str, &str, &str)]| {
        list.iter()
            .find(|(known, ..)| *known == short)
            .map(|(_, name, arguments)| ((*name).to_owned(), (*arguments).to_owned()))
    };
    let (terminal, known) = match find(KNOWN) {
        Some(known) => (false, Some(known)),
        None => {
            let known = find(IN_TERMINAL);
            (known.is_some(), known)
        }
    };
    let (name, arguments) = known.unwrap_or_else(|| (short.to_owned(), "{file}".to_owned()));
    let mut full = command.trim().to_owned();
    if !full.contains("{file}") {
        full = format!("{full} {arguments}");
    }
    if terminal && source != "MIRA_EDITOR" {
        let (terminal, before) = TERMINALS
            .iter()
            .find(|(terminal, _)| on_path(terminal, environment).is_some())?;
        full = [&[*terminal], *before, &[full.as_str()]].concat().join(" ");
    }
    Some(Editor {
        name,
        command: full,
        source: source.to_owned(),
    })
}

/// Why nothing can be opened. Who named a command has the last word: it may need no screen.
fn problem(own: Option<&str>, editors: &[Editor], environment: &Environment) -> Option<String> {
    if let Some(own) = own {
        let missing = !editors.iter().any(|editor| editor.source == "MIRA_EDITOR");
        return missing.then(|| format!("The program of MIRA_EDITOR, {own:?}, was not found."));
    }
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| {
        environment
            .get(*name)
            .is_some_and(|value| !value.is_empty())
    });
    if cfg!(target_os = "linux") && !screen {
        return Some(format!(
            "The engine runs on {} without a screen, so no editor can open there.",
            host()
        ));
    }
    editors.is_empty().then(|| NO_EDITOR.to_owned())
}

/// The argument list; a placeholder never becomes more than one argument.
fn argv(command: &str, file: &Path, line: u32, column: u32) -> Result<Vec<String>, Failure> {
    let file = file
        .to_str()
        .ok_or_else(|| Failure::new(Code::BadParams, "The path of the file is not valid UTF-8."))?;
    let words = words(command)
        .map_err(|reason| Failure::new(Code::BadParams, format!("{command:?}: {reason}.")))?;
    Ok(words
        .into_iter()
        .map(|word| {
            // The path last: what stands in it is no placeholder.
            word.replace("{line}", &line.to_string())
                .replace("{column}", &column.to_string())
                .replace("{file}", file)
        })
        .collect())
}

/// Words of a command line with quotes and backslashes, and nothing else of a shell.
pub(crate) fn words(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut signs = command.chars();
    while let Some(sign) = signs.next() {
        match (sign, quote) {
            (_, Some(open)) if sign == open => quote = None,
            ('\\', None | Some('"')) => {
                let next = signs.next().ok_or("it ends with a backslash")?;
                word.get_or_insert_default().push(next);
            }
            (_, Some(_)) => word.get_or_insert_default().push(sign),
            ('"' | '\'', None) => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (_, None) if sign.is_whitespace() => words.extend(word.take()),
            (_, None) => word.get_or_insert_default().push(sign),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

fn on_path(program: &str, environment: &Environment) -> Option<PathBuf> {
    let runs = |path: &Path| {
        path.metadata().is_ok_and(|meta| {
            #[cfg(unix)]
            let may = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0;
            #[cfg(not(unix))]
            let may = true;
            meta.is_file() && may
        })
    };
    if program.contains('/') {
        let path = PathBuf::from(program);
        return (path.is_absolute() && runs(&path)).then_some(path);
    }
    std::env::split_paths(environment.get("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|path| runs(path))
}

fn environment() -> Environment {
    ["PATH", "VISUAL", "EDITOR", "DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
        .collect()
}

/// The machine's name, for people.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this machine".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with programs that could be run.
    fn path_with(programs: &[&str]) -> (tempfile::TempDir, Environment) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            let path = folder.path().join(program);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = folder.path().display().to_string();
        (folder, Environment::from([("PATH".to_owned(), path)]))
    }

    #[test]
    fn the_person_s_word_comes_before_what_is_found() {
        let (_folder, mut environment) = path_with(&["zed", "code", "vim", "xterm", "my-ed"]);
        let names = |own: Option<&str>, environment: &Environment| {
            let editors = found(own, environment);
            editors.into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(names(None, &environment), ["VS Code", "Zed"]);
        environment.insert("VISUAL".into(), "zed --wait".into());
        environment.insert("EDITOR".into(), "vim".into());
        assert_eq!(names(None, &environment), ["Zed", "VS Code", "Vim"]);
        assert_eq!(
            names(Some("my-ed -x"), &environment)[0],
            "my-ed",
            "a command that nobody knows"
        );
        assert_eq!(names(Some("not-there"), &environment)[0], "Zed");
        let vim = found(None, &environment).pop().unwrap();
        assert_eq!(vim.command, "xterm -e vim +{line} {file}");
        assert!(problem(Some("not-there"), &[], &environment).is_some());
    }

    #[test]
    fn a_path_is_one_argument_whatever_is_in_it() {
        let file = Path::new("/p/it's {line} a \"file\"; rm -rf.txt");
        assert_eq!(
            argv("'/opt/my ed' --goto {file}:{line}:{column}", file, 3, 1).unwrap(),
            [
                "/opt/my ed",
                "--goto",
                "/p/it's {line} a \"file\"; rm -rf.txt:3:1"
            ]
        );
        assert!(argv("ed 'open", file, 1, 1).is_err());
    }
}
