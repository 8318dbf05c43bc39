//! Going back to messages and calls, conflicts with others' work, checkpoints one by one.

use std::collections::BTreeMap;
use std::time::Duration;

use mira_engine::settings::Settings;
use mira_protocol::change::{Choice, Resolve, UndoRequest};
use mira_protocol::checkpoint::{
    CheckpointKind, CheckpointLine, CheckpointRef, ListCheckpoints, PruneCheckpoints,
    RestoreCheckpoint, Side, UnpruneCheckpoints,
};
use mira_protocol::operation::{ApproveMode, OperationRef, OperationStarted, StartOperation};
use mira_protocol::rewind::{RewindReport, RewindRequest, RewindWhat, UnrewindRequest, Visible};
use mira_protocol::session::{ExportFormat, ExportSession, ForkSession};
use mira_protocol::settings::SetSetting;
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_protocol::{Code, Event, EventKind, Failure, SessionId, Topic};
use mira_testkit::{Reply, ScriptedModel, ScriptedModels, TempProject, TestEngine};
use serde_json::json;

type Tree = BTreeMap<String, (u32, Vec<u8>)>;

struct On {
    engine: TestEngine,
    project: TempProject,
    model: ScriptedModel,
    project_id: mira_protocol::ProjectId,
    session: Option<SessionId>,
}

impl On {
    async fn new(files: &str) -> Self {
        Self::tuned(files, |_| {}).await
    }

    async fn tuned(files: &str, tune: impl FnOnce(&mut Settings)) -> Self {
        let project = TempProject::new(files);
        let model = ScriptedModel::replies([]);
        let models = ScriptedModels::new(model.clone());
        let engine = TestEngine::tuned(Some(models), tune).await;
        let project_id = engine.open(&project).await.id;
        Self {
            engine,
            project,
            model,
            project_id,
            session: None,
        }
    }

    async fn ask(&mut self, text: &str, replies: Vec<Reply>) -> OperationStarted {
        self.model.then(replies);
        let request = StartOperation {
            content: text.into(),
            project_id: Some(self.project_id.clone()),
            session_id: self.session.clone(),
            approve: ApproveMode::All,
            ..StartOperation::default()
        };
        let started = self.engine.ask(request).await.0;
        self.session = Some(started.session_id.clone());
        started
    }

    /// Bounds what checkpoints take.
    async fn limit(&self, bytes: &str) {
        let set = SetSetting {
            name: "MIRA_CHECKPOINT_BYTES".into(),
            value: Some(bytes.into()),
        };
        let engine = &self.engine.engine;
        engine.call(calls::SettingsSet(set)).await.unwrap();
    }

    /// Waits until so many checkpoints are left, which each clean-up tells of.
    async fn until_left(&self, count: usize) {
        let mut events = self.engine.engine.events();
        while self.checkpoints().await.len() != count {
            let told = async {
                while !matches!(
                    &*events.recv().await.unwrap(),
                    Event::Topic(Topic::Checkpoints)
                ) {}
            };
            tokio::time::timeout(Duration::from_secs(60), told)
                .await
                .expect("the clean-up tells of itself");
        }
    }

    fn session(&self) -> SessionId {
        self.session.clone().unwrap()
    }

    /// The number of the message with that text.
    async fn message(&self, text: &str) -> u64 {
        let events = self.engine.events(&self.session()).await;
        let found = events.iter().find(|event| {
            matches!(&event.kind, EventKind::UserMessage { content, .. } if content == text)
        });
        found.unwrap().seq
    }

    async fn rewind(&self, seq: u64, what: RewindWhat) -> Result<RewindReport, Failure> {
        self.rewind_with(seq, what, false, &[]).await
    }

    async fn rewind_with(
        &self,
        seq: u64,
        what: RewindWhat,
        preview: bool,
        answers: &[(&str, Choice)],
    ) -> Result<RewindReport, Failure> {
        let request = RewindRequest {
            session_id: self.session(),
            message_id: None,
            seq: Some(seq),
            what,
            preview: Some(preview),
            resolve: Some(resolve(answers)),
        };
        self.model.rewound();
        self.engine.engine.call(calls::SessionRewind(request)).await
    }

    async fn unrewind(&self) -> Result<RewindReport, Failure> {
        let request = UnrewindRequest {
            session_id: self.session(),
            preview: None,
            resolve: None,
        };
        self.model.rewound();
        self.engine
            .engine
            .call(calls::SessionUnrewind(request))
            .await
    }

    async fn checkpoints(&self) -> Vec<CheckpointLine> {
        let list = calls::CheckpointList(ListCheckpoints::default());
        self.engine.engine.call(list).await.unwrap().checkpoints
    }

    /// What the model was last told, as one text.
    fn told(&self) -> String {
        let prompts = self.model.prompts();
        format!("{:?}", prompts.last().unwrap())
    }

    fn tree(&self) -> Tree {
        self.project.tree()
    }
}

fn resolve(answers: &[(&str, Choice)]) -> Vec<Resolve> {
    let answer = |(path, choice): &(&str, Choice)| Resolve {
        path: (*path).into(),
        choice: *choice,
    };
    answers.iter().map(answer).collect()
}

fn write(path: &str, content: &str) -> Reply {
    Reply::call(
        "write_project_file",
        json!({"path": path, "content": content}),
    )
}

fn run(command: &str) -> Reply {
    Reply::call("run_command", json!({"command": command}))
}

#[tokio::test]
async fn a_session_goes_back_to_a_message_and_forward_again() {
    let mut on = On::new("-- a.txt\n0\n-- keep.txt\nkeep\n").await;
    on.ask("First", vec![write("a.txt", "1\n"), Reply::text("One.")])
        .await;
    let after_first = on.tree();
    on.ask(
        "Second",
        vec![
            write("a.txt", "2\n"),
            run("mkdir -p made/deep; echo x > made/deep/b; chmod 755 keep.txt; ln -s a.txt link"),
            Reply::text("Two."),
        ],
    )
    .await;
    let after_second = on.tree();
    on.ask("Third", vec![run("rm a.txt"), Reply::text("Three.")])
        .await;
    let after_third = on.tree();
    let second = on.message("Second").await;

    let preview = on
        .rewind_with(second, RewindWhat::Both, true, &[])
        .await
        .unwrap();
    assert!(!preview.done);
    assert_eq!(preview.messages, 4);
    let files: Vec<&str> = preview
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(files, ["a.txt", "keep.txt", "link", "made/deep/b"]);
    assert_eq!(on.tree(), after_third, "a preview touches nothing");

    let done = on.rewind(second, RewindWhat::Both).await.unwrap();
    assert!(done.done);
    assert_eq!(done.message, "Second");
    assert_eq!(on.tree(), after_first);
    let events = on.engine.events(&on.session()).await;
    let visible = Visible::of(&events);
    assert!(!visible.contains(second) && visible.contains(second - 1));

    // What was gone behind is not told to the model any more, and nothing of it is lost.
    on.ask("Another way", vec![Reply::text("Yes.")]).await;
    assert!(
        on.told().contains("First") && !on.told().contains("Second"),
        "{}",
        on.told()
    );
    let export = ExportSession {
        session_id: on.session(),
        format: ExportFormat::Markdown,
    };
    let text = on
        .engine
        .engine
        .call(calls::SessionExport(export))
        .await
        .unwrap()
        .content;
    let parts = ["First", "Second", "Went back"].map(|part| text.contains(part));
    assert_eq!(parts, [true, false, true], "{text}");
    let fork = ForkSession {
        session_id: on.session(),
        up_to_seq: Some(events.last().unwrap().seq - 1),
        name: None,
    };
    let branch = on
        .engine
        .engine
        .call(calls::SessionFork(fork))
        .await
        .unwrap();
    let branch = on.engine.events(&branch.id).await;
    assert!(
        Visible::of(&branch).contains(second),
        "the old branch can be forked"
    );

    let back = on.unrewind().await.unwrap();
    assert!(back.done);
    assert_eq!(on.tree(), after_third);
    on.ask("Fourth", vec![Reply::text("Four.")]).await;
    assert!(on.told().contains("Third") && !on.told().contains("Another way"));
    assert_eq!(on.unrewind().await.unwrap_err().code, Code::NotFound);

    // And operation by operation it still goes back and forward.
    let undo = |session: SessionId| UndoRequest {
        session_id: Some(session),
        ..UndoRequest::default()
    };
    let engine = &on.engine.engine;
    engine
        .call(calls::OperationUndo(undo(on.session())))
        .await
        .unwrap();
    assert_eq!(on.tree(), after_second);
    engine
        .call(calls::OperationUndo(undo(on.session())))
        .await
        .unwrap();
    assert_eq!(on.tree(), after_first);
    engine
        .call(calls::OperationRedo(undo(on.session())))
        .await
        .unwrap();
    engine
        .call(calls::OperationRedo(undo(on.session())))
        .await
        .unwrap();
    assert_eq!(on.tree(), after_third);
    on.model.assert_clean();
}

#[tokio::test]
async fn files_go_back_to_a_single_call_and_operations_know_it() {
    let mut on = On::new("-- a.txt\n0\n").await;
    let started = on
        .ask(
            "Work",
            vec![
                write("a.txt", "1\n"),
                write("b.txt", "b\n"),
                run("echo 2 > a.txt; echo c > c.txt"),
                Reply::text("Done."),
            ],
        )
        .await;
    let done = on.tree();
    let events = on.engine.events(&on.session()).await;
    let call = events
        .iter()
        .rfind(|event| matches!(event.kind, EventKind::ToolCall { .. }));
    let call = call.unwrap().seq;
    let refused = on.rewind(call, RewindWhat::Both).await.unwrap_err();
    assert_eq!(refused.code, Code::BadParams);
    on.rewind(call, RewindWhat::Files).await.unwrap();
    assert_eq!(on.project.read("a.txt"), "1\n");
    assert!(!on.project.root().join("c.txt").exists() && on.project.root().join("b.txt").exists());
    let of = OperationRef {
        operation_id: started.operation_id.clone(),
    };
    let set = on
        .engine
        .engine
        .call(calls::OperationChanges(of))
        .await
        .unwrap();
    assert!(
        set.files.iter().all(|file| !file.edited_since),
        "{:?}",
        set.files
    );
    let request = UndoRequest {
        operation_id: Some(started.operation_id),
        ..UndoRequest::default()
    };
    // From the middle both ways are open.
    on.engine
        .engine
        .call(calls::OperationUndo(request.clone()))
        .await
        .unwrap();
    assert_eq!(on.project.read("a.txt"), "0\n");
    on.engine
        .engine
        .call(calls::OperationRedo(request))
        .await
        .unwrap();
    assert_eq!(on.tree(), done);
}

#[tokio::test]
async fn what_others_changed_is_asked_about() {
    let long = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n8\n{last}\n");
    for (choice, undone) in [
        (Choice::Merge, long("1", "NINE")),
        (Choice::Take, long("1", "9")),
        (Choice::Keep, long("one", "NINE")),
    ] {
        let mut on = On::new("-- other.txt\nx\n").await;
        on.project.write("a.txt", long("1", "9"));
        let replies = vec![
            write("a.txt", &long("one", "9")),
            write("other.txt", "y\n"),
            Reply::text("Done."),
        ];
        let started = on.ask("Work", replies).await;
        on.project.write("a.txt", long("one", "NINE"));
        let request = UndoRequest {
            operation_id: Some(started.operation_id.clone()),
            ..UndoRequest::default()
        };
        let engine = &on.engine.engine;
        let undo = async |request: &UndoRequest| {
            let undo = calls::OperationUndo(request.clone());
            engine.call(undo).await.unwrap()
        };
        let redo = async |request: &UndoRequest| {
            let redo = calls::OperationRedo(request.clone());
            engine.call(redo).await.unwrap()
        };
        let report = undo(&request).await;
        assert_eq!(report.paths, [""; 0]);
        assert_eq!(report.conflicts.len(), 1);
        let conflict = &report.conflicts[0];
        assert_eq!(
            conflict.choices,
            [Choice::Keep, Choice::Take, Choice::Merge]
        );
        let lines = conflict.hunks[0].lines.iter();
        let shown: Vec<&str> = lines.map(|line| line.text.as_str()).collect();
        assert!(
            shown.contains(&"NINE") && !shown.contains(&"one"),
            "{shown:?}"
        );
        assert_eq!(on.project.read("other.txt"), "y\n", "nothing was touched");

        let answered = UndoRequest {
            resolve: Some(resolve(&[("a.txt", choice)])),
            ..request.clone()
        };
        // An answer holds for the way back and forward too.
        for request in [&answered, &request] {
            let report = undo(request).await;
            assert_eq!(report.conflicts, [], "{choice:?}");
            assert_eq!(on.project.read("a.txt"), undone, "{choice:?}");
            assert_eq!(on.project.read("other.txt"), "x\n");
            let report = redo(request).await;
            assert_eq!(report.conflicts, [], "{choice:?}");
            let back = on.project.read("a.txt");
            assert_eq!(back, long("one", "NINE"), "{choice:?}: nothing is lost");
            assert_eq!(on.project.read("other.txt"), "y\n");
        }
    }
}

#[tokio::test]
async fn an_edit_in_the_middle_of_a_turn_is_not_trampled() {
    let text = |a: &str, b: &str, c: &str| format!("{a}\n-\n-\n-\n{b}\n-\n-\n-\n{c}\n");
    let mut on = On::new("-- x\nx\n").await;
    on.project.write("a.txt", text("1", "2", "3"));
    let path = on.project.root().join("a.txt");
    // The person's edit comes from a command that Mira does not see: between two calls.
    let started = {
        on.model.then([
            write("a.txt", &text("one", "2", "3")),
            Reply::call("read_project_file", json!({"path": "x"})).gate("edit"),
        ]);
        let request = StartOperation {
            content: "Work".into(),
            project_id: Some(on.project_id.clone()),
            approve: ApproveMode::All,
            ..StartOperation::default()
        };
        on.engine.start(request).await
    };
    on.session = Some(started.session_id.clone());
    let mut collector = mira_testkit::Collector::new(&on.engine.engine);
    let wrote = |event: &mira_protocol::StoredEvent| matches!(&event.kind, EventKind::ToolResult { tool, .. } if tool == "write_project_file");
    collector
        .until(&started.session_id, 0, wrote)
        .await
        .unwrap();
    std::fs::write(&path, text("one", "2", "MINE")).unwrap();
    on.model.then([
        write("a.txt", &text("one", "two", "MINE")),
        Reply::text("Done."),
    ]);
    on.model.release("edit");
    collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .unwrap();

    let request = UndoRequest {
        operation_id: Some(started.operation_id.clone()),
        ..UndoRequest::default()
    };
    let engine = &on.engine.engine;
    let report = engine
        .call(calls::OperationUndo(request.clone()))
        .await
        .unwrap();
    assert_eq!(report.conflicts.len(), 1, "{report:?}");
    assert_eq!(
        report.conflicts[0].reason,
        "Somebody else changed it in the middle of this turn."
    );
    let merge = UndoRequest {
        resolve: Some(resolve(&[("*", Choice::Merge)])),
        ..request
    };
    engine.call(calls::OperationUndo(merge)).await.unwrap();
    assert_eq!(on.project.read("a.txt"), text("1", "2", "MINE"));
}

#[tokio::test]
async fn a_background_commands_later_work_is_a_checkpoint_of_its_own() {
    let mut on = On::new("-- a.txt\n0\n").await;
    let command =
        "echo 1 > a.txt; until [ -e go ]; do sleep 0.02; done; echo 2 > a.txt; echo b > b.txt";
    let background = Reply::call(
        "run_command",
        json!({"command": command, "background": true}),
    );
    let started = on
        .ask("Go", vec![background, Reply::text("It runs.")])
        .await;
    let mut collector = mira_testkit::Collector::new(&on.engine.engine);
    on.project.write("go", "");
    let ended =
        |event: &mira_protocol::StoredEvent| matches!(event.kind, EventKind::JobFinished { .. });
    collector.until(&on.session(), 0, ended).await.unwrap();
    let mut lines = vec![];
    for _ in 0..500 {
        lines = on.checkpoints().await;
        if lines.iter().any(|line| line.kind == CheckpointKind::Job) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let job = lines
        .iter()
        .find(|line| line.kind == CheckpointKind::Job)
        .expect("a closing look");
    assert!(job.first_paths.contains(&"b.txt".to_owned()), "{job:?}");
    let undo = UndoRequest {
        operation_id: Some(started.operation_id.clone()),
        preview: Some(true),
        ..UndoRequest::default()
    };
    let undo = on.engine.engine.call(calls::OperationUndo(undo)).await;
    if let Ok(report) = undo {
        assert!(
            report
                .notes
                .iter()
                .any(|note| note.contains("in the background")),
            "{report:?}"
        );
    }
    let first = on.message("Go").await;
    let asked = on.rewind(first, RewindWhat::Files).await.unwrap();
    assert!(!asked.done);
    assert!(
        asked
            .conflicts
            .iter()
            .all(|conflict| conflict.reason.contains("in the background"))
    );
    let done = on
        .rewind_with(first, RewindWhat::Files, false, &[("*", Choice::Take)])
        .await;
    assert!(done.unwrap().done);
    assert_eq!(on.project.read("a.txt"), "0\n");
    assert!(!on.project.root().join("b.txt").exists());
    on.unrewind().await.unwrap();
    assert_eq!(on.project.read("a.txt"), "2\n");
}

#[tokio::test]
async fn checkpoints_are_listed_restored_and_let_go() {
    let mut on = On::new("-- a.txt\n0\n").await;
    on.ask(
        "Work",
        vec![
            write("a.txt", "1\n"),
            run("echo 2 > b.txt"),
            Reply::text("Done."),
        ],
    )
    .await;
    let engine = &on.engine.engine;
    let lines = on.checkpoints().await;
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| (line.kind, line.title.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            (CheckpointKind::Command, "echo 2 > b.txt"),
            (CheckpointKind::Write, "write_project_file")
        ]
    );
    let one = |id| CheckpointRef { checkpoint_id: id };
    let write_id = lines[1].checkpoint_id;
    let detail = engine
        .call(calls::CheckpointGet(one(write_id)))
        .await
        .unwrap();
    assert_eq!(detail.files[0].hunks.len(), 1);
    let restore = |id, to| RestoreCheckpoint {
        checkpoint_id: id,
        to,
        paths: None,
        preview: None,
        resolve: None,
    };
    let done = engine
        .call(calls::CheckpointRestore(restore(write_id, Side::Before)))
        .await
        .unwrap();
    assert_eq!(done.paths, ["a.txt"]);
    assert_eq!(on.project.read("a.txt"), "0\n");
    assert!(on.project.root().join("b.txt").exists(), "only that one");
    let again = done.checkpoint_id.unwrap();
    engine
        .call(calls::CheckpointRestore(restore(again, Side::Before)))
        .await
        .unwrap();
    assert_eq!(on.project.read("a.txt"), "1\n");

    let usage = engine
        .call(calls::CheckpointUsage(Nothing {}))
        .await
        .unwrap();
    assert!(
        usage.checkpoints >= 4 && usage.logical_bytes > usage.distinct_bytes,
        "{usage:?}"
    );
    assert!(
        usage.disk_bytes >= usage.stored_bytes && usage.stored_bytes > 0,
        "{usage:?}"
    );
    let prune = PruneCheckpoints {
        checkpoint_ids: Some(vec![write_id]),
        ..PruneCheckpoints::default()
    };
    let pruned = engine
        .call(calls::CheckpointPrune(prune.clone()))
        .await
        .unwrap();
    assert_eq!(pruned.checkpoints, [write_id]);
    assert!(pruned.restorable_until.is_some());
    assert!(
        on.checkpoints()
            .await
            .iter()
            .all(|line| line.checkpoint_id != write_id)
    );
    engine
        .call(calls::CheckpointUnprune(UnpruneCheckpoints::default()))
        .await
        .unwrap();
    assert!(
        on.checkpoints()
            .await
            .iter()
            .any(|line| line.checkpoint_id == write_id)
    );
    let now = PruneCheckpoints {
        keep_bytes: Some(0),
        now: Some(true),
        ..PruneCheckpoints::default()
    };
    engine.call(calls::CheckpointPrune(now)).await.unwrap();
    assert_eq!(on.checkpoints().await, []);
    let gone = engine
        .call(calls::CheckpointRestore(restore(write_id, Side::Before)))
        .await;
    assert_eq!(gone.unwrap_err().code, Code::Conflict);
    let first = on.message("Work").await;
    assert_eq!(
        on.rewind(first, RewindWhat::Files).await.unwrap_err().code,
        Code::Conflict
    );
    assert!(
        on.rewind(first, RewindWhat::Conversation)
            .await
            .unwrap()
            .done
    );
}

#[tokio::test]
async fn what_is_beyond_the_limits_of_the_settings_is_let_go_oldest_first() {
    let mut on = On::new("-- a.txt\n0\n").await;
    let fill = || run("head -c 400000 /dev/urandom > big.bin");
    let replies = vec![fill(), fill(), fill(), Reply::text("Done.")];
    on.ask("Fill the disk", replies).await;
    let newest = on.checkpoints().await[0].checkpoint_id;
    assert_eq!(on.checkpoints().await.len(), 3);

    let engine = &on.engine.engine;
    let set = |name: &str, value: &str| {
        calls::SettingsSet(SetSetting {
            name: name.into(),
            value: Some(value.into()),
        })
    };
    let limits = || calls::CheckpointPrune(PruneCheckpoints::default());
    engine
        .call(set("MIRA_CHECKPOINT_DAYS", "none"))
        .await
        .unwrap();
    engine
        .call(set("MIRA_CHECKPOINT_BYTES", "none"))
        .await
        .unwrap();
    let none = engine.call(limits()).await.unwrap_err();
    assert_eq!(none.code, Code::BadParams);
    engine
        .call(set("MIRA_CHECKPOINT_BYTES", "1048576"))
        .await
        .unwrap();
    let gone = engine.call(limits()).await.unwrap();
    assert_eq!(gone.checkpoints.len(), 2, "{gone:?}");
    let left = on.checkpoints().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].checkpoint_id, newest);

    let back = calls::CheckpointUnprune(UnpruneCheckpoints::default());
    engine.call(back).await.unwrap();
    assert_eq!(on.checkpoints().await.len(), 3);
    let at_once = PruneCheckpoints {
        now: Some(true),
        ..PruneCheckpoints::default()
    };
    let freed = engine.call(calls::CheckpointPrune(at_once)).await.unwrap();
    assert!(freed.freed_bytes > 0, "{freed:?}");
    let usage = engine
        .call(calls::CheckpointUsage(Nothing {}))
        .await
        .unwrap();
    assert!(usage.stored_bytes <= 1_048_576, "{usage:?}");
}

/// By the clock, without anybody's command; a limit that one checkpoint alone is beyond keeps none.
#[tokio::test]
async fn the_limits_are_kept_to_by_themselves() {
    let mut on = On::tuned("-- a.txt\n0\n", |settings| {
        settings.clean_up_first = Duration::from_millis(1);
        settings.clean_up_every = Duration::from_millis(20);
        settings.checkpoint_bytes = None;
    })
    .await;
    let fill = |bytes: u64| run(&format!("head -c {bytes} /dev/urandom > big.bin"));
    let replies = vec![
        fill(400_000),
        fill(400_000),
        fill(400_000),
        Reply::text("Done."),
    ];
    on.ask("Fill the disk", replies).await;
    let newest = on.checkpoints().await[0].checkpoint_id;
    assert_eq!(on.checkpoints().await.len(), 3);

    on.limit("1048576").await;
    on.until_left(1).await;
    assert_eq!(on.checkpoints().await[0].checkpoint_id, newest);

    on.limit("none").await;
    let work = on
        .ask("Once more", vec![fill(2_000_000), Reply::text("Done.")])
        .await;
    on.limit("1048576").await;
    on.until_left(0).await;
    let undo = UndoRequest {
        operation_id: Some(work.operation_id),
        ..UndoRequest::default()
    };
    let gone = on.engine.engine.call(calls::OperationUndo(undo)).await;
    assert_eq!(gone.unwrap_err().code, Code::Conflict);
}
