//! Many rows in few statements.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Sqlite};

/// A statement whose values are bound.
pub(crate) type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Rows in one statement: few sizes, so that each is prepared once and found again.
const SIZES: [usize; 4] = [128, 32, 8, 1];

/// Inserts all rows: `into` is `INSERT INTO t (a, b)`, `bind` binds the columns of one row.
pub(crate) async fn insert<T>(
    connection: &mut SqliteConnection,
    into: &'static str,
    columns: usize,
    mut rows: &[T],
    bind: impl for<'q> Fn(Bound<'q>, &T) -> Bound<'q>,
) -> Result<(), sqlx::Error> {
    let one = format!("({})", vec!["?"; columns].join(","));
    for size in SIZES {
        if rows.len() < size {
            continue;
        }
        let sql: std::sync::Arc<str> =
            format!("{into} VALUES {}", vec![one.as_str(); size].join(",")).into();
        while rows.len() >= size {
            let (these, rest) = rows.split_at(size);
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for row in these {
                query = bind(query, row);
            }
            query.execute(&mut *connection).await?;
            rows = rest;
        }
    }
    Ok(())
}

/// A list of ids as the JSON that `json_each` takes apart.
pub(crate) fn json(ids: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::from("[");
    for id in ids {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&id.to_string());
    }
    text.push(']');
    text
}
