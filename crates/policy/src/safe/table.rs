/// What a program's operands are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operands {
    /// Flags and operands mean nothing on disk and run nothing.
    Anything,
    None,
    /// Words, not paths.
    Words,
    Paths,
    /// `+%F`; anything else would set something.
    Format,
    /// A second one would be written to.
    OnePath,
    /// The first is a pattern unless a flag gave it.
    PatternThenPaths,
}

/// One program of the safe list with the flags that only look. Lists are separated by blanks.
pub(super) struct Program {
    pub name: &'static str,
    /// Short flags without a value.
    pub short: &'static str,
    /// Short flags with a value.
    pub valued: &'static str,
    pub long: &'static str,
    pub long_valued: &'static str,
    /// Long flags that may stand alone or with `=value`; they are in `long` too.
    pub optional: &'static str,
    /// Flags whose value is a pattern, not a path.
    pub pattern_flags: &'static str,
    pub operands: Operands,
    /// `-20` is a number of lines.
    pub numeric: bool,
    /// None of its flags does harm, so names from a pattern may stand first.
    pub globs: bool,
}

const PLAIN: Program = Program {
    name: "",
    short: "",
    valued: "",
    long: "help version",
    long_valued: "",
    optional: "",
    pattern_flags: "",
    operands: Operands::Paths,
    numeric: false,
    globs: true,
};

const GREP: Program = Program {
    name: "grep",
    short: "EFGPivwxcLlqsoHhbnTZaIUzrR",
    valued: "eABCmDdf",
    long: "extended-regexp fixed-strings basic-regexp perl-regexp ignore-case no-ignore-case \
           invert-match word-regexp line-regexp count files-without-match files-with-matches \
           only-matching quiet silent no-messages with-filename no-filename line-number \
           byte-offset initial-tab null text recursive dereference-recursive line-buffered color \
           colour help version",
    long_valued: "regexp file max-count after-context before-context context include exclude \
                  exclude-dir exclude-from binary-files directories devices",
    optional: "color colour",
    pattern_flags: "e regexp include exclude exclude-dir",
    operands: Operands::PatternThenPaths,
    numeric: true,
    ..PLAIN
};

/// Without `--pre` and `--hostname-bin`, which run programs, and `-z`, which runs decompressors.
const RG: Program = Program {
    name: "rg",
    short: "FivwxcLlqsoHhbnNSPUuaI.0p",
    valued: "eABCmgtTfjMdr",
    long: "fixed-strings ignore-case case-sensitive smart-case invert-match word-regexp \
           line-regexp count count-matches files files-with-matches files-without-match quiet \
           only-matching with-filename no-filename byte-offset line-number no-line-number column \
           hidden no-ignore no-ignore-vcs no-heading heading json multiline multiline-dotall \
           pcre2 text binary stats trim vimgrep null pretty follow type-list help version \
           no-messages unrestricted passthru no-config",
    long_valued: "regexp glob iglob type type-not file max-count max-depth max-filesize \
                  max-columns after-context before-context context sort sortr threads color \
                  colors replace encoding path-separator",
    optional: "",
    pattern_flags: "e g r regexp glob iglob replace colors path-separator",
    operands: Operands::PatternThenPaths,
    numeric: false,
    globs: false,
};

/// Programs on the safe list. `git`, `find`, `sed` and `cd` have rules of their own.
pub(super) const PROGRAMS: [Program; 63] = [
    Program {
        name: ":",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "[",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "[[",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "arch",
        operands: Operands::None,
        ..PLAIN
    },
    Program {
        name: "b2sum",
        ..PLAIN
    },
    Program {
        name: "basename",
        short: "az",
        valued: "s",
        operands: Operands::Words,
        ..PLAIN
    },
    Program {
        name: "break",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "cat",
        short: "AbeEnstTuv",
        long: "show-all number-nonblank show-ends number squeeze-blank show-tabs help version",
        ..PLAIN
    },
    Program {
        name: "cksum",
        ..PLAIN
    },
    Program {
        name: "cmp",
        short: "bls",
        valued: "in",
        ..PLAIN
    },
    Program {
        name: "column",
        short: "tx",
        valued: "sco",
        pattern_flags: "s o",
        ..PLAIN
    },
    Program {
        name: "comm",
        short: "123z",
        ..PLAIN
    },
    Program {
        name: "continue",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "cut",
        short: "snz",
        valued: "dfcb",
        long: "complement only-delimited",
        long_valued: "delimiter fields characters bytes output-delimiter",
        pattern_flags: "d delimiter output-delimiter",
        ..PLAIN
    },
    Program {
        name: "date",
        short: "uR",
        valued: "d",
        long: "utc iso-8601",
        optional: "iso-8601",
        pattern_flags: "d",
        operands: Operands::Format,
        ..PLAIN
    },
    Program {
        name: "df",
        short: "hHkiTaPl",
        ..PLAIN
    },
    Program {
        name: "diff",
        short: "abBcdeEiNnpqrstTuwyZ",
        valued: "UCWx",
        long: "brief unified recursive side-by-side ignore-all-space ignore-space-change \
               ignore-blank-lines new-file text color report-identical-files minimal help version",
        optional: "unified color",
        long_valued: "exclude width context",
        pattern_flags: "x exclude",
        ..PLAIN
    },
    Program {
        name: "dirname",
        short: "z",
        operands: Operands::Words,
        ..PLAIN
    },
    Program {
        name: "du",
        short: "abchkmsSxLlP0",
        valued: "dt",
        long: "all apparent-size bytes total human-readable summarize si",
        long_valued: "max-depth threshold exclude time",
        pattern_flags: "exclude",
        ..PLAIN
    },
    Program {
        name: "echo",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "egrep",
        ..GREP
    },
    Program {
        name: "exit",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "expr",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "false",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "fgrep",
        ..GREP
    },
    Program {
        name: "file",
        short: "bikLhr0",
        long: "brief mime mime-type mime-encoding dereference help version",
        ..PLAIN
    },
    Program {
        name: "fold",
        short: "bs",
        valued: "w",
        ..PLAIN
    },
    GREP,
    Program {
        name: "groups",
        operands: Operands::Words,
        ..PLAIN
    },
    Program {
        name: "head",
        short: "qvz",
        valued: "nc",
        long: "quiet silent verbose help version",
        long_valued: "lines bytes",
        numeric: true,
        ..PLAIN
    },
    Program {
        name: "hexdump",
        short: "bcCdovx",
        valued: "ns",
        ..PLAIN
    },
    Program {
        name: "hostname",
        operands: Operands::None,
        ..PLAIN
    },
    Program {
        name: "id",
        short: "gGnru",
        operands: Operands::Words,
        ..PLAIN
    },
    Program {
        name: "ls",
        short: "aAbBcCdFgGhHiklLmnNopqQrRsStTuUvxXZ1",
        valued: "Iw",
        long: "all almost-all human-readable recursive reverse size color classify directory \
               group-directories-first inode full-time no-group numeric-uid-gid si help version",
        optional: "color classify",
        long_valued: "sort time time-style format ignore hide width indicator-style",
        pattern_flags: "I ignore hide time-style",
        ..PLAIN
    },
    Program {
        name: "md5sum",
        ..PLAIN
    },
    Program {
        name: "nl",
        short: "p",
        valued: "bfhilnsvw",
        pattern_flags: "b s",
        ..PLAIN
    },
    Program {
        name: "nproc",
        long: "all",
        operands: Operands::None,
        ..PLAIN
    },
    Program {
        name: "od",
        short: "abcdfioxv",
        valued: "AjNtw",
        ..PLAIN
    },
    Program {
        name: "paste",
        short: "sz",
        valued: "d",
        pattern_flags: "d",
        ..PLAIN
    },
    Program {
        name: "printf",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "pwd",
        short: "LP",
        operands: Operands::None,
        ..PLAIN
    },
    Program {
        name: "readlink",
        short: "efmnqsvz",
        ..PLAIN
    },
    Program {
        name: "realpath",
        short: "emLPqsz",
        long: "relative-base",
        long_valued: "relative-to",
        ..PLAIN
    },
    Program {
        name: "rev",
        ..PLAIN
    },
    RG,
    Program {
        name: "seq",
        operands: Operands::Words,
        short: "w",
        valued: "sf",
        pattern_flags: "s f",
        numeric: true,
        ..PLAIN
    },
    Program {
        name: "sha1sum",
        ..PLAIN
    },
    Program {
        name: "sha256sum",
        ..PLAIN
    },
    Program {
        name: "sleep",
        operands: Operands::Words,
        ..PLAIN
    },
    Program {
        name: "sort",
        short: "bdfgiMhnRrVcCmsuz",
        valued: "kt",
        long: "ignore-case numeric-sort general-numeric-sort human-numeric-sort reverse unique \
               version-sort stable check help version",
        long_valued: "key field-separator",
        pattern_flags: "k t key field-separator",
        globs: false,
        ..PLAIN
    },
    Program {
        name: "stat",
        short: "Lft",
        valued: "c",
        long: "dereference file-system terse",
        long_valued: "format printf",
        pattern_flags: "c format printf",
        ..PLAIN
    },
    Program {
        name: "strings",
        short: "aow",
        valued: "ntes",
        ..PLAIN
    },
    Program {
        name: "tac",
        ..PLAIN
    },
    Program {
        name: "tail",
        short: "qvz",
        valued: "nc",
        long: "quiet silent verbose help version",
        long_valued: "lines bytes",
        numeric: true,
        ..PLAIN
    },
    Program {
        name: "test",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "tr",
        short: "cCdst",
        operands: Operands::Words,
        ..PLAIN
    },
    Program {
        name: "tree",
        short: "adfilCDFJNQghnpqrstuvxX",
        valued: "LIP",
        long: "dirsfirst noreport prune gitignore filesfirst du si help version",
        long_valued: "filelimit sort",
        pattern_flags: "I P",
        ..PLAIN
    },
    Program {
        name: "true",
        operands: Operands::Anything,
        ..PLAIN
    },
    Program {
        name: "type",
        short: "apPtf",
        operands: Operands::Words,
        ..PLAIN
    },
    Program {
        name: "uname",
        short: "amnoprsv",
        operands: Operands::None,
        ..PLAIN
    },
    Program {
        name: "uniq",
        short: "cdDiuz",
        valued: "fsw",
        operands: Operands::OnePath,
        globs: false,
        ..PLAIN
    },
    Program {
        name: "wc",
        short: "clLmw",
        long: "bytes chars lines words max-line-length help version",
        ..PLAIN
    },
    Program {
        name: "which",
        short: "a",
        operands: Operands::Words,
        ..PLAIN
    },
];
