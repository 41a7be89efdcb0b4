//! Where `postgres` and `initdb` are, and of which version.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;

/// The oldest version whose SQL the migrations may use.
pub(super) const MAJOR_MIN: u32 = 15;

/// Directories that packages install into without linking the programs into PATH.
const PACKAGED: [&str; 4] = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];

#[derive(Debug, Clone)]
pub(super) struct Binaries {
    directory: PathBuf,
    pub major: u32,
}

impl Binaries {
    /// Takes the first that fits: of the version that made the cluster, or recent enough for a new one.
    pub fn find(named: Option<&Path>, made_by: Option<u32>, data_dir: &Path) -> Result<Self, ClusterError> {
        let candidates = match named {
            Some(directory) => vec![directory.to_owned()],
            None => candidates(),
        };
        for directory in candidates.iter().filter(|directory| is_complete(directory)) {
            let binaries = match Self::of(directory) {
                Ok(binaries) => binaries,
                Err(broken) if named.is_some() => return Err(broken),
                Err(_) => continue,
            };
            if made_by.map_or(binaries.major >= MAJOR_MIN, |major| binaries.major == major) {
                return Ok(binaries);
            }
        }
        let mut searched: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        if named.is_none() {
            searched.insert(0, "PATH".to_owned());
        }
        let searched = searched.join(", ");
        Err(match made_by {
            Some(made_by) => {
                ClusterError::VersionMismatch { data_dir: data_dir.to_owned(), made_by, searched }
            }
            None => ClusterError::NoBinaries { searched },
        })
    }

    /// Takes the newest, of the directory that is named or of all that are known.
    pub fn newest(named: Option<&Path>) -> Result<Self, ClusterError> {
        let candidates = named.map_or_else(candidates, |directory| vec![directory.to_owned()]);
        let complete = candidates.iter().filter(|directory| is_complete(directory));
        let newest =
            complete.filter_map(|directory| Self::of(directory).ok()).max_by_key(|found| found.major);
        match newest {
            Some(newest) if newest.major >= MAJOR_MIN => Ok(newest),
            // It says where was looked, and what is wrong with what is named.
            _ => Self::find(named, None, Path::new("")),
        }
    }

    fn of(directory: &Path) -> Result<Self, ClusterError> {
        let program = directory.join("postgres");
        let broken = |reason: String| ClusterError::BrokenBinary { program: program.clone(), reason };
        let output = Command::new(&program).arg("-V").output().map_err(|error| broken(error.to_string()))?;
        let version = String::from_utf8_lossy(&output.stdout).into_owned();
        let major = major(&version).ok_or_else(|| {
            let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            broken(format!("`postgres -V` said {:?} {complaint}", version.trim()))
        })?;
        Ok(Self { directory: directory.to_owned(), major })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

fn is_complete(directory: &Path) -> bool {
    ["postgres", "initdb"].iter().all(|program| directory.join(program).is_file())
}

/// "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" → 15; also "17beta1" and "18devel".
fn major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

/// In the order of preference: what the user's shell would run, then packages, newest first.
fn candidates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        // A link in /usr/local/bin leads to the directory that also holds `initdb`.
        if let Ok(program) = directory.join("postgres").canonicalize() {
            found.extend(program.parent().map(Path::to_owned));
        }
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        let directory = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !directory.is_empty() {
            found.push(PathBuf::from(directory));
        }
    }
    for parent in PACKAGED {
        found.extend(packaged(Path::new(parent)).into_iter().map(|directory| directory.join("bin")));
    }
    let mut unique: Vec<PathBuf> = Vec::new();
    for directory in found {
        if !unique.contains(&directory) {
            unique.push(directory);
        }
    }
    unique
}

/// `/usr/lib/postgresql/17`, `/usr/pgsql-17`, `/opt/homebrew/opt/postgresql@17`: newest first.
fn packaged(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = parent.read_dir() else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let number = match parent.ends_with("postgresql") {
                true => name,
                false => name.strip_prefix("pgsql-").or_else(|| name.strip_prefix("postgresql@"))?,
            };
            Some((number.parse().ok()?, path))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18devel\n", Some(18)),
            ("postgres (PostgreSQL) 17beta1\n", Some(17)),
            ("postgres (EnterpriseDB) 17.1\n", None),
            ("", None),
        ] {
            assert_eq!(major(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_directory_without_programs_is_no_postgres() {
        let error = Binaries::find(Some(Path::new("/nonexistent")), None, Path::new("/data")).unwrap_err();
        assert!(matches!(error, ClusterError::NoBinaries { .. }));
        assert!(error.to_string().contains("/nonexistent"), "{error}");
        let error =
            Binaries::find(Some(Path::new("/nonexistent")), Some(16), Path::new("/data")).unwrap_err();
        assert!(error.to_string().contains("made by PostgreSQL 16"), "{error}");
    }
}
