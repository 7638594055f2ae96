//! Makes `src/passwords/blocklist.bin` from lists of passwords; `src/passwords/blocklist.rs` says how and from which.

use std::collections::HashSet;
use std::io::{Result, Write as _};

use auth::passwords::blocklist::{SHORTEST, encode};

/// What `passwords.min_length` asks for by default: of these, every one that was ever published counts.
const LONG: usize = 15;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let most: usize = arguments.next().and_then(|most| most.parse().ok()).expect("first, how many");
    let lists = arguments.map(std::fs::read).collect::<Result<Vec<_>>>()?;
    let lists: Vec<_> = lists.iter().map(|list| String::from_utf8_lossy(list)).collect();
    let lines = || lists.iter().flat_map(|list| list.lines().map(str::to_lowercase));
    let mut seen = HashSet::new();
    let mut new = |line: &String| line.chars().count() >= SHORTEST && seen.insert(line.clone());
    let long = lines().filter(|line| line.chars().count() >= LONG).filter(&mut new).collect::<Vec<_>>();
    let short = lines().filter(&mut new).take(most - long.len()).collect::<Vec<_>>();
    std::io::stdout().write_all(&encode(long.iter().chain(&short).map(String::as_str)))
}
