-- What a model called a concept, a cluster or a pattern of a project's code, by the content that it
-- was told of it: what did not change is never paid for twice.

CREATE TABLE code_names (
    project_id TEXT    NOT NULL REFERENCES projects (id),
    -- Of everything that the model was told of it.
    item_hash  TEXT    NOT NULL,
    model      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    -- One sentence of what it is.
    says       TEXT    NOT NULL,
    named_at   INTEGER NOT NULL,
    PRIMARY KEY (project_id, item_hash, model)
) STRICT, WITHOUT ROWID;
