//! Four validators and one corpus of tokens: ours, the crate jsonwebtoken, jose (npm) and Authlib (PyPI), each told the same issuer,
//! audience, type, algorithms, leeway and required claims. Every token has its verdict written beside it; ours gives exactly those,
//! and the others give them too, but for what `differences.rs` lists with the reason.
//!
//! The corpus is made anew each time, with new keys: `claims`, `times`, `headers`, `shapes`, `signatures`, `key_sets`.

mod claims;
mod corpus;
mod differences;
mod headers;
mod key_sets;
mod shapes;
mod signatures;
mod times;
mod validators;

use std::collections::{BTreeMap, BTreeSet};

use self::corpus::{Corpus, Sample, Verdict};
use self::differences::{DIFFERENCES, Difference};
use self::validators::{Said, jsonwebtoken, ours, program};
use crate::real_clients;

const AT_LEAST: usize = 150;

/// Everything that differs from what is written, and everything that is written and does not differ.
fn disagreements(validator: &str, corpus: &Corpus, said: &BTreeMap<String, Said>) -> Vec<String> {
    let listed = DIFFERENCES.iter().filter(|difference| difference.validators.contains(&validator));
    let listed: BTreeSet<&str> = listed.flat_map(|difference| difference.tokens).copied().collect();
    let mut wrong = Vec::new();
    for Sample { name, expected, .. } in &corpus.samples {
        let said = said.get(name).unwrap_or_else(|| panic!("{validator} says nothing of {name:?}"));
        println!("{:?} {name:?}: {}", said.verdict, said.reason);
        match (said.verdict != *expected, listed.contains(name.as_str())) {
            (true, false) => wrong.push(format!("not {expected:?} and not listed: {name:?} ({})", said.reason)),
            (false, true) => wrong.push(format!("listed, but it is {expected:?}: {name:?} ({})", said.reason)),
            (true, true) | (false, false) => {}
        }
    }
    wrong
}

fn compare(validator: &str, corpus: &Corpus, said: &BTreeMap<String, Said>) {
    let wrong = disagreements(validator, corpus, said);
    assert!(wrong.is_empty(), "{validator}:\n{}", wrong.join("\n"));
}

#[test]
fn a_difference_that_is_new_is_noticed_and_one_that_is_gone() {
    let corpus = Corpus::make();
    let as_written = |sample: &Sample| Said { verdict: sample.expected, reason: String::new() };
    let mut said: BTreeMap<_, _> =
        corpus.samples.iter().map(|sample| (sample.name.clone(), as_written(sample))).collect();
    let gone = disagreements("jose", &corpus, &said);
    let listed = DIFFERENCES.iter().filter(|difference| difference.validators.contains(&"jose"));
    assert_eq!(gone.len(), listed.map(|difference| difference.tokens.len()).sum::<usize>());
    assert!(disagreements("ours", &corpus, &said).is_empty(), "nothing is listed for ours");
    said.get_mut("another issuer").unwrap().verdict = Verdict::Accept;
    assert_eq!(disagreements("ours", &corpus, &said), ["not Refuse and not listed: \"another issuer\" ()"]);
}

#[test]
fn the_corpus_is_large_and_each_token_has_a_name_of_its_own() {
    let corpus = Corpus::make();
    let names: BTreeSet<_> = corpus.samples.iter().map(|sample| &sample.name).collect();
    assert_eq!(names.len(), corpus.samples.len(), "a name stands twice");
    let accepted = corpus.samples.iter().filter(|sample| sample.expected == Verdict::Accept).count();
    println!("{} tokens, {accepted} of them good, {} key sets", names.len(), corpus.sets.len());
    assert!(names.len() >= AT_LEAST && accepted >= AT_LEAST / 5);
    for Difference { tokens, reason, .. } in DIFFERENCES {
        assert!(reason.ends_with('.'), "{tokens:?} have no reason");
        for name in *tokens {
            assert!(names.contains(&(*name).to_owned()), "no token is named {name:?}");
        }
    }
}

#[actix_web::test]
async fn our_validator_says_what_is_written() {
    let corpus = Corpus::make();
    compare("ours", &corpus, &ours(&corpus).await);
}

#[test]
fn the_crate_jsonwebtoken_agrees_but_for_the_list() {
    let corpus = Corpus::make();
    compare("jsonwebtoken", &corpus, &jsonwebtoken(&corpus));
}

#[test]
fn jose_from_npm_agrees_but_for_the_list() {
    let Some(node) = real_clients::program("COUNTERSIGN_TEST_NODE", "jose") else { return };
    let corpus = Corpus::make();
    compare("jose", &corpus, &program(&node, "javascript/token-corpus.mjs", &corpus));
}

#[test]
fn authlib_from_pypi_agrees_but_for_the_list() {
    let Some(python) = real_clients::program("COUNTERSIGN_TEST_PYTHON", "Authlib") else { return };
    let corpus = Corpus::make();
    compare("authlib", &corpus, &program(&python, "python/token_corpus.py", &corpus));
}
