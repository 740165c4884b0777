//! The bench, shortest: it runs, and keeps what it prints. Its figures say nothing in a build like this.

use std::process::Command;

use highwater_tests::tools;
use serde_json::Value;

#[test]
fn the_bench_measures_each_link_and_each_chain_and_keeps_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Command::new(env!("CARGO_BIN_EXE_highwater-bench"));
    bench
        .args(["--rounds", "2", "--requests", "5", "--blocks", "2", "--pace", "2", "--folder"])
        .arg(folder.path());
    let output = bench.arg("--cometbft").arg(tools::cometbft().unwrap()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let (kept, None) = (files.next().unwrap(), files.next()) else {
        panic!("what was needed meanwhile stays")
    };
    let kept: Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    let lines = kept["requests"].as_array().unwrap();
    // Bridge by unix, tcp and noise; both floors, and the bridge with a key in a file, by the first two.
    assert_eq!(lines.len(), 9, "{said}");
    for line in lines {
        let [p50, p90, p99] = ["p50_us", "p90_us", "p99_us"].map(|name| line[name].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p90 && p90 <= p99 && line["cpu_us"].as_f64() > Some(0.0), "{line}");
        assert_eq!(line["requests"], 5, "one round of two counts");
    }
    let chains = kept["blocks"].as_array().unwrap();
    assert_eq!(chains.len(), 4, "key in a file and simulated device, with and without a pause");
    // With a pause of a second no block is faster, whoever signs.
    assert!(chains[..2].iter().all(|chain| chain["seconds_per_block"].as_f64() > Some(0.9)), "{chains:?}");
    let paces = kept["pace"].as_array().unwrap();
    assert_eq!(paces.len(), 4, "{said}");
    assert!(paces.iter().all(|chain| chain["seconds_per_block"].as_f64() > Some(0.4)), "{paces:?}");
}
