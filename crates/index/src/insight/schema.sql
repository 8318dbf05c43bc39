-- What can be said of the code without a model (`insight`). Made anew from the tables above when
-- it is asked for and they have changed; rows whose element or file is gone are shown to nobody.

CREATE TABLE code_quality_issues (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    element_id INTEGER,
    issue_type TEXT NOT NULL,
    -- 0 info, 1 low, 2 medium, 3 high.
    severity INTEGER NOT NULL,
    line_start INTEGER NOT NULL,
    line_end INTEGER NOT NULL,
    measure REAL NOT NULL,
    bound REAL NOT NULL,
    unit TEXT NOT NULL,
    title TEXT NOT NULL,
    advice TEXT NOT NULL,
    -- The other place of a duplicate.
    other_file_id INTEGER,
    other_start INTEGER,
    other_end INTEGER
) STRICT;
CREATE INDEX code_quality_issues_by_file ON code_quality_issues (file_id);
CREATE INDEX code_quality_issues_by_element ON code_quality_issues (element_id);

CREATE TABLE semantic_nodes (
    element_id INTEGER PRIMARY KEY,
    purpose TEXT NOT NULL,
    confidence REAL NOT NULL,
    -- JSON list, the strongest first.
    concepts TEXT NOT NULL,
    domain TEXT,
    importance REAL NOT NULL
) STRICT;

CREATE TABLE semantic_edges (
    source_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    relationship TEXT NOT NULL,
    strength REAL NOT NULL,
    PRIMARY KEY (source_id, target_id, relationship)
) STRICT, WITHOUT ROWID;
CREATE INDEX semantic_edges_by_target ON semantic_edges (target_id);

CREATE TABLE concept_index (
    concept TEXT NOT NULL,
    element_id INTEGER NOT NULL,
    -- How much the element is about it, and how much the concept explains: 0 to 1.
    weight REAL NOT NULL,
    concept_weight REAL NOT NULL,
    PRIMARY KEY (concept, element_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE domain_clusters (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- JSON lists.
    words TEXT NOT NULL,
    file_ids TEXT NOT NULL,
    cohesion REAL NOT NULL
) STRICT;

CREATE TABLE design_patterns (
    id INTEGER PRIMARY KEY,
    pattern TEXT NOT NULL,
    element_id INTEGER NOT NULL,
    -- JSON list of pairs: element, its part.
    parts TEXT NOT NULL,
    confidence REAL NOT NULL,
    evidence TEXT NOT NULL
) STRICT;

-- What the repository's history says of files, by their names of today (`history`).
CREATE TABLE file_history (
    path TEXT PRIMARY KEY,
    commits INTEGER NOT NULL,
    fixes INTEGER NOT NULL,
    authors INTEGER NOT NULL,
    -- Lines added and removed.
    churn INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Files that the same commits changed; each pair both ways round.
CREATE TABLE file_cochange (
    path TEXT NOT NULL,
    other TEXT NOT NULL,
    together INTEGER NOT NULL,
    PRIMARY KEY (path, other)
) STRICT, WITHOUT ROWID;

-- One row: how far back the history was read.
CREATE TABLE history_window (
    commits INTEGER NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT;
