use super::{Place, Word, computed, inside, listed, names_secret};

/// Subcommands that only look, whatever the flags of [`FLAGS`].
const LOOKS: &str = "status log diff show blame describe shortlog rev-parse rev-list ls-files \
                     ls-tree merge-base cat-file name-rev diff-tree diff-index diff-files \
                     show-ref for-each-ref count-objects version whatchanged cherry \
                     range-diff grep";

/// Long flags of those, none of which writes a file or runs a program: not `--output`,
/// `--ext-diff`, `--textconv`, `--no-index`, `--open-files-in-pager`. Git takes abbreviations,
/// so only whole names count.
const FLAGS: &str = "oneline stat shortstat numstat name-only name-status summary patch no-patch \
                     graph all branches tags remotes decorate no-decorate abbrev-commit abbrev \
                     no-abbrev-commit pretty format date since after until before author committer \
                     grep follow first-parent merges no-merges reverse max-count skip cached \
                     staged word-diff color no-color color-words unified minimal patience \
                     histogram diff-algorithm ignore-all-space ignore-space-change \
                     ignore-space-at-eol ignore-blank-lines full-index binary raw diff-filter \
                     find-renames find-copies no-renames relative function-context exit-code quiet \
                     check short long branch porcelain untracked-files ignored show-stash \
                     ahead-behind no-ahead-behind verbose others modified deleted stage \
                     exclude-standard full-name error-unmatch show-toplevel show-prefix git-dir \
                     is-inside-work-tree abbrev-ref verify symbolic-full-name count left-right \
                     cherry-pick topo-order date-order ancestor-path simplify-by-decoration \
                     source tags always dirty match exact-match candidates \
                     numbered email sort points-at contains merged no-merged list current \
                     show-current no-ext-diff no-textconv no-pager name-rev refs heads line-porcelain \
                     incremental root is-ancestor octopus independent objects no-walk stdin-none \
                     ignore-case word-regexp line-number files-with-matches extended-regexp \
                     fixed-strings perl-regexp context break heading untracked max-depth \
                     no-index-none shallow-since parents children boundary show-pulls all-match \
                     invert-grep regexp-ignore-case walk-reflogs text inter-hunk-context \
                     ws-error-highlight indent-heuristic compact-summary dirstat cumulative submodule \
                     ignore-submodules no-prefix src-prefix dst-prefix";

pub(super) fn judge(arguments: &[Word], place: &Place<'_>, moved: bool) -> Result<(), String> {
    let mut words = arguments.iter();
    let subcommand = loop {
        let word = words.next().ok_or("`git` alone is not on the safe list")?;
        let text = word.plain().ok_or_else(|| computed("git"))?;
        match text.as_str() {
            "--no-pager" | "--no-optional-locks" => {}
            "--version" => return Ok(()),
            "-C" => inside(words.next().ok_or_else(|| computed("git"))?, place, moved)?,
            _ if text.starts_with('-') => {
                return Err(format!("`git {text}` is not on the safe list"));
            }
            _ => break text,
        }
    };
    let rest: Vec<&Word> = words.collect();
    let mut texts = Vec::new();
    for word in &rest {
        let text = word.text().ok_or_else(|| computed("git"))?;
        if word.brace && !text.contains("@{") || word.glob && text.starts_with(['*', '?', '[']) {
            return Err("`git` gets names from a pattern".into());
        }
        texts.push(text);
    }
    let refused = || {
        Err(format!(
            "`git {subcommand}` is not on the safe list in this form"
        ))
    };
    let operands = texts.iter().filter(|text| !text.starts_with('-')).count();
    let first = texts.first().map(String::as_str);
    let looks = match subcommand.as_str() {
        // A name would make a branch or a tag.
        "branch" => {
            operands == 0 && only_listing(&texts)
                || listing(
                    first,
                    &["--contains", "--merged", "--no-merged", "--list", "-l"],
                )
        }
        "tag" => {
            operands == 0 && only_listing(&texts)
                || listing(first, &["--list", "-l", "--contains", "--points-at"])
        }
        "remote" => {
            texts.is_empty() || matches!(first, Some("-v" | "--verbose")) && texts.len() == 1
        }
        "stash" => matches!(first, Some("list" | "show")),
        "worktree" => first == Some("list"),
        "reflog" => matches!(first, None | Some("show")),
        "config" => false,
        name => listed(LOOKS, name),
    };
    if !looks {
        return refused();
    }
    let mut paths_only = false;
    for (word, text) in rest.iter().zip(&texts) {
        if text == "--" && !paths_only {
            paths_only = true;
        } else if paths_only || !text.starts_with('-') || text == "-" {
            inside(word, place, moved)?;
            // `git show HEAD:.env`
            if let Some((_, path)) = text.split_once(':')
                && names_secret(path, word.glob)
            {
                return Err(format!("{path} is a file that holds secrets"));
            }
        } else if !flag(&subcommand, text) {
            return Err(format!("`git {subcommand} {text}` is not on the safe list"));
        }
    }
    Ok(())
}

fn flag(subcommand: &str, text: &str) -> bool {
    if let Some(long) = text.strip_prefix("--") {
        return listed(FLAGS, long.split_once('=').map_or(long, |(name, _)| name));
    }
    let flags = &text[1..];
    if flags.chars().all(|c| c.is_ascii_digit()) {
        return true;
    }
    // -O of grep opens a pager; -o, -d, -D, -m, -f change things elsewhere.
    let allowed = match subcommand {
        "branch" => "avrl",
        "tag" => "ln",
        "grep" => "niIwvhHEFGPlLcq",
        "ls-files" => "cdmotsuzk",
        "cat-file" => "tpse",
        "blame" => "LlwtsenpCMf",
        _ => "pusbvcmnLSGiEzrtwaRMCDUqBl",
    };
    let takes_value = matches!(
        flags.chars().next(),
        Some('n' | 'L' | 'S' | 'G' | 'U' | 'M' | 'C' | 'u')
    );
    let letters = if takes_value { &flags[..1] } else { flags };
    !letters.is_empty() && letters.chars().all(|c| allowed.contains(c))
}

fn only_listing(texts: &[String]) -> bool {
    let known = [
        "-a",
        "-r",
        "-v",
        "-vv",
        "-l",
        "-n",
        "--all",
        "--list",
        "--remotes",
        "--verbose",
        "--show-current",
        "--no-color",
        "--no-column",
    ];
    texts.iter().all(|text| {
        let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
        known.contains(&name) || matches!(name, "--sort" | "--format" | "--color")
    })
}

fn listing(first: Option<&str>, flags: &[&str]) -> bool {
    first.is_some_and(|first| flags.contains(&first))
}
