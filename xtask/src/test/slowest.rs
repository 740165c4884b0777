//! How long each test took. The harness of stable Rust measures this too, but tells it only to a nightly compiler or
//! where `RUSTC_BOOTSTRAP` is set. The variable is set for the test programs alone: cargo starts each of them by
//! [`RUNNER`], so the compiler does not see it and nothing is built differently.

use std::process::Command;

/// Names the program on a line of its own, then becomes it.
const RUNNER: &str = r#"echo "test program ${0##*/}"; RUSTC_BOOTSTRAP=1 exec "$0" "$@""#;

/// Makes a call of `cargo test` tell the time of each test. What goes to the test programs comes after it.
pub(super) fn timed(test: &mut Command) -> &mut Command {
    test.arg("--config").arg(format!("target.'cfg(all())'.runner = [\"sh\", \"-c\", {RUNNER:?}]"));
    test.args(["--", "-Zunstable-options", "--report-time"])
}

/// The times that were told.
#[derive(Default)]
pub(super) struct Times {
    program: String,
    told: Vec<(f64, String)>,
}

impl Times {
    /// Reads a line of the output of test programs.
    pub(super) fn read(&mut self, line: &str) {
        if let Some(program) = line.strip_prefix("test program ") {
            // Behind the last dash stands the hash of what it was built from.
            let name = program.rsplit_once('-').map_or(program, |(name, _)| name);
            self.program = name.to_owned();
        } else if let Some((test, seconds)) = time(line) {
            self.told.push((seconds, format!("{} {test}", self.program)));
        }
    }

    /// The slowest, a line each.
    pub(super) fn slowest(&mut self, count: usize) -> Vec<String> {
        self.told.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        self.told.iter().take(count).map(|(seconds, test)| format!("{seconds:8.1} s  {test}")).collect()
    }
}

/// `test rules::one ... ok <0.012s>`, or with `FAILED` for `ok`.
fn time(line: &str) -> Option<(&str, f64)> {
    let (test, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let (_, time) = outcome.split_once(" <")?;
    Some((test, time.strip_suffix("s>")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_tests_come_first_with_the_program_they_belong_to() {
        let mut times = Times::default();
        for line in [
            "test program highwater_core-0123456789abcdef",
            "running 3 tests",
            "test rules::one ... ok <0.200s>",
            "test rules::two ... FAILED <12.000s>",
            "test rules::old ... ignored",
            "test program it-0123456789abcdef",
            "test link::three - should panic ... ok <1.500s>",
        ] {
            times.read(line);
        }
        let slowest = times.slowest(2);
        assert_eq!(
            slowest,
            ["    12.0 s  highwater_core rules::two", "     1.5 s  it link::three - should panic"]
        );
        assert_eq!(times.slowest(10).len(), 3);
    }

    #[test]
    fn cargo_starts_test_programs_that_tell_their_times_and_its_name_for_them() {
        let mut cargo = Command::new("cargo");
        timed(cargo.arg("test"));
        let words: Vec<_> = cargo.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let (flag, config) = (&words[1], &words[2]);
        assert_eq!(flag, "--config");
        let read: toml::Table = config.parse().unwrap();
        let runner = read["target"]["cfg(all())"]["runner"].as_array().unwrap();
        let runner: Vec<_> = runner.iter().filter_map(toml::Value::as_str).collect();
        let output = Command::new(runner[0])
            .args(&runner[1..])
            .args(["/bin/sh", "-c", "echo $RUSTC_BOOTSTRAP $*", "name", "a b"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "test program sh\n1 a b\n");
    }
}
