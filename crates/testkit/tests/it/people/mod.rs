//! People in a real browser: headless Chromium with a virtual authenticator walks through whole flows, on a server with a
//! mailbox, apps of its own and a clock that the script moves. Each test is one flow, with a server, a database and a browser of
//! its own, some with the example service beside it; the scripts are in `testkit/clients/javascript/people/`, one per file here.
//!
//! In every flow: no script error, no violation of the policy, no request to anybody else, and no violation that axe-core finds on
//! any page that was visited.

mod account;
mod api_keys;
mod beside;
mod keyboard;
mod notes;
mod passkeys;
mod second_factors;
mod sign_up;
mod stage;
mod tabs;
mod without_scripts;

use self::stage::{House, Scene, Scripts, perform};

/// Tests of these names, each the flow of that name in a script.
macro_rules! flows {
    ($script:literal, $scene:expr; $($name:ident)+) => {
        $(
            #[actix_web::test]
            async fn $name() {
                $crate::people::perform($script, stringify!($name), $scene).await;
            }
        )+
    };
}
use flows;
