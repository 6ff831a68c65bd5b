//! Debian's package manager: installing packages where we may, and a private set of package
//! lists for looking into a suite that the system itself does not follow.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::command;
use crate::workspace::{empty_directory, make_directory, write_file};

/// Whether this system has apt at all.
pub fn is_available() -> bool {
    command::find_program(&["apt-get"]).is_some()
}

/// Installs packages; refreshes the system's lists only if they turn out too old or missing.
pub fn install(packages: &[&str]) -> Result<()> {
    let install = || {
        let mut install = as_root()?;
        install
            .args(["apt-get", "install", "-y", "-q", "--no-install-recommends"])
            .args(["-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Use-Pty=0"])
            .args(packages);
        command::run(&mut install)
    };
    if install().is_ok() {
        return Ok(());
    }
    println!("    once more, with fresh package lists");
    // One unreachable third-party source makes this fail and does no harm: the install decides.
    let _ = command::run(as_root()?.args(["apt-get", "update", "-q"]));
    install()
}

/// A command that runs its arguments as root: by itself, or by a sudo that asks no password.
fn as_root() -> Result<Command> {
    const QUIET: &str = "DEBIAN_FRONTEND=noninteractive";
    if command::is_root() {
        let mut env = Command::new("env");
        env.arg(QUIET);
        return Ok(env);
    }
    if command::succeeds(Command::new("sudo").args(["-n", "true"])) {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env", QUIET]);
        return Ok(sudo);
    }
    bail!("installing packages needs root, and sudo would ask for a password")
}

/// Package lists in a directory of our own, so that the system's stay as they are.
#[derive(Debug)]
pub struct PrivateLists {
    directory: PathBuf,
}

impl PrivateLists {
    /// Starts with empty lists in `directory`.
    pub fn new(directory: &Path) -> Result<Self> {
        empty_directory(directory)?;
        make_directory(&directory.join("lists/partial"))?;
        make_directory(&directory.join("cache/archives/partial"))?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// The address of the Debian mirror that the system's own sources name.
    pub fn system_mirror(&self) -> Result<Option<String>> {
        let uris = command::read(
            Command::new("apt-get")
                .args(["update", "-q", "--print-uris", "-o"])
                .arg(self.option("Dir::State::Lists", "lists")),
        )?;
        Ok(debian_mirror_in(&uris).map(str::to_owned))
    }

    /// Follows this one suite, and nothing else; fails if the mirror has no such suite.
    pub fn follow(&self, mirror: &str, suite: &str) -> Result<()> {
        let keyring =
            ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"]
                .into_iter()
                .find(|path| Path::new(path).is_file());
        write_file(&self.directory.join("sources.list"), &source_line(keyring, mirror, suite))?;
        command::read(self.command("apt-get").args([
            "update",
            "-q",
            // A suite that cannot be fetched is an error here, not a warning.
            "-o",
            "APT::Update::Error-Mode=any",
        ]))?;
        Ok(())
    }

    /// The versions of a package in the suite that is followed.
    pub fn versions(&self, package: &str) -> Result<Vec<String>> {
        let table = command::read(self.command("apt-cache").args(["madison", package]))?;
        Ok(versions_in(&table))
    }

    /// Downloads one version of a package; apt checks it against the signed lists.
    pub fn download(&self, package: &str, version: &str) -> Result<PathBuf> {
        let directory = self.directory.join("packages");
        empty_directory(&directory)?;
        let mut download = self.command("apt-get");
        download.args(["download", "-q", &format!("{package}={version}")]).current_dir(&directory);
        command::read(&mut download)?;
        let file = std::fs::read_dir(&directory)?.find_map(Result::ok);
        match file {
            Some(file) => Ok(file.path()),
            None => bail!("apt-get downloaded no {package}"),
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for option in [
            self.option("Dir::Etc::sourcelist", "sources.list"),
            "Dir::Etc::sourceparts=-".into(),
            self.option("Dir::State::Lists", "lists"),
            self.option("Dir::Cache", "cache"),
            "Acquire::Languages=none".into(),
            // Run by root, apt would hand downloads to a user who cannot write to our directory.
            "APT::Sandbox::User=root".into(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }

    fn option(&self, name: &str, path: &str) -> OsString {
        let mut option = OsString::from(format!("{name}="));
        option.push(self.directory.join(path));
        option
    }
}

fn source_line(keyring: Option<&str>, mirror: &str, suite: &str) -> String {
    // Without a keyring of its own, the line is checked against all that the system trusts.
    let signed_by = keyring.map(|path| format!("[signed-by={path}] ")).unwrap_or_default();
    format!("deb {signed_by}{mirror} {suite} main\n")
}

/// Finds the mirror of Debian's main archive among the addresses `apt-get update` would fetch.
fn debian_mirror_in(uris: &str) -> Option<&str> {
    let mut mirrors =
        uris.lines().filter_map(|line| line.strip_prefix('\'')?.split_once("/dists/")).map(|(mirror, _)| mirror);
    mirrors.find(|mirror| mirror.ends_with("/debian"))
}

fn versions_in(madison: &str) -> Vec<String> {
    madison.lines().filter_map(|line| Some(line.split('|').nth(1)?.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_line_names_the_keyring_it_trusts() {
        assert_eq!(
            source_line(Some("/keys/debian.gpg"), "http://mirror.example/debian", "sid"),
            "deb [signed-by=/keys/debian.gpg] http://mirror.example/debian sid main\n"
        );
        assert_eq!(
            source_line(None, "http://mirror.example/debian", "sid"),
            "deb http://mirror.example/debian sid main\n"
        );
    }

    #[test]
    fn the_mirror_is_the_main_archive_not_the_security_one() {
        let printed = "\
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' a 0 \n\
'http://mirror.example/debian/dists/bookworm/InRelease' b 0 \n";

        assert_eq!(debian_mirror_in(printed), Some("http://mirror.example/debian"));
    }

    #[test]
    fn a_system_of_another_distribution_has_no_debian_mirror() {
        let printed = "'http://mirror.example/ubuntu/dists/noble/InRelease' a 0 \n";

        assert_eq!(debian_mirror_in(printed), None);
    }

    #[test]
    fn versions_are_the_second_column() {
        let printed = "\
  rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://mirror.example/debian sid/main amd64 Packages
  rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror.example/debian sid/main amd64 Packages\n";

        assert_eq!(versions_in(printed), ["1.96.1+dfsg1-2~bpo13+1", "1.95.0+dfsg1-2~bpo13+1"]);
    }
}
