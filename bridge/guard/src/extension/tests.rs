use highwater_core::canonical::{ChainId, Timestamp};
use highwater_core::hrs::{Hrs, Step};

use super::*;

/// Nothing verifies.
#[derive(Debug)]
struct Never;

impl Verify for Never {
    fn verifies(&self, _: &[u8], _: &[u8; 64]) -> bool {
        false
    }
}

fn message() -> Message<'static> {
    Message {
        hrs: Hrs::new(7, 1, Step::Precommit).unwrap(),
        pol_round: None,
        block: None,
        timestamp: Timestamp::default(),
        chain: ChainId::new(b"alpha-1").unwrap(),
    }
}

/// All its commands, if each is answered with nothing.
fn commands(content: &[u8]) -> Vec<Vec<u8>> {
    let mut extending = Extending::new(&message(), content, Moment::BEGIN).unwrap();
    let mut all = vec![extending.apdu().unwrap()];
    while extending.take(&Never, Some(Status::Ok), &[]) == Progress::More {
        all.push(extending.apdu().unwrap());
    }
    all
}

#[test]
fn the_commands_are_those_of_the_protocol() {
    for length in [0, 1, 9, 222, 223, 224, 250, 251, 252, 502, 503, 2_048, 20_480] {
        let content: Vec<u8> = (0..length).map(|at: u32| at as u8).collect();
        let extend = highwater_sim::Extend { chain: "alpha-1", height: 7, round: 1, content: &content };
        let expected = extend.whole().map(|whole| vec![whole]);
        let streamed = || [extend.begin()].into_iter().chain(extend.chunks(MAX_CHUNK)).collect();
        assert_eq!(commands(&content), expected.unwrap_or_else(streamed), "{length}");
    }
}

#[test]
fn the_digest_tells_content_and_place_apart() {
    let content = vec![3; 2_000];
    let extending = Extending::new(&message(), &content, Moment::BEGIN).unwrap();
    assert_eq!(extending.length(), 2_000);
    assert_ne!(digest(&message(), &content), digest(&message(), &[]));
    let later = Message { hrs: Hrs::new(8, 1, Step::Precommit).unwrap(), ..message() };
    assert_ne!(digest(&later, &content), digest(&message(), &content));
}

#[test]
fn a_reply_that_does_not_fit_is_wrong_and_a_refusal_is_one() {
    let begun = || Extending::new(&message(), &[3; 500], Moment::BEGIN).unwrap();
    let ok = Some(Status::Ok);
    assert_eq!(begun().stream(), Stream::Opens);
    assert_eq!(begun().take(&Never, ok, &[7; 64]), Progress::Wrong, "a signature before its time");
    for status in [Status::ExtensionDiffers, Status::ExtensionOrder] {
        assert_eq!(begun().take(&Never, Some(status), &[]), Progress::Wrong);
    }
    assert_eq!(begun().take(&Never, Some(Status::NoPrecommit), &[7; 13]), Progress::Refused);
    assert_eq!(begun().take(&Never, None, &[]), Progress::Refused);
    let mut extending = begun();
    assert_eq!(extending.take(&Never, ok, &[]), Progress::More);
    assert_eq!(extending.stream(), Stream::Holds);
    extending.lost();
    assert_eq!((extending.stream(), extending.apdu()), (Stream::Opens, begun().apdu()));
    let short = Extending::new(&message(), &[3; 9], Moment::BEGIN).unwrap();
    assert_eq!(short.stream(), Stream::Idle);
}

#[test]
fn what_is_too_long_for_a_length_is_no_extension() {
    // No allocation of 4 GiB: what is refused before is tested where it is refused.
    assert!(Extending::new(&message(), &vec![0; 1 << 20], Moment::BEGIN).is_some());
}
