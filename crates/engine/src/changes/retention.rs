//! What checkpoints take on disk, and how they are let go.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mira_protocol::checkpoint::{
    CheckpointUsage, PruneCheckpoints, PruneReport, UnpruneCheckpoints, UnpruneReport,
};
use mira_protocol::{CheckpointId, Code, Failure, Topic};
use mira_store::{LiveContent, PruneWhich};
use mira_workspace::{Hash, Manifest};
use tokio::sync::RwLock;

use super::{Changes, blocking, refused};
use crate::clock::now_ms;
use crate::failure::from_store;

/// Held to read by whoever relies on contents that no checkpoint names yet; to write by the
/// clean-up, which therefore waits until nothing runs.
pub type InUse = Arc<RwLock<()>>;

/// How long contents of what the person let go stay, in milliseconds.
pub(super) const GRACE_MS: i64 = 24 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// Contents stay for so long whoever wants them.
const YOUNG: Duration = Duration::from_secs(3_600);

impl Changes {
    pub async fn usage(&self) -> Result<CheckpointUsage, Failure> {
        let counts = self.store.step_counts().await.map_err(from_store)?;
        let live = self.store.live_contents().await.map_err(from_store)?;
        let kept = self.kept_states().await?;
        let blobs = self.blobs.clone();
        let settings = self.settings.current();
        let distinct_bytes = live.iter().map(|content| content.bytes).sum();
        let wanted: HashSet<Hash> = live.iter().filter_map(hash).collect();
        let sizes = blocking(move || {
            let current = blobs.remembered();
            let mut sizes = [0_u64; 4];
            let mut files = 0;
            blobs.each(|hash, bytes| {
                files += 1;
                sizes[0] += bytes;
                if wanted.contains(&hash) {
                    sizes[1] += bytes;
                } else if current.contains(&hash) || kept.contains(&hash) {
                    sizes[2] += bytes;
                } else {
                    sizes[3] += bytes;
                }
            })?;
            Ok((sizes, files))
        })
        .await?
        .map_err(refused)?;
        let ([disk_bytes, stored_bytes, current_bytes, reclaimable_bytes], disk_files) = sizes;
        Ok(CheckpointUsage {
            checkpoints: counts.steps,
            files: counts.files,
            logical_bytes: counts.logical_bytes,
            distinct_bytes,
            stored_bytes,
            current_bytes,
            disk_bytes,
            disk_files,
            reclaimable_bytes,
            oldest_at: counts.oldest_at,
            pruned_waiting: counts.pruned_waiting,
            limit_days: settings.checkpoint_days,
            limit_bytes: settings.checkpoint_bytes,
        })
    }

    pub async fn prune(&self, request: PruneCheckpoints) -> Result<PruneReport, Failure> {
        let _one = self.one.lock().await;
        let now = now_ms();
        let mut which = Vec::new();
        which.extend(request.checkpoint_ids.map(PruneWhich::These));
        which.extend(request.session_id.map(PruneWhich::Session));
        if let Some(days) = request.older_than_days {
            let days = i64::try_from(days).unwrap_or(i64::MAX / DAY_MS);
            which.push(PruneWhich::OlderThan(
                now.saturating_sub(days.saturating_mul(DAY_MS)),
            ));
        }
        if let Some(bytes) = request.keep_bytes {
            which.extend(self.beyond(bytes).await?.map(PruneWhich::UpTo));
        } else if which.is_empty() {
            which = self.beyond_limits(now).await?.ok_or_else(|| {
                Failure::new(Code::BadParams, "Nothing says what is to go.").hint(
                    "Name checkpoints, a session, an age in days or the bytes to keep; or set MIRA_CHECKPOINT_DAYS or MIRA_CHECKPOINT_BYTES.",
                )
            })?;
        }
        let mut checkpoints = Vec::new();
        for which in which {
            checkpoints.extend(
                self.store
                    .prune_steps(&which, now)
                    .await
                    .map_err(from_store)?,
            );
        }
        checkpoints.sort_unstable();
        let at_once = request.now.unwrap_or(false);
        let freed_bytes = match at_once {
            true => {
                let freed = self.clean_up(now + 1, Duration::ZERO).await?;
                freed.ok_or_else(|| {
                    let why =
                        "Something runs that may need the contents, so they are removed later.";
                    Failure::new(Code::Conflict, why).hint("They are let go all the same.")
                })?
            }
            false => 0,
        };
        self.events.topic(Topic::Checkpoints);
        let waits = !at_once && !checkpoints.is_empty();
        Ok(PruneReport {
            checkpoints,
            freed_bytes,
            restorable_until: waits.then_some(now + GRACE_MS),
        })
    }

    pub async fn unprune(&self, request: UnpruneCheckpoints) -> Result<UnpruneReport, Failure> {
        let _one = self.one.lock().await;
        let back = self
            .store
            .unprune_steps(request.checkpoint_ids.as_deref())
            .await;
        let checkpoints = back.map_err(from_store)?;
        if checkpoints.is_empty() {
            return Err(
                Failure::new(Code::NotFound, "There is nothing to bring back.")
                    .hint("Contents stay for a day after they were let go."),
            );
        }
        self.events.topic(Topic::Checkpoints);
        Ok(UnpruneReport { checkpoints })
    }

    /// Keeps to the limits of the settings, for as long as the engine lives.
    pub fn keep_to_limits(&self) -> tokio::task::AbortHandle {
        let changes = self.clone();
        let settings = self.settings.current();
        let (first, every) = (settings.clean_up_first, settings.clean_up_every);
        let task = tokio::spawn(async move {
            tokio::time::sleep(first).await;
            loop {
                if let Err(failure) = changes.keep_to_limits_once().await {
                    tracing::warn!(%failure, "old checkpoints were not cleaned up");
                }
                tokio::time::sleep(every).await;
            }
        });
        task.abort_handle()
    }

    /// Lets go what is beyond the limits, and removes what nobody wants any more.
    async fn keep_to_limits_once(&self) -> Result<(), Failure> {
        let _one = self.one.lock().await;
        let now = now_ms();
        let mut gone = 0;
        for which in self.beyond_limits(now).await?.unwrap_or_default() {
            // Nobody waits for these: marked as if a day ago.
            let at = now - GRACE_MS - 1;
            let steps = self.store.prune_steps(&which, at).await;
            gone += steps.map_err(from_store)?.len();
        }
        let freed = self.clean_up(now - GRACE_MS, YOUNG).await?.unwrap_or(0);
        if gone > 0 || freed > 0 {
            tracing::info!(gone, bytes = freed, "old checkpoints were let go");
            self.events.topic(Topic::Checkpoints);
        }
        Ok(())
    }

    /// What the limits of the settings do not allow; None where there are none.
    async fn beyond_limits(&self, now: i64) -> Result<Option<Vec<PruneWhich>>, Failure> {
        let settings = self.settings.current();
        let (days, bytes) = (settings.checkpoint_days, settings.checkpoint_bytes);
        if days.is_none() && bytes.is_none() {
            return Ok(None);
        }
        let mut beyond = Vec::new();
        if let Some(days) = days {
            let time = now.saturating_sub((days as i64).saturating_mul(DAY_MS));
            beyond.push(PruneWhich::OlderThan(time));
        }
        if let Some(bytes) = bytes {
            beyond.extend(self.beyond(bytes).await?.map(PruneWhich::UpTo));
        }
        Ok(Some(beyond))
    }

    /// The newest step that must go so that the contents of the others take at most `limit`
    /// bytes; None where all fit.
    async fn beyond(&self, limit: u64) -> Result<Option<CheckpointId>, Failure> {
        let live = self.store.live_contents().await.map_err(from_store)?;
        let of: HashMap<Hash, CheckpointId> = live
            .iter()
            .filter_map(|content| Some((hash(content)?, content.step)))
            .collect();
        let blobs = self.blobs.clone();
        blocking(move || {
            let mut by_step = HashMap::<CheckpointId, u64>::new();
            blobs.each(|hash, bytes| {
                if let Some(step) = of.get(&hash) {
                    *by_step.entry(*step).or_default() += bytes;
                }
            })?;
            let mut steps: Vec<(CheckpointId, u64)> = by_step.into_iter().collect();
            steps.sort_unstable_by_key(|(step, _)| std::cmp::Reverse(*step));
            let mut bytes = 0;
            Ok(steps
                .into_iter()
                .find(|(_, more)| {
                    bytes += more;
                    bytes > limit
                })
                .map(|(step, _)| step))
        })
        .await?
        .map_err(refused)
    }

    /// Gives up what was let go before `time` and removes contents that nothing wants. None: it
    /// was put off because something runs.
    async fn clean_up(&self, time: i64, young: Duration) -> Result<Option<u64>, Failure> {
        let Ok(_alone) = self.in_use.clone().try_write_owned() else {
            return Ok(None);
        };
        self.store
            .give_up_steps(time, now_ms())
            .await
            .map_err(from_store)?;
        let live = self.store.live_contents().await.map_err(from_store)?;
        let mut wanted: HashSet<Hash> = live.iter().filter_map(hash).collect();
        wanted.extend(self.kept_states().await?);
        let blobs = self.blobs.clone();
        let freed = blocking(move || blobs.sweep(young, |hash| wanted.contains(&hash))).await?;
        freed.map(Some).map_err(refused)
    }

    /// Contents that kept states of running commands name.
    async fn kept_states(&self) -> Result<HashSet<Hash>, Failure> {
        let folder = self.settings.current().data_dir.join("commands");
        blocking(move || {
            let mut hashes = HashSet::new();
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let text = std::fs::read(entry.path()).unwrap_or_default();
                if let Some(state) = Manifest::decode(&text) {
                    hashes.extend(state.entries().map(|(_, entry)| entry.hash));
                } else if let Some(job) = crate::operations::background::Begun::decode(&text) {
                    hashes.extend(job.state.entries().map(|(_, entry)| entry.hash));
                }
            }
            hashes
        })
        .await
    }
}

fn hash(content: &LiveContent) -> Option<Hash> {
    Hash::from_hex(&content.hash)
}
