//! One run from start to report.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::LoadError;
use super::LoadSettings;
use super::Profile;
use super::Progress;
use super::Report;
use super::Second;
use super::cpu::CpuTime;
use super::engine::Engine;
use super::plan::nanos;
use super::readers::Asked;
use super::readers::Asking;
use super::report::Arrival;
use super::report::Cpu;
use super::report::Latency;
use super::report::Queries;
use super::report::Slip;
use super::report::Totals;
use super::rig::Sender;
use super::rig::on_own_runtime;
use super::rig::on_own_thread;
use super::search::Step;
use super::search::search;
use super::seconds::ms;
use super::tally::Loss;
use super::tally::Sums;
use super::tally::Tally;
use super::watch::Target;
use super::watch::Watch;
use crate::latency::Histogram;
use crate::latency::IntervalLog;
use crate::simulate::Pace;
use crate::simulate::Pacer;
use crate::simulate::Rate;
use crate::simulate::Stretch;
use crate::time::Clock;
use crate::time::EpochMs;

/// From the plan's making to its first event.
const LEAD: Duration = Duration::from_millis(50);
/// What is late by more than this when the run ends stays unsent.
const GRACE: Duration = Duration::from_millis(500);
/// How long what was sent may take to become visible after the run.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// What a run found.
#[derive(Debug)]
pub struct Outcome {
    /// The figures.
    pub report: Report,
    /// The measured seconds, in order.
    pub seconds: Vec<Second>,
    /// The corrected latency.
    pub corrected: Histogram,
    /// The corrected latency second by second.
    pub log: IntervalLog,
}

/// Runs a load to its end. What people have to know meanwhile goes to `announce`, how far it is to
/// `progress`. Must be called inside a multi-thread tokio runtime, on which an engine in this process
/// serves.
///
/// # Errors
/// When the settings contradict each other, or a part cannot start or fails. That events are missing
/// is no error here: see the report's [`Totals`].
pub async fn run(
    settings: LoadSettings,
    clock: Clock,
    progress: watch::Sender<Progress>,
    mut announce: impl FnMut(&str),
) -> Result<Outcome, LoadError> {
    settings.check().map_err(LoadError::Settings)?;
    let planned = planned(&Profile::stretches(&settings, 0));
    let (pace, pacer) = Pace::new();
    let simulator = Sender::settings(&settings, planned.unwrap_or_default());
    let sender = Sender::start(simulator, clock.clone(), pace).await?;
    let engine = Engine::start(&settings, &sender, clock.clone(), &mut announce).await?;
    engine.live(settings.target_wait).await?;

    let mut load = Load::begin(&settings, &engine, clock, pacer, progress).await?;
    let measured = load.measure(&engine).await?;
    let tally = load.end().await?;
    let books = engine.books().await?;
    engine.stop().await?;
    drop(sender);
    if books.accounting_gap != 0 {
        let gap = books.accounting_gap;
        let why = format!("{gap} events are in none or several of its counters");
        return Err(LoadError::Failed("engine", why));
    }

    let is_in_gap = |at_ns: u64| books.is_in_gap(load.wall_ms(at_ns));
    let (inside, outside): (Vec<_>, Vec<_>) =
        tally.losses.iter().partition(|loss| is_in_gap(loss.at_ns));
    let frames = |losses: &[&Loss]| losses.iter().map(|loss| loss.frames).sum();
    let lost: u64 = frames(&inside);
    let unexcused: u64 = frames(&outside);
    let Sums {
        frames,
        events,
        missed,
        visible,
        ..
    } = tally.sums;
    let mut report = measured.report(&settings, load.started());
    report.totals = Totals {
        planned: load.planned,
        sent: events,
        frames,
        unsent: load
            .planned
            .map_or(0, |planned| planned.saturating_sub(events + missed)),
        visible,
        lost,
        missing: unexcused + tally.pending(),
        gaps: books.gaps,
        bytes: tally.sums.bytes_measured,
    };
    report.corrected = Latency::of(&tally.corrected);
    report.uncorrected = Latency::of(&tally.uncorrected);
    report.arrival = books.arrival.as_ref().map(Arrival::of);
    report.slip = Slip {
        p99_ms: ms(tally.slip.quantile_ns(0.99)),
        max_ms: ms(tally.slip.max_ns()),
    };
    report.rate_per_s = per_s(tally.sums.events_measured, measured.seconds);
    report.bytes_per_s = per_s(tally.sums.bytes_measured, measured.seconds);
    report.notes = notes(&settings);
    Ok(Outcome {
        report,
        seconds: load.seconds,
        corrected: tally.corrected,
        log: tally.log,
    })
}

/// The time of day, in milliseconds since 1970, and the monotonic clock at the same moment: on a busy
/// machine the thread may stand still between two readings, so the closest of a few counts.
fn both_clocks(clock: &Clock) -> (u64, u64) {
    let read = || {
        let before_ns = clock.mono_ns();
        let wall_ms = u64::try_from(clock.wall().ms()).unwrap_or_default();
        let after_ns = clock.mono_ns();
        (after_ns - before_ns, wall_ms, after_ns)
    };
    let closest = (0..5).map(|_| read()).min();
    let (_, wall_ms, mono_ns) = closest.unwrap_or_else(read);
    (wall_ms, mono_ns)
}

fn planned(stretches: &[Stretch]) -> Option<u64> {
    stretches.iter().map(Stretch::events).sum()
}

fn notes(settings: &LoadSettings) -> Vec<String> {
    let mut notes = Vec::new();
    if settings.rate == Rate::Max {
        notes.push(
            "without a rate there is no plan: events are due when they are sent, so that waiting \
             for the engine is not in the latency"
                .to_owned(),
        );
    }
    if settings.target.is_some() {
        notes.push(
            "the engine is polled by GraphQL: latency is known to about a millisecond and an \
             answer's time"
                .to_owned(),
        );
    }
    if settings.profile == Profile::Chaos {
        notes.push("copies and malformed frames count like events until they are seen".to_owned());
    }
    notes
}

/// A load under way.
struct Load<'a> {
    settings: &'a LoadSettings,
    clock: Clock,
    plan: Option<mpsc::UnboundedSender<Stretch>>,
    stop_plan: CancellationToken,
    planned: Option<u64>,
    measured_from_ns: u64,
    /// Milliseconds since 1970 at `measured_from_ns`.
    measured_from_ms: u64,
    progress: watch::Receiver<Progress>,
    news: mpsc::UnboundedReceiver<Second>,
    seconds: Vec<Second>,
    stop_watch: CancellationToken,
    /// However the run ends, the watch does too.
    _watch_ends: DropGuard,
    tally: oneshot::Receiver<Result<Tally, String>>,
}

/// What was measured beside the tally.
struct Measured {
    seconds: f64,
    asked: Option<Asked>,
    cpu: Option<CpuTime>,
    steps: Vec<Step>,
}

impl<'a> Load<'a> {
    /// Makes the plan, and watches from before its first event.
    async fn begin(
        settings: &'a LoadSettings,
        engine: &Engine,
        clock: Clock,
        pacer: Pacer,
        progress: watch::Sender<Progress>,
    ) -> Result<Self, LoadError> {
        let start_ns = clock.mono_ns() + nanos(LEAD);
        let stretches = Profile::stretches(settings, start_ns);
        let measured_from_ns = start_ns + nanos(settings.warmup);
        let (wall_ms, mono_ns) = both_clocks(&clock);
        let until_ms = measured_from_ns.saturating_sub(mono_ns) / 1_000_000;
        let measured_from_ms = wall_ms + until_ms;
        let planned = planned(&stretches);
        let (seconds, news) = mpsc::unbounded_channel();
        let stop_watch = CancellationToken::new();
        let now = engine.sight().await?;
        let start = Duration::from_millis(measured_from_ms);
        let is_progress = progress.subscribe();
        let watch = Watch::new(
            Tally::new(now, measured_from_ns, start),
            clock.clone(),
            pacer.accounts,
            seconds,
            progress,
            stop_watch.clone(),
        );
        let (done, tally) = oneshot::channel();
        match engine.reader() {
            Some(reader) => on_own_thread("load-watch", move || {
                // Nobody waits for it when the run was given up.
                let _ = done.send(Ok(watch.of_process(&reader)));
            })?,
            None => {
                let (connector, base) = engine.graphql()?;
                on_own_runtime("load-watch", async move {
                    let watched = async {
                        let target = Target::connect(&connector, &base).await?;
                        watch.of_target(target).await
                    };
                    let _ = done.send(watched.await);
                })?;
            }
        }
        for stretch in stretches {
            // The sender has the other end as long as this function's caller has the sender.
            let _ = pacer.plan.send(stretch);
        }
        Ok(Self {
            settings,
            clock,
            plan: Some(pacer.plan),
            stop_plan: pacer.stop,
            planned,
            measured_from_ns,
            measured_from_ms,
            progress: is_progress,
            news,
            seconds: Vec::new(),
            _watch_ends: stop_watch.clone().drop_guard(),
            stop_watch,
            tally,
        })
    }

    /// Waits for the warm-up, then measures until the plan is over.
    async fn measure(&mut self, engine: &Engine) -> Result<Measured, LoadError> {
        self.sleep_until(self.measured_from_ns).await;
        let before = CpuTime::now();
        let asking = Asking::start(self.settings.queries, engine, self.clock.clone())?;
        let mut steps = Vec::new();
        match (self.settings.profile, self.settings.rate, &self.plan) {
            (Profile::StepSearch, Rate::PerSecond(rate), Some(plan)) => {
                let from_ns = self.measured_from_ns;
                let length = self.settings.duration;
                let (news, kept) = (&mut self.news, &mut self.seconds);
                let found = search(rate, from_ns, length, plan, news, kept, &self.clock).await;
                steps = found.0;
                self.planned = self.planned.map(|planned| planned + found.1);
            }
            _ => {
                let end_ns = self.measured_from_ns + nanos(self.settings.duration);
                self.sleep_until(end_ns).await;
            }
        }
        let cpu = CpuTime::now()
            .zip(before)
            .map(|(now, before)| now.since(before));
        let took_ns = self.clock.mono_ns().saturating_sub(self.measured_from_ns);
        Ok(Measured {
            seconds: ms(took_ns) / 1e3,
            asked: asking.end().await,
            cpu,
            steps,
        })
    }

    /// Waits until all is sent and seen, as far as it will be.
    async fn end(&mut self) -> Result<Tally, LoadError> {
        // Nothing follows: what a fault holds back goes out.
        self.plan = None;
        if let Some(planned) = self.planned {
            let is_sent = self
                .progress
                .wait_for(|progress| progress.passed >= planned);
            // Too late is what the unsent events say.
            let _ = timeout(GRACE, is_sent).await;
        }
        self.stop_plan.cancel();
        // The last frames are reported within a few milliseconds.
        sleep(LEAD).await;
        let is_seen = self.progress.wait_for(|progress| progress.pending == 0);
        // Too long is what the missing events say.
        let _ = timeout(DRAIN_MAX, is_seen).await;
        self.stop_watch.cancel();
        let tally = (&mut self.tally).await;
        let mut tally = tally
            .map_err(|_| LoadError::failed("watcher", "its thread has ended"))?
            .map_err(|why| LoadError::Failed("engine", why))?;
        while let Ok(second) = self.news.try_recv() {
            self.seconds.push(second);
        }
        tally.settle();
        if tally.has_open_second() {
            self.seconds.push(tally.close_second());
        }
        Ok(tally)
    }

    async fn sleep_until(&self, at_ns: u64) {
        let left_ns = at_ns.saturating_sub(self.clock.mono_ns());
        sleep(Duration::from_nanos(left_ns)).await;
    }

    /// The time of day at a moment, in milliseconds since 1970.
    const fn wall_ms(&self, at_ns: u64) -> u64 {
        let base = self.measured_from_ms;
        match at_ns.checked_sub(self.measured_from_ns) {
            Some(after_ns) => base + after_ns / 1_000_000,
            None => base.saturating_sub((self.measured_from_ns - at_ns) / 1_000_000),
        }
    }

    fn started(&self) -> String {
        let ms = i64::try_from(self.measured_from_ms).unwrap_or_default();
        EpochMs::from_ms(ms).to_string()
    }
}

impl Measured {
    fn report(&self, settings: &LoadSettings, started: String) -> Report {
        let mut report = Report::new(settings, started);
        report.queries = self.asked.as_ref().map(|asked| Queries {
            requests: asked.latency.count(),
            errors: asked.errors,
            per_s: per_s(asked.latency.count(), self.seconds),
            p50_ms: ms(asked.latency.quantile_ns(0.5)),
            p99_ms: ms(asked.latency.quantile_ns(0.99)),
        });
        report.cpu = self.cpu.map(|cpu| Cpu {
            generator: cpu.generator_s / self.seconds,
            engine: cpu.engine_s / self.seconds,
            readers: cpu.readers_s / self.seconds,
        });
        report.steps.clone_from(&self.steps);
        let holds = self.steps.iter().filter(|step| step.fails.is_none());
        report.sustainable_per_s = holds.map(|step| step.rate_per_s).reduce(f64::max);
        report
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn per_s(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}
