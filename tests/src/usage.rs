//! What a process uses, as the kernel counts it.

use std::time::Duration;

use anyhow::{Context, Result};

/// Processor time of all threads so far. Of threads that ended meanwhile nothing is known.
pub fn cpu(process: u32) -> Result<Duration> {
    let mut nanos = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // Gone by now: it was not ours to wait for.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanos += first_number(&text)?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// Memory that is resident now, bytes.
pub fn resident(process: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(first_number(line)? * 1_024)
}

/// Open file descriptors.
pub fn descriptors(process: u32) -> Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{process}/fd"))?.count())
}

/// Time that the processors of this machine were busy since it started, added up, to a hundredth of a second.
pub fn machine() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let all = text.lines().next().and_then(|line| line.strip_prefix("cpu ")).context("no cpu line")?;
    let ticks: Vec<u64> = all.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    // User, nice, system, idle, waiting, interrupts, soft interrupts, stolen.
    let busy: u64 =
        ticks.iter().enumerate().filter(|(at, _)| matches!(at, 0..=2 | 5..=7)).map(|(_, t)| t).sum();
    Ok(Duration::from_millis(busy * 10))
}

fn first_number(text: &str) -> Result<u64> {
    Ok(text.split_whitespace().next().context("an empty line")?.parse()?)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn our_own_work_memory_and_files_are_seen() {
        let us = std::process::id();
        let (before, begin) = (cpu(us).unwrap(), Instant::now());
        while begin.elapsed() < Duration::from_millis(50) {}
        assert!(cpu(us).unwrap() > before + Duration::from_millis(5));
        assert!(machine().unwrap() > Duration::ZERO);
        assert!(resident(us).unwrap() > 500_000);
        let folder = tempfile::tempdir().unwrap();
        let open = descriptors(us).unwrap();
        let files: Vec<_> =
            (0..40).map(|at| std::fs::File::create(folder.path().join(at.to_string())).unwrap()).collect();
        // Tests beside this one open and close files too.
        assert!(descriptors(us).unwrap() + 20 > open + files.len());
    }
}
