//! A call that wants more rights: stopped by the block list, known by a permission, or asked of
//! the person; then run from words, once, exactly as it was shown; and recorded in any case.

use std::time::Duration;

use mira_policy::{self as policy, Elevation as Wanted};
use mira_protocol::approval::{Approval, DecidedBy, Decision};
use mira_protocol::change::FileChangeSummary;
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::operation::{Access, ApproveMode, OperationState};
use mira_protocol::rule::RuleAction;
use mira_protocol::sudo::{Elevation, ListSudo, SudoAudit, SudoOutcome, SudoRequest, SudoStatus};
use mira_protocol::{ApprovalId, Code, EventKind, Failure, StoredEvent, Topic};
use mira_tools::{Command, Effect, Output, ToolError};
use mira_workspace::{CommandLine, Exit, Spec, process};

use super::clearing::Refused;
use super::execute::{Caller, Plan};
use super::record::By;
use super::run::Stop;
use crate::clock::now_ms;
use crate::failure::from_store;
use crate::ports::Askpass;
use crate::sudo::{Bound, Known, blocked, permitted};

/// Told where neither signals nor the end of its terminal reached it.
const SURVIVES: &str =
    "\n[It was stopped but did not end: it ignores that its terminal is gone, and may go on.]";
/// The end of the output that the audit keeps, in bytes.
const KEPT_OUTPUT: usize = 4 * 1024;

/// A command that may run with more rights now.
pub(super) struct Cleared {
    bound: Bound,
    command: String,
    timeout: Duration,
    request: Option<ApprovalId>,
    rule: Option<String>,
    authorized_by: &'static str,
}

/// What a line of the audit begins as.
struct Record<'a> {
    command: &'a str,
    cwd: &'a str,
    request: Option<ApprovalId>,
    rule: Option<String>,
    authorized_by: &'a str,
}

impl Caller<'_> {
    /// Whether a call may run; with what was cleared where it runs with more rights.
    pub(super) async fn cleared(
        &self,
        plan: &Plan,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<Option<Cleared>, Refused> {
        if let Ok(Effect::Runs(command)) = &plan.effect
            && let Some(cleared) = self.clear_elevated(plan, command, stored).await?
        {
            return Ok(Some(cleared));
        }
        self.clear(plan, stored).await.map(|()| None)
    }

    /// Whether an elevated command may run. None: the call asks for no more rights.
    async fn clear_elevated(
        &self,
        plan: &Plan,
        command: &Command,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<Option<Cleared>, Refused> {
        let line = super::clearing::judged(&command.line);
        let Some(wanted) = policy::elevation(&line, command.elevate) else {
            return Ok(None);
        };
        let shown = policy::line_of(&line);
        let task = self.run.task;
        let cwd = super::clearing::cwd_of(self.run.workspace.root(), &command.cwd);
        let mut record = Record {
            command: &shown,
            cwd: &cwd,
            request: None,
            rule: None,
            authorized_by: "",
        };
        let refuse = match (task.request.access, task.request.approve) {
            (Access::Read, _) => Some("this operation may only read"),
            (_, ApproveMode::Never) => Some("commands are switched off for this operation"),
            _ if command.background => Some("an elevated command cannot run in the background"),
            _ if self.on.way_out.is_closed() => {
                Some("Mira is offline, and an elevated command would have the network")
            }
            _ => None,
        };
        if let Some(why) = refuse {
            self.record(record, SudoOutcome::NotAsked, why, None)
                .await?;
            return Err(Refused::Tell(format!("Not run: {why}.")));
        }
        let (argv, user) = match wanted {
            Wanted::Words { argv, user } => (argv, user),
            Wanted::Unclear { why, .. } => {
                self.record(record, SudoOutcome::NotAsked, &why, None)
                    .await?;
                return Err(Refused::Tell(why));
            }
        };
        let folder = self.run.workspace.root().join(&command.cwd);
        let session = task.session.as_str();
        let bound = match Bound::new(&argv, &user, &folder, environment(), session) {
            Ok(bound) => bound,
            Err(why) => {
                self.record(record, SudoOutcome::NotAsked, &why.0, None)
                    .await?;
                return Err(Refused::Tell(format!("Not run: {}", why.0)));
            }
        };
        let store = &self.on.store;
        let blocks = store
            .sudo_blocklist(&ListSudo::default())
            .await
            .map_err(from_store)?;
        let home = mira_workspace::sandbox::home();
        if let Some(block) = blocked(&blocks, &bound.argv, home.as_deref()) {
            record.rule = Some(block.name.clone());
            self.record(record, SudoOutcome::Blocked, &block.description, None)
                .await?;
            return Err(Refused::Tell(format!(
                "Not run: the block list has it ({}: {}). No approval lets it through; do not try \
                 it another way.",
                block.name, block.description
            )));
        }
        let permissions = store
            .sudo_permissions(&ListSudo::default())
            .await
            .map_err(from_store)?;
        let mut known = permitted(&permissions, &bound.argv);
        match self.ruled(plan, command, &bound).await? {
            Some((RuleAction::Deny, why)) => {
                self.record(record, SudoOutcome::Blocked, &why, None)
                    .await?;
                return Err(Refused::Tell(format!(
                    "Not run: {why}, with more rights as well. Do not try it another way."
                )));
            }
            // What a rule asks about is asked about, whatever the permission says.
            Some((RuleAction::Ask, _)) => {
                if let Some(known) = &mut known {
                    known.runs = false;
                }
            }
            Some((RuleAction::Allow, _)) | None => {}
        }
        let timeout = Duration::from_millis(command.timeout_ms);
        if let Some(known) = known.as_ref().filter(|known| known.runs) {
            store
                .use_sudo_permission(known.id, now_ms())
                .await
                .map_err(from_store)?;
            self.on.events.topic(Topic::Sudo);
            return Ok(Some(Cleared {
                command: policy::typed(&bound.argv),
                bound,
                timeout,
                request: None,
                rule: Some(known.name.clone()),
                authorized_by: "permission",
            }));
        }
        if task.request.approve != ApproveMode::Ask {
            let why = "only the person can allow it, and nobody is asked in this run";
            self.record(record, SudoOutcome::NotAsked, why, None)
                .await?;
            let failure = Failure::new(
                Code::ApprovalNeeded,
                format!("`{shown}` wants the rights of {user}: {why}."),
            )
            .hint(
                "Ask in the app or in `mira`, or let it run without a question: `mira sudo \
                 permissions add --no-approval`.",
            );
            return Err(Refused::Stop(
                Stop::Failed(failure),
                "Not run: it needs an approval that nobody can give here.".into(),
            ));
        }
        self.ask_elevated(plan, command, bound, known, timeout, stored)
            .await
            .map(Some)
    }

    /// What the rules say of it, in any of its forms.
    async fn ruled(
        &self,
        plan: &Plan,
        command: &Command,
        bound: &Bound,
    ) -> Result<Option<(RuleAction, String)>, Refused> {
        let task = self.run.task;
        let gate = &self.on.gate;
        let standing = gate.trusts.standing(self.run.workspace.root()).await?;
        let in_force = gate.permissions.in_force(&task.project, &standing).await?;
        let home = std::env::home_dir();
        let context = policy::Context {
            access: task.request.access,
            approve: task.request.approve,
            root: self.run.workspace.root(),
            home: home.as_deref(),
            rules: &in_force.rules,
            tool: Some(&plan.call.tool),
            blocks: &in_force.blocks,
        };
        let asked = policy::Command {
            line: super::clearing::judged(&command.line),
            cwd: &command.cwd,
            hosts: &[],
        };
        Ok(policy::elevated_rule(&asked, &bound.argv, &context))
    }

    async fn ask_elevated(
        &self,
        plan: &Plan,
        command: &Command,
        bound: Bound,
        known: Option<Known>,
        timeout: Duration,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<Cleared, Refused> {
        let task = self.run.task;
        let shown = policy::typed(&bound.argv);
        let why = match &known {
            Some(known) => format!("; you know it as {:?}", known.name),
            None => String::new(),
        };
        let now = now_ms();
        let approval = Approval {
            id: ApprovalId::new(),
            session_id: task.session.clone(),
            operation_id: task.id.clone(),
            call_id: plan.call.id.clone(),
            tool: plan.call.tool.clone(),
            command: shown.clone(),
            argv: Some(bound.argv.clone()),
            cwd: bound.cwd.display().to_string(),
            reason: format!("it runs with ALL RIGHTS of {}{why}", bound.user),
            purpose: command.purpose.clone(),
            elevation: Some(Elevation {
                user: bound.user.clone(),
                argv: bound.argv.clone(),
                environment: bound
                    .environment
                    .iter()
                    .map(|(name, _)| name.clone())
                    .collect(),
                binding: bound.hash.clone(),
                prompt: self.on.askpass.is_some(),
            }),
            pattern: None,
            rules: vec![],
            requested_at: now,
            expires_at: now + self.on.settings.current().approval_timeout_ms as i64,
        };
        let request = SudoRequest {
            id: approval.id.clone(),
            session_id: task.session.clone(),
            operation_id: task.id.clone(),
            command: shown.clone(),
            argv: bound.argv.clone(),
            user: bound.user.clone(),
            working_dir: approval.cwd.clone(),
            reason: command.purpose.clone().unwrap_or_default(),
            status: SudoStatus::Pending,
            binding: bound.hash.clone(),
            created_at: approval.requested_at,
            expires_at: approval.expires_at,
            responded_at: None,
            executed_at: None,
            exit_code: None,
            permission_id: known.as_ref().map(|known| known.id),
        };
        let store = &self.on.store;
        store.add_sudo_request(&request).await.map_err(from_store)?;
        self.on.events.topic(Topic::Sudo);
        let id = approval.id.clone();
        let cwd = approval.cwd.clone();
        let waiting = EventKind::OperationState {
            state: OperationState::AwaitingApproval,
            kind: None,
            reason: Some(shown.clone()),
        };
        self.append(vec![waiting], stored).await?;
        let decision = self
            .on
            .approvals
            .ask(approval, None, &self.run.cancel)
            .await?;
        // Who decided says whether it was a person, time, or the operation's end.
        let by = store.approval(&id).await.map_err(from_store)?.1;
        let by = by.map_or(DecidedBy::Operation, |decided| decided.by);
        let cancelled = self.run.cancel.is_cancelled();
        let (status, outcome) = match (decision, by) {
            _ if cancelled => (SudoStatus::Cancelled, Some(SudoOutcome::Cancelled)),
            (Decision::Allow | Decision::Always, DecidedBy::Person) => (SudoStatus::Approved, None),
            (_, DecidedBy::Person) => (SudoStatus::Denied, Some(SudoOutcome::Denied)),
            (_, DecidedBy::Expiry) => (SudoStatus::Expired, Some(SudoOutcome::Expired)),
            (_, DecidedBy::Operation) => (SudoStatus::Cancelled, Some(SudoOutcome::Cancelled)),
        };
        store
            .answer_sudo_request(&id, status, now_ms())
            .await
            .map_err(from_store)?;
        self.on.events.topic(Topic::Sudo);
        let rule = known.map(|known| known.name);
        let Some(outcome) = outcome else {
            return Ok(Cleared {
                bound,
                command: shown,
                timeout,
                request: Some(id),
                rule,
                authorized_by: "person",
            });
        };
        let record = Record {
            command: &shown,
            cwd: &cwd,
            request: Some(id),
            rule,
            authorized_by: if by == DecidedBy::Person {
                "person"
            } else {
                ""
            },
        };
        self.record(record, outcome, "", None).await?;
        Err(match outcome {
            SudoOutcome::Cancelled => Refused::Stop(
                Stop::Cancelled,
                "Not run: the operation was stopped.".into(),
            ),
            SudoOutcome::Expired => Refused::Tell(
                "Nobody answered in time, so it was not run. Go on without it, or say what the \
                 person could run themselves."
                    .into(),
            ),
            _ => Refused::Tell(
                "The developer did not allow this. Do not try it another way; go on without it or \
                 say what you would have done."
                    .into(),
            ),
        })
    }

    /// Runs what was cleared, once.
    pub(super) async fn run_elevated(
        &self,
        plan: &Plan,
        cleared: Cleared,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<(Output, Vec<FileChangeSummary>), ToolError> {
        let broken = |failure: Failure| ToolError::Broken(failure.message);
        if let Err(why) = self.take(&cleared).await.map_err(broken)? {
            self.end(&cleared, SudoOutcome::Refused, &why, None)
                .await
                .map_err(broken)?;
            return Err(ToolError::Refused(format!("Not run: {why}.")));
        }
        let spec = match self.starter(&cleared) {
            Ok(spec) => spec,
            Err(why) => {
                self.end(&cleared, SudoOutcome::Failed, &why, None)
                    .await
                    .map_err(broken)?;
                return Err(ToolError::Refused(format!("Not run: {why}")));
            }
        };
        self.begin_command().await.map_err(broken)?;
        let program = cleared.bound.argv.first().map_or("", String::as_str);
        self.on.way_out.command(program);
        let started = EventKind::ToolStarted {
            call_id: plan.call.id.clone(),
            command: Some(cleared.command.clone()),
        };
        self.append(vec![started], stored).await.map_err(broken)?;
        let cx = &plan.cx;
        let ran = cx
            .jobs
            .run(&cx.session, &cx.operation, spec, &cx.cancel, &*cx.progress)
            .await;
        let by = By {
            call: Some(plan.call.id.clone()),
            kind: CheckpointKind::Command,
            title: cleared.command.clone(),
        };
        let changes = self.end_command(by, vec![]).await.map_err(broken)?;
        let (exit, kept) = match ran {
            Ok(ran) => ran,
            Err(refusal) => {
                let why = refusal.to_string();
                self.end(&cleared, SudoOutcome::Failed, &why, None)
                    .await
                    .map_err(broken)?;
                return Err(refusal.into());
            }
        };
        let trouble = trouble(&exit);
        let outcome = match trouble {
            Some(_) => SudoOutcome::Failed,
            None if exit.cancelled || exit.timed_out => SudoOutcome::Stopped,
            None => SudoOutcome::Ran,
        };
        let detail = match exit.survives {
            true => "it could not be ended and may go on",
            false => trouble.unwrap_or(""),
        };
        self.end(&cleared, outcome, detail, Some(&exit))
            .await
            .map_err(broken)?;
        if exit.cancelled && !exit.survives {
            return Err(ToolError::Cancelled);
        }
        if exit.cancelled {
            return Err(ToolError::Refused(SURVIVES.trim().into()));
        }
        if let Some(trouble) = trouble {
            return Err(ToolError::Refused(format!("Not run: {trouble}")));
        }
        let mut output = mira_tools::told(&exit, kept.as_deref(), cleared.timeout);
        if exit.survives {
            output.text.push_str(SURVIVES);
        }
        Ok((output, changes))
    }

    /// Uses the approval up. Err: what is to run is not what was approved, or no longer.
    async fn take(&self, cleared: &Cleared) -> Result<Result<(), String>, Failure> {
        let session = self.run.task.session.as_str();
        let now = cleared.bound.again(session);
        if now.as_ref().ok().map(|bound| &bound.hash) != Some(&cleared.bound.hash) {
            return Ok(Err(
                "the program changed after it was approved; ask again if it is still wanted".into(),
            ));
        }
        let Some(id) = &cleared.request else {
            return Ok(Ok(()));
        };
        let taken = self
            .on
            .store
            .take_sudo_request(id, &cleared.bound.argv, &cleared.bound.hash, now_ms())
            .await
            .map_err(from_store)?;
        Ok(if taken {
            Ok(())
        } else {
            Err("the approval is used up, too old, or for another command".into())
        })
    }

    /// The command that changes rights and starts ours.
    fn starter(&self, cleared: &Cleared) -> Result<Spec, String> {
        let bound = &cleared.bound;
        let is_root = rustix::process::geteuid().is_root();
        let means = match is_root && bound.user == "root" {
            true => Means::Nothing,
            false => Means::found()?,
        };
        let language = self.on.settings.current().look.language.clone();
        let askpass = self.on.askpass.as_ref();
        let (argv, added) = means.start(bound, askpass, &cleared.command, language);
        let mut env = bound.environment.clone();
        env.extend(added);
        let mut spec = Spec::new(CommandLine::Argv(argv), bound.cwd.clone());
        spec.env = env;
        spec.timeout = Some(cleared.timeout);
        // What ends it when it is stopped: no signal of ours reaches a process of root.
        spec.terminal = true;
        Ok(spec)
    }

    async fn end(
        &self,
        cleared: &Cleared,
        outcome: SudoOutcome,
        detail: &str,
        exit: Option<&Exit>,
    ) -> Result<(), Failure> {
        if let Some(id) = &cleared.request {
            let status = match outcome {
                SudoOutcome::Refused => SudoStatus::Refused,
                _ => SudoStatus::Executed,
            };
            let code = exit.and_then(|exit| exit.code);
            self.on
                .store
                .end_sudo_request(id, status, code)
                .await
                .map_err(from_store)?;
        }
        let record = Record {
            command: &cleared.command,
            cwd: &cleared.bound.cwd.display().to_string(),
            request: cleared.request.clone(),
            rule: cleared.rule.clone(),
            authorized_by: cleared.authorized_by,
        };
        self.record(record, outcome, detail, exit).await
    }

    async fn record(
        &self,
        record: Record<'_>,
        outcome: SudoOutcome,
        detail: &str,
        exit: Option<&Exit>,
    ) -> Result<(), Failure> {
        let task = self.run.task;
        let output = exit.map_or("", |exit| exit.output.as_str());
        let entry = SudoAudit {
            id: 0,
            at: now_ms(),
            outcome,
            command: record.command.to_owned(),
            working_dir: record.cwd.to_owned(),
            session_id: task.session.clone(),
            operation_id: task.id.clone(),
            request_id: record.request,
            rule: record.rule,
            authorized_by: record.authorized_by.to_owned(),
            exit_code: exit.and_then(|exit| exit.code),
            duration_ms: exit.map(|exit| exit.duration.as_millis() as u64),
            output: self.on.masker.mask(tail(output)).into_owned(),
            detail: detail.to_owned(),
        };
        self.on
            .store
            .add_sudo_audit(&entry)
            .await
            .map_err(from_store)?;
        self.on.events.topic(Topic::Sudo);
        Ok(())
    }
}

/// The program that gives rights, as a whole path.
enum Means {
    /// They are there already.
    Nothing,
    Sudo(String),
    Pkexec(String),
}

impl Means {
    fn found() -> Result<Self, String> {
        if let Some(sudo) = program("sudo") {
            return Ok(Self::Sudo(sudo));
        }
        program("pkexec").map(Self::Pkexec).ok_or_else(|| {
            "this machine has neither sudo nor pkexec; the person can run it themselves".into()
        })
    }

    /// The words that are run, and what is added to their environment.
    fn start(
        &self,
        bound: &Bound,
        askpass: Option<&Askpass>,
        shown: &str,
        language: String,
    ) -> (Vec<String>, Vec<(String, String)>) {
        let (mut argv, mut env) = (Vec::new(), Vec::new());
        match self {
            Self::Nothing => {}
            Self::Sudo(sudo) => {
                // -k: a password that was typed for something else counts for nothing, and this
                // one for nothing later.
                argv.extend([sudo.clone(), "-k".into()]);
                match askpass {
                    Some(askpass) => {
                        argv.push("-A".into());
                        let program = askpass.program.display().to_string();
                        env.push(("SUDO_ASKPASS".into(), program));
                        env.extend(askpass.env.iter().cloned());
                        env.push(("MIRA_ASKPASS_FOR".into(), shown.to_owned()));
                        env.push(("MIRA_LANGUAGE".into(), language));
                    }
                    None => argv.push("-n".into()),
                }
                argv.extend(["-u".into(), bound.user.clone(), "--".into()]);
            }
            // Its agent asks, and shows the words itself.
            Self::Pkexec(pkexec) => {
                argv.extend([pkexec.clone(), "--user".into(), bound.user.clone()]);
            }
        }
        argv.extend(bound.argv.iter().cloned());
        (argv, env)
    }
}

/// What the starter of an elevated command is given; the command itself gets what the system's
/// own rules for it say.
fn environment() -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = process::environment()
        .into_iter()
        .filter(|(name, _)| {
            name.starts_with("LC_") || ["LANG", "TZ", "TERM"].contains(&name.as_str())
        })
        .collect();
    kept.push((
        "PATH".into(),
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
    ));
    kept.sort();
    kept
}

/// Of the system, whatever the person's search path says.
fn program(name: &str) -> Option<String> {
    ["/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin"]
        .iter()
        .map(|folder| format!("{folder}/{name}"))
        .find(|path| std::path::Path::new(path).is_file())
}

/// Where the rights were not given, in words for the model. Sudo says so itself, and ends with 1.
fn trouble(exit: &Exit) -> Option<&'static str> {
    if exit.success() || exit.cancelled || exit.timed_out {
        return None;
    }
    let told = |words: &str| {
        exit.output.lines().any(|line| {
            line.contains(words) && (line.contains("sudo") || line.contains("not in the sudoers"))
        })
    };
    if told("a password is required") || told("a terminal is required") {
        return Some(
            "a password is needed, and there is nobody to ask here. It can be asked in the app, or \
             in `mira` in a terminal.",
        );
    }
    if told("no password was provided") || told("no askpass program") {
        return Some("the person gave no password. Do not try it another way.");
    }
    if told("incorrect password attempt") {
        return Some("the password was wrong.");
    }
    if told("is not in the sudoers file")
        || told("is not allowed to execute")
        || told("may not run sudo")
    {
        return Some("the person has no right to do this on this machine.");
    }
    None
}

fn tail(text: &str) -> &str {
    let mut from = text.len().saturating_sub(KEPT_OUTPUT);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound() -> Bound {
        let argv = ["id", "-u n", "$HOME"].map(str::to_owned);
        let folder = std::env::temp_dir();
        Bound::new(&argv, "root", &folder, environment(), "s").unwrap()
    }

    /// A program of the same name that only says what it was given.
    fn stub(folder: &std::path::Path) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join("pkexec");
        std::fs::write(&path, "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    #[tokio::test]
    async fn without_sudo_polkit_gets_the_words_as_they_were_approved() {
        let folder = tempfile::tempdir().unwrap();
        let bound = bound();
        let (argv, env) = Means::Pkexec(stub(folder.path())).start(&bound, None, "id", "en".into());
        assert!(env.is_empty(), "{env:?}");
        let mut spec = Spec::new(CommandLine::Argv(argv), bound.cwd.clone());
        spec.terminal = true;
        let cancel = tokio_util::sync::CancellationToken::new();
        let exit = process::run(spec, &cancel, &|_| ()).await.unwrap();
        let expected = format!("<--user><root><{}><-u n><$HOME>", bound.argv[0]);
        assert_eq!((exit.code, exit.output), (Some(0), expected));
    }

    #[test]
    fn sudo_takes_the_password_from_the_helper_or_not_at_all() {
        let bound = bound();
        let sudo = Means::Sudo("/usr/bin/sudo".into());
        let askpass = Askpass {
            program: "/opt/mira".into(),
            env: vec![("MIRA_ASKPASS".into(), "1".into())],
        };
        let (argv, env) = sudo.start(&bound, Some(&askpass), "id -u n", "en".into());
        assert_eq!(argv[1..6], ["-k", "-A", "-u", "root", "--"]);
        assert_eq!(argv[6..], bound.argv);
        assert_eq!(env[0], ("SUDO_ASKPASS".into(), "/opt/mira".into()));
        let (argv, env) = sudo.start(&bound, None, "id", "en".into());
        assert_eq!((argv[2].as_str(), env.len()), ("-n", 0));
    }
}
