//! The chain of one validator that needs no node program.

use highwater_tests::harness::{Chain, Timing, Version};

use super::rig::{By, Rig};

#[test]
fn a_chain_grows_over_every_link_and_goes_on_after_a_cut() {
    for (by, version) in By::ALL.into_iter().zip(Version::ALL) {
        let rig = Rig::new();
        let (node, mut bridge) = rig.linked(version, by, Timing::default());
        let mut chain = Chain::start(node, 0).unwrap();
        assert_eq!(chain.key(), rig.key);
        for height in 1..=20 {
            assert_eq!(chain.commit().unwrap().height, height);
            if height == 10 {
                chain.node().cut();
            }
        }
        assert_eq!(bridge.stop().unwrap(), Some(0), "{}", bridge.output());
        assert_eq!(bridge.signatures().len(), 60, "{by:?}");
    }
}
