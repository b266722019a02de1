//! Times of several processes, of which the shortest counts: what happens in one run only is the
//! machine's doing.

use std::env;
use std::process::Command;

const ONE_RUN: &str = "once";

/// Whether this process is one of those that [`times`] starts.
pub(crate) fn is_one_run() -> bool {
    env::args()
        .nth(1)
        .is_some_and(|argument| argument == ONE_RUN)
}

/// What the program was started with, if with anything.
pub(crate) fn argument() -> Option<String> {
    env::args().skip(1).find(|argument| argument != ONE_RUN)
}

/// Starts this program so many times. Each prints lines of `STEPS` nanoseconds and then a line about
/// the run. Gives the shortest time of each place, and the last run's last line.
pub(crate) fn times<const STEPS: usize>(runs: usize) -> (Vec<[u64; STEPS]>, String) {
    let mut shortest_ns: Vec<[u64; STEPS]> = Vec::new();
    let mut about = String::new();
    for _ in 0..runs {
        let program = env::current_exe().unwrap();
        let mut run = Command::new(program);
        let run = run.arg(ONE_RUN).args(argument()).output().unwrap();
        assert!(run.status.success(), "{run:?}");
        let printed = String::from_utf8(run.stdout).unwrap();
        let (lines, last) = printed.trim_end().rsplit_once('\n').unwrap();
        shortest_ns.resize(lines.lines().count(), [u64::MAX; STEPS]);
        for (shortest, line) in shortest_ns.iter_mut().zip(lines.lines()) {
            for (shortest, time) in shortest.iter_mut().zip(line.split(' ')) {
                *shortest = time.parse::<u64>().unwrap().min(*shortest);
            }
        }
        last.clone_into(&mut about);
    }
    (shortest_ns, about)
}
