//! Running other programs, with errors that show the command as one would type it.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

/// Runs a command that talks to the terminal itself.
pub fn run(command: &mut Command) -> Result<()> {
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("could not start `{}`", as_typed(command)))?;
    check(command, status)
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    ensure!(status.success(), "`{}` failed ({status})", as_typed(command));
    Ok(())
}

/// Runs a command, whose output appears, and hands over each line until one says that its work has begun. Ends the command if none does
/// within `start`. The inner error is the command's.
pub fn run_watched(
    command: &mut Command,
    start: Duration,
    mut has_begun: impl FnMut(&str) -> bool,
) -> Result<Result<()>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("could not start `{}`", as_typed(command)))?;
    let output = child.stdout.take();
    let child = Arc::new(Mutex::new(child));
    let (begun, starting) = mpsc::channel::<()>();
    let late = Arc::clone(&child);
    thread::spawn(move || {
        if starting.recv_timeout(start) == Err(RecvTimeoutError::Timeout) {
            println!("     It has not begun within {start:?}, and is ended");
            // One that has ended by itself is as good.
            let _ = late.lock().map(|mut child| child.kill());
        }
    });
    let mut begun = Some(begun);
    for line in output.into_iter().flat_map(|output| BufReader::new(output).split(b'\n')) {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if begun.is_some() && has_begun(&line) {
            begun = None;
        }
    }
    // Nobody else waits for it any more.
    drop(begun);
    let status = child.lock().map_err(|_| anyhow!("`{}` could not be ended", as_typed(command)))?.wait()?;
    Ok(check(command, status))
}

/// Runs a command and returns what it printed; its error output appears in the error.
pub fn read(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        bail!(
            "`{}` failed ({})\n{}",
            as_typed(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command and returns what it printed, while its error output goes to the terminal.
pub fn read_while_shown(command: &mut Command) -> Result<String> {
    let output = output(command.stderr(Stdio::inherit()))?;
    check(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command runs and succeeds, in silence.
pub fn succeeds(command: &mut Command) -> bool {
    output(command).is_ok_and(|output| output.status.success())
}

fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| format!("could not start `{}`", as_typed(command)))
}

/// The command as one would type it, with its program's directory left out.
pub fn as_typed(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program
        .file_name()
        .map_or_else(|| command.get_program().to_string_lossy(), |name| name.to_string_lossy())
        .into_owned();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(program).chain(words).map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: String) -> String {
    if word.is_empty() || word.contains([' ', '"', '$', '*', ';', '&']) { format!("'{word}'") } else { word }
}

/// Ends another process at once, without a chance to finish anything.
pub fn kill(process: u64) -> Result<()> {
    let process = process.to_string();
    let mut kill = if cfg!(windows) { Command::new("taskkill") } else { Command::new("kill") };
    kill.args(if cfg!(windows) { ["/F", "/PID", &process] } else { ["-s", "KILL", &process] });
    read(&mut kill).map(drop)
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The first of `names` that is an executable in `PATH`.
pub fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        let file_name = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(&path).map(|directory| directory.join(&file_name)).find(|file| file.is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut cargo = Command::new("/somewhere/bin/cargo");
        cargo.args(["test", "-p", "two words"]);

        assert_eq!(as_typed(&cargo), "cargo test -p 'two words'");
    }

    /// What came of a shell's script that is to begin within `start`, and whether it has.
    #[cfg(unix)]
    fn watched(script: &str, start: Duration) -> (bool, bool) {
        let mut begun = false;
        let ran = run_watched(Command::new("sh").args(["-c", script]), start, |line| {
            begun |= line == "begun";
            begun
        });
        (ran.is_ok_and(|ran| ran.is_ok()), begun)
    }

    #[test]
    #[cfg(unix)]
    fn a_command_that_does_not_begin_is_ended() {
        assert_eq!(watched("echo waits; exec sleep 600", Duration::from_millis(100)), (false, false));
    }

    #[test]
    #[cfg(unix)]
    fn a_command_that_begins_goes_on_to_its_end() {
        assert_eq!(watched("echo waits; echo begun; sleep 0.1; echo ends", Duration::from_mins(2)), (true, true));
        assert_eq!(watched("echo begun; false", Duration::from_mins(2)), (false, true));
    }

    #[test]
    fn a_program_that_does_not_exist_is_not_found() {
        assert_eq!(find_program(&["no-such-program-anywhere"]), None);
    }
}
