//! State files: what is read of them, and what is not taken.

use highwater_core::hrs::{Hrs, Round, Step};
use highwater_moving::{Refusal, Source, State};

use crate::files::{CHAIN, Written, at, base64, fresh, key, path, share_holding, signed, somewhere};

fn read(source: Source, text: &str) -> Result<State, Refusal> {
    State::read(source, path(source), text.as_bytes())
}

#[test]
fn each_signer_s_own_file_is_read_in_every_form_it_ever_had() {
    for source in Source::ALL {
        for round_as_text in [false, true] {
            for old_names in [false, true] {
                for nil in [false, true] {
                    let written = Written { round_as_text, old_names, nil, ..Written::default() };
                    let state = read(source, &written.by(source)).unwrap();
                    assert_eq!(state.place, somewhere(), "{source}");
                    assert_eq!(state.signed.is_some(), source != Source::Tmkms);
                    assert!(!state.pasted && !state.by_hand);
                }
            }
        }
    }
}

#[test]
fn trap_the_shape_of_a_file_agrees_with_the_signer_named() {
    for written in Source::ALL {
        let text = Written::default().by(written);
        for named in Source::ALL {
            let same = written == named
                || [written, named].iter().all(|s| matches!(s, Source::CometBft | Source::Kms));
            match read(named, &text) {
                Ok(_) => assert!(same, "{written} read as {named}"),
                Err(refusal) => {
                    let by_name = match refusal {
                        Refusal::OtherShape { .. } => true,
                        Refusal::OfHorcrux { .. } => written == Source::Horcrux,
                        Refusal::HandWritten { .. } => named == Source::Horcrux,
                        _ => false,
                    };
                    assert!(!same && by_name, "{refusal}");
                    assert!(refusal.to_string().contains(named.name()));
                }
            }
        }
    }
}

#[test]
fn a_state_of_horcrux_3_3_has_the_signature_of_an_extension_beside_it() {
    let text = Written::default().by(Source::Horcrux);
    let text = text.replacen("null", "null,\n  \"vote_ext_signature\": \"AAAA\"", 1);
    assert_eq!(read(Source::Horcrux, &text).unwrap().place, somewhere());
}

/// A share is 32 bytes up to horcrux 3.0, and has its nonce before it from 3.1 on.
#[test]
fn the_share_of_a_cosigner_is_32_or_64_bytes_and_a_signature_is_64() {
    for (length, path, taken) in [
        (32, "a/demo-1_share_sign_state.json", true),
        (64, "a/demo-1_share_sign_state.json", true),
        (64, "a/demo-1_priv_validator_state.json", true),
        (32, "a/demo-1_priv_validator_state.json", false),
        (31, "a/demo-1_share_sign_state.json", false),
        (48, "a/demo-1_share_sign_state.json", false),
        (96, "a/demo-1_share_sign_state.json", false),
    ] {
        let text = share_holding(somewhere(), &base64(&vec![4; length]), "00FF");
        let read = State::read(Source::Horcrux, path, text.as_bytes());
        assert_eq!(read.is_ok_and(|state| state.signed.is_some()), taken, "{length} {path}");
    }
}

#[test]
fn the_signed_bytes_of_horcrux_are_in_hex_or_base64_and_of_all_others_in_hex() {
    let (bytes, signature) = signed(&key(), CHAIN, somewhere());
    let [hex, base] = [hex::encode_upper(&bytes), base64(&bytes)];
    let [in_hex, in_base] = [&hex, &base]
        .map(|bytes| read(Source::Horcrux, &share_holding(somewhere(), &base64(&signature), bytes)).unwrap());
    assert_eq!(in_hex, in_base);
    let comet = Written::default().by(Source::CometBft).replace(&hex, &base);
    assert!(matches!(read(Source::CometBft, &comet), Err(Refusal::Form { .. })));
}

/// A branch of horcrux that was never released: numbers, and the block beside them.
#[test]
fn a_state_of_horcrux_with_the_block_in_it_is_not_said_to_be_of_tmkms() {
    let (bytes, signature) = signed(&key(), CHAIN, somewhere());
    let text = format!(
        "{{\"height\": 361402, \"round\": 1, \"step\": 3, \"block_id\": {{\"Hash\": \"AAAA\", \"PartSetHeader\": null}}, \
         \"pol_round\": -1, \"timestamp\": 1700000000000000000, \"sign_bytes\": \"{}\", \"signature\": \"{}\"}}",
        base64(&bytes),
        base64(&signature)
    );
    let state = read(Source::Horcrux, &text).unwrap();
    assert_eq!(state.place, somewhere());
    assert!(state.signed.is_some());
    assert!(matches!(read(Source::Tmkms, &text), Err(Refusal::OfHorcrux { .. })));
}

#[test]
fn what_no_signer_writes_is_not_read() {
    let sound = Written { chain: None, ..Written::default() }.by(Source::CometBft);
    assert!(read(Source::CometBft, &sound).is_ok());
    let height = "\"height\": \"361402\"";
    let changes = [
        ("unknown key", sound.replace("\"step\"", "\"note\": 1, \"step\"")),
        ("key twice", sound.replace("\"step\"", "\"round\": 1, \"step\"")),
        ("key twice by an escape", sound.replace("\"step\"", "\"ro\\u0075nd\": 1, \"step\"")),
        ("float", sound.replace("\"round\": 1", "\"round\": 1.0")),
        ("exponent", sound.replace(height, "\"height\": 3e5")),
        ("sign", sound.replace("\"round\": 1", "\"round\": -1")),
        ("sign in quotes", sound.replace(height, "\"height\": \"+361402\"")),
        ("minus in quotes", sound.replace(height, "\"height\": \"-1\"")),
        ("zero before", sound.replace(height, "\"height\": \"0361402\"")),
        ("space in quotes", sound.replace(height, "\"height\": \" 361402\"")),
        ("hex", sound.replace(height, "\"height\": \"0x1\"")),
        ("empty", sound.replace(height, "\"height\": \"\"")),
        ("null", sound.replace(height, "\"height\": null")),
        ("no step", sound.replace(",\n  \"step\": 3", "")),
        ("step in quotes", sound.replace("\"step\": 3", "\"step\": \"3\"")),
        ("step 4", sound.replace("\"step\": 3", "\"step\": 4")),
        ("step 256 + 3", sound.replace("\"step\": 3", "\"step\": 259")),
        ("height 2^63", sound.replace("361402", "9223372036854775808")),
        ("height 2^64", sound.replace("361402", "18446744073709551616")),
        ("round 2^31", sound.replace("\"round\": 1", "\"round\": 2147483648")),
        ("round 2^32 + 1", sound.replace("\"round\": 1", "\"round\": 4294967297")),
        ("list", format!("[{sound}]")),
        ("list in the place of an object", "[\"361402\", 1, 3]".to_owned()),
        ("two objects", format!("{sound}{sound}")),
        ("cut", sound[..sound.len() - 2].to_owned()),
        ("not text", "\u{0}".to_owned()),
    ];
    for (what, text) in changes {
        let refusal = read(Source::CometBft, &text).expect_err(what);
        assert!(matches!(refusal, Refusal::Form { .. }), "{what}: {refusal}");
    }
    assert!(matches!(State::read(Source::Kms, "x", &[b'{', 0xff]), Err(Refusal::Form { .. })));
    assert!(matches!(State::read(Source::Kms, "x", &[b' '; 70_000]), Err(Refusal::TooLong { .. })));
    assert!(matches!(read(Source::Kms, &format!("\u{feff}{sound}")), Err(Refusal::ByteOrderMark { .. })));
    for empty in ["", "\n", " \r\n"] {
        assert!(matches!(read(Source::Kms, empty), Err(Refusal::Empty { .. })));
    }
}

#[test]
fn the_highest_place_there_is_is_read() {
    let place = Hrs { round: Round::MAX, ..at(i64::MAX as u64, 0, Step::Precommit) };
    for source in Source::ALL {
        let text = Written { place, chain: None, ..Written::default() }.by(source);
        assert_eq!(read(source, &text).unwrap().place, place);
    }
}

#[test]
fn half_of_a_signature_is_none() {
    let whole = Written::default().by(Source::CometBft);
    for key in ["signature", "signbytes"] {
        let half = whole.replace(&format!("\"{key}\": \""), &format!("\"{key}\": null, \"x{key}\": \""));
        let at = half.find(&format!(", \"x{key}\"")).unwrap();
        let end = half[at..].find(['\n', '}']).unwrap() + at;
        let comma = if half[at..end].ends_with(',') { "," } else { "" };
        let half = format!("{}{comma}{}", &half[..at], &half[end..]);
        assert!(matches!(read(Source::CometBft, &half), Err(Refusal::HalfSigned { .. })), "{half}");
    }
    for (from, to) in
        [("\"signature\": \"", "\"signature\": \"A"), ("\"signbytes\": \"", "\"signbytes\": \"F")]
    {
        assert!(matches!(read(Source::CometBft, &whole.replace(from, to)), Err(Refusal::Form { .. })));
    }
}

#[test]
fn a_block_of_tmkms_is_whole_or_nil() {
    let sound = Written::default().by(Source::Tmkms);
    for text in [
        sound.replace("AA", ""),
        sound.replace("BB", ""),
        sound.replace("\"total\":1", "\"total\":0"),
        sound.replace("\"total\":1", "\"total\":4294967296"),
        sound.replacen("AA", "A", 1),
        sound.replacen("AA", "GG", 1),
        sound.replace("\"parts\"", "\"part\""),
        sound.replace("\"parts\"", "\"parts\":{\"total\":1,\"hash\":\"\"},\"part_set_header\""),
    ] {
        assert!(matches!(read(Source::Tmkms, &text), Err(Refusal::Form { .. })), "{text}");
    }
}

#[test]
fn height_zero_is_a_new_file_or_one_that_somebody_changed() {
    for source in Source::ALL {
        assert_eq!(read(source, &fresh(source)).unwrap().place, Hrs::ZERO, "{source}");
        for (from, to) in
            [("\"step\": 0", "\"step\": 1"), ("\"step\":0", "\"step\":1"), ("\"step\": 0", "\"step\": 3")]
        {
            let changed =
                fresh(source).replace(from, to).replace(&format!("last_{from}"), &format!("last_{to}"));
            // kms writes step 3 at height 0 too.
            if changed != fresh(source) && !(source == Source::Kms && to.ends_with('3')) {
                assert!(matches!(read(source, &changed), Err(Refusal::ZeroHeight { .. })), "{changed}");
            }
        }
    }
    let block = Written { place: at(0, 0, Step::Proposal), ..Written::default() }.by(Source::Tmkms);
    assert!(matches!(read(Source::Tmkms, &block), Err(Refusal::ZeroHeight { .. })));
}

#[test]
fn a_name_in_a_file_neither_acts_on_a_terminal_nor_fills_it() {
    let sound = Written { chain: None, ..Written::default() }.by(Source::CometBft);
    for name in ["\\u001b[2J\\u0007\\r\\n".to_owned(), "\\u202e\u{202e}\u{200b}".to_owned(), "x".repeat(9000)]
    {
        let refusal =
            read(Source::CometBft, &sound.replacen('{', &format!("{{\"{name}\": 1,"), 1)).unwrap_err();
        let said = refusal.to_string();
        assert!(said.contains("unknown field") && said.len() < 500, "{said:?}");
        assert!(said.chars().all(|char| matches!(char, ' '..='~')), "{said:?}");
    }
}
