//! The clients in other languages that the tests drive (`crates/testkit/clients`): their pinned libraries are installed
//! once and again whenever the pins change.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::run::{Failure, find, program, workspace};

/// The oldest major version that the pinned libraries support.
const OLDEST_NODE: u32 = 20;

/// Installs the libraries of the JavaScript clients; gives the interpreter.
pub(crate) fn javascript() -> Result<OsString, Failure> {
    let node = find("node").ok_or_else(|| Failure::new("not installed; `apt-get install nodejs npm` installs it"))?;
    let version = program(&node).arguments(["--print", "process.versions.node"]).output()?;
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        return Err(Failure::new(format!("version {version} is too old for the clients; they need {OLDEST_NODE}")));
    }
    let folder = workspace().join("crates/testkit/clients/javascript");
    let pins = folder.join("package-lock.json");
    unless_installed(&pins, &folder.join("node_modules/.installed-from"), || {
        program("npm")
            .arguments(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .directory(&folder)
            .run()
    })?;
    Ok(node)
}

/// Installs the libraries of the Python clients into an environment of their own; gives that environment's interpreter.
pub(crate) fn python() -> Result<OsString, Failure> {
    if !python_can_make_environments() {
        return Err(Failure::new("not installed; `apt-get install python3-venv` installs it"));
    }
    let environment = workspace().join("target/python-clients");
    let interpreter = environment.join("bin/python");
    let pins = workspace().join("crates/testkit/clients/python/requirements.txt");
    unless_installed(&pins, &environment.join(".installed-from"), || {
        program("python3").arguments(["-m", "venv", "--clear"]).argument(&environment).run()?;
        let pip = program(&interpreter).arguments(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.argument("--requirement").argument(&pins).run()
    })?;
    Ok(interpreter.into_os_string())
}

/// Debian's Python comes without the part that puts `pip` into a new environment.
pub(crate) fn python_can_make_environments() -> bool {
    program("python3").arguments(["-c", "import ensurepip, venv"]).succeeds()
}

/// Runs `install` unless `copy` says that these very pins were installed; the copy is made last.
fn unless_installed(pins: &Path, copy: &Path, install: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
    let wanted = fs::read(pins)?;
    if fs::read(copy).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    Ok(fs::write(copy, wanted)?)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn libraries_are_installed_once_and_again_when_the_pins_change() {
        let folder = std::env::temp_dir().join(format!("countersign-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        let (pins, copy) = (folder.join("pins"), folder.join("copy"));
        let installed = Cell::new(0);
        let install = || {
            installed.set(installed.get() + 1);
            Ok(())
        };
        for (content, expected) in [("a", 1), ("a", 1), ("b", 2)] {
            fs::write(&pins, content).expect("the pins can be written");
            unless_installed(&pins, &copy, install).expect("the installation succeeds");
            assert_eq!(installed.get(), expected);
        }
        let failing = || Err(Failure::new("no network"));
        fs::write(&pins, "c").expect("the pins can be written");
        assert!(unless_installed(&pins, &copy, failing).is_err());
        unless_installed(&pins, &copy, install).expect("a failed installation is tried again");
        assert_eq!(installed.get(), 3);
        fs::remove_dir_all(&folder).expect("the folder can be removed");
    }
}
