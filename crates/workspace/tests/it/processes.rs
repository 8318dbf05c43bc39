use std::sync::{Arc, Mutex};
use std::time::Duration;

use mira_workspace::process::run;
use mira_workspace::sandbox::protection;
use mira_workspace::{Access, CommandLine, Confinement, Exit, Jobs, Network, Refusal, Spec};
use tokio_util::sync::CancellationToken;

use crate::Place;

fn shell(place: &Place, line: &str) -> Spec {
    Spec::new(CommandLine::Shell(line.into()), place.root())
}

async fn ran(spec: Spec) -> Exit {
    run(spec, &CancellationToken::new(), &|_| ()).await.unwrap()
}

/// Whether a process with this id is there and not a zombie.
fn lives(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or("")
            .trim_start()
            .starts_with('Z')
    })
}

async fn wait_for_file(path: std::path::PathBuf) -> String {
    loop {
        match std::fs::read_to_string(&path) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

#[tokio::test]
async fn output_comes_in_order_and_the_end_is_told() {
    let place = Place::new();
    let live = Arc::new(Mutex::new(String::new()));
    let heard = live.clone();
    let spec = shell(
        &place,
        "echo out; echo err >&2; pwd; printf 'a\\r\\033[32mb\\033[0m\\n'; printf tail; exit 3",
    );
    let exit = run(spec, &CancellationToken::new(), &move |text| {
        heard.lock().unwrap().push_str(text)
    })
    .await
    .unwrap();
    let expected = format!("out\nerr\n{}\nb\ntail", place.root().display());
    assert_eq!(
        (exit.code, exit.output.as_str()),
        (Some(3), expected.as_str())
    );
    // Colours go to the screen, now and later; what else reads the output reads words.
    let coloured = expected.replace("\nb\n", "\n\u{1b}[32mb\u{1b}[0m\n");
    assert_eq!(*live.lock().unwrap(), coloured);
    assert_eq!(exit.coloured, Some(coloured));
    assert!(!exit.success() && !exit.truncated && exit.leftovers == 0);

    let argv = CommandLine::Argv(vec![
        "printf".into(),
        "%s|".into(),
        "a b".into(),
        "$HOME".into(),
    ]);
    assert_eq!(argv.shown(), "printf '%s|' 'a b' '$HOME'");
    assert_eq!(
        ran(Spec::new(argv, place.root())).await.output,
        "a b|$HOME|"
    );
    assert_eq!(ran(shell(&place, "kill -9 $$")).await.signal, Some(9));
    assert_eq!(
        ran(shell(&place, "cat; echo no input")).await.output,
        "no input\n"
    );
}

#[tokio::test]
async fn what_cannot_be_started_is_told() {
    let place = Place::new();
    let missing = CommandLine::Argv(vec!["no-such-program-here".into()]);
    let error = run(
        Spec::new(missing, place.root()),
        &CancellationToken::new(),
        &|_| (),
    )
    .await;
    assert!(
        matches!(&error, Err(Refusal::Missing(told)) if told.contains("no-such-program-here")),
        "{error:?}"
    );
    for argv in [vec![], vec!["a\0b".into()]] {
        let error = run(
            Spec::new(CommandLine::Argv(argv), place.root()),
            &CancellationToken::new(),
            &|_| (),
        )
        .await;
        assert!(matches!(error, Err(Refusal::Unsuitable(_))), "{error:?}");
    }
    let long = CommandLine::Shell(format!("true {}", "x".repeat(3 << 20)));
    let error = run(
        Spec::new(long, place.root()),
        &CancellationToken::new(),
        &|_| (),
    )
    .await;
    assert!(
        matches!(&error, Err(Refusal::Unsuitable(told)) if told.contains("too long")),
        "{error:?}"
    );
    assert!(place.workspace().cwd("../outside").is_err());
}

#[tokio::test]
async fn the_environment_is_clean_and_there_is_no_terminal() {
    let place = Place::new();
    let mut spec = shell(
        &place,
        "env; (: < /dev/tty) 2>/dev/null || echo no terminal",
    );
    spec.env.push(("ADDED".into(), "yes".into()));
    // The test's own environment has variables that are not allowed (CARGO_PKG_NAME and others).
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let output = ran(spec).await.output;
    assert!(
        output.contains("\nTERM=dumb\n") && output.contains("ADDED=yes"),
        "{output}"
    );
    assert!(
        output.contains("PATH=") && output.contains("no terminal"),
        "{output}"
    );
    assert!(!output.contains("CARGO_MANIFEST_DIR"), "{output}");
}

#[tokio::test]
async fn a_timeout_and_a_cancel_end_the_whole_tree() {
    let place = Place::new();
    // A child, a grandchild, and one that left the session and the process group.
    let line = "sleep 1000 & echo $! > child; (sleep 1000 & echo $! > grandchild); \
                setsid sh -c 'echo $$ > stray; exec sleep 1000' >/dev/null 2>&1 & echo begun; wait";
    for cancelled in [false, true] {
        let cancel = CancellationToken::new();
        let mut spec = shell(&place, line);
        if !cancelled {
            spec.timeout = Some(Duration::from_secs(2));
        }
        let stray = place.root().join("stray");
        let _ = std::fs::remove_file(&stray);
        let stop = async {
            wait_for_file(stray.clone()).await;
            if cancelled {
                cancel.cancel();
            }
        };
        let (exit, ()) = tokio::join!(run(spec, &cancel, &|_| ()), stop);
        let exit = exit.unwrap();
        assert_eq!((exit.timed_out, exit.cancelled), (!cancelled, cancelled));
        assert_eq!(exit.output, "begun\n");
        for name in ["child", "grandchild", "stray"] {
            assert!(!lives(&place.text(name)), "{name} lives");
        }
    }
}

#[tokio::test]
async fn a_dropped_run_leaves_nothing() {
    let place = Place::new();
    let cancel = CancellationToken::new();
    let spec = shell(
        &place,
        "trap '' TERM; echo $$ > me; sleep 1000 & echo $! > child; wait",
    );
    tokio::select! {
        exit = run(spec, &cancel, &|_| ()) => panic!("{exit:?}"),
        _ = wait_for_file(place.root().join("child")) => {}
    }
    // Killed by a thread of its own: seen when the processes are gone.
    while lives(&place.text("me")) || lives(&place.text("child")) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_a_command_leaves_running_is_ended() {
    let place = Place::new();
    let exit = ran(shell(&place, "sleep 1000 & echo $! > child; echo done")).await;
    assert_eq!((exit.code, exit.output.as_str()), (Some(0), "done\n"));
    assert_eq!(exit.leftovers, 1);
    assert!(!lives(&place.text("child")));
    let exit = ran(shell(
        &place,
        "sleep 1000 >/dev/null 2>&1 & echo $! > child",
    ))
    .await;
    assert_eq!(exit.leftovers, 1);
    assert!(!lives(&place.text("child")));
    // Output that comes right after the end still counts.
    let exit = ran(shell(&place, "echo first > >(cat; echo last)")).await;
    assert_eq!(exit.output, "first\nlast\n");
}

#[tokio::test]
async fn long_output_is_cut_in_the_middle_and_kept_whole() {
    let place = Place::new();
    let jobs = Jobs::open(
        &place.dir.path().join("data/jobs"),
        mira_secrets::Masker::new([3; 32]),
    )
    .unwrap();
    let mut spec = shell(
        &place,
        "for i in $(seq 1 20000); do echo \"line ü $i\"; done",
    );
    spec.output_cap = 1000;
    let cancel = CancellationToken::new();
    let (exit, id) = jobs.run("s", "o", spec, &cancel, &|_| ()).await.unwrap();
    assert!(exit.truncated && exit.success());
    assert!(exit.output.len() < 1100 && exit.output.starts_with("line ü 1\nline ü 2\n"));
    assert!(exit.output.ends_with("line ü 20000\n"), "{}", exit.output);
    let expected: String = (1..=20000).map(|n| format!("line ü {n}\n")).collect();
    assert_eq!(exit.output_bytes, expected.len() as u64);
    let id = id.unwrap();
    let (mut text, mut offset) = (String::new(), 0);
    loop {
        let page = jobs.read(&id, offset, 1001).unwrap().unwrap();
        if page.text.is_empty() {
            break;
        }
        text.push_str(&page.text);
        offset = page.next_offset;
    }
    assert_eq!(text, expected);
    assert!(
        jobs.list(None).is_empty(),
        "a kept output is no background job"
    );

    let (exit, id) = jobs
        .run("s", "o", shell(&place, "echo short"), &cancel, &|_| ())
        .await
        .unwrap();
    assert_eq!((exit.output.as_str(), id), ("short\n", None));
}

#[tokio::test]
async fn background_jobs_are_listed_read_and_killed() {
    let place = Place::new();
    let jobs = Jobs::open(
        &place.dir.path().join("data/jobs"),
        mira_secrets::Masker::new([3; 32]),
    )
    .unwrap();
    let mut finished = jobs.finished();
    let quick = jobs
        .start("one", "op", shell(&place, "echo quick; exit 7"))
        .unwrap();
    let heard = finished.recv().await.unwrap();
    assert_eq!(
        (heard.id.as_str(), heard.exit_code, heard.running),
        (quick.id.as_str(), Some(7), false)
    );
    assert_eq!(heard.output_bytes, 6);

    let slow = jobs
        .start(
            "two",
            "op",
            shell(
                &place,
                "echo $$ > pid; printf '\\033[32mup\\033[0m\\n'; sleep 1000",
            ),
        )
        .unwrap();
    let pid = wait_for_file(place.root().join("pid")).await;
    let page = loop {
        let page = jobs.read(&slow.id, 0, 100).unwrap().unwrap();
        if !page.text.is_empty() {
            break page;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(
        (page.text.as_str(), page.next_offset, page.running),
        ("up\n", 3, true)
    );
    assert_eq!(page.coloured.as_deref(), Some("\u{1b}[32mup\u{1b}[0m\n"));
    assert_eq!(
        jobs.list(None)
            .iter()
            .map(|job| &job.id)
            .collect::<Vec<_>>(),
        [&slow.id, &quick.id]
    );
    assert_eq!(jobs.list(Some("one")).len(), 1);

    let killed = jobs.kill(&slow.id).await.unwrap();
    assert!(!killed.running && killed.exit_code.is_none());
    assert!(!lives(&pid));
    assert!(
        jobs.kill("job_none").await.is_none() && jobs.read("job_none", 0, 9).unwrap().is_none()
    );

    let line = "setsid sh -c 'echo $$ > stray; exec sleep 1000' >/dev/null 2>&1 & sleep 0.2; true";
    jobs.run(
        "s",
        "o",
        shell(&place, line),
        &CancellationToken::new(),
        &|_| (),
    )
    .await
    .unwrap();
    let stray = wait_for_file(place.root().join("stray")).await;
    jobs.start("s", "o", shell(&place, "sleep 1000")).unwrap();
    jobs.kill_all().await;
    assert!(jobs.list(None).iter().all(|job| !job.running));
    while lives(&stray) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A script goes on after its `sudo` failed: what stood in the way is told all the same.
#[tokio::test]
async fn a_script_that_wants_more_rights_is_told_how_to_ask() {
    let place = Place::new();
    let said = "sudo: The \\\"no new privileges\\\" flag is set, which prevents sudo from running as root.";
    let told = async |line: String| {
        let mut spec = Spec::new(CommandLine::Shell(line), place.root());
        spec.confine = Some(Arc::new(Confinement {
            root: place.root(),
            access: Access::Project,
            network: Network::Closed,
            own: vec![],
            writable: vec![],
            readable: vec![],
            home: None,
            level: protection().level,
        }));
        let exit = run(spec, &CancellationToken::new(), &|_| ()).await.unwrap();
        assert!(exit.success(), "{exit:?}");
        exit.refused
    };
    let reason = told(format!("echo \"{said}\" >&2; true")).await;
    assert!(reason.unwrap().contains("elevate: true"));
    assert_eq!(told("echo 'how sudo: works'".into()).await, None);
}
