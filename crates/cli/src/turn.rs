//! Watching an operation in a terminal: output, questions, Ctrl-C, typing into it.

use std::collections::VecDeque;
use std::io::{self, Write};

use mira_protocol::approval::{Approval, DecideApproval, Decision};
use mira_protocol::budget::{DecidePause, Pause, PauseChoice};
use mira_protocol::operation::{OperationRef, OperationState, Steer};
use mira_protocol::system::Nothing;
use mira_protocol::{CallId, Code, Event, EventKind, Failure, OperationId, Signal, calls};

use crate::client::{Client, Feed};
use crate::input::{Input, Keys, Read};
use crate::render::conversation::{self, Conversation, Out};
use crate::render::style::Style;

/// How an operation ended.
#[derive(Debug)]
pub enum Ending {
    Completed,
    Failed(Failure),
    Cancelled,
    /// The person wants to leave the program.
    Quit,
}

/// Shows operations, one after the other.
pub struct Turn {
    client: Client,
    style: Style,
    conversation: Conversation,
    /// The cursor stands behind text of the model.
    mid_line: bool,
    waiting: VecDeque<Approval>,
    /// A call that may be asking for a password now.
    password_for: Option<CallId>,
    /// The operation waits for money, and the person has not chosen.
    paused: Option<Pause>,
    /// Typed while the operation ran, and too late for it: to be asked next.
    pub next_prompts: VecDeque<String>,
}

impl Turn {
    pub fn new(client: Client, style: Style) -> Self {
        Self {
            client,
            style,
            conversation: Conversation::new(style, style),
            mid_line: false,
            waiting: VecDeque::new(),
            password_for: None,
            paused: None,
            next_prompts: VecDeque::new(),
        }
    }

    /// Shows events of an operation that was just begun until it ends.
    pub async fn watch(
        &mut self,
        feed: &mut Feed,
        operation: &OperationId,
        input: &mut Input,
    ) -> Result<Ending, Failure> {
        self.waiting.clear();
        self.paused = None;
        self.follow(feed, operation, input).await
    }

    /// The same of one that was begun elsewhere: what it waits for is asked here, too.
    pub async fn join(
        &mut self,
        feed: &mut Feed,
        operation: &OperationId,
        input: &mut Input,
    ) -> Result<Ending, Failure> {
        let approvals = self.client.call(calls::ApprovalList(Nothing {})).await?;
        let of_it = |approval: &Approval| approval.operation_id == *operation;
        self.waiting = approvals.approvals.into_iter().filter(of_it).collect();
        let pauses = self.client.call(calls::BudgetPauses(Nothing {})).await?;
        let mut pauses = pauses.pauses.into_iter();
        self.paused = pauses.find(|pause| pause.operation_id == *operation);
        self.ask(input);
        self.follow(feed, operation, input).await
    }

    async fn follow(
        &mut self,
        feed: &mut Feed,
        operation: &OperationId,
        input: &mut Input,
    ) -> Result<Ending, Failure> {
        let mut keys = input.keys();
        let mut cancelled = false;
        loop {
            let asking = !self.waiting.is_empty() || self.paused.is_some();
            if self.password_for.is_some() {
                // Sudo's question reads from the same terminal.
                drop(keys.take());
            } else if keys.is_none() {
                keys = input.keys();
            }
            tokio::select! {
                event = feed.next() => {
                    let event = event?;
                    self.show(&event)?;
                    if let Some(ending) = self.note(&event, operation, input) {
                        return Ok(ending);
                    }
                }
                _ = tokio::signal::ctrl_c() => {
                    if cancelled {
                        return Ok(Ending::Quit);
                    }
                    cancelled = true;
                    self.cancel(operation).await?;
                }
                typed = Keys::typed(&mut keys), if keys.is_some() => {
                    if asking {
                        self.answer(typed.chars().next()).await?;
                    } else if typed.chars().any(|c| !c.is_control()) {
                        // The editor needs the terminal as it was.
                        drop(keys.take());
                        self.steer(operation, typed, input).await?;
                        keys = input.keys();
                    }
                }
                line = input.piped_line(), if asking && keys.is_none() => {
                    // A pipe that ended has nobody at its other end: no.
                    self.answer(line.as_deref().map_or(Some('n'), |line| line.trim().chars().next()))
                        .await?;
                }
            }
        }
    }

    fn note(&mut self, event: &Event, operation: &OperationId, input: &Input) -> Option<Ending> {
        let stored = match event {
            Event::Stored(stored) => stored,
            Event::Signal(Signal::Unstored {
                operation_id,
                failure,
                ..
            }) if operation_id == operation => return Some(Ending::Failed(failure.clone())),
            _ => return None,
        };
        match &stored.kind {
            EventKind::ApprovalRequested { approval }
                if self.waiting.iter().all(|known| known.id != approval.id) =>
            {
                self.waiting.push_back(approval.clone());
                if self.waiting.len() == 1 {
                    self.ask(input);
                }
            }
            EventKind::ApprovalDecided { approval_id, .. } => {
                self.waiting.retain(|approval| approval.id != *approval_id);
                if !self.waiting.is_empty() {
                    self.ask(input);
                }
            }
            EventKind::ToolResult { call_id, .. }
                if self.password_for.as_ref() == Some(call_id) =>
            {
                self.password_for = None;
            }
            EventKind::BudgetPaused { pause }
                if stored.operation_id.as_ref() == Some(operation) =>
            {
                self.paused = Some(pause.clone());
                if self.waiting.is_empty() {
                    self.ask(input);
                }
            }
            EventKind::BudgetResumed { .. } if stored.operation_id.as_ref() == Some(operation) => {
                self.paused = None;
            }
            EventKind::OperationFinished { state, failure, .. }
                if stored.operation_id.as_ref() == Some(operation) =>
            {
                return Some(match (state, failure) {
                    (OperationState::Completed, _) => Ending::Completed,
                    (OperationState::Cancelled, _) | (_, None) => Ending::Cancelled,
                    (_, Some(failure)) => Ending::Failed(failure.clone()),
                });
            }
            _ => {}
        }
        None
    }

    fn ask(&self, input: &Input) {
        if let Some(approval) = self.waiting.front() {
            let question = conversation::approval(approval, self.style);
            let _ = writeln!(io::stdout(), "{question}");
            if matches!(input, Input::AlwaysYes) {
                let _ = writeln!(
                    io::stdout(),
                    "{}",
                    self.style.dim("Nobody is here to ask: yes.")
                );
            }
        } else if let Some(pause) = &self.paused {
            let question = conversation::pause(pause, self.style);
            let _ = writeln!(io::stdout(), "{question}");
        }
    }

    async fn answer(&mut self, key: Option<char>) -> Result<(), Failure> {
        let Some(approval) = self.waiting.front() else {
            return self.choose(key).await;
        };
        let decision = match key.map(|key| key.to_ascii_lowercase()) {
            Some('y') => Decision::Allow,
            Some('a') if approval.pattern.is_some() => Decision::Always,
            Some('n' | '\x1b') => Decision::Deny,
            _ => {
                let _ = writeln!(io::stdout(), "{}", self.style.dim("y, n or a?"));
                return Ok(());
            }
        };
        if decision != Decision::Deny && approval.elevation.is_some() {
            self.password_for = Some(approval.call_id.clone());
        }
        let decide = DecideApproval {
            approval_id: approval.id.clone(),
            decision,
        };
        match self.client.call(calls::ApprovalDecide(decide)).await {
            // Decided elsewhere or expired: the event says so.
            Err(failure) if matches!(failure.code, Code::Conflict | Code::NotFound) => {}
            decided => {
                decided?;
            }
        }
        self.waiting.pop_front();
        Ok(())
    }

    /// What the person does about a call that does not fit the budget.
    async fn choose(&mut self, key: Option<char>) -> Result<(), Failure> {
        let Some(pause) = &self.paused else {
            return Ok(());
        };
        let choice = match key.map(|key| key.to_ascii_lowercase()) {
            Some('o') => PauseChoice::RaiseOnce,
            Some('g') => PauseChoice::RaiseForGood,
            Some('c') if pause.cheaper.is_some() => PauseChoice::CheaperTier,
            // A pipe that ended has nobody at its other end.
            Some('s' | 'n' | '\x1b') => PauseChoice::Stop,
            _ => {
                let _ = writeln!(io::stdout(), "{}", self.style.dim("o, g, c or s?"));
                return Ok(());
            }
        };
        let decide = DecidePause {
            operation_id: pause.operation_id.clone(),
            choice,
            amount_micro_usd: None,
        };
        match self.client.call(calls::BudgetDecide(decide)).await {
            Err(failure) if failure.code == Code::Conflict => {
                // It fits by now, or a setting is in the way: then it still waits.
                let _ = writeln!(
                    io::stdout(),
                    "{}",
                    conversation::problem(&failure, self.style)
                );
            }
            decided => {
                decided?;
                self.paused = None;
            }
        }
        Ok(())
    }

    async fn cancel(&mut self, operation: &OperationId) -> Result<(), Failure> {
        self.end_line()?;
        let _ = writeln!(
            io::stdout(),
            "{}",
            self.style.dim("Stopping; Ctrl-C again quits.")
        );
        let cancel = OperationRef {
            operation_id: operation.clone(),
        };
        match self.client.call(calls::OperationCancel(cancel)).await {
            Err(failure) if matches!(failure.code, Code::Conflict | Code::NotFound) => Ok(()),
            cancelled => cancelled.map(|_| ()),
        }
    }

    /// The output waits while the person types a message into the operation.
    async fn steer(
        &mut self,
        operation: &OperationId,
        typed: String,
        input: &mut Input,
    ) -> Result<(), Failure> {
        self.end_line()?;
        let Read::Line(content) = input.read(&self.client, "into it> ", &typed).await else {
            return Ok(());
        };
        if content.trim().is_empty() {
            return Ok(());
        }
        if content.starts_with('/') {
            self.next_prompts.push_back(content);
            return Ok(());
        }
        let steer = Steer {
            operation_id: operation.clone(),
            content: content.clone(),
        };
        match self.client.call(calls::OperationSteer(steer)).await {
            Ok(_) => {}
            Err(failure) if matches!(failure.code, Code::Conflict | Code::NotFound) => {
                self.next_prompts.push_back(content);
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn show(&mut self, event: &Event) -> Result<(), Failure> {
        for out in self.conversation.event(event) {
            let mut stdout = io::stdout().lock();
            let written = match &out {
                Out::Text(text) => {
                    self.mid_line = !text.ends_with('\n');
                    stdout.write_all(text.as_bytes())
                }
                Out::Line(line) => {
                    let gap = if self.mid_line { "\n" } else { "" };
                    self.mid_line = false;
                    stdout.write_all(format!("{gap}{line}\n").as_bytes())
                }
            };
            written.and_then(|()| stdout.flush()).map_err(|error| {
                Failure::new(Code::Internal, format!("The terminal is gone: {error}."))
            })?;
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.mid_line) {
            let _ = writeln!(io::stdout());
        }
        Ok(())
    }
}
