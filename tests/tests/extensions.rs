//! Vote extensions: whole and in two passes, signed only at their own precommit, on both devices.

use std::time::Instant;

use highwater_core::apdu::{Command, MAX_CHUNK, Status};
use highwater_core::hrs::Step;
use highwater_tests::extend::{content, extend};
use highwater_tests::on_every_device;
use highwater_tests::request::{Request, precommit, prevote};
use highwater_tests::stage::{CHAIN, Stage, hrs};
use highwater_tests::tools;

on_every_device! {
    a_short_extension_is_signed_whole_and_streamed,
    a_long_extension_is_signed_in_two_passes,
    nothing_is_written_and_no_key_is_derived_for_it,
    votes_of_another_chain_pass_between_its_chunks,
    a_second_pass_that_differs_gets_no_signature,
    a_chunk_out_of_order_ends_the_stream,
    a_mark_raised_in_between_ends_the_stream,
    a_restart_in_between_ends_the_stream,
    another_begin_ends_the_stream,
    only_its_own_precommit_has_an_extension,
}

/// The other chain of these tests, in slot 1.
const OTHER: &str = "extend-2";

fn a_short_extension_is_signed_whole_and_streamed(stage: &mut Stage) {
    let vote = stage.committed();
    for size in [0, 1, 9, 127, 128, 200] {
        let content = content(size);
        let extend = extend(&vote, &content);
        // Each has a nonce of its own, whole or streamed.
        let mut signed = [(); 2].map(|()| stage.whole(&extend).unwrap()[..32].to_vec()).to_vec();
        if size > 0 {
            signed.extend([(); 2].map(|()| stage.streamed(&extend).unwrap()[..32].to_vec()));
        }
        let made = signed.len();
        signed.sort();
        signed.dedup();
        assert_eq!(signed.len(), made, "{size}");
    }
    assert_eq!(stage.streamed(&extend(&vote, b"")), Err(Status::NotCanonical));
    stage.sign(&vote.later());
}

fn a_long_extension_is_signed_in_two_passes(stage: &mut Stage) {
    let vote = stage.committed();
    let mut sizes = vec![2_048, 20_480];
    if tools::full() && !stage.is_firmware() {
        sizes.push(1 << 20);
    }
    for size in sizes {
        let content = content(size);
        let extend = extend(&vote, &content);
        let begin = Instant::now();
        let signed = stage.streamed(&extend);
        let took = begin.elapsed();
        assert!(signed.is_ok());
        eprintln!("{size} bytes: {took:?}");
    }
}

fn nothing_is_written_and_no_key_is_derived_for_it(stage: &mut Stage) {
    let vote = stage.committed();
    let (slot, before) = (stage.slot(0), stage.counters());
    let content = content(300);
    stage.whole(&extend(&vote, b"short")).unwrap();
    stage.streamed(&extend(&vote, &content)).unwrap();
    let after = stage.counters();
    assert_eq!((after.page_writes, after.derivations), (before.page_writes, before.derivations));
    assert_eq!(stage.slot(0), slot);
}

fn votes_of_another_chain_pass_between_its_chunks(stage: &mut Stage) {
    stage.add(OTHER, 1, hrs(1, 0, Step::None));
    let vote = stage.committed();
    let content = content(1_000);
    let extend = extend(&vote, &content);
    let mut reply = stage.reply(&extend.begin());
    for (height, chunk) in (10..).zip(extend.chunks(MAX_CHUNK)) {
        assert_eq!(reply, Status::Ok.word().to_be_bytes());
        reply = stage.reply(&chunk);
        let other = precommit(OTHER, height, 0);
        stage.sign(&other);
        stage.whole(&highwater_tests::extend::extend(&other, b"its own")).unwrap();
        // The same statement again moves nothing, nor does a refusal.
        stage.sign(&vote.later());
        stage.refused(&Request { block: 0xb2, ..vote.clone() });
        stage.version();
    }
    assert!(stage.extended(&extend, &reply).is_ok());
    stage.drop_chain(OTHER, 1);
}

fn a_second_pass_that_differs_gets_no_signature(stage: &mut Stage) {
    let vote = stage.committed();
    let first = content(600);
    for at in [0, 250, 251, 599] {
        let mut second = first.clone();
        second[at] ^= 1;
        let [mut passes, other] =
            [&first, &second].map(|content| extend(&vote, content).chunks(MAX_CHUNK).collect::<Vec<_>>());
        let half = passes.len() / 2;
        passes[half..].clone_from_slice(&other[half..]);
        assert_eq!(stage.send(&extend(&vote, &first).begin()).1, Status::Ok.word());
        let last = passes.pop().unwrap();
        for chunk in &passes {
            assert_eq!(stage.send(chunk), (vec![], Status::Ok.word()));
        }
        stage.dropped(&[last], Status::ExtensionDiffers);
    }
    assert!(stage.streamed(&extend(&vote, &first)).is_ok());
}

fn a_chunk_out_of_order_ends_the_stream(stage: &mut Stage) {
    let vote = stage.committed();
    let content = content(60);
    let extend = extend(&vote, &content);
    for sent in 0..6 {
        let rest = stage.opened(&extend, 20, sent).unwrap();
        let next = 20 * sent as u32;
        for (position, len) in [(next + 1, 1), (next.wrapping_sub(1), 1), (next, 0), (next, 61)] {
            let bytes = vec![7; len];
            let wrong = stage.command(Command::ExtensionChunk { position, bytes: &bytes });
            assert_eq!(wrong, (vec![], Status::ExtensionOrder), "{len} at {position} after {sent}");
            assert_eq!(stage.send(&rest[0]).1, Status::ExtensionOrder.word());
            stage.opened(&extend, 20, sent).unwrap();
        }
    }
    assert!(stage.streamed(&extend).is_ok());
}

fn a_mark_raised_in_between_ends_the_stream(stage: &mut Stage) {
    let content = content(60);
    for sent in [0, 2, 3, 5] {
        let vote = stage.committed();
        let extend = extend(&vote, &content);
        let rest = stage.opened(&extend, 20, sent).unwrap();
        let next = prevote(CHAIN, vote.height, 2);
        stage.sign(&next);
        assert_eq!(stage.send(&rest[0]), (next.hrs().to_bytes().to_vec(), Status::NoPrecommit.word()));
        assert_eq!(stage.send(&rest[0]), (vec![], Status::ExtensionOrder.word()));
        assert_eq!(stage.streamed(&extend), Err(Status::NoPrecommit));
    }
}

fn a_restart_in_between_ends_the_stream(stage: &mut Stage) {
    let vote = stage.committed();
    let content = content(60);
    let extend = extend(&vote, &content);
    for sent in [1, 5] {
        let rest = stage.opened(&extend, 20, sent).unwrap();
        stage.device.restart(&[]).unwrap();
        stage.dropped(&rest, Status::ExtensionOrder);
        // The mark is still the precommit, so the extension can be had anew.
        assert!(stage.streamed(&extend).is_ok());
    }
}

fn another_begin_ends_the_stream(stage: &mut Stage) {
    let vote = stage.committed();
    let (content, other) = (content(60), content(45));
    let rest = stage.opened(&extend(&vote, &content), 20, 4).unwrap();
    stage.streamed(&extend(&vote, &other)).unwrap();
    stage.dropped(&rest, Status::ExtensionOrder);
    // One that is refused ends it as well.
    let rest = stage.opened(&extend(&vote, &content), 20, 4).unwrap();
    let elsewhere = Request { round: 9, ..vote.clone() };
    assert_eq!(stage.send(&extend(&elsewhere, &other).begin()).1, Status::NoPrecommit.word());
    stage.dropped(&rest, Status::ExtensionOrder);
    assert!(stage.whole(&extend(&vote, &other)).is_ok());
}

fn only_its_own_precommit_has_an_extension(stage: &mut Stage) {
    let vote = stage.committed();
    let mark = vote.hrs().to_bytes().to_vec();
    let content = content(20);
    for other in [
        Request { round: 0, ..vote.clone() },
        Request { round: 2, ..vote.clone() },
        Request { height: vote.height - 1, ..vote.clone() },
        Request { height: vote.height + 1, ..vote.clone() },
    ] {
        let extend = extend(&other, &content);
        let refused = (mark.clone(), Status::NoPrecommit.word());
        assert_eq!(stage.send(&extend.whole().unwrap()), refused, "{other:?}");
        assert_eq!(stage.send(&extend.begin()), refused, "{other:?}");
    }
    for spoilt in [Request { block: 0, ..precommit(CHAIN, vote.height, 2) }, prevote(CHAIN, vote.height, 3)] {
        stage.sign(&spoilt);
        for round in [spoilt.round, vote.round] {
            let extend = extend(&vote, &content);
            let extend = highwater_sim::Extend { round, ..extend };
            assert_eq!(stage.whole(&extend), Err(Status::NoPrecommit));
            assert_eq!(stage.streamed(&extend), Err(Status::NoPrecommit));
        }
    }
}
