//! The load generator: over real sockets, as a library and as the command.

use std::fs;
use std::path::Path;
use std::time::Duration;

use streamgauge::load;
use streamgauge::load::LoadSettings;
use streamgauge::load::Outcome;
use streamgauge::load::Profile;
use streamgauge::load::Progress;
use streamgauge::simulate::Rate;
use streamgauge::time::Clock;
use tokio::sync::watch;

use crate::cli::run;

/// Longer than any run here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(120);

fn settings(profile: Profile) -> LoadSettings {
    LoadSettings {
        rate: Rate::PerSecond(2_000.0),
        duration: Duration::from_secs(2),
        warmup: Duration::from_millis(200),
        profile,
        ..LoadSettings::new()
    }
}

async fn outcome(settings: LoadSettings) -> Outcome {
    let (progress, _told) = watch::channel(Progress::default());
    let running = load::run(settings, Clock::system(), progress, |_| {});
    tokio::time::timeout(HANG, running).await.unwrap().unwrap()
}

#[test]
fn a_run_loses_nothing_and_writes_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (json, hgrm, hlog, csv) = (
        path("a.json"),
        path("a.hgrm"),
        path("a.hlog"),
        path("a.csv"),
    );
    let args = [
        "load",
        "--rate",
        "5000",
        "--duration",
        "2s",
        "--warmup",
        "200ms",
        "--queries",
        "2",
        "--json",
        &json,
        "--hgrm",
        &hgrm,
        "--hlog",
        &hlog,
        "--csv",
        &csv,
    ];
    let run = run(&args, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stdout.contains("corrected ms  uncorrected ms"),
        "{}",
        run.stdout
    );

    let report: serde_json::Value = serde_json::from_str(&read(&json)).unwrap();
    for (key, part) in [
        ("/format", 1),
        ("/totals/planned", 11_000),
        ("/totals/sent", 11_000),
        ("/totals/visible", 11_000),
        ("/totals/unsent", 0),
        ("/totals/missing", 0),
        ("/totals/gaps", 0),
        ("/corrected/count", 10_000),
        ("/uncorrected/count", 10_000),
        ("/queries/errors", 0),
        // All of them, the warm-up and the last second included.
        ("/arrival/count", 11_000),
        ("/settings/seed", 1),
    ] {
        assert_eq!(report.pointer(key), Some(&part.into()), "{key}");
    }
    for key in [
        "/corrected/p50_ms",
        "/corrected/p99_9_ms",
        "/corrected/p99_99_ms",
        "/corrected/max_ms",
        "/uncorrected/p99_ms",
        "/arrival/p99_ms",
        "/slip/p99_ms",
        "/slip/max_ms",
        "/rate_per_s",
        "/bytes_per_s",
        "/queries/per_s",
        "/cpu/engine",
        "/cpu/generator",
        "/machine/cores",
    ] {
        assert!(report.pointer(key).unwrap().is_number(), "{key}");
    }
    assert!(report["queries"]["requests"].as_u64().unwrap() > 0);
    assert!(read(&hgrm).contains("Total count    =        10000"));
    assert_eq!(
        read(&hlog)
            .lines()
            .filter(|line| line.contains("HISTF"))
            .count(),
        2
    );
    let visible = read(&csv);
    let visible: Vec<&str> = visible.lines().skip(1).collect();
    assert_eq!(visible.len(), 2, "{visible:?}");
    for line in visible {
        assert_eq!(line.split(',').nth(1), Some("5000"), "{line}");
    }

    let compared = crate::cli::run(&["load", "compare", &json, &json], &[]);
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
    assert!(
        compared.stdout.ends_with("verdict: the same within 10 %\n"),
        "{}",
        compared.stdout
    );
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(path)).unwrap()
}

#[test]
fn a_crossed_limit_ends_with_99_after_the_report() {
    let args = [
        "load",
        "--rate",
        "500",
        "--duration",
        "1s",
        "--warmup",
        "0s",
        "--fail-if",
        "max>=0ms",
        "--fail-if",
        "missing>0",
    ];
    let run = run(&args, &[]);
    assert_eq!(run.code, Some(99), "{}", run.stderr);
    assert!(
        run.stdout.contains("500 events of 500 planned"),
        "{}",
        run.stdout
    );
    let errors: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].starts_with("error: load: --fail-if: max>=0ms: it is "),
        "{errors:?}"
    );
}

#[test]
fn what_cannot_be_run_or_compared_is_refused() {
    let check = |args: &[&str], part: &str| {
        let run = run(args, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(run.stderr.contains(part), "{args:?}: {}", run.stderr);
    };
    check(&["load", "--duration", "10ms"], "--duration");
    check(&["load", "--rate", "max", "--profile", "ramp"], "--rate");
    check(&["load", "--listen", "0.0.0.0:0"], "--listen");
    check(
        &["load", "compare", "/nowhere/a.json", "b.json"],
        "/nowhere/a.json",
    );
}

/// The sender stands still for 0.3 s: only who counts from the plan sees what that did to events.
#[tokio::test(flavor = "multi_thread")]
async fn a_stall_of_the_sender_is_in_the_corrected_latency_only() {
    let mut stalled = settings(Profile::Constant);
    stalled.faults.push("pause=300ms@1s".parse().unwrap());
    let Outcome { report, .. } = outcome(stalled).await;
    assert_eq!((report.totals.missing, report.totals.unsent), (0, 0));
    assert!(report.corrected.max_ms > 290.0, "{report:?}");
    assert!(report.corrected.p99_ms > 200.0, "{report:?}");
    assert!(report.slip.max_ms > 290.0, "{report:?}");
    // 600 of 4,000 events wait for up to 0.3 s, 0.15 s on average, whatever the engine does.
    let hidden_ms = report.corrected.mean_ms - report.uncorrected.mean_ms;
    assert!(hidden_ms > 20.0, "{report:?}");
    assert!(
        report.corrected.p99_ms > report.uncorrected.p99_ms,
        "{report:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_loses_events_only_inside_gaps() {
    let mut chaos = settings(Profile::Chaos);
    chaos.duration = Duration::from_secs(4);
    let Outcome { report, .. } = outcome(chaos).await;
    let totals = report.totals;
    assert_eq!(totals.missing, 0, "{totals:?}");
    assert!(totals.gaps >= 1 && totals.lost > 0, "{totals:?}");
    assert!(
        totals.frames > totals.sent,
        "copies and malformed ones: {totals:?}"
    );
    assert!(totals.visible + totals.lost >= totals.frames, "{totals:?}");
}

/// What a fault was asked to lose is in the gap that the engine recorded, and not missing.
#[test]
fn a_loss_that_was_asked_for_is_no_failure_unless_a_limit_says_so() {
    let args = |fault| {
        [
            "load",
            "--rate",
            "2000",
            "--duration",
            "2s",
            "--warmup",
            "0s",
        ]
        .into_iter()
        .chain([
            "--fail-if",
            "lost>0",
            "--fail-if",
            "gaps>0",
            "--fault",
            fault,
        ])
    };
    for fault in ["drop@1s", "drop@1000ev", "close=1008@1s"] {
        let all: Vec<&str> = args(fault).collect();
        let without_limits: Vec<&str> = all
            .iter()
            .copied()
            .filter(|word| !["--fail-if", "lost>0", "gaps>0"].contains(word))
            .collect();
        let kept = run(&without_limits, &[]);
        assert_eq!(kept.code, Some(0), "{fault}: {}", kept.stderr);
        assert!(kept.stdout.contains(" 0 missing, "), "{}", kept.stdout);
        assert!(kept.stdout.contains(" lost in 1 gaps"), "{}", kept.stdout);
    }
    let all: Vec<&str> = args("drop@1s").collect();
    let failed = run(&all, &[]);
    assert_eq!(failed.code, Some(99), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("lost>0: it is "),
        "{}",
        failed.stderr
    );
    assert!(
        failed.stderr.contains("gaps>0: it is 1"),
        "{}",
        failed.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_profile_sends_its_plan() {
    for (profile, planned) in [(Profile::Ramp, 2_400), (Profile::Burst, 4_400)] {
        let Outcome { report, .. } = outcome(settings(profile)).await;
        assert_eq!(report.totals.planned, Some(planned), "{profile}");
        assert_eq!(report.totals.missing, 0, "{profile}");
        assert_eq!(
            report.totals.visible + report.totals.unsent,
            planned,
            "{profile}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_has_steps_and_without_a_rate_there_is_no_plan() {
    let mut search = settings(Profile::StepSearch);
    search.rate = Rate::PerSecond(200.0);
    let Outcome { report, .. } = outcome(search).await;
    assert_eq!(
        (report.totals.planned, report.totals.missing),
        (Some(440), 0)
    );
    assert_eq!(report.steps.len(), 1);
    let holds = report.steps[0].fails.is_none();
    assert_eq!(report.sustainable_per_s, holds.then_some(200.0));

    let mut greedy = settings(Profile::Constant);
    greedy.rate = Rate::Max;
    greedy.duration = Duration::from_secs(1);
    let Outcome { report, .. } = outcome(greedy).await;
    assert_eq!((report.totals.planned, report.totals.missing), (None, 0));
    assert!(report.rate_per_s > 1_000.0, "{report:?}");
}

/// An engine elsewhere, started as the announced lines say.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_elsewhere_is_measured_by_its_answers() {
    use streamgauge::config::AuthSettings;
    use streamgauge::config::EngineSettings;
    use streamgauge::config::ServeSettings;
    use streamgauge::config::StreamSettings;
    use streamgauge::engine::Engine;

    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut settings = settings(Profile::Constant);
    settings.target = Some(format!("http://{port}").parse().unwrap());
    let (lines, mut announced) = tokio::sync::mpsc::unbounded_channel();
    let (progress, _told) = watch::channel(Progress::default());
    let running = load::run(settings, Clock::system(), progress, move |line| {
        lines.send(line.to_owned()).unwrap();
    });
    let engine = async {
        let mut url = async |name: &str| {
            let line = announced.recv().await.unwrap();
            line.strip_prefix(name).unwrap().trim().parse().unwrap()
        };
        let auth = AuthSettings::new(url("token").await, "demo".to_owned(), "demo".into());
        let stream = StreamSettings::new(url("stream").await);
        let settings = EngineSettings::new(auth, stream, ServeSettings::new(port));
        Engine::start(settings, Clock::system()).await.unwrap()
    };
    let both = async { tokio::join!(running, engine) };
    let (outcome, engine) = tokio::time::timeout(HANG, both).await.unwrap();
    let report = outcome.unwrap().report;
    assert_eq!((report.totals.visible, report.totals.missing), (4_400, 0));
    assert!(report.notes[0].contains("polled"), "{:?}", report.notes);
    engine.shutdown().await.unwrap();
}
