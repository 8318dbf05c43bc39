//! Applies `migrations/` to a scratch file, so that every query is checked against the real
//! schema at compile time with nothing installed and nothing recorded.

use std::error::Error;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

fn main() -> Result<(), Box<dyn Error>> {
    let migrations = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../migrations");
    println!("cargo:rerun-if-changed={}", migrations.display());
    println!("cargo:rerun-if-changed=build.rs");
    let scratch = PathBuf::from(std::env::var("OUT_DIR")?).join("schema.db");
    match std::fs::remove_file(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let options = SqliteConnectOptions::new()
                .filename(&scratch)
                .create_if_missing(true);
            let mut connection = SqliteConnection::connect_with(&options).await?;
            Migrator::new(migrations)
                .await?
                .run(&mut connection)
                .await?;
            connection.close().await?;
            Ok::<_, Box<dyn Error>>(())
        })?;
    // The person's own DATABASE_URL and SQLX_OFFLINE must not decide what is checked.
    println!(
        "cargo:rustc-env=DATABASE_URL=sqlite://{}",
        scratch.display()
    );
    println!("cargo:rustc-env=SQLX_OFFLINE=false");
    Ok(())
}
