//! Every page in every state and language: its contract with scripts and password managers, its budget, its safety.

use auth::text::Locale;
use auth::web::{assets, pages};

use crate::page_samples::{Sample, contract, page_ids, samples_in};

/// A start tag with its attributes.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.0 == name).map(|attribute| attribute.1.as_str())
    }

    fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

/// With the name of the sample and its language: `login-wrong.de`.
fn for_every_page(mut check: impl FnMut(&str, &str, &[Tag])) {
    for locale in Locale::ALL.into_iter().chain(Locale::PSEUDO) {
        for Sample { name, html, .. } in samples_in(locale) {
            check(&format!("{name}.{}", locale.tag()), &html, &tags(&html));
        }
    }
}

/// The forms of a page: what stands between the tags, and the tags.
fn forms(html: &str) -> impl Iterator<Item = (&str, Vec<Tag>)> {
    let whole = |form| html[form..].split_once("</form>").expect("a form ends").0;
    html.match_indices("<form ").map(move |(at, _)| (whole(at), tags(whole(at))))
}

/// A reader for our own output: attributes are quoted with `"`, or have no value.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if !rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
            continue;
        }
        let (name, mut inside) = rest.split_at(rest.find([' ', '>']).expect("a tag ends"));
        let mut attributes = Vec::new();
        loop {
            inside = inside.trim_start();
            if inside.starts_with('>') || inside.starts_with("/>") {
                break;
            }
            let end = inside.find(['=', ' ', '>']).expect("a tag ends");
            let key = inside[..end].to_owned();
            inside = &inside[end..];
            let quoted = inside.strip_prefix("=\"").map(|quoted| quoted.split_once('"').expect("a value ends"));
            let (value, after) = quoted.unwrap_or(("", inside));
            inside = after;
            attributes.push((key, value.to_owned()));
        }
        rest = inside;
        tags.push(Tag { name: name.to_owned(), attributes });
    }
    tags
}

fn ids(tags: &[Tag]) -> Vec<&str> {
    tags.iter().filter_map(|tag| tag.get("id")).collect()
}

#[test]
fn every_page_has_its_ids_once() {
    for_every_page(|name, _, tags| {
        let ids = ids(tags);
        for id in contract(name).1.iter().chain(&ids) {
            assert_eq!(ids.iter().filter(|found| found == &id).count(), 1, "{id} on {name}");
        }
        assert_eq!(page_ids().iter().filter(|page| ids.contains(page)).count(), 1, "{name} is one page");
    });
}

#[test]
fn the_samples_of_a_page_have_names_of_their_own() {
    let mut names: Vec<_> = samples_in(Locale::En).into_iter().map(|sample| sample.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for_every_page(|name, html, tags| {
        assert!(!html.contains("<style"), "{name}");
        for tag in tags {
            for (attribute, value) in &tag.attributes {
                assert_ne!(attribute, "style", "{name}");
                assert!(!attribute.starts_with("on"), "{attribute} on {name}");
                assert!(!value.trim_start().to_ascii_lowercase().starts_with("javascript:"), "{name}");
            }
            let source = tag.get("src").or_else(|| tag.get("href").filter(|_| tag.is("link")));
            match tag.name.as_str() {
                "script" | "link" => assert!(source.is_some_and(|at| at.starts_with("/static/")), "{tag:?} on {name}"),
                "img" => assert_eq!(source, Some("https://notes.example.com/logo.png"), "{name}"),
                "iframe" if name.starts_with("logged-out-frames") || name.starts_with("frontchannel-logout") => {
                    assert!(source.is_some_and(|at| at.starts_with("https://")), "{tag:?} on {name}");
                    assert_eq!(tag.get("sandbox"), Some("allow-forms allow-same-origin allow-scripts"), "{name}");
                }
                "iframe" | "object" | "embed" | "base" => panic!("{tag:?} on {name}"),
                _ => assert_eq!(source, None, "{tag:?} on {name}"),
            }
        }
        for script in html.split("<script").skip(1) {
            assert!(script.contains("></script>"), "a script with content on {name}");
        }
    });
}

#[test]
fn every_static_address_is_served() {
    for_every_page(|name, _, tags| {
        let mut files = tags.iter().filter_map(|tag| tag.get("src").or(tag.get("href"))?.strip_prefix("/static/"));
        assert!(files.all(|file| assets::find(file).is_some()), "{name}");
    });
}

#[test]
fn every_visible_input_has_a_label() {
    for_every_page(|name, html, tags| {
        let visible = |tag: &&Tag| (tag.is("input") && tag.get("type") != Some("hidden")) || tag.is("select");
        for input in tags.iter().filter(visible) {
            let labelled = input.get("id").is_some_and(|id| html.contains(&format!("<label for=\"{id}\">")));
            let wrapped = html.contains("<label class=\"check\"><input type=\"checkbox\"");
            assert!(labelled || (wrapped && input.get("type") == Some("checkbox")), "{input:?} on {name}");
        }
    });
}

/// Whatever stands on it, a form is one that password managers and browsers can fill in.
#[test]
fn every_form_keeps_the_contract_with_password_managers() {
    for_every_page(|name, html, _| {
        for (form, tags) in forms(html) {
            let inputs: Vec<_> =
                tags.iter().filter(|tag| tag.is("input") && tag.get("type") != Some("hidden")).collect();
            for input in &inputs {
                assert_eq!(input.get("maxlength"), None, "a paste would be cut: {input:?} on {name}");
                if input.get("id").is_some() {
                    assert_eq!(input.get("id"), input.get("name"), "{name}");
                }
            }
            let purpose = |input: &Tag| input.get("autocomplete").unwrap_or_default().to_owned();
            let is_password = |input: &Tag| purpose(input).ends_with("-password");
            let passwords: Vec<_> = inputs.iter().filter(|input| is_password(input)).collect();
            for password in &passwords {
                assert_eq!((password.get("type"), password.get("value")), (Some("password"), None), "{name}");
                let is_new = purpose(password) == "new-password";
                assert_eq!(is_new, password.get("passwordrules").is_some(), "{password:?} on {name}");
            }
            if let Some(first) = inputs.iter().position(|input| is_password(input)) {
                let named = |input: &&&Tag| purpose(input).starts_with("username") || purpose(input) == "email";
                assert!(inputs[..first].iter().any(|input| named(&input)), "no name before the password on {name}");
            }
            let codes = inputs.iter().filter(|input| purpose(input) == "one-time-code");
            assert!(codes.clone().count() <= 1, "a code has one input on {name}");
            assert!(codes.clone().all(|code| code.get("inputmode") == Some("numeric")), "{name}");
            if !inputs.is_empty() {
                assert!(form.starts_with("<form method=\"post\""), "{name}");
                assert!(tags.iter().any(|tag| tag.is("button") && tag.get("type").is_none()), "{name} has no submit");
            }
        }
    });
}

#[test]
fn a_password_manager_recognises_the_login_form() {
    for_every_page(|name, _, tags| {
        if contract(name).0 != "login" {
            return;
        }
        let find = |id: &str| tags.iter().find(|tag| tag.get("id") == Some(id)).expect(id);
        let (username, password, submit) = (find("username"), find("password"), find("login-submit"));
        assert_eq!(username.get("name"), Some("username"), "{name}");
        let purpose = username.get("autocomplete");
        assert!(matches!(purpose, Some("username" | "username webauthn")), "{purpose:?} on {name}");
        assert_eq!(password.get("name"), Some("password"));
        assert_eq!((password.get("type"), password.get("autocomplete")), (Some("password"), Some("current-password")));
        assert_eq!(password.get("value"), None, "a password is never sent back: {name}");
        assert_eq!((submit.name.as_str(), submit.get("type")), ("button", None), "{name}");
    });
}

#[test]
fn forms_that_change_something_prove_where_they_came_from() {
    for_every_page(|name, html, _| {
        for (form, _) in forms(html) {
            let has = |field: &str| form.contains(&format!("type=\"hidden\" name=\"{field}\""));
            let leaves = ["form-post", "onward"].iter().any(|id| form.contains(&format!("id=\"{id}\"")));
            let posts = form.split('>').next().is_some_and(|tag| tag.contains(" method=\"post\""));
            assert_eq!(has("csrf"), posts && !leaves, "{name}");
            assert!(posts || form.starts_with("<form method=\"get\""), "{name}");
        }
    });
}

#[test]
fn each_step_sends_what_the_server_reads() {
    for_every_page(|name, html, tags| {
        let decisions: Vec<_> =
            tags.iter().filter(|tag| tag.get("name") == Some("decision")).filter_map(|tag| tag.get("value")).collect();
        let page = contract(name).0;
        let expected: &[&str] = match page {
            "consent" => &["deny", "allow"],
            "logout" => &["no", "yes"],
            _ => return,
        };
        assert_eq!(decisions, expected, "{name}");
        let (form, _) = forms(html).next().expect("a form");
        assert_eq!(form.contains("type=\"hidden\" name=\"interaction\""), page != "logout", "{name}");
        assert_eq!(form.contains("name=\"logout\""), page == "logout", "{name}");
    });
}

/// WCAG 2.2, 3.3.1: what is wrong is said in text, above all and at the field, and the two find each other.
#[test]
fn what_is_wrong_is_told_once_above_and_at_each_field() {
    for_every_page(|name, html, tags| {
        // What passkey.js may say later is empty until then.
        let is_alert = |tag: &&Tag| tag.get("role") == Some("alert") && tag.get("data-passkey-alert").is_none();
        let alerts = tags.iter().filter(is_alert).count();
        assert!(alerts <= 1, "{name} has {alerts} alerts");
        for field in tags.iter().filter(|tag| tag.get("aria-invalid") == Some("true")) {
            let id = field.get("id").expect("a field has an id");
            assert_eq!(alerts, 1, "nothing tells of {id} on {name}");
            let is_told_here = ids(tags).contains(&format!("{id}-error").as_str());
            assert!(!is_told_here || html.contains(&format!("href=\"#{id}\"")), "no way to {id} on {name}");
            assert!(field.get("aria-describedby").is_some(), "nothing describes {id} on {name}");
        }
        for described in tags.iter().filter_map(|tag| tag.get("aria-describedby")) {
            for id in described.split(' ') {
                assert!(ids(tags).contains(&id), "{id} is missing on {name}");
            }
        }
    });
}

#[test]
fn a_wrong_password_is_told_and_the_name_is_kept() {
    for_every_page(|name, html, tags| {
        let invalid = tags.iter().filter(|tag| tag.get("aria-invalid") == Some("true")).count();
        let alerts = tags.iter().filter(|tag| tag.get("id") == Some("alert")).count();
        match name.split('.').next() {
            Some("login-wrong") => {
                assert_eq!((invalid, alerts), (2, 1));
                assert!(html.contains("href=\"#username\"") && html.contains("href=\"#password\""), "{name}");
                assert!(html.contains("value=\"alice@example.com\""), "the user name is kept");
            }
            Some("login-again-wrong") => {
                assert_eq!((invalid, alerts), (1, 1));
                assert!(!html.contains("href=\"#username\""), "{name}");
            }
            Some("login-throttled" | "login-throttled-briefly") => assert_eq!((invalid, alerts), (0, 1), "{name}"),
            Some("login-empty" | "login-hint") => assert_eq!((invalid, alerts), (0, 0), "{name}"),
            _ => {}
        }
    });
}

#[test]
fn what_a_client_or_a_person_typed_stays_text() {
    for_every_page(|name, html, _| {
        assert!(!html.contains("<img src=x") && !html.contains("<script>"), "{name}");
        assert!(!html.contains("<state>"), "{name}");
    });
}

#[test]
fn pages_say_their_language_and_have_no_holes() {
    for_every_page(|name, html, tags| {
        let root = tags.first().expect("html");
        let language = name.rsplit_once('.').expect("a language").1;
        let direction = if language == "ar-XB" { "rtl" } else { "ltr" };
        assert_eq!((root.get("lang"), root.get("dir")), (Some(language), Some(direction)), "{name}");
        assert!(!html.contains(['{', '}']), "an unfilled hole on {name}");
    });
}

#[test]
fn consent_always_names_the_host_and_marks_only_what_is_new() {
    let texts = Locale::En.texts();
    let badge = format!("<span class=\"badge\">{}</span>", texts.consent.new);
    for Sample { name, html, .. } in samples_in(Locale::En) {
        if contract(&name).0 != "consent" {
            continue;
        }
        assert!(html.contains("notes.example.com</strong>"), "{name}");
        let expected = if name == "consent-more" { 4 } else { 0 };
        assert_eq!(html.matches(&badge).count(), expected, "{name}");
    }
}

#[test]
fn consent_links_the_name_of_an_app_that_has_a_page() {
    let link = "<a href=\"https://notes.example.com/\" target=\"_blank\" rel=\"noopener noreferrer\">Field Notes";
    for Sample { name, html, .. } in samples_in(Locale::En) {
        assert_eq!(html.matches(link).count(), usize::from(name == "consent-more"), "{name}");
    }
}

#[test]
fn a_waiting_time_is_never_one_seconds() {
    for Sample { name, html, .. } in samples_in(Locale::En) {
        assert!(!html.contains("in 1 seconds") && !html.contains("<span>1</span>"), "{name}");
    }
}

/// HTML, style sheets and scripts of each page, as it names them.
#[test]
fn pages_stay_small() {
    let mut large = Vec::new();
    for_every_page(|name, html, tags| {
        let files: Vec<_> = tags
            .iter()
            .filter_map(|tag| tag.get("src").or(tag.get("href"))?.strip_prefix("/static/"))
            .filter_map(assets::find)
            .collect();
        let size = |kind: &str| {
            files.iter().filter(|file| file.name.ends_with(kind)).map(|file| file.body.len()).sum::<usize>()
        };
        for (what, bytes, most) in
            [("HTML", html.len(), 8_000), ("CSS", size(".css"), 14_000), ("JS", size(".js"), 8_000)]
        {
            // The list of all codes is a document to read; the words of a rehearsal are longer than any language we have.
            if name.starts_with("catalogue") || (what == "HTML" && name.ends_with("-XA")) || name.ends_with("-XB") {
                continue;
            }
            if bytes > most {
                large.push(format!("{name}: {bytes} bytes of {what}"));
            }
        }
    });
    assert!(large.is_empty(), "{large:#?}");
}

#[test]
fn a_page_can_be_made_from_plain_strings() {
    let shell = pages::Shell::new(Locale::De, "Northwind", pages::Mode::Production);
    let page = pages::ErrorPage::new(shell, Locale::De.texts().failures.fault, "0123");
    assert_eq!(page.title, Locale::De.texts().failures.fault.title);
}
