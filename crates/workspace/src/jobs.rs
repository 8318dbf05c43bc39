//! Commands in the background, and outputs kept for paging.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use mira_secrets::{Masker, Stream};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::colours::Kept;
use crate::output::Collector;
use crate::{Exit, Hash, Refusal, Spec, process, spawn};

/// A command in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// `job_` and a few letters.
    pub id: String,
    pub session: String,
    pub operation: String,
    /// The command as typed.
    pub command: String,
    /// UTC, milliseconds.
    pub started_at: i64,
    pub running: bool,
    /// None while it runs, and when a signal ended it.
    pub exit_code: Option<i32>,
    pub output_bytes: u64,
}

/// Output of a job from an offset on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobText {
    pub text: String,
    /// The [coloured](crate::colours) form of `text`, where it has any.
    pub coloured: Option<String>,
    /// Where to go on, in bytes.
    pub next_offset: u64,
    pub running: bool,
    pub exit_code: Option<i32>,
}

/// All background commands of this engine. Their output goes to files in one folder.
pub struct Jobs {
    dir: PathBuf,
    masker: Masker,
    /// Begins the marks of all commands started here.
    mark: String,
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    finished: broadcast::Sender<JobInfo>,
    counter: AtomicU64,
}

struct Job {
    info: JobInfo,
    number: u64,
    /// A command that ran in the foreground, of which only the output is kept.
    kept: bool,
    output: PathBuf,
    written: Arc<AtomicU64>,
    colours: Arc<Mutex<Kept>>,
    cancel: CancellationToken,
    exit: watch::Receiver<Option<Exit>>,
}

/// How many ended jobs and outputs are kept; older ones are forgotten.
const KEPT: usize = 100;

impl Jobs {
    /// Opens (and makes) the folder; outputs that an earlier engine left there are removed. No
    /// output is kept before `masker` saw it.
    pub fn open(dir: &Path, masker: Masker) -> Result<Arc<Self>, Refusal> {
        let failed = |error: io::Error| {
            Refusal::io(
                format_args!("open the folder of command outputs {}", dir.display()),
                &error,
            )
        };
        fs::create_dir_all(dir).map_err(failed)?;
        for entry in fs::read_dir(dir).map_err(failed)?.flatten() {
            if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "log")
            {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Arc::new(Self {
            dir: dir.to_owned(),
            masker,
            mark: spawn::new_mark(),
            jobs: Mutex::default(),
            finished: broadcast::channel(256).0,
            counter: AtomicU64::new(0),
        }))
    }

    /// Starts a command and returns at once; `spec.spill` and `spec.output_cap` do not count.
    /// Needs a Tokio runtime.
    pub fn start(
        self: &Arc<Self>,
        session: &str,
        operation: &str,
        spec: Spec,
    ) -> Result<JobInfo, Refusal> {
        let (id, number, output) = self.next();
        let file = File::create(&output)
            .map_err(|error| Refusal::io("keep the output of the command", &error))?;
        let running = process::start(&spec, format!("{}{number}.", self.mark))?;
        let collector = Collector::into_file(file).masked(self.stream());
        let cancel = CancellationToken::new();
        let (ended, exit) = watch::channel(None);
        let job = Arc::new(Job {
            info: info(id, session, operation, &spec),
            number,
            kept: false,
            output,
            written: collector.written.clone(),
            colours: collector.kept.clone(),
            cancel: cancel.clone(),
            exit,
        });
        self.add(job.clone());
        let jobs = self.clone();
        let shown = job.shown();
        tokio::spawn(async move {
            let exit = running
                .finish(spec.timeout, &cancel, collector, &|_| ())
                .await;
            let _ = ended.send(Some(exit));
            let _ = jobs.finished.send(job.shown());
        });
        Ok(shown)
    }

    /// Runs a command to its end as [`process::run`] does. Output that is too long to be returned
    /// whole can be read on with the id that comes back.
    pub async fn run(
        &self,
        session: &str,
        operation: &str,
        spec: Spec,
        cancel: &CancellationToken,
        on_output: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(Exit, Option<String>), Refusal> {
        let (id, number, output) = self.next();
        let info = info(id, session, operation, &spec);
        let mark = format!("{}{number}.", self.mark);
        let collector = Collector::new(spec.output_cap, Some(output.clone())).masked(self.stream());
        let colours = collector.kept.clone();
        let exit = process::run_marked(spec, mark, collector, cancel, on_output).await?;
        if exit.spilled.is_none() {
            return Ok((exit, None));
        }
        let id = info.id.clone();
        let (_, ended) = watch::channel(Some(Exit {
            output: String::new(),
            coloured: None,
            ..exit.clone()
        }));
        self.add(Arc::new(Job {
            info,
            number,
            kept: true,
            written: Arc::new(AtomicU64::new(
                exit.output_bytes.min(process::MAX_SPILL_BYTES),
            )),
            colours,
            output,
            cancel: CancellationToken::new(),
            exit: ended,
        }));
        Ok((exit, Some(id)))
    }

    /// Background commands of `session` (of all, if None), newest first.
    pub fn list(&self, session: Option<&str>) -> Vec<JobInfo> {
        let mut jobs: Vec<Arc<Job>> = self
            .lock()
            .values()
            .filter(|job| !job.kept && session.is_none_or(|session| job.info.session == session))
            .cloned()
            .collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.number));
        jobs.iter().map(|job| job.shown()).collect()
    }

    /// What is known of a job. None: no such job.
    pub fn get(&self, id: &str) -> Option<JobInfo> {
        Some(self.find(id)?.shown())
    }

    /// At most `max_bytes` of output from byte `offset` on. None: no such job.
    pub fn read(
        &self,
        id: &str,
        offset: u64,
        max_bytes: usize,
    ) -> Result<Option<JobText>, Refusal> {
        let Some(job) = self.find(id) else {
            return Ok(None);
        };
        // Asked before reading: what came in before the end is then in what is read.
        let JobInfo {
            running, exit_code, ..
        } = job.shown();
        let (text, next_offset) = text_at(&job.output, offset, max_bytes)
            .map_err(|error| Refusal::io(format_args!("read the output of {id}"), &error))?;
        let kept = job.colours.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(JobText {
            coloured: kept.over(&text),
            text,
            next_offset,
            running,
            exit_code,
        }))
    }

    /// Ends a command with everything that it started, and waits for that. None: no such job.
    pub async fn kill(&self, id: &str) -> Option<JobInfo> {
        let job = self.find(id)?;
        job.cancel.cancel();
        let _ = job.exit.clone().wait_for(Option::is_some).await;
        Some(job.shown())
    }

    /// Ends every background command, and waits for that; then whatever else a command started
    /// here left running. For the end of the engine.
    pub async fn kill_all(&self) {
        let running: Vec<Arc<Job>> = self
            .lock()
            .values()
            .filter(|job| job.exit.borrow().is_none())
            .cloned()
            .collect();
        for job in &running {
            job.cancel.cancel();
        }
        for job in running {
            let _ = job.exit.clone().wait_for(Option::is_some).await;
        }
        // Looking through all processes is for those who started some.
        if self.counter.load(Ordering::Relaxed) > 0 {
            spawn::kill_marked(&self.mark);
        }
    }

    /// Hears of each job that ended.
    pub fn finished(&self) -> broadcast::Receiver<JobInfo> {
        self.finished.subscribe()
    }

    fn stream(&self) -> Stream {
        Stream::new(self.masker.clone())
    }

    fn next(&self) -> (String, u64, PathBuf) {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let hash = Hash::of(format!("{}{number}", self.mark).as_bytes());
        let id = format!("job_{}", &hash.to_hex()[..8]);
        let output = self.dir.join(format!("{id}.log"));
        (id, number, output)
    }

    fn add(&self, job: Arc<Job>) {
        let mut jobs = self.lock();
        jobs.insert(job.info.id.clone(), job);
        let mut ended: Vec<(u64, String)> = jobs
            .values()
            .filter(|job| job.exit.borrow().is_some())
            .map(|job| (job.number, job.info.id.clone()))
            .collect();
        ended.sort_unstable();
        let surplus = ended.len().saturating_sub(KEPT);
        for (_, id) in ended.into_iter().take(surplus) {
            if let Some(job) = jobs.remove(&id) {
                let _ = fs::remove_file(&job.output);
            }
        }
    }

    fn find(&self, id: &str) -> Option<Arc<Job>> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn shown(&self) -> JobInfo {
        let exit = self.exit.borrow();
        JobInfo {
            running: exit.is_none(),
            exit_code: exit.as_ref().and_then(|exit| exit.code),
            output_bytes: self.written.load(Ordering::Acquire),
            ..self.info.clone()
        }
    }
}

fn info(id: String, session: &str, operation: &str, spec: &Spec) -> JobInfo {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    JobInfo {
        id,
        session: session.to_owned(),
        operation: operation.to_owned(),
        command: spec.command.shown(),
        started_at: now.as_millis() as i64,
        running: true,
        exit_code: None,
        output_bytes: 0,
    }
}

/// Whole characters from `offset` on, and where the next ones begin.
fn text_at(path: &Path, offset: u64, max_bytes: usize) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let offset = offset.min(file.metadata()?.len());
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(max_bytes.max(4) as u64).read_to_end(&mut bytes)?;
    let inside = bytes
        .iter()
        .take(3)
        .take_while(|byte| **byte & 0xC0 == 0x80)
        .count();
    let bytes = &bytes[inside..];
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    let next = offset + (inside + whole) as u64;
    Ok((String::from_utf8_lossy(&bytes[..whole]).into_owned(), next))
}
