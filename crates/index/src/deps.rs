//! Imports, and packages from outside: what is declared, what is used.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::Row as _;

use crate::{Index, IndexError};

/// A package from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// `crates`, `npm`, `pypi`, `go`, `maven`, `gems`, `composer`, `nuget`; `rust`, `python`,
    /// `node`, `go-std`, `jdk`, `c` for what comes with the language.
    pub ecosystem: String,
    pub name: String,
    pub declared: Vec<Declaration>,
    /// Files that import it.
    pub files: u64,
    pub status: Usage,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declaration {
    pub manifest: String,
    pub line: u32,
    pub requirement: Option<String>,
    /// What the lock file chose.
    pub version: Option<String>,
    /// `normal`, `dev`, `build`, `peer`, `optional`.
    pub scope: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    Used,
    /// Declared, and no file that was read imports it. (It may be used by its commands.)
    Unused,
    /// Imported, and no manifest names it.
    Undeclared,
    /// It comes with the language.
    Standard,
}

const STANDARD: &[&str] = &["rust", "python", "node", "go-std", "jdk", "c"];

/// An import somewhere in the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportRow {
    pub path: String,
    pub line: u32,
    /// As written.
    pub module: String,
    /// `name` or `name as alias`; empty: the module itself.
    pub names: Vec<String>,
    pub is_wildcard: bool,
    /// The file of the project that it leads to.
    pub target: Option<String>,
    /// Ecosystem and name of a package from outside.
    pub package: Option<(String, String)>,
}

impl Index {
    /// All packages from outside, by ecosystem and name.
    pub async fn dependencies(&self) -> Result<Vec<Dependency>, IndexError> {
        let mut all: BTreeMap<(String, String), (Vec<Declaration>, u64)> = BTreeMap::new();
        let rows = sqlx::query(
            "SELECT ecosystem, name, manifest, line, requirement, version, scope
             FROM external_dependencies ORDER BY manifest, line",
        )
        .fetch_all(self.reader())
        .await?;
        for row in &rows {
            let key = (row.try_get(0)?, row.try_get(1)?);
            all.entry(key).or_default().0.push(Declaration {
                manifest: row.try_get(2)?,
                line: row.try_get(3)?,
                requirement: row.try_get(4)?,
                version: row.try_get(5)?,
                scope: row.try_get(6)?,
            });
        }
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT ecosystem, package, count(DISTINCT file_id) FROM imports
             WHERE package IS NOT NULL GROUP BY ecosystem, package",
        )
        .fetch_all(self.reader())
        .await?;
        for (ecosystem, name, files) in rows {
            all.entry((ecosystem, name)).or_default().1 = files.unsigned_abs();
        }
        let all = all
            .into_iter()
            .map(|((ecosystem, name), (declared, files))| Dependency {
                status: match (declared.is_empty(), files) {
                    _ if STANDARD.contains(&ecosystem.as_str()) => Usage::Standard,
                    (true, _) => Usage::Undeclared,
                    (false, 0) => Usage::Unused,
                    (false, _) => Usage::Used,
                },
                ecosystem,
                name,
                declared,
                files,
            });
        Ok(all.collect())
    }

    /// What a file imports, in its order.
    pub async fn imports_of(&self, path: &str) -> Result<Vec<ImportRow>, IndexError> {
        self.import_rows("f.path = ?1", path, usize::MAX).await
    }

    /// Files that import a file of the project, by path.
    pub async fn imported_by(&self, path: &str) -> Result<Vec<ImportRow>, IndexError> {
        let of = "i.target_id = (SELECT id FROM files WHERE path = ?1)";
        self.import_rows(of, path, usize::MAX).await
    }

    /// What files in a folder import from outside of it, and what files outside import from it; by
    /// path. Both empty where there is no such folder.
    pub async fn imports_across(
        &self,
        folder: &str,
    ) -> Result<(Vec<ImportRow>, Vec<ImportRow>), IndexError> {
        const FROM: &str = "f.path >= ?1 || '/' AND f.path < ?1 || '0'";
        const TO: &str = "t.path >= ?1 || '/' AND t.path < ?1 || '0'";
        let folder = folder.trim_matches('/');
        let out = format!("{FROM} AND (t.path IS NULL OR NOT ({TO}))");
        let into = format!("{TO} AND NOT ({FROM})");
        Ok((
            self.import_rows(&out, folder, usize::MAX).await?,
            self.import_rows(&into, folder, usize::MAX).await?,
        ))
    }

    /// Imports of a module, a package or a name, whole or in part.
    pub async fn find_imports(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<ImportRow>, IndexError> {
        let of = "i.package = ?1 OR instr(i.module, ?1) > 0 OR instr(i.names, ?1) > 0";
        self.import_rows(of, name, limit).await
    }

    async fn import_rows(
        &self,
        of: &str,
        value: &str,
        limit: usize,
    ) -> Result<Vec<ImportRow>, IndexError> {
        let sql = format!(
            "SELECT f.path, i.line, i.module, i.names, i.is_wildcard, t.path, i.ecosystem,
               i.package
             FROM imports i JOIN files f ON f.id = i.file_id LEFT JOIN files t ON t.id = i.target_id
             WHERE {of} ORDER BY f.path, i.line, i.id LIMIT ?2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(value)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.reader())
            .await?;
        let imports = rows.iter().map(|row| {
            let names: Option<&str> = row.try_get(3)?;
            let ecosystem: Option<String> = row.try_get(6)?;
            Ok(ImportRow {
                path: row.try_get(0)?,
                line: row.try_get(1)?,
                module: row.try_get(2)?,
                names: names
                    .and_then(|json| serde_json::from_str(json).ok())
                    .unwrap_or_default(),
                is_wildcard: row.try_get(4)?,
                target: row.try_get(5)?,
                package: ecosystem.zip(row.try_get(7)?),
            })
        });
        Ok(imports.collect::<Result<_, sqlx::Error>>()?)
    }
}
