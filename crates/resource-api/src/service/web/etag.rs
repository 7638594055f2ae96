//! Entity tags and conditional requests (RFC 9110 §8.8.3, §13): nobody overwrites what they have not seen.
//!
//! A tag is the version of the item and what the caller may do with it, because both are in the answer. Writes have to say which
//! version they are about: without `If-Match` they get 428 (RFC 6585 §3), with another version 412.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};

use crate::answer::problem::Problem;
use crate::service::items::{Access, Item};
use crate::service::web::problems;
use crate::service::write::Wanted;

/// Whether a reader needs the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Wants,
    /// 304.
    HasIt,
}

/// What stands in `If-Match` or `If-None-Match`.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    /// Strong ones as they are, weak ones with `W/`.
    These(Vec<String>),
}

/// Strong: one tag, one sequence of bytes.
pub(crate) fn of(item: &Item) -> String {
    let access = match item.access {
        Access::Read => 'r',
        Access::Write => 'w',
        Access::Own => 'o',
    };
    format!("\"{}{access}\"", item.version)
}

/// For GET and HEAD.
pub(crate) fn read(headers: &HeaderMap, tag: &str) -> Result<Reader, Problem> {
    // RFC 9110 §13.2.2: If-Match first.
    if let Some(tags) = tags(headers, &IF_MATCH)?
        && !tags.match_strongly(tag)
    {
        return Err(precondition_failed());
    }
    let has_it = tags(headers, &IF_NONE_MATCH)?.is_some_and(|tags| tags.match_weakly(tag));
    Ok(if has_it { Reader::HasIt } else { Reader::Wants })
}

/// For PUT and DELETE. RFC 9110 §13.1.1: `*` is true as long as there is anything, whatever happens meanwhile. Beside an
/// `If-None-Match` the write is about the version that this was compared with.
pub(crate) fn write(headers: &HeaderMap, tag: &str) -> Result<Wanted, Problem> {
    let Some(wanted) = tags(headers, &IF_MATCH)? else {
        let detail =
            "say which version this is about: If-Match with the ETag of the last answer, or If-Match: * for any";
        return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required", detail));
    };
    let unwanted = tags(headers, &IF_NONE_MATCH)?;
    if !wanted.match_strongly(tag) || unwanted.as_ref().is_some_and(|tags| tags.match_weakly(tag)) {
        return Err(precondition_failed());
    }
    Ok(if wanted == Tags::Any && unwanted.is_none() { Wanted::Any } else { Wanted::This })
}

pub(crate) fn precondition_failed() -> Problem {
    let detail = "this is not the version that the request is about; read it again";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let values: Vec<&[u8]> = headers.get_all(name).map(HeaderValue::as_bytes).collect();
    if values.is_empty() {
        return Ok(None);
    }
    let text = str::from_utf8(&values.join(&b","[..])).ok().and_then(parse);
    text.map(Some).ok_or_else(|| problems::header("If-Match and If-None-Match are * or a list of tags in quotes"))
}

/// `"*" / #entity-tag`. A tag may hold commas, so this is not split at them.
fn parse(text: &str) -> Option<Tags> {
    if text.trim() == "*" {
        return Some(Tags::Any);
    }
    let mut found = Vec::new();
    let mut rest = text.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |rest| (true, rest));
        let (opaque, behind) = quoted.strip_prefix('"')?.split_once('"')?;
        if !opaque.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)) {
            return None;
        }
        found.push(format!("{}\"{opaque}\"", if weak { "W/" } else { "" }));
        let behind = behind.trim_start_matches([' ', '\t']);
        if !behind.is_empty() && !behind.starts_with(',') {
            return None;
        }
        rest = behind.trim_start_matches([' ', '\t', ',']);
    }
    (!found.is_empty()).then_some(Tags::These(found))
}

impl Tags {
    /// RFC 9110 §8.8.3.2: a weak tag equals nothing.
    fn match_strongly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|one| one == tag),
        }
    }

    fn match_weakly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|one| one.strip_prefix("W/").unwrap_or(one) == tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), HeaderValue::from_str(value).expect("is a value"));
        }
        headers
    }

    fn status(result: Result<(), Problem>) -> u16 {
        result.map_or_else(|problem| problem.status().as_u16(), |()| 200)
    }

    #[test]
    fn a_write_without_if_match_is_428_and_with_another_tag_412() {
        let writes = |pairs: &[(HeaderName, &str)]| status(write(&headers(pairs), "\"3o\"").map(drop));
        assert_eq!(writes(&[]), 428);
        for (value, expected) in [
            ("\"3o\"", 200),
            ("*", 200),
            ("\"1o\", \"3o\"", 200),
            ("\"2o\"", 412),
            ("W/\"3o\"", 412),
            ("\"a,b\"", 412),
            ("3o", 400),
            ("", 400),
            ("\"3o\" \"4o\"", 400),
            ("\"3o", 400),
            ("w/\"3o\"", 400),
        ] {
            assert_eq!(writes(&[(IF_MATCH, value)]), expected, "{value}");
        }
        assert_eq!(writes(&[(IF_MATCH, "\"1o\""), (IF_MATCH, "\"3o\"")]), 200);
        assert_eq!(writes(&[(IF_MATCH, "*"), (IF_NONE_MATCH, "*")]), 412);
        assert_eq!(writes(&[(IF_MATCH, "*"), (IF_NONE_MATCH, "\"2o\"")]), 200);
    }

    #[test]
    fn a_reader_who_has_it_gets_304_and_weak_tags_will_do() {
        let reads = |pairs: &[(HeaderName, &str)]| read(&headers(pairs), "\"3o\"").map_err(|problem| problem.status());
        assert_eq!(reads(&[]), Ok(Reader::Wants));
        for value in ["\"3o\"", "W/\"3o\"", "*", "\"x,y\" , \"3o\""] {
            assert_eq!(reads(&[(IF_NONE_MATCH, value)]), Ok(Reader::HasIt), "{value}");
        }
        assert_eq!(reads(&[(IF_NONE_MATCH, "\"2o\"")]), Ok(Reader::Wants));
        assert_eq!(reads(&[(IF_MATCH, "\"2o\""), (IF_NONE_MATCH, "\"3o\"")]), Err(StatusCode::PRECONDITION_FAILED));
    }

    proptest! {
        #[test]
        fn lists_read_back_and_no_text_panics(tags in prop::collection::vec("(W/)?\"[!#-~]{0,6}\"", 1..5), text: String) {
            prop_assert_eq!(parse(&tags.join(" , ")), Some(Tags::These(tags)));
            let _ = parse(&text);
        }
    }
}
