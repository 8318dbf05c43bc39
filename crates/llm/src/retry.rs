//! A model that asks again. A wrapper that is itself a [`Model`]: it knows nothing of vendors.
//!
//! What was shown is never lost and never shown twice: an answer that broke off is asked for
//! again, and as far as the new one repeats the old one only its continuation is passed on. Once
//! a whole tool call was passed on, nothing is asked again: the call stands and is run once.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use crate::{Chunk, Condensed, ErrorKind, Finish, Model, ModelError, Prompt};

/// When and how often to ask again.
#[derive(Debug, Clone, Copy)]
pub struct RetrySettings {
    /// Including the first.
    pub max_attempts: u32,
    /// Wait before the second attempt; doubles with each further one.
    pub base_ms: u64,
    /// No wait of our own is longer.
    pub cap_ms: u64,
    /// A wait that the provider asks for is kept up to this; a longer one ends in the error.
    pub longest_retry_after_ms: u64,
    /// Up to this share of a wait is added or, for a wait of our own, taken off at random, so
    /// that many clients do not come back at once. 0 to 1.
    pub jitter: f64,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            base_ms: 500,
            cap_ms: 30_000,
            longest_retry_after_ms: 120_000,
            jitter: 0.25,
        }
    }
}

impl RetrySettings {
    /// How long to wait after the failed attempt number `attempt` (from 1), or None to give up.
    /// `random` is between 0 and 1.
    pub(crate) fn delay_ms(&self, kind: &ErrorKind, attempt: u32, random: f64) -> Option<u64> {
        let asked_for = match kind {
            ErrorKind::RateLimited { retry_after_ms } => *retry_after_ms,
            ErrorKind::Server { retry_after_ms, .. } => *retry_after_ms,
            ErrorKind::Unreached | ErrorKind::Broken | ErrorKind::Stalled { .. } => None,
            _ => return None,
        };
        if attempt >= self.max_attempts {
            return None;
        }
        match asked_for {
            Some(wait) if wait > self.longest_retry_after_ms => None,
            // Never earlier than told; at most a second later.
            Some(wait) => {
                let extra = (wait as f64 * self.jitter * random * 0.4).min(1000.0);
                Some(wait + extra as u64)
            }
            None => {
                let doubled = self.base_ms.saturating_mul(1 << (attempt - 1).min(20));
                let wait = doubled.min(self.cap_ms) as f64;
                Some((wait * (1.0 - self.jitter * random)) as u64)
            }
        }
    }
}

/// Asks `inner`, again and again within its settings.
pub struct Retrying<M> {
    inner: Arc<M>,
    settings: RetrySettings,
}

impl<M: Model + 'static> Retrying<M> {
    pub fn new(inner: M, settings: RetrySettings) -> Self {
        Self {
            inner: Arc::new(inner),
            settings,
        }
    }
}

impl<M: Model + 'static> Model for Retrying<M> {
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let inner = Arc::clone(&self.inner);
        let settings = self.settings;
        let stream = async_stream::stream! {
            let mut shown = Shown::default();
            for attempt in 1.. {
                let mut answer = inner.stream(prompt.clone(), cancel.clone());
                let mut passed = Passed::after(&mut shown);
                let failure = loop {
                    match answer.next().await {
                        Some(Ok(Chunk::Waiting { reason, delay_ms, .. })) => {
                            let max_attempts = settings.max_attempts;
                            yield Ok(Chunk::Waiting { reason, delay_ms, attempt, max_attempts });
                        }
                        Some(Ok(chunk)) => {
                            let finished = matches!(chunk, Chunk::Finished(_));
                            for chunk in passed.chunk(chunk) {
                                yield Ok(chunk);
                            }
                            if finished {
                                return;
                            }
                        }
                        Some(Err(error)) => break error,
                        None => break ended(&prompt.model),
                    }
                };
                drop(answer);
                if passed.whole_call && failure.kind != ErrorKind::Cancelled {
                    tracing::info!(error = %failure, "the answer broke off after a whole call");
                    yield Ok(Chunk::Finished(Finish::BrokenOff));
                    return;
                }
                let Some(delay_ms) = settings.delay_ms(&failure.kind, attempt, rand::random())
                else {
                    yield Err(told_attempts(failure, attempt));
                    return;
                };
                tracing::info!(attempt, delay_ms, error = %failure, "asking again");
                yield Ok(Chunk::Waiting {
                    reason: failure.message,
                    delay_ms,
                    attempt: attempt + 1,
                    max_attempts: settings.max_attempts,
                });
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => {
                        yield Err(ModelError {
                            kind: ErrorKind::Cancelled,
                            message: "The request was cancelled.".into(),
                            detail: None,
                        });
                        return;
                    }
                    () = tokio::time::sleep(Duration::from_millis(delay_ms)) => {}
                }
            }
        };
        stream.boxed()
    }

    fn count_tokens(
        &self,
        prompt: &Prompt,
        cancel: CancellationToken,
    ) -> Option<BoxFuture<'static, Result<u64, ModelError>>> {
        self.inner.count_tokens(prompt, cancel)
    }

    /// Once: who asks has another way to make the conversation shorter.
    fn condense(
        &self,
        prompt: &Prompt,
        cancel: CancellationToken,
    ) -> Option<BoxFuture<'static, Result<Condensed, ModelError>>> {
        self.inner.condense(prompt, cancel)
    }
}

fn ended(model: &str) -> ModelError {
    ModelError {
        kind: ErrorKind::Broken,
        message: format!("Asking {model} failed: the answer ended before it was complete."),
        detail: None,
    }
}

fn told_attempts(mut error: ModelError, attempts: u32) -> ModelError {
    if attempts > 1 {
        error
            .message
            .push_str(&format!(" It was tried {attempts} times."));
    }
    error
}

/// What the reader has seen of the message that is being written.
#[derive(Default)]
struct Shown {
    text: String,
    reasoning: String,
}

/// Decides, chunk by chunk, what of one attempt is passed on.
struct Passed<'a> {
    shown: &'a mut Shown,
    mode: Mode,
    /// A whole call was passed on: there is no way back.
    whole_call: bool,
    /// Held until something after it is passed on, so that none is left over from an attempt
    /// that broke off before it.
    opaque: Vec<Chunk>,
    /// Those that came behind the whole of the text that was shown: they are not repeated by it.
    behind: Vec<Chunk>,
}

enum Mode {
    /// Nothing of this attempt repeats what was shown.
    New,
    /// So far it repeats the first `matched` bytes of what was shown; `held` is all of it.
    Repeating {
        matched: usize,
        text: String,
        reasoning: String,
    },
}

impl<'a> Passed<'a> {
    fn after(shown: &'a mut Shown) -> Self {
        let mode = if shown.text.is_empty() && shown.reasoning.is_empty() {
            Mode::New
        } else {
            Mode::Repeating {
                matched: 0,
                text: String::new(),
                reasoning: String::new(),
            }
        };
        Self {
            shown,
            mode,
            whole_call: false,
            opaque: Vec::new(),
            behind: Vec::new(),
        }
    }

    fn chunk(&mut self, chunk: Chunk) -> Vec<Chunk> {
        let mut out = Vec::new();
        match chunk {
            Chunk::Opaque(_) if self.is_behind_the_text() => self.behind.push(chunk),
            Chunk::Opaque(_) => self.opaque.push(chunk),
            Chunk::Text(text) => self.text(text, &mut out),
            Chunk::Reasoning(text) => self.reasoning(text, &mut out),
            // Only progress, and a call that follows text not yet settled comes whole later.
            Chunk::CallProgress { .. } if matches!(self.mode, Mode::Repeating { .. }) => {}
            Chunk::Call { .. } | Chunk::Finished(_) => {
                self.settle(&mut out);
                self.whole_call |= matches!(chunk, Chunk::Call { .. });
                out.append(&mut self.opaque);
                out.push(chunk);
            }
            other => out.push(other),
        }
        out
    }

    fn text(&mut self, new: String, out: &mut Vec<Chunk>) {
        let Mode::Repeating { matched, text, .. } = &mut self.mode else {
            self.shown.text.push_str(&new);
            out.append(&mut self.opaque);
            out.push(Chunk::Text(new));
            return;
        };
        if self.shown.text.is_empty() {
            // Only thoughts were shown, and they are over: whether they were the same is settled.
            self.settle(out);
            return self.text(new, out);
        }
        let rest = &self.shown.text.as_bytes()[*matched..];
        let length = rest.len().min(new.len());
        text.push_str(&new);
        if rest[..length] != new.as_bytes()[..length] {
            self.restart(out);
        } else if new.len() > rest.len() {
            let continuation = new[length..].to_owned();
            self.go_on();
            self.text(continuation, out);
        } else {
            *matched += length;
        }
    }

    fn reasoning(&mut self, new: String, out: &mut Vec<Chunk>) {
        let Mode::Repeating { reasoning, .. } = &mut self.mode else {
            self.shown.reasoning.push_str(&new);
            out.append(&mut self.opaque);
            out.push(Chunk::Reasoning(new));
            return;
        };
        reasoning.push_str(&new);
        if !self.shown.text.is_empty() {
            // The text decides; thoughts of an answer that goes on are not needed twice.
            return;
        }
        if self.shown.reasoning.starts_with(reasoning.as_str()) {
            return;
        }
        match reasoning.strip_prefix(self.shown.reasoning.as_str()) {
            Some(continuation) => {
                let continuation = continuation.to_owned();
                self.go_on();
                self.reasoning(continuation, out);
            }
            None => self.restart(out),
        }
    }

    /// All text that was shown has been repeated.
    fn is_behind_the_text(&self) -> bool {
        let shown = self.shown.text.len();
        matches!(&self.mode, Mode::Repeating { matched, .. } if shown > 0 && *matched == shown)
    }

    /// The text is over: was it what had been shown?
    fn settle(&mut self, out: &mut Vec<Chunk>) {
        let Mode::Repeating { matched, .. } = &self.mode else {
            return;
        };
        if *matched == self.shown.text.len() {
            self.go_on();
        } else {
            self.restart(out);
        }
    }

    /// The attempt repeats all that was shown: from here on it is new. What came before the
    /// repeated text was passed on with the first one.
    fn go_on(&mut self) {
        if !self.shown.text.is_empty() {
            self.opaque.clear();
        }
        self.opaque.append(&mut self.behind);
        self.mode = Mode::New;
    }

    /// The attempt differs from what was shown: it is another message, from its beginning.
    fn restart(&mut self, out: &mut Vec<Chunk>) {
        let Mode::Repeating {
            text, reasoning, ..
        } = std::mem::replace(&mut self.mode, Mode::New)
        else {
            return;
        };
        out.push(Chunk::Restarted);
        *self.shown = Shown::default();
        // An item of encrypted reasoning ends the thoughts before it.
        let opaque = std::mem::take(&mut self.opaque);
        if !reasoning.is_empty() {
            self.reasoning(reasoning, out);
        }
        self.opaque = opaque;
        if !text.is_empty() {
            self.text(text, out);
        }
        self.opaque.append(&mut self.behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Mutex;

    type Attempt = Vec<Result<Chunk, ModelError>>;

    /// Answers with one script after the other.
    struct Scripted(Mutex<std::collections::VecDeque<Attempt>>);

    impl Model for Scripted {
        fn stream(
            &self,
            _: Prompt,
            _: CancellationToken,
        ) -> BoxStream<'static, Result<Chunk, ModelError>> {
            let attempt = self
                .0
                .lock()
                .unwrap()
                .pop_front()
                .expect("an unscripted attempt");
            futures::stream::iter(attempt).boxed()
        }
    }

    fn error(kind: ErrorKind) -> Result<Chunk, ModelError> {
        Err(ModelError {
            kind,
            message: "It failed.".into(),
            detail: None,
        })
    }

    fn broken() -> Result<Chunk, ModelError> {
        error(ErrorKind::Broken)
    }

    fn text(text: &str) -> Result<Chunk, ModelError> {
        Ok(Chunk::Text(text.into()))
    }

    fn thought(text: &str) -> Result<Chunk, ModelError> {
        Ok(Chunk::Reasoning(text.into()))
    }

    fn opaque(name: &str) -> Result<Chunk, ModelError> {
        Ok(Chunk::Opaque(name.into()))
    }

    fn call(id: &str) -> Result<Chunk, ModelError> {
        Ok(Chunk::Call {
            id: id.into(),
            name: "run".into(),
            arguments: "{}".into(),
        })
    }

    fn stop() -> Result<Chunk, ModelError> {
        Ok(Chunk::Finished(Finish::Stop))
    }

    fn prompt() -> Prompt {
        Prompt {
            model: "m".into(),
            instructions: "".into(),
            tools: Arc::new([]),
            items: Vec::new(),
            tool_choice: crate::ToolChoice::Auto,
            effort: None,
            max_output_tokens: None,
            cache_key: String::new(),
        }
    }

    fn ask_with(settings: RetrySettings, attempts: Vec<Attempt>) -> (Attempt, usize) {
        let model = Retrying::new(Scripted(Mutex::new(attempts.into())), settings);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let stream = model.stream(prompt(), CancellationToken::new());
        let chunks = runtime.block_on(stream.collect());
        let left = model.inner.0.lock().unwrap().len();
        (chunks, left)
    }

    /// Everything but the waits, texts in a row as one.
    fn ask(attempts: Vec<Attempt>) -> Attempt {
        let settings = RetrySettings {
            base_ms: 0,
            ..RetrySettings::default()
        };
        let (chunks, left) = ask_with(settings, attempts);
        assert_eq!(left, 0, "attempts that were not made");
        let mut joined: Attempt = Vec::new();
        for chunk in chunks {
            match (joined.last_mut(), chunk) {
                (_, Ok(Chunk::Waiting { .. })) => {}
                (Some(Ok(Chunk::Text(before))), Ok(Chunk::Text(more))) => before.push_str(&more),
                (_, chunk) => joined.push(chunk),
            }
        }
        joined
    }

    #[test]
    fn a_repeated_beginning_is_shown_once() {
        assert_eq!(
            ask(vec![
                vec![text("Hel"), text("lo wö"), broken()],
                vec![text("H"), text("ello"), broken()],
                vec![text("Hello w"), text("örld"), stop()],
            ]),
            [text("Hello wörld"), stop()]
        );
        assert_eq!(
            ask(vec![vec![text("all"), broken()], vec![text("all"), stop()]]),
            [text("all"), stop()]
        );
    }

    #[test]
    fn another_answer_is_another_message() {
        let restarted = || Ok(Chunk::Restarted);
        assert_eq!(
            ask(vec![
                vec![text("Hello"), broken()],
                vec![text("He"), text("y you"), stop()]
            ]),
            [text("Hello"), restarted(), text("Hey you"), stop()]
        );
        // Shorter than what was shown, then over.
        assert_eq!(
            ask(vec![
                vec![text("Hello"), broken()],
                vec![text("Hell"), call("1"), stop()]
            ]),
            [text("Hello"), restarted(), text("Hell"), call("1"), stop()]
        );
        assert_eq!(
            ask(vec![
                vec![text("a"), broken()],
                vec![text("b"), broken()],
                vec![text("bc"), stop()]
            ]),
            [text("a"), restarted(), text("bc"), stop()]
        );
    }

    #[test]
    fn a_whole_call_ends_it() {
        let off = || Ok(Chunk::Finished(Finish::BrokenOff));
        for failure in [
            Some(broken()),
            Some(error(ErrorKind::Stalled { after_ms: 1 })),
            Some(error(ErrorKind::Server {
                status: None,
                retry_after_ms: None,
            })),
            None,
        ] {
            let mut attempt = vec![text("I run"), call("1")];
            attempt.extend(failure);
            assert_eq!(ask(vec![attempt]), [text("I run"), call("1"), off()]);
        }
        assert_eq!(
            ask(vec![
                vec![text("I "), broken()],
                vec![text("I run"), call("1"), broken()]
            ]),
            [text("I run"), call("1"), off()]
        );
        let cancelled = || error(ErrorKind::Cancelled);
        assert_eq!(
            ask(vec![vec![call("1"), cancelled()]]),
            [call("1"), cancelled()]
        );
    }

    #[test]
    fn an_end_without_a_finish_is_asked_again() {
        assert_eq!(
            ask(vec![vec![text("a")], vec![], vec![text("ab"), stop()]]),
            [text("ab"), stop()]
        );
    }

    #[test]
    fn thoughts_and_opaque_items_are_neither_lost_nor_doubled() {
        assert_eq!(
            ask(vec![
                vec![thought("hm"), opaque("r1"), text("He"), broken()],
                vec![
                    thought("other"),
                    opaque("r2"),
                    text("Hello"),
                    opaque("r3"),
                    call("1"),
                    stop()
                ],
            ]),
            [
                thought("hm"),
                opaque("r1"),
                text("Hello"),
                opaque("r3"),
                call("1"),
                stop()
            ]
        );
        // Behind text that is repeated whole: it belongs to the call that follows.
        assert_eq!(
            ask(vec![
                vec![text("Hello"), broken()],
                vec![opaque("r1"), text("Hello"), opaque("r2"), call("1"), stop()],
            ]),
            [text("Hello"), opaque("r2"), call("1"), stop()]
        );
        // Held back until something follows.
        assert_eq!(
            ask(vec![
                vec![opaque("r1"), broken()],
                vec![opaque("r2"), text("a"), stop()]
            ]),
            [opaque("r2"), text("a"), stop()]
        );
        assert_eq!(
            ask(vec![
                vec![thought("a"), broken()],
                vec![thought("ab"), opaque("r"), text("t"), stop()]
            ]),
            [thought("a"), thought("b"), opaque("r"), text("t"), stop()]
        );
        assert_eq!(
            ask(vec![
                vec![thought("a"), broken()],
                vec![thought("x"), text("t"), stop()]
            ]),
            [
                thought("a"),
                Ok(Chunk::Restarted),
                thought("x"),
                text("t"),
                stop()
            ]
        );
        assert_eq!(
            ask(vec![
                vec![thought("a"), text("t"), broken()],
                vec![thought("x"), opaque("r"), text("u"), stop()],
            ]),
            [
                thought("a"),
                text("t"),
                Ok(Chunk::Restarted),
                thought("x"),
                opaque("r"),
                text("u"),
                stop()
            ]
        );
    }

    #[test]
    fn what_a_retry_does_not_mend_is_told_at_once() {
        use ErrorKind::*;
        for kind in [
            Quota,
            Unauthorized,
            ModelNotFound,
            WrongUrl,
            Refused { status: Some(400) },
            ContextTooLong {
                limit_tokens: None,
                prompt_tokens: None,
            },
            Cancelled,
            RateLimited {
                retry_after_ms: Some(120_001),
            },
        ] {
            assert_eq!(ask(vec![vec![error(kind.clone())]]), [error(kind)]);
        }
    }

    #[test]
    fn it_gives_up_after_the_last_attempt_and_says_so() {
        let settings = RetrySettings {
            base_ms: 0,
            max_attempts: 3,
            ..RetrySettings::default()
        };
        let (chunks, left) = ask_with(settings, (0..4).map(|_| vec![broken()]).collect());
        assert_eq!(left, 1);
        let waits: Vec<u32> = chunks
            .iter()
            .filter_map(|chunk| match chunk {
                Ok(Chunk::Waiting {
                    attempt,
                    max_attempts: 3,
                    ..
                }) => Some(*attempt),
                _ => None,
            })
            .collect();
        assert_eq!(waits, [2, 3]);
        let last = chunks.last().unwrap().as_ref().unwrap_err();
        assert_eq!(last.message, "It failed. It was tried 3 times.");
    }

    #[test]
    fn cancelling_ends_a_wait() {
        let attempts = vec![vec![error(ErrorKind::RateLimited {
            retry_after_ms: Some(100_000),
        })]];
        let model = Retrying::new(
            Scripted(Mutex::new(attempts.into())),
            RetrySettings::default(),
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let cancel = CancellationToken::new();
        let mut stream = model.stream(prompt(), cancel.clone());
        runtime.block_on(async {
            let wait = stream.next().await;
            assert!(
                matches!(
                    wait,
                    Some(Ok(Chunk::Waiting {
                        delay_ms: 100_000..,
                        ..
                    }))
                ),
                "{wait:?}"
            );
            cancel.cancel();
            let end = stream.next().await.unwrap().unwrap_err();
            assert_eq!(end.kind, ErrorKind::Cancelled);
            assert!(stream.next().await.is_none());
        });
    }

    #[test]
    fn waits_grow_keep_what_was_asked_for_and_have_a_cap() {
        let settings = RetrySettings {
            max_attempts: 100,
            ..RetrySettings::default()
        };
        let own = |attempt, random| {
            settings
                .delay_ms(&ErrorKind::Broken, attempt, random)
                .unwrap()
        };
        assert_eq!(
            [1, 2, 3, 4, 50].map(|n| own(n, 0.0)),
            [500, 1000, 2000, 4000, 30_000]
        );
        assert_eq!(own(1, 1.0), 375);
        let told = |ms, random| {
            let kind = ErrorKind::RateLimited {
                retry_after_ms: Some(ms),
            };
            settings.delay_ms(&kind, 1, random)
        };
        assert_eq!(told(5_000, 0.0), Some(5_000));
        assert_eq!(told(5_000, 1.0), Some(5_500));
        assert_eq!(told(120_000, 1.0), Some(121_000));
        assert_eq!(told(120_001, 0.0), None);
    }

    proptest! {
        /// Attempts at the same answer, cut anywhere and in chunks of any size, show it once.
        #[test]
        fn the_same_answer_cut_anywhere_is_shown_once(
            answer in "[ab ä😀]{1,30}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            size in 1usize..5,
        ) {
            let chars: Vec<char> = answer.chars().collect();
            let chunks = |length: usize| -> Attempt {
                chars[..length].chunks(size).map(|part| text(&part.iter().collect::<String>())).collect()
            };
            let mut attempts: Vec<Attempt> = cuts
                .iter()
                .map(|cut| {
                    let mut attempt = chunks(cut.index(chars.len() + 1));
                    attempt.push(broken());
                    attempt
                })
                .collect();
            let mut last = chunks(chars.len());
            last.push(stop());
            attempts.push(last);
            prop_assert_eq!(ask(attempts), [text(&answer), stop()]);
        }

        /// Whatever the attempts say: what comes after the last restart is the last answer, and
        /// each earlier message is the beginning of some attempt.
        #[test]
        fn messages_are_beginnings_of_attempts(
            texts in prop::collection::vec("[ab]{0,4}", 1..6),
        ) {
            let count = texts.len();
            let attempts = texts.iter().enumerate().map(|(index, words)| {
                let end = if index + 1 == count { stop() } else { broken() };
                vec![text(words), end]
            });
            let mut messages = vec![String::new()];
            for chunk in ask(attempts.collect()) {
                match chunk {
                    Ok(Chunk::Text(words)) => messages.last_mut().unwrap().push_str(&words),
                    Ok(Chunk::Restarted) => messages.push(String::new()),
                    _ => {}
                }
            }
            prop_assert_eq!(messages.last(), texts.last());
            for message in &messages {
                prop_assert!(texts.contains(message), "{:?} of {:?}", message, texts);
            }
        }
    }
}
