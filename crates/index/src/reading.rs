//! One file's bytes to everything that is stored of it.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use mira_syntax::{Element, FileFacts, Note, NoteKind};

use crate::languages::{Languages, Manner};
use crate::model::Roles;
use crate::tokens::push_words;
use crate::uses::Uses;
use crate::{chunks, roles};

/// Larger files are named and nothing more, in bytes. (Exact search still reads them.)
pub const MAX_TEXT_BYTES: u64 = 4 * 1024 * 1024;

pub(crate) type Hash = [u8; 16];

/// How a file looks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub size: i64,
    pub modified_ns: i64,
    pub changed_ns: i64,
    pub inode: i64,
}

impl Stamp {
    pub fn of(meta: &Metadata) -> Self {
        let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            size: i64::try_from(meta.len()).unwrap_or(i64::MAX),
            modified_ns: ns(meta.mtime(), meta.mtime_nsec()),
            changed_ns: ns(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino() as i64,
        }
    }
}

/// What is to be read.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub path: String,
    pub absolute: PathBuf,
    pub metadata: Metadata,
    /// What the index has of it.
    pub known: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub hash: Option<Hash>,
    pub stamp: Stamp,
    pub reading: i64,
    pub indexed_ms: i64,
}

/// What became of a candidate.
pub(crate) enum Outcome {
    /// Not there any more.
    Gone(String),
    /// Its content is the known one.
    Same {
        path: String,
        stamp: Stamp,
    },
    Read(Box<FileRead>),
}

impl Outcome {
    pub fn path(&self) -> &str {
        match self {
            Self::Gone(path) | Self::Same { path, .. } => path,
            Self::Read(read) => &read.path,
        }
    }
}

/// Everything that is stored of a file.
#[derive(Default)]
pub(crate) struct FileRead {
    pub path: String,
    pub stamp: Stamp,
    pub reading: i64,
    pub language: Option<String>,
    pub hash: Option<Hash>,
    pub lines: usize,
    pub roles: Roles,
    pub doc: Option<String>,
    pub note: Option<Said>,
    pub elements: Vec<Element>,
    pub uses: Uses,
    pub packed: Vec<u8>,
    pub pieces: Vec<ReadPiece>,
}

/// A piece with its words.
pub(crate) struct ReadPiece {
    pub at: chunks::Piece,
    pub hash: Hash,
    pub name: String,
    pub path: String,
    pub doc: String,
    pub body: String,
}

/// Reads a candidate, unless its content is what is known. Never fails: what cannot be read is
/// named with the reason.
pub(crate) fn read(candidate: &Candidate, languages: &Languages) -> Outcome {
    let manner = languages.manner(&candidate.path);
    let meta = &candidate.metadata;
    let mut read = FileRead {
        path: candidate.path.clone(),
        stamp: Stamp::of(meta),
        reading: manner.fingerprint,
        language: manner.language.map(str::to_owned),
        ..FileRead::default()
    };
    if let Some(note) = note_without_reading(candidate, &manner) {
        read.note = Some(note);
        return Outcome::Read(Box::new(read));
    }
    let bytes = match bytes_of(&candidate.absolute) {
        Ok((meta, bytes)) => {
            read.stamp = Stamp::of(&meta);
            bytes
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Outcome::Gone(candidate.path.clone());
        }
        Err(error) => {
            read.note = Some((
                "unreadable".into(),
                format!("It could not be read: {error}."),
            ));
            return Outcome::Read(Box::new(read));
        }
    };
    let hash = short_hash(&bytes);
    if let Some(known) = &candidate.known
        && known.hash == Some(hash)
        && known.reading == manner.fingerprint
    {
        let path = read.path;
        let stamp = read.stamp;
        return Outcome::Same { path, stamp };
    }
    read.hash = Some(hash);
    fill(&mut read, &bytes, &manner);
    Outcome::Read(Box::new(read))
}

fn note_without_reading(candidate: &Candidate, manner: &Manner) -> Option<Said> {
    let meta = &candidate.metadata;
    let note = |kind: &str, text: String| Some((kind.to_owned(), text));
    if meta.is_symlink() {
        let to = std::fs::read_link(&candidate.absolute);
        let to = to.map_or_else(|_| "?".into(), |to| to.display().to_string());
        return note("link", format!("A link to {to}; links are not followed."));
    }
    if !meta.is_file() {
        return note("odd", "No file: a pipe, socket or device.".into());
    }
    if candidate.absolute.to_str().is_none() {
        return note("odd", "Its name is not UTF-8.".into());
    }
    if !manner.enabled {
        let language = manner.language.unwrap_or_default();
        return note(
            "switched_off",
            format!("{language} is switched off for this project."),
        );
    }
    if meta.len() > MAX_TEXT_BYTES {
        let text = format!(
            "{:.1} MB; files over {:.1} MB are searched only for exact text.",
            meta.len() as f64 / 1e6,
            MAX_TEXT_BYTES as f64 / 1e6
        );
        return note("too_large", text);
    }
    None
}

/// The content, and how the file looked before it was read. Neither follows a link nor waits for
/// a pipe that took the file's place.
fn bytes_of(path: &Path) -> std::io::Result<(Metadata, Vec<u8>)> {
    let mut file: File = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(std::io::Error::other("it is no file any more"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0) + 1);
    // One byte more tells a file that grew meanwhile; it is read again with its next change.
    file.by_ref()
        .take(MAX_TEXT_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok((meta, bytes))
}

pub(crate) fn short_hash(bytes: &[u8]) -> Hash {
    let mut short = Hash::default();
    short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    short
}

fn fill(read: &mut FileRead, bytes: &[u8], manner: &Manner) {
    let (text, odd) = match decode(bytes) {
        Ok(decoded) => decoded,
        Err(note) => {
            read.note = Some(note);
            return;
        }
    };
    let parsed_as = manner.parsed_as.as_deref().unwrap_or(&read.path);
    let mut facts = mira_syntax::facts(parsed_as, &text, &manner.limits);
    read.lines = facts.lines;
    read.roles = roles::of(&read.path, &facts);
    read.doc = facts.doc.take();
    let (pieces, is_cut) = chunks::pieces(&text, &facts.elements);
    let cut = is_cut.then(|| {
        let text = format!(
            "Only its first {} pieces are searched by words.",
            pieces.len()
        );
        ("too_many".to_owned(), text)
    });
    facts
        .notes
        .sort_by_key(|note| note.kind == NoteKind::Broken);
    let parsed = facts.notes.iter().map(of_parser);
    read.note = together(cut.into_iter().chain(odd).chain(parsed));
    read.pieces = with_words(&read.path, &text, pieces, &facts);
    read.uses = Uses::take(&mut facts);
    read.packed = read.uses.pack();
    read.elements = facts.elements;
}

/// All that is to be said, under the word of the first.
fn together(notes: impl Iterator<Item = Said>) -> Option<Said> {
    notes.reduce(|(word, first), (_, next)| (word, format!("{first} {next}")))
}

/// What the parser notes, as a sentence.
fn of_parser(note: &Note) -> Said {
    let mut letters = note.text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let sentence = format!("{first}{}.", letters.as_str());
    (note_word(note.kind).to_owned(), sentence)
}

/// Words in the parser's own terms, but for a file too large to parse: that one is searched.
fn note_word(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::TooLarge => "not_parsed",
        NoteKind::Binary => "binary",
        NoteKind::TimedOut => "timed_out",
        NoteKind::TooDeep => "too_deep",
        NoteKind::TooMany => "too_many",
        NoteKind::Broken => "broken",
    }
}

/// Word and sentence.
type Said = (String, String);

/// The text of a file, and what is odd about it. Err: it is no text.
pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Option<Said>), Said> {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes)
        && encoding != encoding_rs::UTF_8
    {
        let (text, _) = encoding.decode_with_bom_removal(bytes);
        let note = format!("Read from {}.", encoding.name());
        return Ok((text.into_owned(), Some(("utf16".into(), note))));
    }
    if memchr::memchr(0, &bytes[..bytes.len().min(16 * 1024)]).is_some() {
        return Err(("binary".into(), "No text.".into()));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((text.to_owned(), None)),
        Err(error) => {
            let note = format!(
                "Not UTF-8 from byte {} on; what cannot be read is replaced.",
                error.valid_up_to()
            );
            let text = String::from_utf8_lossy(bytes).into_owned();
            Ok((text, Some(("not_utf8".into(), note))))
        }
    }
}

fn with_words(
    path: &str,
    text: &str,
    pieces: Vec<chunks::Piece>,
    facts: &FileFacts,
) -> Vec<ReadPiece> {
    let mut path_words = String::new();
    push_words(path, &mut path_words);
    let mut texts = facts.texts.iter().peekable();
    let mut read = Vec::with_capacity(pieces.len());
    for at in pieces {
        let body_text = text.get(at.bytes.clone()).unwrap_or_default();
        let element = at.element.and_then(|index| facts.elements.get(index));
        let mut piece = ReadPiece {
            hash: hash_of(path, element, body_text),
            name: String::new(),
            path: path_words.clone(),
            doc: String::new(),
            body: String::with_capacity(body_text.len() * 5 / 4),
            at,
        };
        if let Some(element) = element {
            push_words(&element.name, &mut piece.name);
            if element.qualified_name != element.name {
                push_words(&element.qualified_name, &mut piece.name);
            }
            if let Some(doc) = &element.doc {
                push_words(doc, &mut piece.doc);
            }
        }
        while let Some(one) = texts.next_if(|one| one.line <= piece.at.end_line) {
            if one.line >= piece.at.start_line {
                push_words(&one.text, &mut piece.doc);
            }
        }
        push_words(body_text, &mut piece.body);
        read.push(piece);
    }
    read
}

fn hash_of(path: &str, element: Option<&Element>, text: &str) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(path.as_bytes()).update(b"\0");
    if let Some(element) = element {
        hasher.update(element.qualified_name.as_bytes());
        hasher.update(element.doc.as_deref().unwrap_or_default().as_bytes());
    }
    hasher.update(b"\0").update(text.as_bytes());
    let mut short = Hash::default();
    short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    short
}
