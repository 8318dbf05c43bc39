//! Opening: fresh, again, by several, newer, damaged, in need of a migration.

use std::borrow::Cow;
use std::path::Path;

use mira_store::{Store, StoreError};
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::support::*;

/// The file without the store around it.
pub async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_second_opening_finds_what_the_first_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/mira.db");
    let first = Store::open(&path).await.unwrap();
    let ses = session(&first, "ses_a", None).await;
    first.append(&ses, None, 1, &[user("hello")]).await.unwrap();
    drop(first);
    let second = Store::open(&path).await.unwrap();
    assert_eq!(second.events_since(&ses, 0, 10).await.unwrap().len(), 1);
    assert_eq!(second.quick_check().await.unwrap(), Vec::<String>::new());
    let names: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names.iter().all(|name| !name.contains("backup")),
        "nothing to back up: {names:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_it_wherever_it_lies() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let store = Store::open(folder.path().join("mira.db")).await.unwrap();
    session(&store, "ses_a", None).await;
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
        files += 1;
    }
    assert!(files >= 2, "the log beside it is looked at, too");
}

#[tokio::test]
async fn two_handles_on_one_file_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mira.db");
    let (a, b) = (
        Store::open(&path).await.unwrap(),
        Store::open(&path).await.unwrap(),
    );
    let ses = session(&a, "ses_a", None).await;
    let (left, right) = tokio::join!(
        async {
            for _ in 0..20 {
                a.append(&ses, None, 1, &[user("a")]).await.unwrap();
            }
        },
        async {
            for _ in 0..20 {
                b.append(&ses, None, 1, &[user("b")]).await.unwrap();
            }
        }
    );
    let _: ((), ()) = (left, right);
    let seqs: Vec<_> = b
        .events_since(&ses, 0, 100)
        .await
        .unwrap()
        .iter()
        .map(|event| event.seq)
        .collect();
    assert_eq!(seqs, (1..=40).collect::<Vec<_>>());
}

#[tokio::test]
async fn foreign_keys_hold_on_the_writing_connection() {
    let store = Store::in_memory().await.unwrap();
    let new = mira_store::NewSession {
        id: "ses_a".into(),
        project_id: Some("prj_none".into()),
        name: String::new(),
        kind: mira_protocol::session::SessionKind::Voice,
        created_at: 1,
    };
    assert!(matches!(
        store.create_session(&new).await,
        Err(StoreError::Sql(_))
    ));
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mira.db");
    drop(Store::open(&path).await.unwrap());
    let mut connection = raw(&path).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99999999999999, 'later', 1, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99999999999999,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_changed_schema_step_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mira.db");
    drop(Store::open(&path).await.unwrap());
    let mut connection = raw(&path).await;
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00'")
        .execute(&mut connection)
        .await
        .unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Migration { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_mira_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(
        &text,
        "certainly no database, but long enough to look at ".repeat(100),
    )
    .unwrap();
    let foreign = folder.path().join("foreign.db");
    let options = SqliteConnectOptions::new()
        .filename(&foreign)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("CREATE TABLE theirs (x)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    for path in [text, foreign] {
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(&path).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { .. }),
            "{}: {error}",
            path.display()
        );
        assert!(
            std::fs::read(&path).unwrap() == before,
            "{} was changed",
            path.display()
        );
    }
}

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

#[tokio::test]
async fn an_older_database_is_copied_before_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mira.db");
    let all: Vec<_> = MIGRATIONS.iter().cloned().collect();
    let first = Migrator {
        migrations: Cow::Owned(all[..1].to_vec()),
        ..Migrator::DEFAULT
    };
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    first.run(&mut old).await.unwrap();
    sqlx::query("INSERT INTO projects VALUES ('prj_1', 'kept', '/kept', '', 1, 1, NULL)")
        .execute(&mut old)
        .await
        .unwrap();
    old.close().await.unwrap();

    let store = Store::open(&path).await.unwrap();
    assert_eq!(applied(&path).await.len(), all.len());
    assert_eq!(store.projects().await.unwrap()[0].name, "kept");
    let backup = folder
        .path()
        .join(format!("mira.db.backup-{}", all[0].version));
    assert_eq!(applied(&backup).await, [all[0].version]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&backup).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "a copy is as private as what it is of");
    }
    let name: String = sqlx::query_scalar("SELECT name FROM projects")
        .fetch_one(&mut raw(&backup).await)
        .await
        .unwrap();
    assert_eq!(name, "kept");
}

async fn applied(path: &Path) -> Vec<i64> {
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(&mut raw(path).await)
        .await
        .unwrap()
}
