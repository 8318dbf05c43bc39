//! What can be asked: one line a request.
//!
//! The macro makes of each line a variant of [`Request`], the tie from params to reply
//! ([`Call`]), the entry in [`METHODS`] and the TypeScript map.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::system::Nothing;
use crate::{
    approval, budget, change, checkpoint, code, comment, context, egress, git, hook, insight, job,
    message, naming, operation, project, provider, rewind, route, rule, session, settings, sudo,
    system, trust, vectors,
};

/// Params of a request that know their method and their reply.
pub trait Call: Serialize + DeserializeOwned + Send + 'static {
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}

/// A method, for help, docs and tests.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    pub name: &'static str,
    pub doc: &'static str,
    pub params: &'static str,
    pub reply: &'static str,
}

#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("unknown method {0:?}")]
    UnknownMethod(String),
    #[error("wrong params for {method}: {source}")]
    BadParams {
        method: String,
        source: serde_json::Error,
    },
}

macro_rules! requests {
    ($($(#[doc = $doc:literal])+ $method:literal => $variant:ident($params:ty) -> $reply:ty;)*) => {
        /// A decoded request: what the engine's one exhaustive match takes.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Request {
            $($(#[doc = $doc])+ $variant($params),)*
        }

        impl Request {
            pub fn method(&self) -> &'static str {
                match self { $(Self::$variant(_) => $method,)* }
            }

            /// From a method's name and its params (`null` counts as `{}`).
            pub fn decode(method: &str, params: serde_json::Value) -> Result<Self, DecodeError> {
                let params = if params.is_null() { serde_json::json!({}) } else { params };
                match method {
                    $($method => serde_json::from_value(params)
                        .map(Self::$variant)
                        .map_err(|source| DecodeError::BadParams { method: method.to_owned(), source }),)*
                    _ => Err(DecodeError::UnknownMethod(method.to_owned())),
                }
            }
        }

        /// Every request there is.
        pub const METHODS: &[Method] = &[$(Method {
            name: $method,
            doc: concat!($($doc, "\n"),+),
            params: stringify!($params),
            reply: stringify!($reply),
        },)*];

        /// Typed calls: `M::$variant` ties a method to its params and reply.
        pub mod calls {
            use super::*;
            $(
                #[derive(Debug, Clone, Serialize, Deserialize)]
                #[serde(transparent)]
                pub struct $variant(pub $params);

                impl Call for $variant { type Reply = $reply; }

                impl From<$variant> for Request {
                    fn from(call: $variant) -> Request { Request::$variant(call.0) }
                }
            )*
        }

        #[cfg(feature = "ts")]
        pub fn typescript_map(config: &ts_rs::Config) -> String {
            use ts_rs::TS;
            let mut out = String::from("export interface Requests {\n");
            $(out += &format!("  {:?}: {{ params: {}; reply: {} }};\n", $method,
                <$params as TS>::name(config), <$reply as TS>::name(config));)*
            out += "}\n";
            out
        }

        #[cfg(feature = "ts")]
        pub fn export_types(config: &ts_rs::Config) -> Result<(), ts_rs::ExportError> {
            use ts_rs::TS;
            $(<$params as TS>::export_all(config)?; <$reply as TS>::export_all(config)?;)*
            Ok(())
        }
    };
}

requests! {
    /// Open a folder as a project.
    "project.open" => ProjectOpen(project::OpenProject) -> project::Project;
    /// Make a new folder and open it.
    "project.create" => ProjectCreate(project::CreateProject) -> project::Project;
    /// All projects, last opened first.
    "project.list" => ProjectList(Nothing) -> project::ProjectList;
    /// One project.
    "project.get" => ProjectGet(project::ProjectRef) -> project::Project;
    /// Change name or description.
    "project.update" => ProjectUpdate(project::UpdateProject) -> project::Project;
    /// Forget a project; nothing on disk is touched, its sessions stay.
    "project.remove" => ProjectRemove(project::ProjectRef) -> Nothing;
    /// The guideline files that apply.
    "project.guidelines" => ProjectGuidelines(project::ProjectRef) -> project::Guidelines;

    /// Entries of one folder.
    "file.list" => FileList(project::ListFiles) -> project::FileList;
    /// Lines of a file.
    "file.read" => FileRead(project::ReadFile) -> project::FileContent;
    /// Files by a part of their path.
    "file.find" => FileFind(project::FindFiles) -> project::FileList;
    /// A whole content, with its type: an image before and after.
    "file.blob" => FileBlob(project::ReadBlob) -> project::FileBlob;

    /// Editors of this machine that open a file at a line.
    "editor.list" => EditorList(Nothing) -> project::EditorList;
    /// Open a file in the first of them.
    "editor.open" => EditorOpen(project::OpenInEditor) -> project::Editor;

    /// Branch and changed files.
    "git.status" => GitStatus(project::ProjectRef) -> git::GitStatus;
    /// A unified diff.
    "git.diff" => GitDiff(git::GitDiff) -> git::GitDiffText;
    /// A diff, file by file with hunks.
    "git.changes" => GitChanges(git::GitDiff) -> git::GitChanges;
    /// Commits, newest first.
    "git.log" => GitLog(git::GitLog) -> git::CommitList;
    /// Commits by words and meaning, ranked.
    "git.search" => GitSearch(git::SearchCommits) -> git::CommitHits;

    /// A new, empty session.
    "session.create" => SessionCreate(session::CreateSession) -> session::Session;
    /// Sessions, pinned first, then newest activity first.
    "session.list" => SessionList(session::ListSessions) -> session::SessionList;
    /// One session.
    "session.get" => SessionGet(session::SessionRef) -> session::Session;
    /// The newest session.
    "session.last" => SessionLast(session::LastSession) -> session::MaybeSession;
    /// Events of a session, to build or to catch up.
    "session.events" => SessionEvents(session::SessionEvents) -> session::EventPage;
    /// Full text over messages and tool output.
    "session.search" => SessionSearch(session::SearchSessions) -> session::SearchHits;
    /// Rename.
    "session.rename" => SessionRename(session::RenameSession) -> session::Session;
    /// Pin or unpin.
    "session.pin" => SessionPin(session::PinSession) -> session::Session;
    /// Delete; `session.restore` brings it back.
    "session.delete" => SessionDelete(session::SessionRef) -> Nothing;
    /// Bring a deleted session back.
    "session.restore" => SessionRestore(session::SessionRef) -> session::Session;
    /// Copy a session up to an event.
    "session.fork" => SessionFork(session::ForkSession) -> session::Session;
    /// Go back to before a message: conversation, files, or both.
    "session.rewind" => SessionRewind(rewind::RewindRequest) -> rewind::RewindReport;
    /// Take the newest rewind back.
    "session.unrewind" => SessionUnrewind(rewind::UnrewindRequest) -> rewind::RewindReport;
    /// The conversation as Markdown or JSON.
    "session.export" => SessionExport(session::ExportSession) -> session::ExportedSession;
    /// What all its operations did to files, first state to last.
    "session.changes" => SessionChanges(session::SessionRef) -> change::SessionChanges;

    /// Remarks that wait to be sent.
    "comment.list" => CommentList(comment::ListComments) -> comment::CommentList;
    /// Remark on lines.
    "comment.add" => CommentAdd(comment::AddComment) -> comment::Comment;
    /// Change a remark's words.
    "comment.edit" => CommentEdit(comment::EditComment) -> comment::Comment;
    /// Take a remark away.
    "comment.remove" => CommentRemove(comment::CommentRef) -> Nothing;
    /// Send all remarks of a session to the model as one message.
    "comment.send" => CommentSend(comment::SendComments) -> operation::OperationStarted;

    /// What is pinned and left out, and the newest receipt.
    "context.get" => ContextGet(context::GetContext) -> context::SessionContext;
    /// Pin, leave out, or neither.
    "context.choose" => ContextChoose(context::ChooseContext) -> context::SessionContext;

    /// Ask: starts an operation and answers at once.
    "operation.start" => OperationStart(operation::StartOperation) -> operation::OperationStarted;
    /// Stop it: kills its commands, answers its open calls.
    "operation.cancel" => OperationCancel(operation::OperationRef) -> Nothing;
    /// A message into the running operation.
    "operation.steer" => OperationSteer(operation::Steer) -> Nothing;
    /// Go on where an interrupted, failed or cancelled operation stopped.
    "operation.resume" => OperationResume(operation::ResumeOperation) -> operation::OperationStarted;
    /// Ask again from a message of the person, in a copy of the session that ends before it.
    "operation.again" => OperationAgain(message::AskAgain) -> operation::OperationStarted;
    /// Change a message that still waits for its turn.
    "operation.edit" => OperationEdit(message::EditQueued) -> Nothing;
    /// Let waiting messages go that nothing runs before.
    "operation.release" => OperationRelease(message::ReleaseQueue) -> operation::OperationStarted;
    /// What a message would be: who answers, tokens, money, whether it can be sent.
    "operation.estimate" => OperationEstimate(message::EstimateMessage) -> message::MessageEstimate;
    /// One operation.
    "operation.get" => OperationGet(operation::OperationRef) -> operation::Operation;
    /// Operations of a session, oldest first.
    "operation.list" => OperationList(operation::ListOperations) -> operation::OperationList;
    /// What it did to files, with hunks and marks.
    "operation.changes" => OperationChanges(operation::OperationRef) -> change::ChangeSet;
    /// Keep or reject a file or a hunk.
    "operation.review" => OperationReview(change::Review) -> change::ChangeSet;
    /// Take file changes back.
    "operation.undo" => OperationUndo(change::UndoRequest) -> change::UndoReport;
    /// Bring undone file changes again.
    "operation.redo" => OperationRedo(change::UndoRequest) -> change::UndoReport;
    /// The operation as a scenario that replays offline.
    "operation.export" => OperationExport(operation::OperationRef) -> operation::ExportedScenario;

    /// What each call, undo and rewind did to files, newest first.
    "checkpoint.list" => CheckpointList(checkpoint::ListCheckpoints) -> checkpoint::CheckpointList;
    /// One of them with its files and hunks.
    "checkpoint.get" => CheckpointGet(checkpoint::CheckpointRef) -> checkpoint::CheckpointDetail;
    /// Put the files of one into the state before or after it.
    "checkpoint.restore" => CheckpointRestore(checkpoint::RestoreCheckpoint) -> checkpoint::RestoreDone;
    /// What they take on disk, and the limits.
    "checkpoint.usage" => CheckpointUsage(Nothing) -> checkpoint::CheckpointUsage;
    /// Let old ones go.
    "checkpoint.prune" => CheckpointPrune(checkpoint::PruneCheckpoints) -> checkpoint::PruneReport;
    /// Bring pruned ones back while their contents are still there.
    "checkpoint.unprune" => CheckpointUnprune(checkpoint::UnpruneCheckpoints) -> checkpoint::UnpruneReport;

    /// What a code block would make of a file.
    "code.preview" => CodePreview(message::ApplyCode) -> message::ApplyPreview;
    /// Write a code block to a file, as an operation that can be undone.
    "code.apply" => CodeApply(message::ApplyCode) -> operation::OperationStarted;

    /// What the index of a project knows and does; begins to make it.
    "code.state" => CodeState(project::ProjectRef) -> code::IndexState;
    /// Look at the whole project again.
    "code.reindex" => CodeReindex(project::ProjectRef) -> code::IndexState;
    /// Files that are not, or not wholly, in the index, each with its reason.
    "code.noted_files" => CodeNotedFiles(project::ProjectRef) -> code::NotedFiles;
    /// How each language is read in this project.
    "code.languages" => CodeLanguages(project::ProjectRef) -> code::CodeLanguages;
    /// Switch a language, its extensions or its limits; its files are read again.
    "code.set_language" => CodeSetLanguage(code::SetCodeLanguage) -> code::CodeLanguages;
    /// Code by words, names and meaning, ranked; or exact text.
    "code.search" => CodeSearch(code::SearchCode) -> code::CodeHits;
    /// Elements by name, or all of a file.
    "code.symbols" => CodeSymbols(code::FindSymbols) -> code::CodeSymbols;
    /// All there is to know of one element.
    "code.element" => CodeElement(code::ElementRef) -> code::ElementDetail;
    /// Who uses an element.
    "code.callers" => CodeCallers(code::ElementRef) -> code::CodeEdges;
    /// What an element uses.
    "code.callees" => CodeCallees(code::ElementRef) -> code::CodeEdges;
    /// An element with those around it.
    "code.graph" => CodeGraph(code::AskGraph) -> code::CodeGraph;
    /// Packages from outside, and which files use which.
    "code.deps" => CodeDeps(code::AskDependencies) -> code::CodeDependencies;
    /// Tests for an element or a file.
    "code.tests" => CodeTests(code::ElementRef) -> code::CodeTests;
    /// The project in few words, ranked by importance within a budget of tokens.
    "code.map" => CodeMap(code::AskMap) -> code::CodeMap;
    /// What could be better in the code, each with the measure behind it.
    "code.quality" => CodeQuality(insight::AskQuality) -> insight::CodeQuality;
    /// Files that are both hard to follow and often changed.
    "code.hotspots" => CodeHotspots(insight::AskHotspots) -> insight::CodeHotspots;
    /// The words the project thinks in; or the elements that are about one of them.
    "code.concepts" => CodeConcepts(insight::AskConcepts) -> insight::CodeConcepts;
    /// Files that belong together.
    "code.clusters" => CodeClusters(project::ProjectRef) -> insight::CodeClusters;
    /// Design patterns, each with who takes part and what speaks for it.
    "code.patterns" => CodePatterns(project::ProjectRef) -> insight::CodePatterns;
    /// What a model would name, which one, and what that would cost; asks nobody.
    "code.naming" => CodeNaming(naming::AskNaming) -> naming::NamingOffer;
    /// Let the model name what it has not named as it is now; one request, held under the caps.
    "code.describe" => CodeDescribe(naming::AskNaming) -> naming::Described;
    /// End the request that names; what it may have cost stays spent.
    "code.stop_describing" => CodeStopDescribing(project::ProjectRef) -> Nothing;
    /// Folders of the project, and which uses which.
    "code.modules" => CodeModules(insight::AskModules) -> insight::CodeModules;

    /// The message of a session that is not sent yet.
    "draft.get" => DraftGet(message::DraftRef) -> message::Draft;
    /// Keep it.
    "draft.save" => DraftSave(message::SaveDraft) -> Nothing;

    /// Mira's own slash commands.
    "slash.list" => SlashList(Nothing) -> message::SlashCommands;
    /// The prompt of one of them that is one.
    "slash.expand" => SlashExpand(message::ExpandCommand) -> message::ExpandedCommand;

    /// Approvals that wait now.
    "approval.list" => ApprovalList(Nothing) -> approval::ApprovalList;
    /// Decide one; single use.
    "approval.decide" => ApprovalDecide(approval::DecideApproval) -> Nothing;

    /// Permission rules, with the project's file and the block list.
    "rule.list" => RuleList(rule::ListRules) -> rule::RuleList;
    /// Make or change a rule.
    "rule.save" => RuleSave(rule::SaveRule) -> rule::Rule;
    /// Take a rule away; `rule.restore` brings it back.
    "rule.remove" => RuleRemove(rule::RuleRef) -> Nothing;
    /// Bring a removed rule back.
    "rule.restore" => RuleRestore(rule::RuleRef) -> rule::Rule;
    /// Which past calls rules would have matched, and which they would have decided otherwise.
    "rule.preview" => RulePreview(rule::PreviewRule) -> rule::RulePreview;
    /// The verdict on a command, part by part.
    "rule.test" => RuleTest(rule::TestRule) -> rule::RuleTest;
    /// Rules as a file.
    "rule.export" => RuleExport(rule::ExportRules) -> rule::ExportedRules;
    /// Rules from a file; a fault in it changes nothing.
    "rule.import" => RuleImport(rule::ImportRules) -> rule::ImportedRules;

    /// What a project brings that waits for trust, with its content.
    "trust.get" => TrustGet(project::ProjectRef) -> trust::Trust;
    /// Every folder that was decided about.
    "trust.list" => TrustList(Nothing) -> trust::TrustList;
    /// Trust what the person saw, and nothing else.
    "trust.grant" => TrustGrant(trust::GrantTrust) -> trust::Trust;
    /// Trust a folder no longer.
    "trust.revoke" => TrustRevoke(project::ProjectRef) -> trust::Trust;
    /// The person's slash commands, and a trusted project's.
    "command.list" => CommandList(project::ProjectRef) -> trust::CustomCommands;

    /// Hooks, in the order in which they run.
    "hook.list" => HookList(hook::ListHooks) -> hook::HookList;
    /// How hooks ran.
    "hook.log" => HookLog(hook::ReadHookLog) -> hook::HookLog;
    /// Run one hook with a made-up occasion.
    "hook.test" => HookTest(hook::TestHook) -> hook::HookTest;

    /// Commands that are known to be run with more rights.
    "sudo.permissions" => SudoPermissions(sudo::ListSudo) -> sudo::SudoPermissions;
    /// Add one.
    "sudo.add_permission" => SudoAddPermission(sudo::AddSudoPermission) -> sudo::SudoPermission;
    /// Change one, or switch it.
    "sudo.change_permission" => SudoChangePermission(sudo::ChangeSudoPermission) -> sudo::SudoPermission;
    /// Remove one; `sudo.restore_permission` brings it back.
    "sudo.remove_permission" => SudoRemovePermission(sudo::SudoRef) -> Nothing;
    /// Bring a removed one back.
    "sudo.restore_permission" => SudoRestorePermission(sudo::SudoRef) -> sudo::SudoPermission;
    /// Commands that never run with more rights.
    "sudo.blocklist" => SudoBlocklist(sudo::ListSudo) -> sudo::SudoBlocklist;
    /// Add one.
    "sudo.add_block" => SudoAddBlock(sudo::AddSudoBlock) -> sudo::SudoBlock;
    /// Switch one, or change its severity.
    "sudo.change_block" => SudoChangeBlock(sudo::ChangeSudoBlock) -> sudo::SudoBlock;
    /// Remove one of the person's own; `sudo.restore_block` brings it back.
    "sudo.remove_block" => SudoRemoveBlock(sudo::SudoRef) -> Nothing;
    /// Bring a removed one back.
    "sudo.restore_block" => SudoRestoreBlock(sudo::SudoRef) -> sudo::SudoBlock;
    /// What was asked for, newest first.
    "sudo.requests" => SudoRequests(sudo::ListSudoRequests) -> sudo::SudoRequests;
    /// Decide one that waits; single use.
    "sudo.decide" => SudoDecide(sudo::DecideSudo) -> Nothing;
    /// What became of elevated commands, newest first.
    "sudo.audit" => SudoAudit(sudo::ReadSudoAudit) -> sudo::SudoAuditPage;

    /// Background commands, newest first.
    "job.list" => JobList(Nothing) -> job::JobList;
    /// Output of one.
    "job.output" => JobOutput(job::ReadJob) -> job::JobOutput;
    /// End one, with all its children.
    "job.kill" => JobKill(job::JobRef) -> Nothing;

    /// Every setting with value, source, legal values.
    "settings.list" => SettingsList(Nothing) -> settings::SettingList;
    /// Save or reset one.
    "settings.set" => SettingsSet(settings::SetSetting) -> settings::SettingList;

    /// Providers and whether they can be used.
    "provider.list" => ProviderList(Nothing) -> provider::ProviderList;
    /// Look for model servers on this machine.
    "provider.detect" => ProviderDetect(Nothing) -> provider::DetectedServers;
    /// A real request, to know that it works.
    "provider.test" => ProviderTest(provider::TestProvider) -> provider::ProviderTest;
    /// Save a key in the OS keychain.
    "provider.set_key" => ProviderSetKey(provider::SetKey) -> provider::ProviderList;
    /// The catalogue, and the model of each tier.
    "model.list" => ModelList(Nothing) -> provider::ModelList;
    /// The same, after asking every provider that has a key for its own list.
    "model.refresh" => ModelRefresh(Nothing) -> provider::ModelList;
    /// Make a real vector with the model for embeddings.
    "embedding.test" => EmbeddingTest(provider::TestEmbeddings) -> provider::EmbeddingTest;

    /// Where vectors lie, who makes them, and a move between places.
    "vectors.get" => VectorsGet(Nothing) -> vectors::VectorsState;
    /// Ask a Qdrant server whether it answers.
    "vectors.test" => VectorsTest(vectors::TestVectors) -> vectors::VectorsTest;
    /// Save the server's key in the OS keychain.
    "vectors.set_key" => VectorsSetKey(vectors::SetVectorsKey) -> vectors::VectorsState;
    /// What vectors of a project would take and cost.
    "vectors.estimate" => VectorsEstimate(project::ProjectRef) -> vectors::VectorsEstimate;
    /// Say yes to that.
    "vectors.agree" => VectorsAgree(vectors::AgreeVectors) -> vectors::VectorsEstimate;
    /// Move all vectors to the other place, in the background.
    "vectors.migrate" => VectorsMigrate(vectors::Migrate) -> vectors::VectorsState;
    /// Stop that; what was in use stays in use.
    "vectors.cancel_migration" => VectorsCancelMigration(Nothing) -> vectors::VectorsState;
    /// Collections that search does not use, with what would be lost with each.
    "vectors.old" => VectorsOld(vectors::AskOldVectors) -> vectors::OldVectors;
    /// Remove one of them for good.
    "vectors.remove_old" => VectorsRemoveOld(vectors::RemoveOldVectors) -> vectors::OldVectors;

    /// Money spent and limits.
    "budget.get" => BudgetGet(Nothing) -> system::Budget;
    /// What left this machine: requests, newest first, with sums by host.
    "egress.list" => EgressList(egress::ListEgress) -> egress::EgressPage;
    /// The ledger, grouped.
    "budget.spend" => BudgetSpend(budget::SpendQuery) -> budget::SpendTable;
    /// Rows of the ledger, newest first.
    "budget.calls" => BudgetCalls(budget::ListCalls) -> budget::CallList;
    /// One call and what it was made of.
    "budget.call" => BudgetCall(budget::CallRef) -> budget::CallReceipt;
    /// Every cap where it stands.
    "budget.caps" => BudgetCaps(Nothing) -> budget::CapList;
    /// Set or remove a cap for good.
    "budget.set_cap" => BudgetSetCap(budget::SetCap) -> budget::CapList;
    /// Add to a cap for its current window.
    "budget.raise" => BudgetRaise(budget::RaiseCap) -> budget::CapList;
    /// Operations that wait for money.
    "budget.pauses" => BudgetPauses(Nothing) -> budget::PauseList;
    /// Decide what a paused operation does.
    "budget.decide" => BudgetDecide(budget::DecidePause) -> Nothing;
    /// Day and month end, with a band.
    "budget.forecast" => BudgetForecast(Nothing) -> budget::Forecast;
    /// What caches saved, and why prefixes broke.
    "budget.savings" => BudgetSavings(budget::SpendQuery) -> budget::Savings;
    /// The ledger as CSV or JSON.
    "budget.export" => BudgetExport(budget::ExportBudget) -> budget::ExportedTable;
    /// Sum days and months up anew.
    "budget.rebuild" => BudgetRebuild(Nothing) -> budget::RebuildReport;
    /// Say what kept calls really cost.
    "budget.reconcile" => BudgetReconcile(budget::Reconcile) -> budget::Reconciled;
    /// Forget the stored answers.
    "budget.clear_cache" => BudgetClearCache(Nothing) -> Nothing;
    /// What the provider's cache can have of a session, and the files that the model has seen.
    "session.cache" => SessionCache(session::SessionRef) -> budget::SessionCache;
    /// Which tier would answer, why, and what it would cost.
    "route.explain" => RouteExplain(route::ExplainRoute) -> route::RouteExplanation;
    /// The decisions of an operation's calls.
    "route.decisions" => RouteDecisions(route::RouteDecisionsOf) -> route::RouteDecisions;
    /// How routed operations ended, and thresholds that this speaks against.
    "route.outcomes" => RouteOutcomes(Nothing) -> route::RouteOutcomes;
    /// Tier and model chosen for a session and its project.
    "route.choices" => RouteChoices(route::RouteChoicesOf) -> route::RouteChoices;
    /// Choose tier and model for a session or a project.
    "route.choose" => RouteChoose(route::SetRouteChoice) -> route::RouteChoices;
    /// The engine about itself.
    "system.status" => SystemStatus(Nothing) -> system::Status;
    /// Checks with hints.
    "system.doctor" => SystemDoctor(Nothing) -> system::DoctorReport;
    /// The newest log lines.
    "system.logs" => SystemLogs(system::ReadLogs) -> system::LogLines;
    /// Play the demonstration.
    "demo.start" => DemoStart(Nothing) -> system::DemoStarted;
}
