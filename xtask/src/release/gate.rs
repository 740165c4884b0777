//! Whether a program is fit for other machines: which C library it needs, what else it loads, what it tells of where it was built.

use std::path::Path;

use anyhow::{Context, Result};
use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, FileHeader64};
use object::read::elf::{Dyn, FileHeader};
use object::{Endianness, StringTable};

/// What every Linux with a glibc has.
const SYSTEM: [&str; 5] = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2"];

/// What speaks against it, one sentence each.
///
/// # Errors
/// If it is no ELF file of 64 bits.
pub(super) fn examine(program: &[u8], oldest: (u32, u32), paths: &[&Path]) -> Result<Vec<String>> {
    let needs = Needs::of(program).context("the program is no ELF file")?;
    let mut problems = Vec::new();
    for library in needs.libraries.iter().filter(|library| !SYSTEM.contains(&library.as_str())) {
        problems.push(format!("it loads {library}, which not every system has"));
    }
    if needs.searches {
        problems.push("it names folders in which its libraries are looked for".to_owned());
    }
    for name in &needs.versions {
        match glibc(name) {
            Some(version) if version <= oldest => {}
            Some(_) => {
                problems.push(format!("it needs {name}, and {}.{} is to be enough", oldest.0, oldest.1))
            }
            None => problems.push(format!("it needs {name}, which is no version of glibc")),
        }
    }
    for path in paths {
        let bytes = path.as_os_str().as_encoded_bytes();
        if let Some(at) = program.windows(bytes.len()).position(|window| window == bytes) {
            let end = program.len().min(at + 100);
            let shown = String::from_utf8_lossy(&program[at..end]).into_owned();
            problems.push(format!("it names {}: {}", path.display(), shown.escape_debug()));
        }
    }
    Ok(problems)
}

/// What the loader of programs is asked for.
#[derive(Debug, Default)]
struct Needs {
    libraries: Vec<String>,
    /// Versions of symbols, as `GLIBC_2.28`.
    versions: Vec<String>,
    /// It names folders for its libraries.
    searches: bool,
}

impl Needs {
    fn of(program: &[u8]) -> Result<Self> {
        let header = FileHeader64::<Endianness>::parse(program)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, program)?;
        let mut needs = Self::default();
        let text = |strings: StringTable<'_>, at: u32| -> Result<String> {
            let bytes = strings.get(at).map_err(|()| anyhow::anyhow!("a name is outside of the file"))?;
            Ok(String::from_utf8_lossy(bytes).into_owned())
        };
        if let Some((entries, link)) = sections.dynamic(endian, program)? {
            let strings = sections.strings(endian, program, link)?;
            for entry in entries {
                match entry.tag32(endian) {
                    Some(DT_NEEDED) => {
                        let at = entry.val32(endian).context("a name is outside of the file")?;
                        needs.libraries.push(text(strings, at)?);
                    }
                    Some(DT_RPATH | DT_RUNPATH) => needs.searches = true,
                    _ => {}
                }
            }
        }
        if let Some((mut files, link)) = sections.gnu_verneed(endian, program)? {
            let strings = sections.strings(endian, program, link)?;
            while let Some((_, mut versions)) = files.next()? {
                while let Some(version) = versions.next()? {
                    let name = version.name(endian, strings)?;
                    needs.versions.push(String::from_utf8_lossy(name).into_owned());
                }
            }
        }
        Ok(needs)
    }
}

/// `GLIBC_2.2.5` is version 2.2.
fn glibc(name: &str) -> Option<(u32, u32)> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(glibc("GLIBC_2.2.5"), Some((2, 2)));
        assert!(glibc("GLIBC_2.28") > glibc("GLIBC_2.4"));
        for other in ["GLIBC_PRIVATE", "GCC_3.0", "GLIBC_2"] {
            assert_eq!(glibc(other), None, "{other}");
        }
    }

    /// This very program was built for the machine that it runs on.
    #[test]
    fn what_a_program_needs_and_tells_is_seen() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let needs = Needs::of(&program).unwrap();
        assert!(needs.libraries.iter().any(|library| library == "libc.so.6"), "{needs:?}");
        assert!(needs.versions.iter().any(|version| glibc(version).is_some()), "{needs:?}");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // Put together here: what stands in the program as it is would be found in it.
        let nowhere = std::path::PathBuf::from(format!("/nowhere/{}", "x".repeat(30)));
        let problems = examine(&program, (2, 2), &[root, &nowhere]).unwrap();
        assert!(problems.iter().any(|problem| problem.contains("and 2.2 is to be enough")), "{problems:?}");
        assert_eq!(
            problems.iter().filter(|problem| problem.contains("it names ")).count(),
            1,
            "{problems:?}"
        );
        assert!(examine(b"#!/bin/sh\n", (2, 28), &[]).is_err());
    }
}
