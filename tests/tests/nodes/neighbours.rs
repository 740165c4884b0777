//! Several nodes on one daemon: a dead, slow or hostile one delays no other.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use highwater_tests::harness::{Timing, Version};
use highwater_tests::process::wait_for;

use super::rig::{By, PATIENCE, Rig, prevote};

/// Takes every connection and does this to it.
fn hostile(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(act));
    format!("tcp://{address}")
}

#[test]
fn hostile_neighbours_cost_their_own_links_and_nothing_else() {
    let rig = Rig::new();
    let good = rig.node(Version::V038, &rig.place(By::Unix), Timing::default());
    let held = std::sync::Mutex::new(Vec::new());
    let neighbours = [
        // A handshake that never ends.
        hostile(move |stream| held.lock().unwrap().push(stream)),
        // Garbage instead of one.
        hostile(|mut stream| drop(stream.write_all(&[0xff; 4_096]))),
        // A key of no order, which would make the secret known.
        hostile(|mut stream| {
            let _ = stream.write_all(&[&[0x22, 0x0a, 0x20][..], &[0; 32]].concat());
            let _ = stream.read(&mut [0; 64]);
        }),
        // Closed at once.
        hostile(drop),
        // Nobody there.
        "tcp://127.0.0.1:1".to_owned(),
    ];
    let nodes: Vec<String> = neighbours.into_iter().chain([good.address().unwrap()]).collect();
    let mut bridge = rig.bridge(&nodes);
    wait_for("the key", PATIENCE, || Ok(good.wait_for_key().ok())).unwrap();
    let wanted = ["did not shake hands", "the handshake failed", "broke off the handshake", "nobody listens"];
    let mut height = 0;
    // Votes go on while each neighbour gets its line.
    wait_for("a line about each neighbour", PATIENCE, || {
        height += 1;
        good.sign(&prevote(height), &rig.key)?;
        let output = bridge.output();
        Ok(wanted.iter().all(|words| output.contains(words)).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", bridge.output()));
    assert_eq!(good.links(), 1);
    assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
}

#[test]
fn a_node_that_sends_a_giant_length_or_two_requests_at_once_loses_its_own_link_only() {
    for by in By::ALL {
        let rig = Rig::new();
        let (good, bad) = (rig.place(By::Unix), rig.place(by));
        let good = rig.node(Version::V038, &good, Timing::default());
        let bad = rig.node(Version::V1, &bad, Timing::default());
        let mut bridge = rig.bridge(&[good.address().unwrap(), bad.address().unwrap()]);
        for node in [&good, &bad] {
            wait_for("the key", PATIENCE, || Ok(node.wait_for_key().ok())).unwrap();
        }
        // On tcp these are below the encryption, and so garbage to it.
        let spoils: [&[u8]; 3] = [&[0xff, 0xff, 0xff, 0xff, 0x0f], &[2, 0x42, 0], &[0xff; 1_044]];
        for bytes in spoils {
            let closed = bad.spoil(|link| link.write_bytes(bytes).is_ok() && link.is_closed()).unwrap();
            assert!(closed || by == By::Tcp, "{by:?} {bytes:02x?}");
            bad.cut();
            bad.wait_for_key().unwrap();
        }
        good.sign(&prevote(1), &rig.key).unwrap();
        assert_eq!(good.links(), 1, "{by:?}");
        assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
    }
}
