//! Faults seen in other signers, each with what excludes it here.

use anyhow::Result;

use super::sources::Sources;

struct Fault {
    /// What happens elsewhere.
    elsewhere: &'static str,
    /// What excludes it here.
    here: &'static str,
    tests: &'static [&'static str],
}

const fn fault(elsewhere: &'static str, here: &'static str, tests: &'static [&'static str]) -> Fault {
    Fault { elsewhere, here, tests }
}

const FAULTS: [Fault; 28] = [
    fault(
        "The mark lives in RAM and is set anew by a button at each start",
        "The mark is a record in flash; RAM holds its index only",
        &["the_mark_and_the_repeat_survive_a_restart"],
    ),
    fault(
        "The mark is kept in flash only if a setting says so, and the setting is two presses away",
        "There is no such setting",
        &["g1_no_signature_before_its_mark_is_durable"],
    ),
    fault(
        "One copy of the mark, written in place across two pages: a cut leaves anything, and nothing notices",
        "A record fills one page, two copies, each under a check that binds installation, slot and page",
        &["g2_the_mark_never_falls"],
    ),
    fault(
        "A store that fails its check is reset to empty",
        "It is *unclear* or *damaged*, and signs nothing until the owner has seen it",
        &[
            "a_blank_or_garbage_ring_under_an_approved_chain_is_unclear",
            "blanked_entries_over_a_ring_at_work_are_damaged_not_free",
        ],
    ),
    fault(
        "After a cut between two valid copies the older one wins",
        "The highest serial wins, and boot completes its pair before anything is released",
        &[
            "a_tear_and_one_rotten_page_leave_the_mark_right_or_unclear",
            "no_kill_and_no_torn_page_costs_a_mark_or_needs_a_finger",
        ],
    ),
    fault(
        "One page takes every write and is worn out in weeks",
        "A ring of pairs; wear is level within one erase and reported",
        &["wear_is_level_within_one_erase"],
    ),
    fault(
        "A message that is no vote moves the mark, or resets its round",
        "Only a parsed vote or proposal reaches the journal, and only above the mark",
        &["g4_votes_only", "order_is_height_then_round_then_step_and_agrees_with_the_verdict"],
    ),
    fault(
        "Chain id, block and timestamp are not looked at; fields twice or out of order are taken, the last one wins",
        "`canonical`: accepted only if encoding what was parsed gives the same bytes",
        &["a_field_twice_or_out_of_order_is_refused", "a_mutated_message_is_refused_or_canonical_itself"],
    ),
    fault(
        "Messages of 128 bytes and more, or rounds above 127, are refused, so long chain ids fail now and then",
        "Every canonical message fits one command; vectors of the longest ones",
        &[
            "every_accepted_vector_parses_and_encodes_to_itself",
            "a_signature_takes_five_reports_and_the_longest_message_six",
        ],
    ),
    fault(
        "Two chains share one mark, or a device moved to another chain keeps the old mark",
        "A slot, a ring and a mark for each chain id",
        &["signing_goes_on_while_a_prompt_stands_and_while_a_ring_is_prepared"],
    ),
    fault(
        "The same vote asked again is refused, so a lost reply is a lost vote",
        "The same signature again, after a restart too",
        &["g3_one_statement_per_hrs", "the_mark_and_the_repeat_survive_a_restart"],
    ),
    fault(
        "The same vote with another timestamp gets a second signature; a proposal with another POL round too",
        "The recorded timestamp is signed and returned; POL round is part of the statement",
        &["g3_one_statement_per_hrs", "a_proposal_is_never_retimed"],
    ),
    fault(
        "While the owner reads a question, the host changes what will be signed or approved",
        "The question is kept as it was asked, named by a ticket, and everything is checked again at the press",
        &["the_press_counts_only_while_the_pin_is_valid", "a_raise_that_the_chain_has_passed_is_moved"],
    ),
    fault(
        "A chain can be taken away, or a mark reset, without a button",
        "Type `Approved`: what changes the chain table does not compile without it",
        &["g5_lowering_needs_a_finger"],
    ),
    fault(
        "Any program on the host ends the app with one command",
        "Refused while a chain is armed",
        &["quit_is_refused_while_a_chain_is_armed"],
    ),
    fault(
        "Signing stops when the device locks, so the lock is switched off",
        "Keys stay in RAM and signing goes on; what needs the owner wants the PIN",
        &["a_locked_device_signs", "a_press_on_approve_does_nothing_while_the_device_is_locked"],
    ),
    fault(
        "The screen burns in, or waking it stops the signer",
        "Dark after 30 s; nothing in the app's loop waits",
        &[
            "the_screen_is_dark_after_thirty_seconds_and_a_button_only_wakes_it",
            "the_reply_leaves_before_the_screen_is_drawn_anew",
        ],
    ),
    fault(
        "All refusals are one status word, and a refusal looks like a broken device",
        "A status word for each, decided or not, with the mark",
        &[
            "status_words_are_those_of_the_protocol",
            "refusals_for_their_place_carry_the_mark",
            "every_row_of_the_table",
        ],
    ),
    fault(
        "The reply to an abandoned request is taken for the reply to the next",
        "A fresh channel for every exchange, and every signature is verified over the exact bytes",
        &[
            "a_late_reply_to_another_request_is_dropped",
            "a_signature_that_does_not_verify_is_neither_released_nor_kept",
        ],
    ),
    fault(
        "A read waits for hours, and an unplugged device is never opened again",
        "Deadlines for the whole exchange; any fault closes, opens anew and asks who is there",
        &[
            "a_slow_reply_meets_the_deadline_of_the_whole",
            "after_a_broken_exchange_it_is_opened_anew_and_asked_who_it_is",
        ],
    ),
    fault(
        "A regression closes the link, and each costs the node a second",
        "A decided refusal is a reply and the link stays; silence is for what may still succeed",
        &[
            "a_decided_refusal_is_a_reply_and_the_link_lives_on",
            "a_device_that_comes_back_answers_the_waiting_request",
        ],
    ),
    fault(
        "Two processes sign from one state",
        "One owner of a device, by a lock that ends with the process",
        &["a_second_bridge_is_refused_and_commands_go_through_the_first"],
    ),
    fault(
        "A state file that is missing, empty or in another folder counts as height 0",
        "The daemon does not start, and says what to do; the mark is the device's anyway",
        &["a_missing_empty_damaged_or_foreign_file_is_never_height_zero"],
    ),
    fault(
        "The host's state is renamed into place but never synced",
        "File and directory are synced before the reply leaves",
        &[
            "the_record_of_the_whole_round_is_on_the_disk_before_its_first_reply",
            "with_two_nodes_owner_and_lock_are_durable_before_each_reply",
        ],
    ),
    fault(
        "A spare device, a restored backup or a reinstalled app signs from an old mark",
        "Key and installation are pinned; another installation signs after its owner has raised its mark",
        &[
            "a_spare_of_the_same_seed_is_refused_until_its_stale_mark_was_raised",
            "the_app_is_reinstalled_and_the_mark_carried_over_by_finger",
        ],
    ),
    fault(
        "Nodes that share a key race each other, or one that lags drops the link at each regression",
        "The node of a height's first signature owns that height; the others get the same statement's signature or an error",
        &[
            "a_second_node_gets_the_same_statement_or_an_error_until_the_next_height",
            "the_precommit_of_a_node_that_is_not_the_owner_ends_the_ownership_until_the_next_height",
        ],
    ),
    fault(
        "Any bytes the node sends are signed under a prefix",
        "Raw signing is refused by the bridge, and the device has no command for it",
        &["malformed_votes_and_raw_signing_are_refused_in_words", "g4_votes_only"],
    ),
    fault(
        "A hostile or broken node ends the process or holds the link",
        "Lengths are bounded before memory is taken; each node is a task of its own with deadlines",
        &[
            "no_mutant_ends_the_bridge_or_gets_an_unlawful_signature",
            "half_a_message_does_not_hold_the_link_for_ever",
        ],
    ),
];

/// The table, a row a fault.
///
/// # Errors
/// If a test that is named does not exist.
pub(super) fn table(sources: &Sources) -> Result<String> {
    let mut table = "| elsewhere | here | shown by |\n| --- | --- | --- |\n".to_owned();
    for Fault { elsewhere, here, tests } in &FAULTS {
        table += &format!("| {elsewhere} | {here} | {} |\n", sources.cite(tests, "../")?);
    }
    Ok(table)
}
