//! Keeps connections that take nothing from keeping everybody else out: when there is no room left
//! for answers, those that wait for their client longest and hold most are cut.

use std::future::pending;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::sleep_until;

use crate::serve::socket::account::Account;
use crate::serve::socket::account::Budget;

/// How long bytes must have waited, none of them taken, before their connection may be cut for it, as
/// a part of the time after which it is cut anyway.
const GRACE_PART: u32 = 30;
/// How long a cut may take to give room before another follows.
const PAUSE: Duration = Duration::from_millis(20);
/// How often a line is logged about it.
const LOG_PAUSE: Duration = Duration::from_secs(10);

/// Watches over all connections of a server.
#[derive(Debug)]
pub(super) struct Warden {
    budget: Budget,
    grace: Duration,
    opened: mpsc::UnboundedReceiver<Account>,
    accounts: Vec<Account>,
    /// Accounts kept when those that have ended were looked for last.
    kept: usize,
    cut: u64,
    logged: Option<Instant>,
}

/// Tells a [`Warden`] of connections.
#[derive(Clone, Debug)]
pub(super) struct Register {
    budget: Budget,
    opened: mpsc::UnboundedSender<Account>,
}

impl Register {
    /// The account of a connection that was just opened.
    pub(super) fn open(&self) -> Account {
        let account = self.budget.open();
        // The warden is gone when the server is.
        let _ = self.opened.send(account.clone());
        account
    }
}

impl Warden {
    /// A warden over what is opened by the register. Connections are cut anyway when they take nothing
    /// for as long as `silent`.
    pub(super) fn new(budget: Budget, silent: Duration) -> (Self, Register) {
        let (sender, opened) = mpsc::unbounded_channel();
        let register = Register {
            budget: budget.clone(),
            opened: sender,
        };
        let warden = Self {
            budget,
            grace: silent / GRACE_PART,
            opened,
            accounts: Vec::new(),
            kept: 0,
            cut: 0,
            logged: None,
        };
        (warden, register)
    }

    /// Goes on until the register is gone.
    pub(super) async fn run(mut self) {
        // When to look next, while somebody is pressed for room. Who asks again and again does not put
        // it off.
        let mut look_at = None;
        loop {
            let looking = async {
                match look_at {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            select! {
                opened = self.opened.recv() => match opened {
                    Some(account) => self.admit(account),
                    None => return,
                },
                () = self.budget.pressed(), if look_at.is_none() => {
                    look_at = Some(Instant::now() + PAUSE);
                }
                () = looking => {
                    self.cut_worst();
                    let is_wanted = self.budget.is_wanted();
                    // A cut takes a moment to give room.
                    look_at = is_wanted.then(|| Instant::now() + PAUSE);
                }
            }
        }
    }

    fn admit(&mut self, account: Account) {
        self.accounts.push(account);
        if self.accounts.len() > 2 * self.kept + 64 {
            self.accounts.retain(|account| !account.is_forgotten());
            self.kept = self.accounts.len();
        }
    }

    fn cut_worst(&mut self) {
        let Some(worst) = self.worst() else {
            return;
        };
        let bytes = self.accounts[worst].bytes();
        self.accounts.swap_remove(worst).cut();
        self.cut += 1;
        if self.logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE) {
            self.logged = Some(Instant::now());
            tracing::warn!(
                bytes,
                cut = self.cut,
                "serve: no room for answers; cut a connection whose client takes none"
            );
        }
    }

    /// The connection that holds most of those whose client has taken nothing for the grace.
    fn worst(&self) -> Option<usize> {
        let stalled = self.accounts.iter().enumerate().filter(|(_, account)| {
            let since = account.untaken_since();
            since.is_some_and(|since| since.elapsed() >= self.grace)
        });
        let worst = stalled.max_by_key(|(_, account)| account.bytes());
        worst
            .filter(|(_, account)| account.bytes() > 0)
            .map(|(index, _)| index)
    }
}
