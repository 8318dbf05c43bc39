//! The law of the budget, under everything at once: operations side by side, answers that break,
//! usage that lies, a crash in the middle. Settled spend never passes a cap by more than what a
//! provider reported beyond the limits that were stated to it, and every sum is the same sum.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use mira_engine::Engine;
use mira_engine::ports::{ModelSource, NoSecrets, Ports, Resolved, Want};
use mira_engine::settings::Settings;
use mira_llm::{Chunk, ErrorKind, Finish, Model, ModelError, Prices, Prompt, Usage};
use mira_protocol::budget::{DecidePause, ListCalls, PauseChoice, Settlement, SpendBy, SpendQuery};
use mira_protocol::operation::{ApproveMode, StartOperation};
use mira_protocol::project::OpenProject;
use mira_protocol::provider::ProviderName;
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_protocol::{Event, EventKind, Failure};
use mira_testkit::TempProject;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

const PRICES: Prices = Prices {
    input: 2.0,
    cached: 0.1,
    cache_write: 2.5,
    output: 10.0,
    long_over_tokens: Some(6_000),
    long_input: 2.0,
    long_output: 1.5,
};
const OUTPUT_LIMIT: u64 = 300;

/// What one call of the vendor does.
#[derive(Debug, Clone)]
enum Does {
    /// Reports so many tokens: shares of what it was sent and of what it may say; over 1 it lies.
    Answers {
        input: f64,
        cached: f64,
        output: f64,
    },
    /// Shows a piece, breaks, is asked again by the retry wrapper, and then answers.
    BreaksThenAnswers {
        output: f64,
    },
    Refuses,
    /// Answers, and tells no usage.
    TellsNothing,
}

/// A vendor that counts for itself.
struct Vendor {
    script: Vec<Does>,
    next: AtomicU64,
    /// Reported as usage, by its own arithmetic.
    reported: AtomicI64,
    /// Of it, beyond the limits that the request stated.
    beyond: AtomicI64,
    /// Input, output tokens reported.
    tokens: Mutex<(u64, u64)>,
}

#[derive(Clone)]
struct Asked(Arc<Vendor>);

/// Millionths, rounded up, in whole numbers.
fn cost(usage: &Usage) -> i64 {
    let long = usage.input > 6_000;
    let (input, output) = if long { (20, 15) } else { (10, 10) };
    let plain = (usage.input - usage.cached) as i64;
    // Hundredths of a millionth, times ten for the multipliers.
    let sum =
        input * (plain * 200 + usage.cached as i64 * 10) + output * usage.output as i64 * 1_000;
    (sum + 999) / 1_000
}

impl Model for Asked {
    fn stream(
        &self,
        prompt: Prompt,
        _: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let vendor = self.0.clone();
        let at = vendor.next.fetch_add(1, Ordering::SeqCst) as usize;
        let does = vendor.script[at % vendor.script.len()].clone();
        let bound = prompt.token_bound();
        let limit = prompt.max_output_tokens.unwrap_or(OUTPUT_LIMIT);
        let answer = move |input: f64, cached: f64, output: f64| {
            let input = (bound as f64 * input) as u64;
            let usage = Usage {
                input: input.max(1),
                cached: (input as f64 * cached.min(1.0)) as u64,
                output: (limit as f64 * output) as u64,
                ..Usage::default()
            };
            let own = cost(&usage);
            vendor.reported.fetch_add(own, Ordering::SeqCst);
            let most = Usage {
                input: bound,
                cached: 0,
                output: limit,
                ..Usage::default()
            };
            // The dearest price is the one for cache writes: a quarter more.
            let most = cost(&most).max(PRICES.micro_usd(&Usage {
                cache_write: bound,
                ..most
            }));
            vendor
                .beyond
                .fetch_add((own - most).max(0), Ordering::SeqCst);
            let mut tokens = vendor.tokens.lock().unwrap();
            tokens.0 += usage.input;
            tokens.1 += usage.output;
            usage
        };
        let error = |kind| ModelError {
            kind,
            message: "no".into(),
            detail: None,
        };
        Box::pin(async_stream::stream! {
            tokio::task::yield_now().await;
            match does {
                Does::Answers { input, cached, output } => {
                    yield Ok(Chunk::Text("words".into()));
                    tokio::task::yield_now().await;
                    yield Ok(Chunk::Usage(answer(input, cached, output)));
                    yield Ok(Chunk::Finished(Finish::Stop));
                }
                Does::BreaksThenAnswers { output } => {
                    yield Ok(Chunk::Text("half a".into()));
                    yield Ok(Chunk::Waiting {
                        reason: "it broke".into(),
                        delay_ms: 1,
                        attempt: 2,
                        max_attempts: 6,
                    });
                    tokio::task::yield_now().await;
                    yield Ok(Chunk::Text(" sentence".into()));
                    yield Ok(Chunk::Usage(answer(0.3, 0.0, output)));
                    yield Ok(Chunk::Finished(Finish::Stop));
                }
                Does::Refuses => yield Err(error(ErrorKind::Refused { status: Some(400) })),
                Does::TellsNothing => {
                    yield Ok(Chunk::Text("free words".into()));
                    yield Ok(Chunk::Finished(Finish::Stop));
                }
            }
        })
    }
}

#[async_trait]
impl ModelSource for Asked {
    async fn resolve(&self, _: &Want) -> Result<Resolved, Failure> {
        Ok(Resolved {
            model: Arc::new(self.clone()),
            id: "liar".into(),
            provider: ProviderName::Openai,
            effort: None,
            context_tokens: Some(128_000),
            max_output_tokens: Some(OUTPUT_LIMIT),
            prices: Some(PRICES),
            accepts_images: true,
            notice: None,
            free: false,
        })
    }
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        5 => (0.05f64..=1.0, 0.0f64..=1.0, 0.0f64..=1.0)
            .prop_map(|(input, cached, output)| Does::Answers { input, cached, output }),
        1 => (1.0f64..3.0, 1.0f64..4.0)
            .prop_map(|(input, output)| Does::Answers { input, cached: 0.0, output }),
        2 => (0.0f64..=1.0).prop_map(|output| Does::BreaksThenAnswers { output }),
        1 => Just(Does::Refuses),
        1 => Just(Does::TellsNothing),
    ]
}

fn cases() -> u32 {
    let told = std::env::var("MIRA_FUZZ_CASES").ok();
    told.and_then(|told| told.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn spend_stays_under_its_cap_and_every_sum_agrees(
        script in prop::collection::vec(does(), 1..12),
        operations in 4usize..14,
        cap in 20_000i64..400_000,
        crash_after in prop::option::of(1usize..10),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(live(script, operations, cap, crash_after))?;
    }
}

/// An attempt that broke off is spent and its next one held: both only where both fit.
#[test]
fn where_every_answer_breaks_off_the_cap_holds_at_every_moment() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for cap in (250_000..400_000).step_by(15_000) {
        let script = vec![
            Does::BreaksThenAnswers { output: 0.52 },
            Does::BreaksThenAnswers { output: 0.57 },
        ];
        runtime.block_on(live(script, 12, cap, None)).unwrap();
    }
}

async fn live(
    script: Vec<Does>,
    operations: usize,
    cap: i64,
    crash_after: Option<usize>,
) -> Result<(), TestCaseError> {
    let vendor = Arc::new(Vendor {
        script,
        next: AtomicU64::new(0),
        reported: AtomicI64::new(0),
        beyond: AtomicI64::new(0),
        tokens: Mutex::default(),
    });
    let data = tempfile::tempdir().unwrap();
    let open = async |folder: &std::path::Path| {
        let mut settings = Settings::under(folder);
        settings.budget_daily_limit_micro_usd = Some(cap);
        settings.output_limit_tokens = OUTPUT_LIMIT;
        let ports = Ports {
            models: Some(Arc::new(Asked(vendor.clone()))),
            secrets: Arc::new(NoSecrets),
            askpass: None,
        };
        Engine::open(settings, ports).await.unwrap()
    };
    let engine = open(data.path()).await;
    let folder = TempProject::new("");
    let path = folder.root().display().to_string();
    let project = engine
        .call(calls::ProjectOpen(OpenProject { path }))
        .await
        .unwrap();

    let mut heard = engine.events();
    for at in 0..operations {
        let start = StartOperation {
            content: format!("what is {at}"),
            project_id: Some(project.id.clone()),
            approve: ApproveMode::All,
            ..StartOperation::default()
        };
        engine.call(calls::OperationStart(start)).await.unwrap();
    }
    // Whoever must wait for the person is stopped.
    let mut ended = 0;
    while ended < operations {
        let Ok(event) = heard.recv().await else {
            continue;
        };
        let Event::Stored(event) = &*event else {
            continue;
        };
        match &event.kind {
            EventKind::BudgetPaused { pause } if !pause.waits_for_others => {
                let stop = DecidePause {
                    operation_id: pause.operation_id.clone(),
                    choice: PauseChoice::Stop,
                    amount_micro_usd: None,
                };
                // It may fit by now.
                let _ = engine.call(calls::BudgetDecide(stop)).await;
            }
            EventKind::OperationFinished { .. } => {
                ended += 1;
                if crash_after == Some(ended) {
                    break;
                }
            }
            _ => {}
        }
        // At every moment, not only at the end.
        let caps = engine
            .call(calls::BudgetCaps(Nothing {}))
            .await
            .unwrap()
            .caps;
        let (spent, held) = (caps[0].spent_micro_usd, caps[0].reserved_micro_usd);
        let beyond = vendor.beyond.load(Ordering::SeqCst);
        prop_assert!(
            spent + held <= cap + beyond,
            "{spent} + {held} of {cap}, {beyond} beyond"
        );
    }
    let engine = if ended < operations {
        // A crash: the files as they are, a new engine. What the old one does now counts nowhere.
        let copy = data.path().join("copy");
        std::fs::create_dir_all(copy.join("data")).unwrap();
        let told = vendor.reported.load(Ordering::SeqCst);
        let _ = told;
        for file in ["mira.db", "mira.db-wal"] {
            std::fs::copy(
                data.path().join("data").join(file),
                copy.join("data").join(file),
            )
            .unwrap();
        }
        engine.shutdown().await;
        open(&copy).await
    } else {
        engine
    };
    agree(&engine, &vendor, cap, ended == operations).await?;
    engine.shutdown().await;
    Ok(())
}

/// Rows, views, kept sums and the vendor's own count.
async fn agree(
    engine: &Engine,
    vendor: &Vendor,
    cap: i64,
    whole: bool,
) -> Result<(), TestCaseError> {
    let all = ListCalls {
        limit: Some(10_000),
        ..ListCalls::default()
    };
    let rows = engine.call(calls::BudgetCalls(all)).await.unwrap().calls;
    let sum: i64 = rows.iter().filter_map(|row| row.cost_micro_usd).sum();
    for by in [
        SpendBy::Day,
        SpendBy::Month,
        SpendBy::Model,
        SpendBy::Tier,
        SpendBy::Session,
        SpendBy::Purpose,
        SpendBy::Operation,
    ] {
        let query = SpendQuery {
            by,
            ..SpendQuery::default()
        };
        let view = engine.call(calls::BudgetSpend(query)).await.unwrap();
        prop_assert_eq!(view.total.cost_micro_usd, sum, "by {:?}", by);
        prop_assert_eq!(view.total.calls, rows.len() as u64);
    }
    let rebuilt = engine.call(calls::BudgetRebuild(Nothing {})).await.unwrap();
    prop_assert_eq!(rebuilt.corrected, 0);
    let settled: i64 = rows
        .iter()
        .filter(|row| row.settlement == Settlement::Settled)
        .filter_map(|row| row.cost_micro_usd)
        .sum();
    let beyond = vendor.beyond.load(Ordering::SeqCst);
    prop_assert!(
        sum <= cap + beyond,
        "{} spent of {}, {} beyond",
        sum,
        cap,
        beyond
    );
    if whole {
        prop_assert_eq!(
            settled,
            vendor.reported.load(Ordering::SeqCst),
            "what the vendor reported"
        );
        let (input, output) = *vendor.tokens.lock().unwrap();
        prop_assert_eq!(
            rows.iter().map(|row| row.usage.input_tokens).sum::<u64>(),
            input
        );
        prop_assert_eq!(
            rows.iter().map(|row| row.usage.output_tokens).sum::<u64>(),
            output
        );
    }
    for row in rows {
        prop_assert!(
            row.reserved_micro_usd.is_some(),
            "everything that left was reserved"
        );
    }
    Ok(())
}
