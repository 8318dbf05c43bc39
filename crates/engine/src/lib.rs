//! The engine: sessions, operations, approvals, changes; the only place that composes.
//!
//! Start reading at [`Engine::open`], which is the only place that wires, and [`Engine::handle`],
//! the one exhaustive match over everything that can be asked. An operation's life is
//! `operations/run.rs`. The engine knows no transport and no window; whoever hosts it passes
//! [`Ports`] in and listens to [`Engine::events`].

mod approvals;
mod budget;
mod changes;
pub mod clock;
mod commands;
mod comments;
mod demo;
mod editor;
mod egress;
mod events;
mod failure;
mod files;
mod gitview;
mod hooks;
mod jobs;
mod knowledge;
mod masking;
mod media;
mod operations;
pub mod ports;
mod projects;
mod providers;
mod routing;
mod rules;
mod scenario_export;
mod sessions;
pub mod settings;
mod sudo;
mod system;
mod trust;
mod unsent;
mod vectors;

use std::sync::Arc;

use mira_protocol::session::EventPage;
use mira_protocol::table::Request;
use mira_protocol::{Call, Code, Event, Failure, SessionId, Signal, StoredEvent};
use mira_store::Store;
use mira_workspace::Blobs;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use approvals::Approvals;
use budget::Budget;
use changes::Changes;
use comments::Comments;
use demo::Demo;
use editor::Editors;
use egress::Egress;
use events::EventLog;
use failure::{from_store, internal};
use files::Files;
use gitview::GitView;
use hooks::Hooks;
use jobs::BackgroundJobs;
use knowledge::Knowledge;
pub use masking::Masked;
pub use mira_egress::Passage;
use operations::{Gate, Operations};
pub use ports::{Askpass, ModelSource, NoSecrets, Ports, Resolved, SecretStore, Want};
use projects::Projects;
use providers::Providers;
use rules::Permissions;
use sessions::Sessions;
use settings::{Settings, SettingsHandle};
use sudo::Sudo;
pub use system::DataDirLock;
use system::System;
use trust::Trusts;
use unsent::Unsent;
use vectors::Vectors;

/// A running engine. Cheap to clone; the data directory stays locked while one lives.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

struct Parts {
    store: Store,
    events: EventLog,
    settings: SettingsHandle,
    projects: Projects,
    sessions: Sessions,
    operations: Operations,
    approvals: Approvals,
    budget: Budget,
    changes: Changes,
    comments: Comments,
    editors: Editors,
    egress: Egress,
    files: Files,
    git: GitView,
    jobs: BackgroundJobs,
    knowledge: Knowledge,
    providers: Providers,
    sudo: Sudo,
    system: System,
    demo: Demo,
    permissions: Permissions,
    trusts: Trusts,
    hooks: Hooks,
    /// Cleans up old checkpoints.
    limits: tokio::task::AbortHandle,
    unsent: Unsent,
    vectors: Vectors,
}

impl Engine {
    /// Opens the data directory (locked against a second engine), brings the database up to date,
    /// and ends what a dead engine left running.
    ///
    /// # Errors
    /// [`Code::Locked`] where another engine holds the directory; else what is wrong with it.
    pub async fn open(settings: Settings, ports: Ports) -> Result<Self, Failure> {
        let lock = DataDirLock::take(&settings.data_dir)?;
        let store = Store::open(settings.data_dir.join("mira.db"))
            .await
            .map_err(from_store)?;
        let blobs = Blobs::open(&settings.data_dir.join("blobs")).map_err(internal)?;
        let masker = masking::open(&settings.data_dir).map_err(internal)?;
        let job_files = mira_workspace::Jobs::open(&settings.data_dir.join("jobs"), masker.clone())
            .map_err(internal)?;
        let events = EventLog::new(store.clone(), masker.clone());
        let settings = SettingsHandle::new(settings, store.clone(), events.clone()).await?;
        let egress = Egress::open(store.clone(), events.clone(), &settings.current()).await?;
        let projects = Projects::new(store.clone(), events.clone(), settings.clone());
        let trusts = Trusts::new(
            store.clone(),
            events.clone(),
            projects.clone(),
            settings.clone(),
        );
        let permissions = Permissions::new(
            store.clone(),
            events.clone(),
            projects.clone(),
            trusts.clone(),
        );
        let hooks = Hooks::new(
            store.clone(),
            events.clone(),
            projects.clone(),
            trusts.clone(),
            settings.clone(),
            egress.gate(),
        );
        let approvals = Approvals::new(store.clone(), events.clone(), permissions.clone());
        let budget = Budget::new(store.clone(), events.clone(), settings.clone());
        let providers = Providers::new(
            settings.clone(),
            ports.secrets.clone(),
            events.clone(),
            budget.clone(),
            egress.gate(),
        );
        let models: Arc<dyn ModelSource> = match ports.models {
            Some(models) => models,
            None => Arc::new(providers.clone()),
        };
        let in_use = changes::InUse::default();
        let changes = Changes::new(
            store.clone(),
            events.clone(),
            projects.clone(),
            blobs.clone(),
            settings.clone(),
            in_use.clone(),
        )?;
        let git = GitView::new(projects.clone());
        let vectors = Vectors::new(
            settings.clone(),
            providers.clone(),
            events.clone(),
            ports.secrets.clone(),
            egress.gate(),
        );
        vectors.resume();
        let knowledge = Knowledge::new(
            store.clone(),
            events.clone(),
            projects.clone(),
            git.clone(),
            blobs.clone(),
            vectors.clone(),
            &settings.current().data_dir,
        );
        let operations = Operations::new(
            store.clone(),
            events.clone(),
            approvals.clone(),
            projects.clone(),
            knowledge.clone(),
            Demo::source(models),
            settings.clone(),
            budget.clone(),
            job_files.clone(),
            blobs.clone(),
            masker,
            in_use,
            egress.gate(),
            Gate {
                permissions: permissions.clone(),
                trusts: trusts.clone(),
                hooks: hooks.clone(),
            },
        )
        .with_askpass(ports.askpass.clone());
        if let Some(engine) = lock.died {
            // Before looking at what they did: commands of a dead engine must not go on.
            mira_workspace::kill_orphans(engine);
        }
        store
            .close_sudo_requests(clock::now_ms())
            .await
            .map_err(from_store)?;
        changes.recover().await?;
        budget.recover().await?;
        operations.recover().await?;
        operations.close_all_jobs().await;
        let limits = changes.keep_to_limits();
        budget.check_sums();
        let unsent = Unsent::new(store.clone());
        let sessions = Sessions::new(store.clone(), events.clone());
        let data_dir = settings.current().data_dir.clone();
        let files = Files::new(
            projects.clone(),
            changes.clone(),
            git.clone(),
            blobs,
            &data_dir,
        );
        let editors = Editors::new(files.clone(), settings.clone());
        let comments = Comments::new(store.clone(), events.clone(), operations.clone());
        let jobs = BackgroundJobs::new(job_files, events.clone(), operations.clone());
        let sudo = Sudo::new(store.clone(), events.clone(), approvals.clone());
        let system = System::new(store.clone(), settings.clone(), ports.secrets, lock);
        let demo = Demo::new(projects.clone(), operations.clone(), settings.clone());
        Ok(Self(Arc::new(Parts {
            store,
            events,
            settings,
            projects,
            sessions,
            operations,
            approvals,
            budget,
            changes,
            comments,
            editors,
            egress,
            files,
            git,
            jobs,
            knowledge,
            providers,
            sudo,
            system,
            demo,
            permissions,
            trusts,
            hooks,
            limits,
            unsent,
            vectors,
        })))
    }

    /// Answers a request. Long work is only started here; what comes of it arrives as events.
    pub async fn handle(&self, request: Request) -> Result<Value, Failure> {
        self.handle_while(request, &CancellationToken::new()).await
    }

    /// As [`Engine::handle`], for somebody who may go away before the answer: when `gone` is
    /// cancelled, what is paid for that answer alone is ended.
    pub async fn handle_while(
        &self,
        request: Request,
        gone: &CancellationToken,
    ) -> Result<Value, Failure> {
        let on = &*self.0;
        match request {
            Request::ProjectOpen(params) => json(on.projects.open(params).await),
            Request::ProjectCreate(params) => json(on.projects.create(params).await),
            Request::ProjectList(_) => json(on.projects.list().await),
            Request::ProjectGet(params) => json(on.projects.get(params).await),
            Request::ProjectUpdate(params) => json(on.projects.update(params).await),
            Request::ProjectRemove(params) => {
                let project = params.project_id.clone();
                let removed = on.projects.remove(params).await;
                on.knowledge.forget(&project).await;
                json(removed)
            }
            Request::ProjectGuidelines(params) => json(on.projects.guidelines(params).await),

            Request::FileList(params) => json(on.files.list(params).await),
            Request::FileRead(params) => json(on.files.read(params).await),
            Request::FileFind(params) => json(on.files.find(params).await),
            Request::FileBlob(params) => json(on.files.blob(params).await),
            Request::EditorList(_) => json(Ok(on.editors.list())),
            Request::EditorOpen(params) => json(on.editors.open(params).await),
            Request::GitStatus(params) => json(on.git.status(params).await),
            Request::GitDiff(params) => json(on.git.diff(params).await),
            Request::GitChanges(params) => json(on.git.changes(params).await),
            Request::GitLog(params) => json(on.git.log(params).await),
            Request::GitSearch(params) => json(on.knowledge.search_commits(params).await),

            Request::SessionCreate(params) => json(on.sessions.create(params).await),
            Request::SessionList(params) => json(on.sessions.list(params).await),
            Request::SessionGet(params) => json(on.sessions.get(params).await),
            Request::SessionLast(params) => json(on.sessions.last(params).await),
            Request::SessionEvents(params) => json(self.session_events(params).await),
            Request::SessionSearch(params) => json(on.knowledge.search_sessions(params).await),
            Request::SessionRename(params) => json(on.sessions.rename(params).await),
            Request::SessionPin(params) => json(on.sessions.pin(params).await),
            Request::SessionDelete(params) => {
                if let Some(operation_id) = on.operations.running_in(&params.session_id) {
                    on.operations
                        .cancel(mira_protocol::operation::OperationRef { operation_id })
                        .await?;
                }
                on.hooks.session_ends(&params.session_id).await;
                on.operations.cancel_waiting(&params.session_id).await;
                let deleted = on.sessions.delete(params.clone()).await;
                if deleted.is_ok() {
                    on.knowledge.session_gone(&params.session_id).await;
                }
                json(deleted)
            }
            Request::SessionRestore(params) => json(on.sessions.restore(params).await),
            Request::SessionFork(params) => json(on.sessions.fork(params).await),
            Request::SessionRewind(params) => {
                self.check_idle(&params.session_id).await?;
                json(on.changes.rewind(params).await)
            }
            Request::SessionUnrewind(params) => {
                self.check_idle(&params.session_id).await?;
                json(on.changes.unrewind(params).await)
            }
            Request::SessionExport(params) => json(on.sessions.export(params).await),

            Request::SessionChanges(params) => json(on.changes.of_session(params).await),

            Request::CommentList(params) => json(on.comments.list(params).await),
            Request::CommentAdd(params) => json(on.comments.add(params).await),
            Request::CommentEdit(params) => json(on.comments.edit(params).await),
            Request::CommentRemove(params) => json(on.comments.remove(params).await),
            Request::CommentSend(params) => json(on.comments.send(params).await),
            Request::ContextGet(params) => json(on.operations.context(params).await),
            Request::ContextChoose(params) => json(on.operations.choose_context(params).await),

            Request::OperationStart(params) => json(on.operations.start(params).await),
            Request::OperationCancel(params) => json(on.operations.cancel(params).await),
            Request::OperationSteer(params) => json(on.operations.steer(params).await),
            Request::OperationResume(params) => json(on.operations.resume(params).await),
            Request::OperationAgain(params) => json(on.operations.again(params).await),
            Request::OperationEdit(params) => json(on.operations.edit(params).await),
            Request::OperationRelease(params) => json(on.operations.release(params).await),
            Request::OperationEstimate(params) => json(on.operations.estimate(params).await),
            Request::OperationGet(params) => json(on.operations.get(params).await),
            Request::OperationList(params) => json(on.operations.list(params).await),
            Request::OperationChanges(params) => json(on.changes.of(params).await),
            Request::OperationReview(params) => json(on.changes.review(params).await),
            Request::OperationUndo(params) => json(on.changes.undo(params).await),
            Request::OperationRedo(params) => json(on.changes.redo(params).await),
            Request::OperationExport(params) => json(
                scenario_export::export(
                    &on.store,
                    on.operations.blobs(),
                    on.events.masker(),
                    params,
                )
                .await,
            ),

            Request::CheckpointList(params) => json(on.changes.list(params).await),
            Request::CheckpointGet(params) => json(on.changes.get(params).await),
            Request::CheckpointRestore(params) => json(on.changes.restore_one(params).await),
            Request::CheckpointUsage(_) => json(on.changes.usage().await),
            Request::CheckpointPrune(params) => json(on.changes.prune(params).await),
            Request::CheckpointUnprune(params) => json(on.changes.unprune(params).await),

            Request::CodePreview(params) => json(on.operations.preview_code(params).await),
            Request::CodeApply(params) => json(on.operations.apply_code(params).await),
            Request::CodeState(params) => json(on.knowledge.state(params).await),
            Request::CodeReindex(params) => json(on.knowledge.reindex(params).await),
            Request::CodeNotedFiles(params) => json(on.knowledge.noted_files(params).await),
            Request::CodeLanguages(params) => json(on.knowledge.languages(params).await),
            Request::CodeSetLanguage(params) => json(on.knowledge.set_language(params).await),
            Request::CodeSearch(params) => json(on.knowledge.search(params).await),
            Request::CodeSymbols(params) => json(on.knowledge.symbols(params).await),
            Request::CodeElement(params) => json(on.knowledge.element(params).await),
            Request::CodeCallers(params) => json(on.knowledge.callers(params).await),
            Request::CodeCallees(params) => json(on.knowledge.callees(params).await),
            Request::CodeGraph(params) => json(on.knowledge.graph(params).await),
            Request::CodeDeps(params) => json(on.knowledge.dependencies(params).await),
            Request::CodeTests(params) => json(on.knowledge.tests(params).await),
            Request::CodeMap(params) => json(on.knowledge.map(params).await),
            Request::CodeQuality(params) => json(on.knowledge.quality(params).await),
            Request::CodeHotspots(params) => json(on.knowledge.hotspots(params).await),
            Request::CodeConcepts(params) => json(on.knowledge.concepts(params).await),
            Request::CodeClusters(params) => json(on.knowledge.clusters(params).await),
            Request::CodePatterns(params) => json(on.knowledge.patterns(params).await),
            Request::CodeNaming(params) => json(on.operations.naming(params).await),
            Request::CodeDescribe(params) => json(on.operations.describe(params, gone).await),
            Request::CodeStopDescribing(params) => json(on.knowledge.stop_naming(params).await),
            Request::CodeModules(params) => json(on.knowledge.modules(params).await),
            Request::DraftGet(params) => json(on.unsent.get(params).await),
            Request::DraftSave(params) => json(on.unsent.save(params).await),
            Request::SlashList(_) => json(Ok(commands::list())),
            Request::SlashExpand(params) => json(commands::expand(&params)),

            Request::ApprovalList(_) => json(Ok(on.approvals.list())),
            Request::ApprovalDecide(params) => json(on.approvals.decide(params).await),

            Request::RuleList(params) => json(on.permissions.list(params).await),
            Request::RuleSave(params) => json(on.permissions.save(params).await),
            Request::RuleRemove(params) => json(on.permissions.remove(params).await),
            Request::RuleRestore(params) => json(on.permissions.restore(params).await),
            Request::RulePreview(params) => json(on.permissions.preview(params).await),
            Request::RuleTest(params) => json(on.permissions.test(params).await),
            Request::RuleExport(params) => json(on.permissions.export(params).await),
            Request::RuleImport(params) => json(on.permissions.import(params).await),

            Request::TrustGet(params) => json(on.trusts.get(params).await),
            Request::TrustList(_) => json(on.trusts.list().await),
            Request::TrustGrant(params) => json(on.trusts.grant(params).await),
            Request::TrustRevoke(params) => json(on.trusts.revoke(params).await),
            Request::CommandList(params) => json(on.trusts.commands(params).await),

            Request::HookList(params) => json(on.hooks.list(params).await),
            Request::HookLog(params) => json(on.hooks.log(params).await),
            Request::HookTest(params) => json(on.hooks.test(params).await),

            Request::SudoPermissions(params) => json(on.sudo.permissions(params).await),
            Request::SudoAddPermission(params) => json(on.sudo.add_permission(params).await),
            Request::SudoChangePermission(params) => json(on.sudo.change_permission(params).await),
            Request::SudoRemovePermission(params) => json(on.sudo.remove_permission(params).await),
            Request::SudoRestorePermission(params) => {
                json(on.sudo.restore_permission(params).await)
            }
            Request::SudoBlocklist(params) => json(on.sudo.blocklist(params).await),
            Request::SudoAddBlock(params) => json(on.sudo.add_block(params).await),
            Request::SudoChangeBlock(params) => json(on.sudo.change_block(params).await),
            Request::SudoRemoveBlock(params) => json(on.sudo.remove_block(params).await),
            Request::SudoRestoreBlock(params) => json(on.sudo.restore_block(params).await),
            Request::SudoRequests(params) => json(on.sudo.requests(params).await),
            Request::SudoDecide(params) => json(on.sudo.decide(params).await),
            Request::SudoAudit(params) => json(on.sudo.audit(params).await),

            Request::JobList(_) => json(Ok(on.jobs.list())),
            Request::JobOutput(params) => json(on.jobs.output(params)),
            Request::JobKill(params) => json(on.jobs.kill(params).await),

            Request::SettingsList(_) => json(on.settings.list().await),
            Request::SettingsSet(params) => {
                let name = params.name.clone();
                let reply = on.settings.set(params).await;
                if reply.is_ok() {
                    on.budget.note_setting(&name).await?;
                }
                on.egress.obey(&on.settings.current());
                on.vectors.refresh().await;
                on.knowledge.nudge();
                json(reply)
            }
            Request::ProviderList(_) => json(on.providers.list().await),
            Request::ProviderDetect(_) => json(on.providers.detect().await),
            Request::ProviderTest(params) => json(on.providers.test(params).await),
            Request::ProviderSetKey(params) => {
                let reply = on.providers.set_key(params).await;
                on.vectors.refresh().await;
                json(reply)
            }
            Request::ModelList(_) => json(on.providers.models().await),
            Request::ModelRefresh(_) => json(on.providers.refresh().await),
            Request::EmbeddingTest(params) => json(on.providers.test_embeddings(params).await),

            Request::VectorsGet(_) => json(on.vectors.get().await),
            Request::VectorsTest(params) => json(on.vectors.test(params).await),
            Request::VectorsSetKey(params) => json(on.vectors.set_key(params).await),
            Request::VectorsEstimate(params) => json(on.knowledge.estimate(params).await),
            Request::VectorsAgree(params) => json(on.knowledge.agree(params).await),
            Request::VectorsMigrate(params) => json(on.vectors.migrate(params).await),
            Request::VectorsCancelMigration(_) => json(on.vectors.cancel_migration().await),
            Request::VectorsOld(params) => json(on.vectors.old(params, &on.projects).await),
            Request::VectorsRemoveOld(params) => {
                json(on.vectors.remove_old(params, &on.projects).await)
            }

            Request::EgressList(params) => json(on.egress.list(params).await),
            Request::BudgetGet(_) => json(on.budget.overview().await),
            Request::BudgetSpend(params) => json(on.budget.spend(params).await),
            Request::BudgetCalls(params) => json(on.budget.calls(params).await),
            Request::BudgetCall(params) => json(on.budget.call(params).await),
            Request::BudgetCaps(_) => json(on.budget.caps().await),
            Request::BudgetSetCap(params) => {
                let reply = on.budget.set_cap(params).await;
                on.knowledge.nudge();
                json(reply)
            }
            Request::BudgetRaise(params) => {
                let reply = on.budget.raise(params).await;
                on.knowledge.nudge();
                json(reply)
            }
            Request::BudgetPauses(_) => json(Ok(on.budget.pauses())),
            Request::BudgetDecide(params) => json(on.budget.decide(params).await),
            Request::BudgetForecast(_) => json(on.budget.forecast().await),
            Request::BudgetSavings(params) => json(on.budget.savings(params).await),
            Request::BudgetExport(params) => json(on.budget.export(params).await),
            Request::BudgetRebuild(_) => json(on.budget.rebuild().await),
            Request::BudgetReconcile(params) => json(on.budget.reconcile(params).await),
            Request::BudgetClearCache(_) => json(on.budget.clear_cache().await),
            Request::SessionCache(params) => json(on.operations.session_cache(params).await),
            Request::RouteExplain(params) => json(on.operations.explain(params).await),
            Request::RouteDecisions(params) => json(on.operations.decisions(params).await),
            Request::RouteOutcomes(_) => json(on.operations.outcomes().await),
            Request::RouteChoices(params) => json(on.operations.choices(params).await),
            Request::RouteChoose(params) => json(on.operations.choose(params).await),
            Request::SystemStatus(_) => json(self.status().await),
            Request::SystemDoctor(_) => json(on.system.doctor(&on.providers, &on.vectors).await),
            Request::SystemLogs(params) => json(on.system.logs(params).await),
            Request::DemoStart(_) => json(on.demo.start().await),
        }
    }

    /// The same, typed.
    pub async fn call<C>(&self, call: C) -> Result<C::Reply, Failure>
    where
        C: Call + Into<Request>,
    {
        let value = self.handle(call.into()).await?;
        serde_json::from_value(value).map_err(internal)
    }

    /// Everything from now on. A listener that lags loses events of this channel and finds the
    /// stored ones with [`Engine::replay`].
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.events.listen()
    }

    /// Stored events of a session with `seq` over `since_seq`, in order, at most `limit`.
    pub async fn replay(
        &self,
        session: &SessionId,
        since_seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, Failure> {
        self.0
            .store
            .events_since(session, since_seq, limit)
            .await
            .map_err(from_store)
    }

    /// What a running operation of the session shows that is not stored yet.
    pub fn live(&self, session: &SessionId) -> Vec<Signal> {
        self.0.operations.live(session)
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.0.settings.current()
    }

    /// A request that the host makes itself: written down like every other, until what is returned
    /// is dropped.
    ///
    /// # Errors
    /// [`Code::Refused`] where Mira is offline and the address is elsewhere, or is no address.
    pub fn leaves(&self, url: &str, purpose: &'static str) -> Result<Passage, Failure> {
        self.0.egress.leaves(url, purpose)
    }

    /// Tells `system.status` where the socket listens.
    pub fn set_listening(&self, address: Option<String>) {
        self.0.system.set_listening(address);
    }

    /// Cancels what runs, kills background commands, stores the last events. Call it before the
    /// program ends; without it the next start finds interrupted operations.
    pub async fn shutdown(&self) {
        self.0.limits.abort();
        self.0.knowledge.shutdown().await;
        self.0.vectors.shutdown().await;
        self.0.operations.shutdown().await;
        self.0.hooks.shutdown().await;
        self.0.jobs.shutdown().await;
        self.0.operations.close_all_jobs().await;
        self.0.egress.written().await;
        self.0.system.end();
    }

    /// A rewind behind a running turn would pull the ground from under it.
    async fn check_idle(&self, session: &SessionId) -> Result<(), Failure> {
        let session_id = session.clone();
        let session = mira_protocol::session::SessionRef { session_id };
        match self.0.sessions.get(session).await?.running_operation_id {
            None => Ok(()),
            Some(_) => Err(Failure::new(
                Code::Conflict,
                "A turn of this session is still running, so nothing can be rewound yet.",
            )
            .hint("Wait until it ends, or cancel it first.")),
        }
    }

    async fn session_events(
        &self,
        params: mira_protocol::session::SessionEvents,
    ) -> Result<EventPage, Failure> {
        let limit = params.limit.unwrap_or(5_000).clamp(1, 5_000);
        if let Some(before) = params.before_seq {
            return self.events_before(&params.session_id, before, limit).await;
        }
        let mut events = self
            .replay(&params.session_id, params.since_seq, limit + 1)
            .await?;
        if events.is_empty() {
            // An empty page of a session that is not there would look like an empty session.
            self.0
                .sessions
                .get(mira_protocol::session::SessionRef {
                    session_id: params.session_id.clone(),
                })
                .await?;
        }
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let live = if more {
            vec![]
        } else {
            self.live(&params.session_id)
        };
        Ok(EventPage { events, more, live })
    }

    async fn events_before(
        &self,
        session: &SessionId,
        before: u64,
        limit: u32,
    ) -> Result<EventPage, Failure> {
        let session_id = session.clone();
        let known = mira_protocol::session::SessionRef { session_id };
        self.0.sessions.get(known).await?;
        let (events, more) = self
            .0
            .store
            .events_before(session, before, limit)
            .await
            .map_err(from_store)?;
        let live = match before {
            0 => self.live(session),
            _ => vec![],
        };
        Ok(EventPage { events, more, live })
    }

    async fn status(&self) -> Result<mira_protocol::system::Status, Failure> {
        let on = &*self.0;
        on.system
            .status(system::Now {
                running_operations: on.operations.running_count() as u32,
                running_jobs: on.jobs.running_count() as u32,
                waiting_approvals: on.approvals.list().approvals.len() as u32,
                provider_ready: on.providers.ready().await,
            })
            .await
    }
}

fn json<T: Serialize>(reply: Result<T, Failure>) -> Result<Value, Failure> {
    serde_json::to_value(reply?).map_err(|error| {
        Failure::new(
            Code::Internal,
            format!("The reply could not be encoded: {error}."),
        )
    })
}
