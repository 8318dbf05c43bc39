//! Lists of elevated commands: those that are known, and those that never run. What is removed is
//! kept, so that it can be brought back.

use mira_protocol::UtcMs;
use mira_protocol::sudo::{
    AddSudoBlock, AddSudoPermission, ChangeSudoBlock, ListSudo, Severity, SudoBlock, SudoMatch,
    SudoPermission,
};

use crate::encoding::{from_word, unsigned, word};
use crate::{Store, StoreError};

/// One text, and which column it stands in.
fn columns(matches: &SudoMatch) -> [Option<&str>; 4] {
    match matches {
        SudoMatch::Exact(text) => [Some(text), None, None, None],
        SudoMatch::Prefix(text) => [None, Some(text), None, None],
        SudoMatch::Pattern(text) => [None, None, Some(text), None],
        SudoMatch::Builtin(text) => [None, None, None, Some(text)],
    }
}

fn matches(
    exact: Option<String>,
    prefix: Option<String>,
    pattern: Option<String>,
    builtin: Option<String>,
) -> SudoMatch {
    exact
        .map(SudoMatch::Exact)
        .or(prefix.map(SudoMatch::Prefix))
        .or(pattern.map(SudoMatch::Pattern))
        .unwrap_or_else(|| SudoMatch::Builtin(builtin.unwrap_or_default()))
}

fn gone(what: &'static str, id: i64) -> StoreError {
    StoreError::NotFound {
        what,
        id: id.to_string(),
    }
}

impl Store {
    /// By name.
    pub async fn sudo_permissions(
        &self,
        list: &ListSudo,
    ) -> Result<Vec<SudoPermission>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, name, description, command_exact, command_prefix, command_pattern,
                    requires_approval, enabled, created_at, last_used_at, use_count, notes,
                    removed_at
             FROM sudo_permissions
             WHERE (removed_at IS NOT NULL) = ?1
               AND (?2 IS NULL OR instr(lower(name || ' ' || description || ' ' || notes || ' ' ||
                    coalesce(command_exact, command_prefix, command_pattern)), lower(?2)) > 0)
             ORDER BY name, id",
            list.removed,
            list.search,
        )
        .fetch_all(self.reader())
        .await?;
        let permissions = rows.into_iter().map(|row| SudoPermission {
            id: row.id,
            name: row.name,
            description: row.description,
            matches: matches(
                row.command_exact,
                row.command_prefix,
                row.command_pattern,
                None,
            ),
            requires_approval: row.requires_approval != 0,
            enabled: row.enabled != 0,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            use_count: unsigned(row.use_count),
            notes: row.notes,
            removed_at: row.removed_at,
        });
        Ok(permissions.collect())
    }

    /// Returns its id. A check that is built in cannot be a permission.
    pub async fn add_sudo_permission(
        &self,
        add: &AddSudoPermission,
        at: UtcMs,
    ) -> Result<i64, StoreError> {
        let [exact, prefix, pattern, _] = columns(&add.matches);
        let asks = i64::from(add.requires_approval.unwrap_or(true));
        let id = sqlx::query!(
            "INSERT INTO sudo_permissions
               (name, description, command_exact, command_prefix, command_pattern,
                requires_approval, created_at, notes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            add.name,
            add.description,
            exact,
            prefix,
            pattern,
            asks,
            at,
            add.notes,
        )
        .execute(&mut *self.writer().await)
        .await?
        .last_insert_rowid();
        Ok(id)
    }

    /// Writes everything that a person can change.
    pub async fn save_sudo_permission(&self, to: &SudoPermission) -> Result<(), StoreError> {
        let [exact, prefix, pattern, _] = columns(&to.matches);
        let (asks, enabled) = (i64::from(to.requires_approval), i64::from(to.enabled));
        let changed = sqlx::query!(
            "UPDATE sudo_permissions SET name = ?2, description = ?3, command_exact = ?4,
               command_prefix = ?5, command_pattern = ?6, requires_approval = ?7, enabled = ?8,
               notes = ?9
             WHERE id = ?1 AND removed_at IS NULL",
            to.id,
            to.name,
            to.description,
            exact,
            prefix,
            pattern,
            asks,
            enabled,
            to.notes,
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        match changed {
            0 => Err(gone("sudo permission", to.id)),
            _ => Ok(()),
        }
    }

    /// Removes (with a time) or brings back.
    pub async fn remove_sudo_permission(
        &self,
        id: i64,
        at: Option<UtcMs>,
    ) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE sudo_permissions SET removed_at = ?2 WHERE id = ?1",
            id,
            at
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        match changed {
            0 => Err(gone("sudo permission", id)),
            _ => Ok(()),
        }
    }

    /// Notes that it let a command through, or was shown with one.
    pub async fn use_sudo_permission(&self, id: i64, at: UtcMs) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE sudo_permissions SET last_used_at = ?2, use_count = use_count + 1 WHERE id = ?1",
            id,
            at
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// Mira's own first.
    pub async fn sudo_blocklist(&self, list: &ListSudo) -> Result<Vec<SudoBlock>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, name, description, pattern_exact, pattern_prefix, pattern_regex, builtin,
                    severity, is_default, enabled, created_at, notes, removed_at
             FROM sudo_blocklist
             WHERE (removed_at IS NOT NULL) = ?1
               AND (?2 IS NULL OR instr(lower(name || ' ' || description || ' ' || notes || ' ' ||
                    coalesce(pattern_exact, pattern_prefix, pattern_regex, builtin)), lower(?2)) > 0)
             ORDER BY is_default DESC, id",
            list.removed,
            list.search,
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(SudoBlock {
                    id: row.id,
                    name: row.name,
                    description: row.description,
                    matches: matches(
                        row.pattern_exact,
                        row.pattern_prefix,
                        row.pattern_regex,
                        row.builtin,
                    ),
                    severity: from_word("severity", row.severity)?,
                    is_default: row.is_default != 0,
                    enabled: row.enabled != 0,
                    created_at: row.created_at,
                    notes: row.notes,
                    removed_at: row.removed_at,
                })
            })
            .collect()
    }

    /// Returns its id.
    pub async fn add_sudo_block(&self, add: &AddSudoBlock, at: UtcMs) -> Result<i64, StoreError> {
        let [exact, prefix, pattern, builtin] = columns(&add.matches);
        let severity = word("severity", &add.severity.unwrap_or(Severity::High))?;
        let id = sqlx::query!(
            "INSERT INTO sudo_blocklist
               (name, description, pattern_exact, pattern_prefix, pattern_regex, builtin,
                severity, created_at, notes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            add.name,
            add.description,
            exact,
            prefix,
            pattern,
            builtin,
            severity,
            at,
            add.notes,
        )
        .execute(&mut *self.writer().await)
        .await?
        .last_insert_rowid();
        Ok(id)
    }

    /// Changes what is given.
    pub async fn change_sudo_block(&self, change: &ChangeSudoBlock) -> Result<(), StoreError> {
        let severity = match &change.severity {
            Some(severity) => Some(word("severity", severity)?),
            None => None,
        };
        let enabled = change.enabled.map(i64::from);
        let changed = sqlx::query!(
            "UPDATE sudo_blocklist SET enabled = coalesce(?2, enabled),
               severity = coalesce(?3, severity), notes = coalesce(?4, notes)
             WHERE id = ?1 AND removed_at IS NULL",
            change.id,
            enabled,
            severity,
            change.notes,
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        match changed {
            0 => Err(gone("block list entry", change.id)),
            _ => Ok(()),
        }
    }

    /// Removes (with a time) or brings back. Mira's own can only be switched off.
    pub async fn remove_sudo_block(&self, id: i64, at: Option<UtcMs>) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE sudo_blocklist SET removed_at = ?2 WHERE id = ?1 AND is_default = 0",
            id,
            at
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        match changed {
            0 => Err(gone("block list entry of your own", id)),
            _ => Ok(()),
        }
    }
}
