//! The simulated device at the table.

use highwater_core::apdu::{ChainStatus, Command, MAX_COMMAND, Named, PromptStatus, Reply};
use highwater_core::canonical::ChainId;
use highwater_core::hrs::Hrs;
use highwater_core::layout::SLOTS;

use super::{CHAIN, Player};
use crate::{Owner, SimDevice};

impl Player for SimDevice {
    fn exchange(&mut self, apdu: &[u8]) -> (Vec<u8>, u16) {
        let reply = Self::exchange(self, apdu);
        let (data, word) = Reply::split(&reply).expect("a status word");
        (data.to_vec(), word)
    }

    fn set_mark(&mut self, to: Hrs) {
        let chain = ChainId::new(CHAIN.as_bytes()).expect("a chain id");
        let incarnation = (0..SLOTS as u8).find_map(|slot| {
            let data = ask(self, Command::GetStatus { slot });
            ChainStatus::parse(&data)
                .filter(|shown| shown.chain == Some(chain))
                .map(|shown| shown.incarnation)
        });
        let named = Named { chain, incarnation: incarnation.expect("the chain is approved") };
        let owner = std::mem::replace(&mut self.owner, Owner::Approves);
        let ticket = ask(self, Command::SetMark { named, to });
        self.owner = owner;
        let ticket = u32::from_le_bytes(ticket.try_into().expect("a ticket has 4 bytes"));
        let outcome = ask(self, Command::PromptStatus(ticket));
        assert_eq!(PromptStatus::parse(&outcome).map(|outcome| outcome.mark), Some(to));
    }

    fn writes(&mut self) -> u32 {
        self.world.medium.writes()
    }
}

fn ask(device: &mut SimDevice, command: Command<'_>) -> Vec<u8> {
    let mut apdu = [0; MAX_COMMAND];
    let length = command.encode(&mut apdu).expect("it fits");
    Player::exchange(device, &apdu[..length]).0
}
