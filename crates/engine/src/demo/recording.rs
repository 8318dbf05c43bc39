//! What the demonstration's model says, and the project that it says it about.
//!
//! Which reply comes next follows from the conversation alone (how many tool results are in it),
//! so the recording goes on correctly after a restart, a fork or a denied approval.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use mira_llm::{Chunk, Content, ErrorKind, Finish, ItemKind, Model, ModelError, Prompt, Usage};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The first message of the demonstration.
pub const QUESTION: &str = "A basket of exactly 100.00 gets no discount, although it should. \
                            Find out why and mend it. The tests are in tests/run.sh.";

/// Between two words.
const PACE: Duration = Duration::from_millis(14);

/// Path and content of each file.
pub const PROJECT: &[(&str, &str)] = &[
    ("README.md", README),
    ("src/total.sh", TOTAL),
    ("tests/run.sh", TESTS),
];

const README: &str = "\
# Till

Adds up a basket. Each line of a basket is `name;quantity;price`, the price in cents.
From 100.00 on there is a discount of ten percent.

    sh src/total.sh < basket.txt
    sh tests/run.sh
";

const TOTAL: &str = "\
#!/bin/sh
# Reads a basket (name;quantity;price in cents, one a line) and prints what it costs in cents.

discount_from=10000
discount_percent=10

total=0
while IFS=';' read -r name quantity price; do
    [ -n \"$name\" ] || continue
    total=$((total + quantity * price))
done

if [ \"$total\" -gt \"$discount_from\" ]; then
    total=$((total - total * discount_percent / 100))
fi
echo \"$total\"
";

const TESTS: &str = "\
#!/bin/sh
# Runs every check; ends with 1 if one fails.
cd \"$(dirname \"$0\")/..\" || exit 1
failed=0

check() { # name, expected, basket
    got=$(printf '%b' \"$3\" | sh src/total.sh)
    if [ \"$got\" = \"$2\" ]; then
        echo \"ok    $1\"
    else
        echo \"FAIL  $1: expected $2, got $got\"
        failed=1
    fi
}

check 'an empty basket' 0 ''
check 'below the limit' 9999 'tea;1;9999\\n'
check 'exactly at the limit' 9000 'kettle;2;4500\\ntea;1;1000\\n'
check 'above the limit' 18000 'kettle;4;5000\\n'

[ \"$failed\" = 0 ] && echo 'all checks passed'
exit \"$failed\"
";

/// A model that says what was recorded.
pub struct Recording {
    /// Without the pauses of a real stream.
    pub instant: bool,
}

struct Reply {
    text: String,
    calls: Vec<(&'static str, Value)>,
}

fn say(text: impl Into<String>) -> Reply {
    Reply {
        text: text.into(),
        calls: vec![],
    }
}

fn say_and(text: &str, calls: Vec<(&'static str, Value)>) -> Reply {
    Reply {
        text: text.into(),
        calls,
    }
}

impl Model for Recording {
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let talk = Talk::of(&prompt);
        let reply = talk.next();
        let mut chunks: Vec<Chunk> = reply
            .text
            .split_inclusive(' ')
            .map(|word| Chunk::Text(word.into()))
            .collect();
        let finish = if reply.calls.is_empty() {
            Finish::Stop
        } else {
            Finish::ToolCalls
        };
        for (at, (name, arguments)) in reply.calls.into_iter().enumerate() {
            chunks.push(Chunk::Call {
                id: format!("demo_{}_{at}", talk.results.len()),
                name: name.into(),
                arguments: arguments.to_string(),
            });
        }
        chunks.push(Chunk::Usage(Usage::default()));
        chunks.push(Chunk::Finished(finish));
        let pace = if self.instant { Duration::ZERO } else { PACE };
        let paced = stream::iter(chunks).then(move |chunk| {
            let cancel = cancel.clone();
            async move {
                let waits = matches!(chunk, Chunk::Text(_)) && !pace.is_zero();
                let gone = waits
                    && tokio::select! {
                        () = cancel.cancelled() => true,
                        () = tokio::time::sleep(pace) => false,
                    };
                if gone {
                    return Err(ModelError {
                        kind: ErrorKind::Cancelled,
                        message: "The demonstration was cancelled.".into(),
                        detail: None,
                    });
                }
                Ok(chunk)
            }
        });
        Box::pin(paced)
    }
}

/// The conversation so far, as far as the recording looks at it.
struct Talk {
    last_user: String,
    results: Vec<String>,
}

impl Talk {
    fn of(prompt: &Prompt) -> Self {
        let mut talk = Self {
            last_user: String::new(),
            results: vec![],
        };
        for item in &prompt.items {
            match &item.kind {
                ItemKind::User { content } => {
                    let texts = content.iter().filter_map(|part| match part {
                        Content::Text { text } => Some(text.as_str()),
                        Content::Image { .. } => None,
                    });
                    talk.last_user = texts.collect::<Vec<_>>().join("\n");
                }
                ItemKind::CallResult { output, .. } => talk.results.push(output.clone()),
                _ => {}
            }
        }
        talk
    }

    fn next(&self) -> Reply {
        let newest = self.results.last().map_or("", String::as_str);
        let passed = newest.contains("all checks passed");
        match self.results.len() {
            0 => say_and(
                "I look at the project first: what is there, and where the discount is decided.\n",
                vec![
                    ("list_project_files", json!({})),
                    ("search_codebase", json!({ "pattern": "discount" })),
                ],
            ),
            1 | 2 => say_and(
                "The rule is in `src/total.sh`. I read it beside the tests.\n",
                vec![
                    ("read_project_file", json!({ "path": "src/total.sh" })),
                    ("read_project_file", json!({ "path": "tests/run.sh" })),
                ],
            ),
            3 | 4 => say_and(
                "That is the fault: `-gt` means *greater than*, so a basket of exactly 100.00 \
                 misses the discount that the README promises *from* 100.00 on. It has to be `-ge`.\n",
                vec![(
                    "edit_project_file",
                    json!({ "path": "src/total.sh", "edits": [{
                        "old": "if [ \"$total\" -gt \"$discount_from\" ]; then",
                        "new": "if [ \"$total\" -ge \"$discount_from\" ]; then",
                    }] }),
                )],
            ),
            5 => say_and(
                "Now the tests. They run a command, so you are asked first.\n",
                vec![(
                    "run_command",
                    json!({ "command": "sh tests/run.sh", "purpose": "run this project's tests" }),
                )],
            ),
            6 => self.mended(passed),
            7 => say_and(
                "And once more the tests.\n",
                vec![(
                    "run_command",
                    json!({ "command": "sh tests/run.sh", "purpose": "run the tests with the new one" }),
                )],
            ),
            _ if passed => say(
                "The new check passes, and so do the others. Undo takes this step back and leaves \
                 the first one; undo again takes that back too.",
            ),
            _ => say(
                "The checks did not all pass: look at the tool's output above. If you took my \
                 first change back, that is why; redo brings it again.",
            ),
        }
    }

    /// The fault is mended; now it depends on what the person asks.
    fn mended(&self, passed: bool) -> Reply {
        if self.last_user.to_lowercase().contains("add a test") {
            return say_and(
                "I add a check for a basket that is one cent above the limit.\n",
                vec![(
                    "edit_project_file",
                    json!({ "path": "tests/run.sh", "edits": [{
                        "old": "check 'above the limit'",
                        "new": "check 'one cent above' 9001 'tea;1;10001\\n'\ncheck 'above the limit'",
                    }] }),
                )],
            );
        }
        let asked_first = self.last_user == QUESTION || self.last_user.starts_with("Go on");
        if !asked_first {
            return say(
                "I am a recording and know only a few answers. Say “add a test” to see one more \
                 step, or add a key or a local model in the settings and ask anything.",
            );
        }
        let outcome = if passed {
            "**Mended.** All four checks pass now, the one at exactly 100.00 among them."
        } else {
            "**Mended, but not tested:** the command was not run, so please run \
             `sh tests/run.sh` yourself."
        };
        say(format!(
            "{outcome}\n\n- The fault: `-gt` in `src/total.sh`, where the README promises the \
             discount *from* 100.00 on.\n- The change: one operator. Look at it under Changes; \
             keep or reject each hunk.\n\nTake it back with **Undo** (`/undo` in the terminal) and \
             bring it again with **Redo**. Or say “add a test”.\n\n*My words here were recorded. \
             The files, the tools, the diff and the approval were real.*"
        ))
    }
}
