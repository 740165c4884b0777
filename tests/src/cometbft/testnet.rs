//! Several validators of one chain on this machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{GENESIS, Home, KVSTORE, Peers, SOCKET, ask, validator};
use crate::process::free_port;

/// Makes the homes of a chain of `count` validators of equal power. The first one's key is `key`, and its node waits for
/// a signer; the others sign with files.
pub fn testnet(
    program: &Path,
    folder: &Path,
    chain: &str,
    key: &[u8; 32],
    count: usize,
) -> Result<Vec<Home>> {
    let mut make = Command::new(program);
    let done = make.args(["testnet", "--v", &count.to_string(), "--o"]).arg(folder).output()?;
    ensure!(done.status.success(), "cometbft testnet: {}", String::from_utf8_lossy(&done.stderr));
    let folders: Vec<_> = (0..count).map(|at| folder.join(format!("node{at}"))).collect();
    let mut genesis: Value = serde_json::from_slice(&std::fs::read(folders[0].join(GENESIS))?)?;
    genesis["chain_id"] = json!(chain);
    genesis["validators"][0] = validator(key);
    let ports = folders.iter().map(|_| free_port()).collect::<Result<Vec<_>>>()?;
    let places = folders
        .iter()
        .zip(&ports)
        .map(|(folder, port)| Ok(format!("{}@127.0.0.1:{port}", ask(program, &["show-node-id"], folder)?)));
    let places = places.collect::<Result<Vec<_>>>()?;
    let home = |at: usize| {
        let folder = folders[at].clone();
        std::fs::write(folder.join(GENESIS), serde_json::to_vec_pretty(&genesis)?)?;
        let address = genesis["validators"][at]["address"].as_str().context("no address")?.to_owned();
        let signer = (at == 0).then(|| format!("unix://{}", folder.join(SOCKET).display()));
        let others: Vec<_> =
            (0..count).filter(|other| *other != at).map(|other| &places[other][..]).collect();
        let peers = Some(Peers { port: ports[at], all: others.join(",") });
        Ok(Home {
            folder,
            program: program.to_owned(),
            signer,
            peers,
            application: KVSTORE.to_owned(),
            address,
        })
    };
    (0..count).map(home).collect()
}
