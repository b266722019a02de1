//! Every command of every page, pasted in order. What a test cannot do as written is changed by the
//! rules of [`Stage::adapted`], and nothing else: ports are free ones, times and numbers are small.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use serde_json::Value;

use super::answers::check_answer;
use super::page::Block;
use super::page::Page;
use super::page::pages;
use super::script::Done;
use super::script::HANG;
use super::script::Job;
use super::script::Shell;
use super::script::commands;
use super::unrun;
use crate::commands::process::Process;

/// What a running server says.
const SERVING: &str = "serving GraphQL at http://";

#[test]
fn every_command_of_every_page_runs() {
    let mut demo = Process::start(
        &["demo", "--listen", "127.0.0.1:0", "--history", "30s"],
        &[],
    );
    let address = demo.address();
    let pages: Vec<Page> = pages()
        .into_iter()
        .filter(|page| page.blocks().iter().any(|block| block.info == "sh"))
        .collect();
    assert!(pages.len() >= 6, "{}", pages.len());
    thread::scope(|scope| {
        let runs: Vec<_> = pages
            .iter()
            .map(|page| (page, scope.spawn(|| Stage::new(page, &address).play())))
            .collect();
        for (page, run) in runs {
            let ran = run
                .join()
                .unwrap_or_else(|_| panic!("{}: see above", page.path));
            println!("{}: {ran} commands run", page.path);
        }
    });
    demo.signal(&["TERM"]);
    assert_eq!(demo.wait().code, Some(0));
}

/// A page whose commands are pasted into a shell.
struct Stage<'page> {
    page: &'page Page,
    shell: Shell,
    /// What runs in the background, and its exit code once it is ended.
    jobs: Vec<(String, Job, i32)>,
    /// What ends by itself, and is waited for at the end.
    slow: Vec<(String, Job)>,
    /// The addresses of the page and what is there in their place.
    addresses: [(&'static str, String); 3],
}

impl<'page> Stage<'page> {
    fn new(page: &'page Page, demo: &str) -> Self {
        let mut shell = Shell::new();
        // The README begins with nothing; the others take a client for granted, and these files.
        if page.path != "README.md" {
            shell.run("export GENESYS_CLIENT_ID=demo GENESYS_CLIENT_SECRET=demo");
            prepare(&shell);
        }
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let free = taken.local_addr().unwrap().to_string();
        Self {
            page,
            shell,
            jobs: Vec::new(),
            slow: Vec::new(),
            addresses: [
                ("127.0.0.1:4000", demo.to_owned()),
                ("127.0.0.1:4001", demo.to_owned()),
                ("127.0.0.1:4100", free),
            ],
        }
    }

    /// Runs all blocks; how many commands were run.
    fn play(mut self) -> usize {
        let (mut ran, mut last) = (0, None);
        for block in self.page.blocks() {
            match block.info.as_str() {
                "sh" => {
                    last = None;
                    for command in commands(&block.body) {
                        if unrun::reason(&command).is_some() {
                            unrun::check(&command);
                            continue;
                        }
                        last = self.paste(&command, &block);
                        ran += 1;
                    }
                }
                "json" => {
                    check_answer(self.page, &block, last.take().map(|done: Done| done.stdout))
                }
                _ => last = None,
            }
        }
        for (command, job) in std::mem::take(&mut self.slow) {
            // On a busy machine a run of seconds may miss events; its report is there all the same.
            let (code, said) = (self.shell.wait(&job), self.shell.said_by(&job));
            assert!([0, 1].contains(&code), "{command}: {code}: {said}");
            assert!(said.contains("corrected ms"), "{command}: {said}");
        }
        for (command, job, expected) in std::mem::take(&mut self.jobs) {
            let code = self.shell.stop(&job);
            assert_eq!(
                code,
                expected,
                "{}: {command}: {}",
                self.page.path,
                self.shell.said_by(&job)
            );
        }
        ran
    }

    /// Runs a command, or starts one that lasts; what it wrote if it has ended.
    fn paste(&mut self, command: &str, block: &Block) -> Option<Done> {
        let place = format!("{}:{}: {command}", self.page.path, block.line);
        let adapted = self.adapted(command);
        if command.contains("--profile") {
            // Takes seconds, and nothing after it needs it.
            let job = self.shell.start(&adapted, "");
            self.slow.push((place, job));
            return None;
        }
        if let Some(until) = lasting(command) {
            let code = if command.starts_with("curl") { 143 } else { 0 };
            let job = self.shell.start(&adapted, until);
            let said = self.shell.said_by(&job);
            self.jobs.push((place, job, code));
            self.follow(&said);
            return None;
        }
        let done = self.shell.run(&adapted);
        let may_cross = command.contains("--fail-if") && done.code == 99;
        assert!(
            done.code == 0 || may_cross,
            "{place}\n  run as {adapted}\n{done:#?}"
        );
        if command.contains("/graphql") && !self.shows_errors(block) {
            let answer: Value = serde_json::from_str(&done.stdout)
                .unwrap_or_else(|error| panic!("{place}: {error}: {done:#?}"));
            assert!(answer.get("errors").is_none(), "{place}: {answer}");
        }
        Some(done)
    }

    /// Takes note of what a command has started.
    fn follow(&mut self, said: &str) {
        // A demo of the page's own is at 4000; a server beside a simulator at 4001.
        if let Some((_, rest)) = said.split_once(SERVING) {
            let address = rest.split('/').next().unwrap().to_owned();
            let is_demo = said.contains("simulating Genesys Cloud");
            self.addresses[usize::from(!is_demo)].1 = address;
        }
        let serve = said.lines().find_map(|line| line.split_once("try     "));
        if let Some((_, serve)) = serve {
            let block = Block {
                info: String::new(),
                body: String::new(),
                line: 0,
            };
            self.paste(serve, &block);
        }
    }

    /// The command as it can be run here.
    fn adapted(&self, command: &str) -> String {
        let mut command = command.split(" #").next().unwrap().trim_end().to_owned();
        command = command.replace("cargo run --release --locked -- ", "streamgauge ");
        command = command.replace("/etc/streamgauge/", "./");
        let free = "127.0.0.1:0";
        let is = |part: &str| command.contains(part);
        let (is_serve, is_demo, is_load) = (
            is("streamgauge serve"),
            is("streamgauge demo"),
            is("streamgauge load --"),
        );
        let is_poster = is("streamgauge simulate --push");
        let is_simulator = is("streamgauge simulate") && !is("--out") && !is_poster;
        if is_serve {
            // A name in the docs is never asked for.
            command = format!(
                "HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY= {}",
                with_flag(&command, "--listen", free)
            );
        }
        if is_demo {
            command = with_flag(&with_flag(&command, "--listen", free), "--history", "30s");
        }
        if is_simulator {
            command = with_flag(&command, "--listen", free);
        }
        if is_poster {
            // Enough to see it, and an end.
            command = with_flag(&command, "--events", "500");
        }
        if is_load {
            // Chaos has a half-open connection, which takes more than a second to be noticed.
            let is_chaos = command.contains("--profile chaos");
            let duration = if is_chaos { "3s" } else { "1s" };
            let command_of = with_flag(&command, "--duration", duration);
            command =
                with_flag(&command_of, "--warmup", "200ms").replace("--rate 20000", "--rate 2000");
        }
        // The file of a million is replayed in full by `replay::against_model`.
        command = command
            .replace("--events 1000000", "--events 10000")
            .replace("--events 100000", "--events 10000");
        for (written, real) in &self.addresses {
            command = command.replace(written, real);
        }
        if command.contains("streamgauge top") && !command.contains("--url") {
            command = with_flag(
                &command,
                "--url",
                &format!("http://{}", self.addresses[0].1),
            );
        }
        command
    }

    /// Whether the page shows an answer with errors to this block.
    fn shows_errors(&self, block: &Block) -> bool {
        let mut blocks = self
            .page
            .blocks()
            .into_iter()
            .skip_while(|each| each.line <= block.line);
        blocks
            .next()
            .is_some_and(|next| next.body.contains("\"errors\""))
    }
}

/// What a command that does not end by itself writes when it is up; `None` for one that ends.
fn lasting(command: &str) -> Option<&'static str> {
    let is = |part: &str| command.contains(part);
    match () {
        () if is("streamgauge serve") || is("-- demo") || is("streamgauge demo") => {
            Some("serving GraphQL at ")
        }
        () if is("streamgauge simulate") && !is("--out") && !is("--push") => Some("try     "),
        () if is("curl -N") => Some("event: next"),
        () => None,
    }
}

/// The command with a flag, in place of the one it has.
fn with_flag(command: &str, flag: &str, value: &str) -> String {
    match command.split_once(&format!("{flag} ")) {
        Some((before, rest)) => {
            let rest = rest
                .split_once(char::is_whitespace)
                .map_or("", |(_, rest)| rest);
            format!("{before}{flag} {value} {rest}")
        }
        None => format!("{command} {flag} {value}"),
    }
}

/// The files that the pages take for granted.
fn prepare(shell: &Shell) {
    let write = |name: &str, text: &str| {
        let path = shell.folder().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("token", "0123456789abcdef0123456789abcdef\n");
    let (certificate, key) = certificate();
    write("fullchain.pem", &certificate);
    write("privkey.pem", &key);
}

fn certificate() -> (String, String) {
    let signed = rcgen::generate_simple_self_signed(["gauge.example".to_owned()]).unwrap();
    (signed.cert.pem(), signed.signing_key.serialize_pem())
}

#[test]
fn flags_are_put_in_place() {
    assert_eq!(with_flag("a --b c --d e", "--b", "x"), "a --b x --d e");
    assert_eq!(with_flag("a --d e", "--b", "x"), "a --d e --b x");
    assert_eq!(with_flag("a --b c", "--b", "x"), "a --b x ");
    assert!(HANG.as_secs() > 60);
}
