//! `countersign mail`: a test message goes out at once, or says why not.

use crate::support::{installation, run, succeed};

const MAILBOX: &str = "[mail]\ntransport = \"mailbox\"\nfrom = \"accounts@example.com\"\n";
/// Port 9 is nobody's on a machine for tests.
const NOBODY: &str = "[mail]\ntransport = \"smtp\"\nfrom = \"accounts@example.com\"\nhost = \"127.0.0.1\"\nport = 9\n\
                      security = \"none\"\n";

#[test]
fn a_test_message_arrives_or_says_why_not() {
    let at = installation(MAILBOX);
    let ended = succeed(at.path(), &["mail", "test", "ada@example.org", "--json"]);
    assert!(ended.json()["mailbox"].as_str().is_some_and(|address| address.ends_with("/dev/mailbox")), "{ended:?}");
    succeed(at.path(), &["mail", "log"]);
    assert_eq!(run(at.path(), &["mail", "test", "ada@example.org,bob@example.org"]).code, 2);

    let ended = run(installation(NOBODY).path(), &["mail", "test", "ada@example.org"]);
    assert!(ended.code == 1 && format!("{ended:?}").contains("refused"), "{ended:?}");
    let ended = run(installation("").path(), &["mail", "test", "ada@example.org"]);
    assert!(ended.code == 78 && format!("{ended:?}").contains("mail.transport"), "{ended:?}");
}
