//! Where things lie.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ingestion_pipeline::SqliteStore;

/// Where database and recordings lie.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) directory: PathBuf,
}

impl Places {
    pub(crate) fn new(directory: impl AsRef<Path>) -> Self {
        Self { directory: directory.as_ref().to_owned() }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join("ingest.db")
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.directory.join("objects")
    }

    /// Where the sound of calls lies until the calls are known.
    pub(crate) fn live(&self) -> PathBuf {
        self.directory.join("live")
    }

    /// Opens the database of a pipeline that ran here before.
    pub(crate) async fn open(&self) -> anyhow::Result<SqliteStore> {
        if !self.database().is_file() {
            bail!("{} is not there: nothing was ingested here yet", self.database().display());
        }
        Ok(SqliteStore::open(self.database()).await?)
    }

    /// Opens the database, making it and its directory if they are not there.
    pub(crate) async fn make(&self) -> anyhow::Result<SqliteStore> {
        self.make_directory()?;
        Ok(SqliteStore::open(self.database()).await?)
    }

    /// Makes sure that only one pipeline works here, for as long as the file lives.
    pub(crate) fn lock(&self) -> anyhow::Result<File> {
        self.make_directory()?;
        let path = self.directory.join("ingest.lock");
        let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        if file.try_lock().is_err() {
            bail!("another pipeline works on {}: stop it first", self.directory.display());
        }
        Ok(file)
    }

    fn make_directory(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.directory).with_context(|| format!("cannot make {}", self.directory.display()))
    }
}
