//! Every page in every state and language: its contract with scripts and password managers, its budget, its safety.

use auth::web::text::Locale;
use auth::web::{assets, pages};

use crate::page_samples::samples_in;

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

/// Which ids a page has, by the beginning of the sample's name. The first is the page's own.
const CONTRACT: [(&str, &[&str]); 11] = [
    ("login", &["login-page", "username", "password", "login-submit"]),
    ("consent", &["consent-page", "consent-allow", "consent-deny"]),
    ("select-account", &["select-account-page", "account-continue", "account-other"]),
    ("logout", &["logout-page", "logout-yes", "logout-no"]),
    ("logged-out", &["logged-out-page"]),
    ("frontchannel-logout", &["frontchannel-logout-page", "onward"]),
    ("form-post", &["form-post-page", "form-post"]),
    ("home", &["home-page"]),
    ("error", &["error-page", "trace-id"]),
    ("catalogue", &["catalogue-page"]),
    ("code", &["error-code-page"]),
];

fn for_every_page(check: impl Fn(&str, &str, &[Tag])) {
    for locale in Locale::ALL {
        for (name, html) in samples_in(locale) {
            check(&format!("{name}.{}", locale.tag()), &html, &tags(&html));
        }
    }
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
        let (_, expected) = CONTRACT.iter().find(|(page, _)| name.starts_with(page)).expect(name);
        let ids = ids(tags);
        for id in *expected {
            assert_eq!(ids.iter().filter(|found| found == &id).count(), 1, "{id} on {name}");
        }
        for id in &ids {
            assert_eq!(ids.iter().filter(|found| found == &id).count(), 1, "{id} on {name}");
        }
        let pages = CONTRACT.iter().filter(|(_, contract)| ids.contains(&contract[0])).count();
        assert_eq!(pages, 1, "{name} is one page");
    });
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
        let files = tags.iter().filter_map(|tag| tag.get("src").or(tag.get("href"))?.strip_prefix("/static/"));
        assert_eq!(
            files.inspect(|file| assert!(assets::find(file).is_some(), "{file} on {name}")).count(),
            if ["catalogue", "code"].iter().any(|page| name.starts_with(page)) { 4 } else { 3 },
            "{name}"
        );
    });
}

#[test]
fn every_visible_input_has_a_label() {
    for_every_page(|name, html, tags| {
        for input in tags.iter().filter(|tag| tag.is("input") && tag.get("type") != Some("hidden")) {
            let labelled = input.get("id").is_some_and(|id| html.contains(&format!("<label for=\"{id}\">")));
            let wrapped = html.contains("<label class=\"check\"><input type=\"checkbox\"");
            assert!(labelled || (wrapped && input.get("type") == Some("checkbox")), "{input:?} on {name}");
        }
    });
}

#[test]
fn a_password_manager_recognises_the_login_form() {
    for_every_page(|name, _, tags| {
        if !name.starts_with("login") {
            return;
        }
        let find = |id: &str| tags.iter().find(|tag| tag.get("id") == Some(id)).expect(id);
        let (username, password, submit) = (find("username"), find("password"), find("login-submit"));
        assert_eq!(
            (username.get("name"), username.get("autocomplete")),
            (Some("username"), Some("username")),
            "{name}"
        );
        assert_eq!(password.get("name"), Some("password"));
        assert_eq!((password.get("type"), password.get("autocomplete")), (Some("password"), Some("current-password")));
        assert_eq!(password.get("value"), None, "a password is never sent back: {name}");
        assert_eq!((submit.name.as_str(), submit.get("type")), ("button", None), "{name}");
    });
}

#[test]
fn forms_that_change_something_prove_where_they_came_from() {
    for_every_page(|name, html, _| {
        for form in html.split("<form ").skip(1) {
            let form = form.split_once("</form>").expect("a form ends").0;
            let has = |field: &str| form.contains(&format!("type=\"hidden\" name=\"{field}\""));
            let leaves = ["form-post", "onward"].iter().any(|id| form.contains(&format!("id=\"{id}\"")));
            let posts = form.starts_with("method=\"post\"");
            assert_eq!(has("csrf"), posts && !leaves, "{name}");
            assert!(posts || form.starts_with("method=\"get\""), "{name}");
        }
    });
}

#[test]
fn each_step_sends_what_the_server_reads() {
    for_every_page(|name, html, tags| {
        let decisions: Vec<_> =
            tags.iter().filter(|tag| tag.get("name") == Some("decision")).filter_map(|tag| tag.get("value")).collect();
        let expected: &[&str] = match name.split('-').next() {
            Some("consent") => &["deny", "allow"],
            Some("select") => &["continue", "other"],
            Some("logout") => &["no", "yes"],
            _ => &[],
        };
        assert_eq!(decisions, expected, "{name}");
        let post = html
            .split_once("<form method=\"post\"")
            .map_or("", |(_, form)| form.split_once("</form>").expect("ends").0);
        let step = ["login-", "consent-", "select-"].iter().any(|page| name.starts_with(page));
        assert_eq!(post.contains("type=\"hidden\" name=\"interaction\""), step, "{name}");
        assert_eq!(html.contains("name=\"logout\""), name.starts_with("logout-"), "{name}");
    });
}

#[test]
fn a_wrong_password_is_told_at_the_top_and_at_the_fields() {
    for_every_page(|name, html, tags| {
        let invalid = tags.iter().filter(|tag| tag.get("aria-invalid") == Some("true")).count();
        let alerts = tags.iter().filter(|tag| tag.get("role") == Some("alert")).count();
        match name.split('.').next() {
            Some("login-wrong") => {
                assert_eq!((invalid, alerts), (2, 1));
                assert!(html.contains("href=\"#username\"") && html.contains("href=\"#password\""), "{name}");
                assert!(html.contains("value=\"alice@example.com\""), "the user name is kept");
            }
            Some("login-again-wrong") => {
                assert_eq!((invalid, alerts), (1, 1));
                assert!(!html.contains("href=\"#username\"") && html.contains("href=\"#password\""), "{name}");
            }
            Some("login-throttled" | "login-throttled-briefly") => assert_eq!((invalid, alerts), (0, 1), "{name}"),
            _ => assert_eq!((invalid, alerts), (0, 0), "{name}"),
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
fn pages_speak_one_language_completely() {
    for_every_page(|name, html, tags| {
        let root = tags.first().expect("html");
        let language = name.rsplit_once('.').expect("a language").1;
        assert_eq!((root.get("lang"), root.get("dir")), (Some(language), Some("ltr")), "{name}");
        assert!(!html.contains(['{', '}']), "an unfilled hole on {name}");
    });
    let [english, german] = Locale::ALL.map(samples_in);
    for ((name, english), (_, german)) in english.iter().zip(&german) {
        let title = |html: &str| {
            html.split_once("<title>").expect("a title").1.split_once("</title>").expect("ends").0.to_owned()
        };
        assert_ne!(title(english), title(german), "{name}");
    }
}

#[test]
fn consent_always_names_the_host_and_marks_only_what_is_new() {
    let texts = Locale::En.texts();
    let badge = format!("<span class=\"badge\">{}</span>", texts.consent_new);
    for (name, html) in samples_in(Locale::En).iter().filter(|(name, _)| name.starts_with("consent")) {
        assert!(html.contains("notes.example.com</strong>"), "{name}");
        let expected = if *name == "consent-more" { 4 } else { 0 };
        assert_eq!(html.matches(&badge).count(), expected, "{name}");
    }
}

#[test]
fn consent_links_the_name_of_an_app_that_has_a_page() {
    let link = "<a href=\"https://notes.example.com/\" target=\"_blank\" rel=\"noopener noreferrer\">Field Notes";
    for (name, html) in samples_in(Locale::En) {
        assert_eq!(html.matches(link).count(), usize::from(name == "consent-more"), "{name}");
    }
}

#[test]
fn a_waiting_time_is_never_one_seconds() {
    for (name, html) in samples_in(Locale::En) {
        assert!(!html.contains("in 1 seconds") && !html.contains("<span>1</span>"), "{name}");
    }
}

#[test]
fn pages_stay_small() {
    let size = |extension: &str| {
        assets::all()
            .iter()
            .filter(|asset| asset.name.ends_with(extension))
            .map(|asset| asset.body.len())
            .sum::<usize>()
    };
    assert!(size(".css") <= 14_000, "style sheet: {} bytes", size(".css"));
    assert!(size(".js") <= 8_000, "scripts: {} bytes", size(".js"));
    for_every_page(|name, html, _| {
        assert!(html.len() <= 8_000, "{name}: {} bytes", html.len());
        let total = html.len() + size("countersign.css") + size("ui.js") + size(".svg");
        if name.starts_with("login") {
            assert!(total <= 15_000, "{name}: {total} bytes in all");
        }
    });
}

#[test]
fn a_page_can_be_made_from_plain_strings() {
    let shell = pages::Shell::new(Locale::De, "Northwind", pages::Mode::Production);
    let page = pages::ErrorPage::new(shell, Locale::De.texts().error_fault, "0123");
    assert_eq!(page.title, Locale::De.texts().error_fault.title);
}
