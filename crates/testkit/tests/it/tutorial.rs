//! `docs/protect-an-api.md`, word for word: its program is the example, its commands run in `/bin/sh`, and what they print is what
//! the text shows.
//!
//! The rules by which a text is run:
//! - Commands begin in an empty directory in which `countersign` is this repository. All blocks `sh` are typed into one shell, one
//!   after the other; a block `sh runs-on` gets a shell of its own, which runs until the text is over.
//! - A block `text` is what the block before it prints. In it `…` stands for any characters of a line, alone for any lines;
//!   how many spaces there are does not count.
//!   Of a block that runs on it is the beginning; without one nothing is waited for.
//! - `cargo install`, `cargo run` and `cargo test` take what cargo built for this test (the program, the example, its tests); other
//!   commands of cargo are cargo's own, without the network.
//! - The ports that the text names are free ones of this machine.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const TUTORIAL: &str = "docs/protect-an-api.md";
const EXAMPLE: &str = "crates/resource-api/examples/greeting";
const PATIENCE: Duration = Duration::from_mins(1);
/// What the shell prints when a block has ended, with the status of its last command.
const ENDED: &str = "=== the block has ended:";

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

/// A fenced block: what stands behind the fence, and the lines inside.
#[derive(Debug)]
struct Block {
    kind: String,
    text: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let fences = markdown.split("\n```").skip(1).step_by(2);
    let block = |fence: &str| {
        let (kind, text) = fence.split_once('\n').expect("a fence ends its line");
        Block { kind: kind.to_owned(), text: format!("{text}\n") }
    };
    fences.map(block).collect()
}

fn tutorial() -> Vec<Block> {
    blocks(&fs::read_to_string(root().join(TUTORIAL)).unwrap())
}

#[test]
fn the_tutorial_shows_the_example() {
    let programs: Vec<Block> = tutorial().into_iter().filter(|block| block.kind == "rust").collect();
    let example = |file: &str| fs::read_to_string(root().join(EXAMPLE).join(file)).unwrap();
    assert_eq!((&programs[0].text, &programs[1].text), (&example("main.rs"), &example("tests.rs")));
    assert!(example("main.rs").lines().count() <= 45, "short enough for one look");
}

#[test]
fn the_tutorial_holds_word_for_word() {
    let place = tempfile::tempdir().unwrap();
    let ports = Ports::free();
    symlink(root(), place.path().join("countersign")).unwrap();
    lay_tools(&place.path().join("tools"));
    let mut shell = Shell::start(place.path());
    let mut running = Vec::new();
    let blocks = tutorial();
    for (at, block) in blocks.iter().enumerate() {
        let shown = blocks.get(at + 1).filter(|next| next.kind == "text").map(|next| ports.put_into(&next.text));
        let commands = ports.put_into(&block.text);
        match block.kind.as_str() {
            "sh" => {
                let printed = shell.run(&commands);
                assert_printed(&commands, &printed, &shown.unwrap_or_default());
            }
            "sh runs-on" => {
                let mut own = Shell::start(place.path());
                own.run_on(&commands, shown.as_deref());
                running.push(own);
            }
            "rust" | "text" => {}
            other => panic!("nobody knows how to run a block {other:?}"),
        }
    }
    assert!(running.len() == 2 && blocks.len() > 12, "the issuer and the service ran");
}

/// The programs that a newcomer has or makes: `cargo`, and `countersign` once it was installed.
fn lay_tools(directory: &Path) {
    // …/debug/deps/it-0123 → …/debug
    let built = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let (program, example) = (built.join("countersign"), built.join("examples/greeting"));
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let tests = build(&cargo, &built);
    fs::create_dir(directory).unwrap();
    let script = format!(
        "#!/bin/sh\nset -e\ncase $1 in\n\
         install) ln -s '{0}' '{1}' ;;\n\
         run) cmp src/main.rs '{3}/main.rs'; exec '{2}' ;;\n\
         test) cmp src/main.rs '{3}/main.rs'; cmp src/tests.rs '{3}/tests.rs'; exec '{4}' --quiet ;;\n\
         *) CARGO_NET_OFFLINE=true exec '{cargo}' \"$@\" ;;\nesac\n",
        program.display(),
        directory.join("countersign").display(),
        example.display(),
        root().join(EXAMPLE).display(),
        tests.display(),
    );
    let shim = directory.join("cargo");
    fs::write(&shim, script).unwrap();
    fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Nothing to do in a run of all tests (`--workspace`); a run of this crate alone has not made program and example. Gives the
/// tests of the example.
fn build(cargo: &str, built: &Path) -> PathBuf {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(cargo);
        command.args(arguments).args(["--quiet", "--workspace", "--example", "greeting"]);
        if built.ends_with("release") {
            command.arg("--release");
        }
        command.current_dir(root()).env("CARGO_TARGET_DIR", built.parent().unwrap()).stderr(Stdio::inherit());
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    cargo(&["build", "--bin", "countersign"]);
    let made = cargo(&["test", "--no-run", "--message-format=json"]);
    let made = made.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let tests = made
        .filter(|made| made["target"]["name"] == "greeting")
        .find_map(|made| made["executable"].as_str().map(PathBuf::from));
    tests.expect("the tests of the example")
}

/// A shell into which blocks are typed. Its output goes to a file.
struct Shell {
    process: Child,
    output: PathBuf,
    read: usize,
}

impl Shell {
    fn start(place: &Path) -> Self {
        let (_, output) = tempfile::Builder::new().prefix("output").tempfile_in(place).unwrap().keep().unwrap();
        let file = fs::File::create(&output).unwrap();
        let path = format!("{}:{}", place.join("tools").display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("/bin/sh");
        // Settings of this test are none of the programs in the text.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COUNTERSIGN_")) {
            shell.env_remove(name);
        }
        let process = shell
            .current_dir(place)
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stderr(file.try_clone().unwrap())
            .stdout(file)
            .process_group(0)
            .spawn()
            .unwrap();
        Self { process, output, read: 0 }
    }

    /// Types it, waits for its end, gives what was printed since the last time.
    fn run(&mut self, commands: &str) -> String {
        self.type_in(&format!("{commands}echo; echo \"{ENDED} $?\"\n"));
        let printed = self.wait_for(commands, |printed| printed.contains(ENDED));
        self.read += printed.len();
        let (printed, _) = printed.split_once(ENDED).unwrap();
        printed.to_owned()
    }

    /// Types it, waits until it has printed what the text shows.
    fn run_on(&mut self, commands: &str, shown: Option<&str>) {
        self.type_in(&format!("set -e\n{commands}echo \"{ENDED} $?\"\n"));
        if let Some(shown) = shown {
            let printed = self.wait_for(commands, |printed| matches(printed, shown) || printed.contains(ENDED));
            assert!(!printed.contains(ENDED), "{commands}ended, and printed\n{printed}");
        }
    }

    fn type_in(&mut self, text: &str) {
        self.process.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn wait_for(&mut self, commands: &str, enough: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let printed = String::from_utf8_lossy(&fs::read(&self.output).unwrap()[self.read..]).into_owned();
            if enough(&printed) {
                return printed;
            }
            let ended = self.process.try_wait().unwrap();
            assert!(
                Instant::now() < until && ended.is_none(),
                "{commands}does not end or ended, and printed\n{printed}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The shell and everything that it started.
impl Drop for Shell {
    fn drop(&mut self) {
        let group = format!("kill -s KILL -- -{}", self.process.id());
        let _ = Command::new("/bin/sh").args(["-c", &group]).stderr(Stdio::null()).status();
        let _ = self.process.wait();
    }
}

#[track_caller]
fn assert_printed(commands: &str, printed: &str, shown: &str) {
    assert!(matches(printed, shown), "\n{commands}printed\n\n{printed}\n\nand the text shows\n\n{shown}");
}

/// Line by line; how many spaces there are and empty lines do not count.
fn matches(printed: &str, shown: &str) -> bool {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = |text: &str| text.lines().map(words).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    any_lines(&lines(printed), &lines(shown))
}

fn any_lines(printed: &[String], shown: &[String]) -> bool {
    match (printed, shown) {
        (_, []) => printed.is_empty(),
        (_, [all, rest @ ..]) if all == "…" => (0..=printed.len()).any(|skip| any_lines(&printed[skip..], rest)),
        ([], _) => false,
        ([line, printed @ ..], [pattern, shown @ ..]) => any_text(line, pattern) && any_lines(printed, shown),
    }
}

fn any_text(line: &str, pattern: &str) -> bool {
    match pattern.split_once('…') {
        None => line == pattern,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|line| {
            line.char_indices().map(|(at, _)| at).chain([line.len()]).any(|at| any_text(&line[at..], rest))
        }),
    }
}

/// What the text calls 8080, 8081, 8082 and 9000.
struct Ports([(&'static str, String); 4]);

impl Ports {
    fn free() -> Self {
        let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let in_a_row = || {
            let first = bind(0).ok()?;
            let at = port(&first);
            (at < 65_000 && bind(at + 1).is_ok() && bind(at + 2).is_ok()).then_some(at)
        };
        let first = (0..200).find_map(|_| in_a_row()).expect("three free ports in a row");
        let other = port(&bind(0).unwrap());
        let name = |port: u16| port.to_string();
        Self([("8080", name(first)), ("8081", name(first + 1)), ("8082", name(first + 2)), ("9000", name(other))])
    }

    fn put_into(&self, text: &str) -> String {
        let Some((at, (named, free))) =
            self.0.iter().filter_map(|pair| Some((text.find(pair.0)?, pair))).min_by_key(|(at, _)| *at)
        else {
            return text.to_owned();
        };
        format!("{}{free}{}", &text[..at], self.put_into(&text[at + named.len()..]))
    }
}

#[test]
fn what_is_shown_stands_for_what_is_printed() {
    assert!(matches("a\nb\nc 1 d\n", "a\n…\nc … d"));
    assert!(matches("a\n\n", "…\na\n…"));
    assert!(matches("say … to me", "say … to …"));
    assert!(!matches("a\nb", "a"));
    assert!(!matches("a", "a\nb"));
    assert!(!matches("c 1 e", "c … d"));
}
