//! Where costly queries run: on blocking threads, a few at a time, under a deadline.
//!
//! Validation and resolvers never await anything, so a query holds its thread until it is done and
//! no timer can stop it. On a thread of the runtime it would hold up every connection there; here
//! it holds up only other costly queries. Past the deadline the client gets its answer, while the
//! query runs to its end and keeps its permit, so that never more than the limit run. What
//! `precheck` calls small does not come here: it takes less than the way to another thread and back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio::time::timeout;

/// Why a job has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Unfinished {
    /// Not done by the deadline, waiting for its turn included.
    Deadline,
    /// The job panicked or the runtime is going down.
    Lost,
}

/// Runs jobs.
#[derive(Debug)]
pub(super) struct Executor {
    permits: Arc<Semaphore>,
    deadline: Duration,
}

impl Executor {
    /// An executor of `running_max` jobs at a time, each answered within `deadline`.
    pub(in crate::serve) fn new(running_max: usize, deadline: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(running_max)),
            deadline,
        }
    }

    /// Runs a job on a thread that may block, in turn.
    ///
    /// # Errors
    /// When it is not done by the deadline; one that has not begun by then never runs.
    pub(in crate::serve) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unfinished> {
        let in_turn = async {
            let permit = Arc::clone(&self.permits).acquire_owned().await;
            let permit = permit.map_err(|_| Unfinished::Lost)?;
            let running = spawn_blocking(move || {
                // Held until the job is done, even when nobody waits for it any more.
                let _permit = permit;
                job()
            });
            running.await.map_err(|_| Unfinished::Lost)
        };
        let begun = Instant::now();
        let done = timeout(self.deadline, in_turn).await;
        // A job may be done before anybody could look at the clock.
        if begun.elapsed() > self.deadline {
            return Err(Unfinished::Deadline);
        }
        done.unwrap_or(Err(Unfinished::Deadline))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn gives_results_back() {
        let executor = Executor::new(1, Duration::from_secs(60));
        assert_eq!(executor.run(|| 7).await, Ok(7));
        let lost = executor.run(|| -> u8 { panic!("on purpose") }).await;
        assert_eq!(lost, Err(Unfinished::Lost));
        assert_eq!(executor.run(|| 8).await, Ok(8));
    }

    #[tokio::test]
    async fn a_job_past_the_deadline_keeps_its_permit_until_it_ends() {
        let executor = Executor::new(1, Duration::from_millis(20));
        let (finish, wait) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel::<()>();
        let endless = executor.run(move || {
            started.send(()).unwrap();
            wait.recv().ok();
        });
        assert_eq!(endless.await, Err(Unfinished::Deadline));
        has_started.recv().unwrap();
        assert_eq!(executor.permits.available_permits(), 0);
        assert_eq!(executor.run(|| ()).await, Err(Unfinished::Deadline));

        finish.send(()).unwrap();
        let permit = executor.permits.acquire().await.unwrap();
        drop(permit);
        let patient = Executor {
            permits: Arc::clone(&executor.permits),
            deadline: Duration::from_secs(60),
        };
        assert_eq!(patient.run(|| 9).await, Ok(9));
    }
}
