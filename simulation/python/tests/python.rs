//! The Python package, under a real interpreter, and on a real Ray cluster of two workers.
//!
//! NumPy and Ray are installed from the network into a virtual environment of the build folder. Where that can't be,
//! the tests say loudly what they skipped, unless `SILHOUETTE_REQUIRE_PYTHON` is set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

/// One test at a time makes the environment.
static ENVIRONMENT: Mutex<()> = Mutex::new(());

fn skip(what: &str) {
    assert!(std::env::var_os("SILHOUETTE_REQUIRE_PYTHON").is_none(), "{what}");
    // Not by `eprintln`, which is not shown of a test that passes.
    drop(writeln!(std::io::stderr(), "SKIPPED, the Python package was not tested: {what}"));
}

/// Whether the command ends well; what it says otherwise.
fn succeeds(command: &mut Command) -> Result<(), String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            Err(format!("{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)))
        }
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// The interpreter of an environment that has these packages.
fn interpreter(packages: &[&str]) -> Result<PathBuf, String> {
    let _alone = ENVIRONMENT.lock().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = folder.join("bin/python");
    // Not a module, but what another needs.
    let imports = packages.iter().filter(|&&name| name != "mpich").copied().collect::<Vec<_>>().join(", ");
    if succeeds(Command::new(&python).args(["-c", &format!("import {imports}")])).is_ok() {
        return Ok(python);
    }
    succeeds(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    Ok(python)
}

/// The package as a wheel lays it out, with the library that was built beside this test.
fn package() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("silhouette");
    std::fs::create_dir(&place).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/silhouette");
    for file in std::fs::read_dir(sources).unwrap().map(Result::unwrap).filter(|f| f.path().is_file()) {
        std::fs::copy(file.path(), place.join(file.file_name())).unwrap();
    }
    let built = std::env::current_exe().unwrap().parent().unwrap().join("libsilhouette_native.so");
    std::fs::copy(&built, place.join("_native.abi3.so")).unwrap_or_else(|e| panic!("{}: {e}", built.display()));
    folder
}

/// Runs a file of the package's tests under the command that `prepare` makes of the interpreter.
fn test(file: &str, packages: &[&str], prepare: impl Fn(&Path) -> Command) {
    let python = match interpreter(packages) {
        Ok(python) => python,
        Err(why) => return skip(&why),
    };
    let package = package();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/tests").join(file);
    let mut command = prepare(&python);
    let outcome = succeeds(command.arg(path).env("PYTHONPATH", package.path()).current_dir(package.path()));
    outcome.unwrap_or_else(|why| panic!("{why}"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_package_does_what_it_says() {
    test("test_silhouette.py", &["numpy"], |python| Command::new(python));
}

#[cfg(target_os = "linux")]
#[test]
fn two_workers_of_a_ray_cluster_give_the_model_of_one_process() {
    test("test_ray.py", &["numpy", "ray"], |python| Command::new(python));
}

#[cfg(target_os = "linux")]
#[test]
fn three_ranks_of_mpi_give_the_model_of_one_process() {
    // The MPI comes as a package of its own.
    test("run_mpi.py", &["numpy", "mpi4py", "mpich"], |python| {
        let mut command = Command::new(python.with_file_name("mpiexec"));
        command.args(["-n", "3"]).arg(python);
        command
    });
}
