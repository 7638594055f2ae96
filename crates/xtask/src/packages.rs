//! What the tests need from the machine: Debian packages, installed when they are missing and may be installed; and the
//! list of what had to be left out.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use crate::clients;
use crate::postgres;
use crate::run::{Failure, find, program};

/// Each thing that is missing, with one line that says what it costs.
#[derive(Default)]
pub(crate) struct LeftOut(Vec<String>);

impl LeftOut {
    /// Passes on what is there; notes what is not.
    pub(crate) fn unless_available<T>(&mut self, what: &str, tests: &str, found: Result<T, Failure>) -> Option<T> {
        match found {
            Ok(value) => Some(value),
            Err(reason) => {
                self.0.push(format!("left out: {tests} ({what}: {reason})"));
                None
            }
        }
    }

    /// Says what is left out. Where nobody reads along, leaving out is a failure.
    pub(crate) fn report(&self) -> Result<(), Failure> {
        for line in &self.0 {
            eprintln!("xtask: {line}");
        }
        let nobody_reads = env::var("CI").is_ok_and(|value| value == "true");
        if nobody_reads && !self.0.is_empty() {
            return Err(Failure::new("CI=true, and tests would be left out"));
        }
        Ok(())
    }
}

/// Installs what is missing, as root on a Debian system. Elsewhere it does nothing: what is missing is then left out.
pub(crate) fn install_missing() -> Result<(), Failure> {
    let needs = [
        ("postgresql", postgres::programs().is_ok()),
        ("chromium", chromium().is_ok()),
        ("nodejs", find("node").is_some()),
        ("npm", find("npm").is_some()),
        ("python3-venv", clients::python_can_make_environments()),
        // Without the package `apache2`, which would start a server of the machine.
        ("apache2-bin", find_apache().is_some()),
        ("libapache2-mod-auth-openidc", has_apache_module("mod_auth_openidc.so")),
        ("libapache2-mod-oauth2", has_apache_module("mod_oauth2.so")),
    ];
    let missing: Vec<&str> = needs.iter().filter(|(_, present)| !present).map(|(package, _)| *package).collect();
    if missing.is_empty() || !is_root() || find("apt-get").is_none() {
        return Ok(());
    }
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat())
}

pub(crate) fn chromium() -> Result<OsString, Failure> {
    find("chromium").ok_or_else(|| Failure::new("not installed; `apt-get install chromium` installs it"))
}

/// Apache, with the modules that protect an API.
pub(crate) fn apache() -> Result<OsString, Failure> {
    let complete = ["mod_auth_openidc.so", "mod_oauth2.so"].into_iter().all(has_apache_module);
    find_apache().filter(|_| complete).ok_or_else(|| {
        Failure::new(
            "not installed; `apt-get install apache2-bin libapache2-mod-auth-openidc libapache2-mod-oauth2` installs it",
        )
    })
}

/// Debian keeps it where only root's `PATH` leads.
fn find_apache() -> Option<OsString> {
    find("apache2").or_else(|| Path::new("/usr/sbin/apache2").is_file().then(|| "/usr/sbin/apache2".into()))
}

pub(crate) fn nginx() -> Option<OsString> {
    find("nginx").or_else(|| Path::new("/usr/sbin/nginx").is_file().then(|| "/usr/sbin/nginx".into()))
}

fn has_apache_module(file: &str) -> bool {
    Path::new("/usr/lib/apache2/modules").join(file).is_file()
}

pub(crate) fn is_root() -> bool {
    program("id").argument("-u").output().is_ok_and(|id| id == "0")
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    program("apt-get").argument("--quiet=2").arguments(arguments).variable("DEBIAN_FRONTEND", "noninteractive").run()
}
