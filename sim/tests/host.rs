use highwater_sim::host::Search;
use std::time::Instant;

#[test]
fn adhoc() {
    let spec = std::env::var("HOST").unwrap();
    let mut s = Search::CALM;
    for item in spec.split(',') {
        let (k, v) = item.split_once('=').unwrap_or((item, "1"));
        let n: u64 = v.parse().unwrap();
        match k {
            "nodes" => s.nodes = n as u8,
            "heights" => s.heights = n,
            "rounds" => s.rounds = n as u32,
            "blocks" => s.blocks = n as u8,
            "nil" => s.nil = true,
            "requests" => s.requests = n as usize,
            "links" => s.links = true,
            "time" => s.time = true,
            "losses" => s.losses = true,
            "wrong" => s.wrong = true,
            "cuts" => s.cuts = true,
            "failing" => s.failing = true,
            "owner" => s.owner = true,
            "lives" => s.lives = n as u8,
            "spare" => s.spare = true,
            "noprec" => s.precommits = false,
            "release" => s.release = true,
            "limit" => s.limit = n as usize,
            "" => {}
            other => panic!("{other}"),
        }
    }
    let start = Instant::now();
    match s.run() {
        Ok(v) => println!("{spec}: {v:?} {:?}", start.elapsed()),
        Err(c) => println!("{spec}: {:?} {c:#?}", start.elapsed()),
    }
}
