//! Hashes that other programs made, in `vectors.tsv`: the right password matches, no other one does, and no text makes a panic.

use argon2::Params;
use proptest::prelude::*;

use super::*;
use crate::config::PasswordsConfig;
use crate::passwords::argon2id::Memory;
use crate::passwords::stored::{Stored, examine};

struct Vector {
    program: &'static str,
    password: &'static str,
    hash: &'static str,
}

fn vectors() -> Vec<Vector> {
    let line = |line: &'static str| match line.split('\t').collect::<Vec<_>>()[..] {
        [program, password, hash] => Vector { program, password, hash },
        _ => panic!("three columns: {line}"),
    };
    include_str!("vectors.tsv").lines().filter(|text| !text.starts_with('#')).map(line).collect()
}

fn parse(text: &str) -> Result<Stored, Refused> {
    Stored::parse(text, &Params::default())
}

fn refusal(text: &str) -> Option<Refused> {
    parse(text).err()
}

#[test]
fn what_other_programs_made_is_recognised_and_nothing_else_matches() {
    let mut memory = Memory::default();
    for Vector { program, password, hash } in vectors() {
        let stored = parse(hash).unwrap_or_else(|error| panic!("{program} {hash}: {error}"));
        assert!(stored.matches(password, &mut memory).expect("is computed"), "{program} {password} {hash}");
        assert!(!stored.matches(&format!("{}{password}", 'b'), &mut memory).expect("is computed"), "{program} {hash}");
        assert!(!stored.matches("", &mut memory).expect("is computed"), "{program} {hash}");
    }
}

#[test]
fn nothing_of_a_password_is_dropped_where_the_format_keeps_it_all() {
    let mut memory = Memory::default();
    let whole = |vector: &Vector| !vector.program.contains("bcrypt") && vector.password.ends_with(' ');
    for Vector { password, hash, .. } in vectors().into_iter().filter(whole) {
        let stored = parse(hash).expect("is whole");
        assert!(!stored.matches(password.trim(), &mut memory).expect("is computed"), "{hash}");
        assert!(!stored.matches(&format!("{password}\0"), &mut memory).expect("is computed"), "{hash}");
    }
}

#[test]
fn every_format_has_vectors_of_a_program() {
    let config = PasswordsConfig::default();
    let mut formats: Vec<_> = vectors().iter().map(|vector| examine(vector.hash, &config).expect("is whole")).collect();
    formats.sort_unstable();
    formats.dedup();
    let names: Vec<_> = formats.iter().map(|format| format.name()).collect();
    assert_eq!(names, ["argon2", "bcrypt", "pbkdf2", "scrypt", "sha-crypt", "apr1"]);
}

#[test]
fn weak_and_unknown_formats_are_refused_by_name() {
    for weak in [
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
        "$1$O3JMY.Tw$AdLnLjQ/5jXF9.MTp3gHv/",
        "rqXexS6ZhobKA",
        "_J9..CCCCXBrJUJV154M",
        "sha1$salt$a9993e364706816aba3e25717850c26c9cd0d89d",
    ] {
        assert!(matches!(refusal(weak), Some(Refused::Weak(_))), "{weak}");
    }
    for unknown in ["correct horse battery staple", "$7$abc", "!", "*", "$argon2x$v=19$", "pbkdf2_md5$1000$s$aGFzaA=="]
    {
        assert!(matches!(refusal(unknown), Some(Refused::Unknown | Refused::Garbled)), "{unknown}");
    }
    assert_eq!(refusal(""), Some(Refused::Empty));
}

#[test]
fn an_absurd_cost_is_refused_before_anything_is_computed() {
    let bcrypt = |cost: &str| format!("$2b${cost}$LkmleoPMk6Pz0mdpm/.9iOK5uQ4FHVfzHXNiI/QgdT9IYbuFjGB0S");
    let pbkdf2 =
        |i: u64| format!("$pbkdf2-sha256${i}$fo.xFiKEsNb6/z.n1JrTGg$EjMjIZ3PkAooTjd7uYWpj2B8bmnn3n0Y9Cznkr/F2Zs");
    let scrypt =
        |cost: &str| format!("$scrypt${cost}$jRGC8F7rnVOKEeKcU+odAw$xUMMD1ClhoY3o+ndoRIHMB5GISWg5gBVtRBrmWLSJ04");
    let crypt =
        |rounds: u64| format!("$5$rounds={rounds}$anotherlongsalts$25XsTk7UvAXJAzEyEM4tdruMVBpLVReMF9Xp1NJZ.T/");
    for within in [bcrypt("14"), pbkdf2(5_000_000), scrypt("ln=18,r=8,p=4"), scrypt("ln=1,r=1,p=1"), crypt(1_000_000)] {
        assert_eq!(refusal(&within), None, "{within}");
    }
    for beyond in [
        bcrypt("15"),
        bcrypt("99999999999999999999"),
        pbkdf2(5_000_001),
        pbkdf2(u64::MAX),
        scrypt("ln=19,r=8,p=1"),
        scrypt("ln=63,r=8,p=1"),
        scrypt("ln=18,r=8,p=5"),
        scrypt("ln=1,r=4294967295,p=4294967295"),
        crypt(1_000_001),
    ] {
        assert_eq!(refusal(&beyond), Some(Refused::TooDear), "{beyond}");
    }
    for nonsense in [bcrypt("3"), bcrypt("-5"), pbkdf2(0), scrypt("ln=0,r=8,p=1"), scrypt("r=8,p=1"), crypt(999)] {
        assert_eq!(refusal(&nonsense), Some(Refused::Garbled), "{nonsense}");
    }
}

#[test]
fn a_truncated_hash_never_matches() {
    let mut memory = Memory::default();
    for Vector { program, password, hash } in vectors() {
        // What pads the text is no part of the hash.
        for end in 0..hash.trim_end_matches('=').len() {
            if let Ok(stored) = parse(&hash[..end]) {
                assert!(!stored.matches(password, &mut memory).unwrap_or(false), "{program} {}", &hash[..end]);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_panic(text in "\\PC{0,120}", mark in "(\\$2b\\$05\\$|\\$6\\$|\\$5\\$rounds=|\\$apr1\\$|\\$scrypt\\$|scrypt\\$|\\$pbkdf2-sha256\\$|pbkdf2_sha256\\$|\\$argon2id\\$v=19\\$)?") {
        let _ = parse(&format!("{mark}{text}"));
    }

    #[test]
    fn a_garbled_hash_never_makes_a_panic(which: prop::sample::Index, at: prop::sample::Index, with: char) {
        let vectors = vectors();
        let hash = vectors[which.index(vectors.len())].hash;
        let mut characters: Vec<char> = hash.chars().collect();
        let place = at.index(characters.len());
        characters[place] = with;
        let _ = parse(&characters.into_iter().collect::<String>());
    }
}
