-- What is known of one project's code. All of it can be made again from the project's files; a
-- file with another version of this text is thrown away and made anew (`open.rs`).

CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    -- As `syntax` names it; NULL: in no language that is known.
    language TEXT,
    -- The first 16 bytes of BLAKE3; NULL: never read.
    hash BLOB,
    size_bytes INTEGER NOT NULL,
    -- How the file looked when it was read: the cheap test for "still the same".
    modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    -- What it was read with: extraction and settings of the language.
    reading INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    -- 1: tests, 2: generated, 4: brought along (vendored).
    roles INTEGER NOT NULL,
    package TEXT,
    doc TEXT,
    -- Why it was left out, or what of it: a word, and a sentence for people.
    note TEXT,
    note_text TEXT,
    indexed_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX files_with_note ON files (note) WHERE note IS NOT NULL;

CREATE TABLE elements (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    -- Its place among the elements of the file, from 0.
    place INTEGER NOT NULL,
    parent_id INTEGER,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    signature TEXT NOT NULL,
    visibility TEXT NOT NULL,
    doc TEXT,
    type_text TEXT,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    name_line INTEGER NOT NULL,
    start_byte INTEGER NOT NULL,
    end_byte INTEGER NOT NULL,
    -- 1: async, 2: a test.
    flags INTEGER NOT NULL,
    cyclomatic INTEGER NOT NULL,
    cognitive INTEGER NOT NULL
) STRICT;
CREATE INDEX elements_by_file ON elements (file_id);
CREATE INDEX elements_by_name ON elements (name);

-- The references, imports and bindings of a file, packed (`uses.rs`).
CREATE TABLE file_references (
    file_id INTEGER PRIMARY KEY,
    packed BLOB NOT NULL
) STRICT;

CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    module TEXT NOT NULL,
    -- JSON list of `name` or `name as alias`; NULL: the module itself.
    names TEXT,
    kind TEXT NOT NULL,
    is_wildcard INTEGER NOT NULL,
    is_reexport INTEGER NOT NULL,
    -- Where it leads: a file of the project, or a package from outside; both NULL: not known.
    target_id INTEGER,
    ecosystem TEXT,
    package TEXT
) STRICT;
CREATE INDEX imports_by_file ON imports (file_id);
CREATE INDEX imports_by_target ON imports (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX imports_by_package ON imports (package) WHERE package IS NOT NULL;

-- Who uses whom. A caller below zero is the top level of the file with that id, negated.
CREATE TABLE call_graph (
    caller_id INTEGER NOT NULL,
    callee_id INTEGER NOT NULL,
    kind_code INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    -- The first place, and how many there are.
    line INTEGER NOT NULL,
    times INTEGER NOT NULL,
    confidence_permille INTEGER NOT NULL,
    reason_id INTEGER NOT NULL,
    kind TEXT GENERATED ALWAYS AS (CASE kind_code WHEN 0 THEN 'call' WHEN 1 THEN 'construct'
      WHEN 2 THEN 'macro' WHEN 3 THEN 'type' WHEN 4 THEN 'extends' WHEN 5 THEN 'decorator'
      WHEN 6 THEN 'read' END) VIRTUAL,
    -- 0 to 1.
    confidence REAL GENERATED ALWAYS AS (confidence_permille / 1000.0) VIRTUAL,
    PRIMARY KEY (caller_id, callee_id, kind_code)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_graph_by_callee ON call_graph (callee_id);

-- How edges are known: each sentence once.
CREATE TABLE reasons (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- Files whose references are still to be resolved.
CREATE TABLE unresolved (file_id INTEGER PRIMARY KEY) STRICT;

-- From which state of something else what is here was made: a change of it is told by this.
CREATE TABLE made_from (
    what TEXT PRIMARY KEY,
    hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What manifests and lock files say of packages from outside.
CREATE TABLE external_dependencies (
    id INTEGER PRIMARY KEY,
    manifest TEXT NOT NULL,
    ecosystem TEXT NOT NULL,
    name TEXT NOT NULL,
    requirement TEXT,
    -- What the lock file chose.
    version TEXT,
    scope TEXT NOT NULL,
    line INTEGER NOT NULL
) STRICT;
CREATE INDEX external_dependencies_by_name ON external_dependencies (name);

-- Pieces of files, the units that are ranked.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    element_id INTEGER,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    start_byte INTEGER NOT NULL,
    end_byte INTEGER NOT NULL,
    -- Of path, context and text together: the first 16 bytes of BLAKE3.
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX chunks_by_file ON chunks (file_id);
CREATE INDEX chunks_by_hash ON chunks (hash);

-- Which pieces, commits and messages have vectors, and how many, in which place and collection.
CREATE TABLE embedded (
    collection TEXT NOT NULL,
    hash BLOB NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (collection, hash)
) STRICT, WITHOUT ROWID;

-- Words of the chunks, cut as code is read (`tokens.rs`); the rowid is the chunk's.
CREATE VIRTUAL TABLE words USING fts5 (
    name, path, doc, body,
    content = '', contentless_delete = 1,
    tokenize = "porter ascii tokenchars '_'"
);

-- Commits of the project's history, with secrets masked.
CREATE TABLE commits (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    author TEXT NOT NULL,
    email TEXT NOT NULL,
    at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Files that it touched, a line each.
    paths TEXT NOT NULL,
    -- 0: it touched nothing of the folder; kept so that it is not read again.
    is_here INTEGER NOT NULL
) STRICT;

-- At most one row: the newest commit, of which all is read.
CREATE TABLE commits_read (
    head TEXT NOT NULL
) STRICT;

-- Messages of the project's sessions that are to have vectors. What was said stays in `mira.db`.
CREATE TABLE messages (
    -- The event's.
    id INTEGER PRIMARY KEY,
    -- Of the id: what was said is never said otherwise.
    hash BLOB NOT NULL UNIQUE,
    session TEXT NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

-- As `words`; the rowid is the commit's.
CREATE VIRTUAL TABLE commit_words USING fts5 (
    subject, body, paths,
    content = '', contentless_delete = 1,
    tokenize = "porter unicode61 remove_diacritics 2 tokenchars '_'"
);

-- Settings of languages: the one thing here that is not made from files. A rebuild keeps it.
CREATE TABLE language_configs (
    language TEXT PRIMARY KEY,
    enabled INTEGER NOT NULL,
    -- JSON list of further file extensions, without the dot.
    extensions TEXT NOT NULL,
    max_bytes INTEGER NOT NULL,
    max_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
