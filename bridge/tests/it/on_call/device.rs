//! Alerts about the device, its marks and its memory.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use highwater_core::env::Erases;
use highwater_sim::{Owner, SimDevice, World};

use super::Watch;
use crate::desk::{CHAIN, Daemon, Desk, prevote};
use crate::emulator::{Emulator, Fault, owned};
use crate::harness::signed_vote;
use crate::lowering::make_unclear;

/// Minutes of a trouble: longer than the `for` of most rules, shorter than their windows.
const TROUBLE: usize = 8;

/// A chain in service, and somebody who watches it.
async fn watched(desk: &Desk) -> Option<(Watch, Daemon)> {
    let mut watch = Watch::new(desk)?;
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.sees_well().await;
    Some((watch, daemon))
}

/// As the page says: the device that is lost or distrusted is replaced by another one of its seed.
fn adopt_a_spare(desk: &Desk) {
    desk.emulator.swap(owned("on-call"));
    desk.must(&["mark", "adopt", CHAIN, "--key-index", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_forgot_what_it_signed() {
    let desk = Desk::pinned("on-call");
    let old = desk.emulator.bench().device.world.medium.pages().to_vec();
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    let mut device = desk.emulator.swap(owned("nothing"));
    device.world.medium.restore(&old);
    desk.emulator.swap(device.restart());
    watch.until("highwater_chain_stopped{chain=\"alpha-1\"} 1").await;
    watch.sees(TROUBLE).await;
    adopt_a_spare(&desk);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised("HighwaterDoubleSignRisk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_restarted_and_waits_for_its_pin() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    desk.emulator.fault(Fault::Locked);
    watch.until("highwater_device_state{state=\"locked\"} 1").await;
    watch.until("highwater_chain_signing{chain=\"alpha-1\"} 0").await;
    watch.sees(TROUBLE).await;
    desk.emulator.fault(Fault::None);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised("HighwaterDeviceLocked");
    watch.raised("HighwaterNotSigning");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_app_is_open() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    desk.emulator.fault(Fault::OtherApp);
    watch.until("highwater_device_state{state=\"other_app\"} 1").await;
    watch.sees(TROUBLE).await;
    desk.emulator.fault(Fault::None);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised("HighwaterDeviceUnusable");
}

/// Bytes go both ways between whoever connects and the device.
fn plug(listener: TcpListener, device: &Emulator) {
    let address = device.address;
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let Ok(far) = TcpStream::connect(address) else { return };
            for (mut from, mut to) in [
                (near.try_clone().unwrap(), far.try_clone().unwrap()),
                (far.try_clone().unwrap(), near.try_clone().unwrap()),
            ] {
                std::thread::spawn(move || {
                    let mut bytes = [0; 1024];
                    while let Ok(read @ 1..) = from.read(&mut bytes) {
                        if to.write_all(&bytes[..read]).is_err() {
                            return;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_unplugged() {
    let desk = Desk::pinned("on-call");
    // The daemon finds it at another address, where nobody listens yet.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = std::fs::read_to_string(&desk.config).unwrap();
    std::fs::write(&desk.config, text.replace(&desk.emulator.address.to_string(), &port.to_string()))
        .unwrap();
    let Some(mut watch) = Watch::new(&desk) else { return };
    let mut daemon = desk.daemon().await;
    watch.until("highwater_device_state{state=\"absent\"} 1").await;
    watch.sees(TROUBLE).await;
    // Somebody plugs it in.
    plug(TcpListener::bind(port).unwrap(), &desk.emulator);
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised_from_the_start("HighwaterDeviceAbsent");
}

#[tokio::test(flavor = "multi_thread")]
async fn flash_that_lost_the_newest_record() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, mut daemon)) = watched(&desk).await else { return };
    make_unclear(&desk);
    watch.until("highwater_slot_state{chain=\"alpha-1\",state=\"unclear\"} 1").await;
    watch.sees(TROUBLE).await;
    desk.must(&["mark", "adopt", CHAIN]);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised("HighwaterMarkUnclear");
}

#[tokio::test(flavor = "multi_thread")]
async fn flash_that_lost_the_entry_of_the_chain() {
    let desk = Desk::pinned("on-call");
    let Some((mut watch, daemon)) = watched(&desk).await else { return };
    let mut device = desk.emulator.swap(owned("nothing"));
    for copy in [0, 1] {
        device.world.medium.rot(highwater_core::layout::entry_page(0, copy), [0xa5; 64]);
    }
    desk.emulator.swap(device.restart());
    watch.until("highwater_slot_state{chain=\"alpha-1\",state=\"damaged\"} 1").await;
    watch.sees(TROUBLE).await;
    // The page: its number, then the slot is forgotten and the chain added at the place that the owner wrote down.
    let info = desk.must(&["device", "info"]);
    assert!(info.contains("slot 1   (unknown), damaged"), "{info}");
    drop(daemon);
    desk.must(&["chain", "forget", "--slot", "1"]);
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--last-signed", "5/0/precommit"]);
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised("HighwaterSlotBroken");
}

/// A device whose flash is rated for so few erases that a test wears it.
fn fragile() -> SimDevice {
    let mut world = World::new(b"on-call", 256);
    world.erases = Erases { rated: 1, assumed: false };
    let mut device = SimDevice::boot(world);
    device.owner = Owner::Approves;
    device
}

#[tokio::test(flavor = "multi_thread")]
async fn flash_at_its_rated_life() {
    let desk = Desk::new("on-call");
    desk.emulator.swap(fragile());
    desk.must(&["chain", "add", CHAIN, "--key-index", "0", "--next-height", "1"]);
    let Some(mut watch) = Watch::new(&desk) else { return };
    let mut daemon = desk.daemon().await;
    signed_vote(daemon.insists(&prevote(5, 1)).await);
    watch.until_well().await;
    watch.sees(65).await;
    adopt_a_spare(&desk);
    signed_vote(daemon.insists(&prevote(6, 1)).await);
    watch.until_well().await;
    watch.sees_cured().await;
    watch.raised_from_the_start("HighwaterFlashWorn");
}
