//! Key files.

use std::fmt::Write;

use highwater_moving::{Key, Refusal, Source, Warning};

use crate::files::{ADDRESS, Written, base64, key, key_file, public, seed_and_public};

/// The seed 07 x 32 expanded, as tmkms 0.15 has it, and as a YubiHSM exports it: made by other programs.
const EXPANDED: &str =
    "KK05/v1/o+IAqcYm7vWZ5hotBVxIqCiKTn5MS8o5KHicfW2zUG1l26x8BSqu5IV0JSEMm8VAMMgm5UBVmDRSpQ==";
const EXPORT: &str = "eCg5yktMfk6KKKhIXAUtGuaZ9e4mxqkA4qN//f45rSicfW2zUG1l26x8BSqu5IV0JSEMm8VAMMgm5UBVmDRSpepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
/// Seed and public key, made by another program.
const KMS: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwfqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA==";
const TMKMS: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const SHARD: &str = "{\"pubKey\":\"CiDqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA==\",\"privateShard\":\"ERERERERERERERERERERERERERERERERERERERERERE=\",\"id\":1}";

fn read(source: Source, text: &str) -> Result<Key, Refusal> {
    Key::read(source, "the-key", text.as_bytes())
}

fn refused(source: Source, text: &str) -> Refusal {
    read(source, text).map(|key| key.public).expect_err(text)
}

#[test]
fn the_key_file_of_cometbft_is_that_of_four_signers() {
    for source in [Source::CometBft, Source::Tmkms, Source::Kms, Source::Horcrux] {
        let read = read(source, &key_file()).unwrap();
        assert_eq!((read.seed.expose(), read.public), (&[7; 32], public()), "{source}");
        assert_eq!(hex::encode_upper(read.public.address()), ADDRESS);
        assert_eq!(read.warnings, [Warning::WasOutside]);
    }
}

#[test]
fn the_one_file_of_tendermint_0_27_is_its_key_file_and_nobody_elses() {
    let one = Written::default().by(Source::Tendermint027);
    assert_eq!(read(Source::Tendermint027, &one).unwrap().seed.expose(), &[7; 32]);
    assert!(matches!(refused(Source::CometBft, &one), Refusal::OtherShape { .. }));
    assert!(matches!(refused(Source::Tendermint027, &key_file()), Refusal::OtherShape { .. }));
}

#[test]
fn tmkms_has_a_seed_of_32_bytes_and_kms_has_64_with_the_public_key() {
    assert_eq!(read(Source::Tmkms, TMKMS).unwrap().seed.expose(), &[7; 32]);
    let kms = read(Source::Kms, KMS).unwrap();
    assert_eq!((kms.seed.expose(), kms.warnings), (&[7; 32], vec![Warning::WasOutside]));
    for (source, text) in [(Source::Kms, TMKMS), (Source::CometBft, TMKMS), (Source::Horcrux, KMS)] {
        assert!(matches!(refused(source, text), Refusal::NotAKey { .. }), "{source}");
    }
}

#[test]
fn trap_64_bytes_are_a_seed_and_its_public_key_or_they_hold_no_seed() {
    for source in [Source::Tmkms, Source::Kms] {
        assert!(matches!(refused(source, EXPANDED), Refusal::Expanded { .. }), "{source}");
        for at in [0, 31, 32, 63] {
            let mut bytes = seed_and_public();
            bytes[at] ^= 1;
            assert!(matches!(refused(source, &base64(&bytes)), Refusal::Expanded { .. }), "{source} {at}");
        }
    }
    let read = read(Source::Tmkms, KMS).unwrap();
    assert_eq!(read.seed.expose(), &[7; 32]);
    assert!(matches!(read.warnings[..], [Warning::WasOutside, Warning::NotAsTmkmsReads { .. }]));
}

#[test]
fn trap_96_bytes_are_the_export_of_a_yubihsm() {
    for source in [Source::Tmkms, Source::Kms] {
        assert!(matches!(refused(source, EXPORT), Refusal::YubiHsmExport { .. }), "{source}");
    }
}

#[test]
fn another_length_is_no_key() {
    for length in (0..200).filter(|length| ![32, 64, 96].contains(length)) {
        for source in [Source::Tmkms, Source::Kms] {
            let text = base64(&vec![7; length]);
            assert!(matches!(refused(source, &text), Refusal::NotAKey { .. }), "{source} {length}");
        }
    }
}

#[test]
fn trap_a_line_end_is_no_part_of_a_key_and_a_byte_order_mark_is_no_signers() {
    for end in ["\n", "\r\n", "\n\n", " \n"] {
        assert!(read(Source::Tmkms, &format!("{TMKMS}{end}")).is_ok(), "{end:?}");
        assert!(read(Source::Kms, &format!("{KMS}{end}")).is_ok(), "{end:?}");
        assert!(read(Source::CometBft, &format!("{}{end}", key_file())).is_ok(), "{end:?}");
    }
    assert!(read(Source::CometBft, &key_file().replace('\n', "\r\n")).is_ok());
    let folded = format!("{}\r\n{}\n", &KMS[..76], &KMS[76..]);
    assert!(read(Source::Kms, &folded).is_ok(), "kms reads over line ends");
    assert!(matches!(refused(Source::Tmkms, &folded), Refusal::NotAKey { .. }), "and tmkms does not");
    for (source, text) in [(Source::Tmkms, TMKMS.to_owned()), (Source::CometBft, key_file())] {
        let marked = format!("\u{feff}{text}");
        assert!(matches!(refused(source, &marked), Refusal::ByteOrderMark { .. }), "{source}");
    }
}

#[test]
fn trap_keys_of_other_curves_are_refused_by_name() {
    let names = [
        ("tendermint/PrivKeySecp256k1", "secp256k1"),
        ("tendermint/PrivKeySr25519", "Sr25519"),
        ("cometbft/PrivKeyBls12_381", "BLS12-381"),
        ("cometbft/PrivKeyMLDSA65", "ML-DSA"),
        ("BwcHBwcHBwcHBwcH", "unknown"),
    ];
    for (kind, name) in names {
        let text = key_file().replace("tendermint/PrivKeyEd25519", kind);
        let refusal = refused(Source::CometBft, &text);
        assert_eq!(refusal, Refusal::KeyType { file: "the-key".to_owned(), found: name });
    }
}

#[test]
fn trap_a_shard_of_horcrux_is_refused_by_name_under_every_name() {
    let older = SHARD.replace("\"id\":1", "\"rsa_pubs\":[1],\"id\":1");
    for source in Source::ALL {
        assert!(matches!(refused(source, SHARD), Refusal::Shard { .. }), "{source}");
        assert!(matches!(refused(source, &older), Refusal::Shard { .. }), "{source}");
    }
}

#[test]
fn trap_the_parts_of_a_key_file_are_of_one_key() {
    let other = base64(&[9; 32]);
    let cases = [
        ("pub_key", key_file().replace(&base64(public().as_bytes()), &other)),
        ("pub_key", key_file().replace("PubKeyEd25519", "PubKeySecp256k1")),
        ("address", key_file().replace(ADDRESS, &"AB".repeat(20))),
        ("second half of priv_key", key_file().replace(KMS, &base64(&[key().to_bytes(), [9; 32]].concat()))),
    ];
    for (part, text) in cases {
        let expected = Refusal::KeyDisagrees { file: "the-key".to_owned(), part };
        assert_eq!(refused(Source::CometBft, &text), expected);
    }
    assert!(read(Source::CometBft, &key_file().replace(ADDRESS, &ADDRESS.to_lowercase())).is_ok());
}

#[test]
fn a_key_file_with_more_less_or_twice_is_none() {
    let twice = key_file().replacen("{", "{\"address\": \"00\",", 1);
    let more = key_file().replacen("{", "{\"name\": \"x\",", 1);
    let list = key_file().replace(
        "{\n    \"type\": \"tendermint/PubKeyEd25519\",\n    \"value\": ",
        "[\"tendermint/PubKeyEd25519\", ",
    );
    let list = list.replacen("\"\n  },\n  \"priv", "\"],\n  \"priv", 1);
    let without = key_file().replace(&format!("\"address\": \"{ADDRESS}\","), "");
    let nested =
        key_file().replace("\"type\": \"tendermint/PrivKeyEd25519\",", "\"type\": \"a\", \"type\": \"b\",");
    let escaped = key_file().replace("BwcH", "\\u0042wcH");
    for text in [twice, more, list, without, nested, escaped, format!("{}x", key_file()), " ".to_owned()] {
        assert!(matches!(refused(Source::CometBft, &text), Refusal::NotAKey { .. }), "{text}");
    }
    let state = Written::default().by(Source::CometBft);
    let why = "a state of CometBFT or kms";
    let file = "the-key".to_owned();
    assert_eq!(refused(Source::CometBft, &state), Refusal::NotAKey { file, named: Source::CometBft, why });
    let long = format!("{}{}", key_file(), " ".repeat(20_000));
    assert!(matches!(refused(Source::CometBft, &long), Refusal::TooLong { .. }));
}

/// What is behind an escape is unpacked into memory that nobody wipes.
#[test]
fn a_key_file_with_an_escape_is_refused_before_it_is_unpacked() {
    let why = "its JSON has an escape, which no signer writes";
    let escaped = key_file().replace("BwcH", "\\u0042wcH");
    let refused_by = |source| Refusal::NotAKey { file: "the-key".to_owned(), named: source, why };
    assert_eq!(refused(Source::CometBft, &escaped), refused_by(Source::CometBft));
    let one = Written::default().by(Source::Tendermint027).replace("BwcH", "\\u0042wcH");
    let source = Source::Tendermint027;
    assert_eq!(refused(source, &one), refused_by(source));
    let refusal = highwater_moving::State::read(source, "the-key", one.as_bytes()).unwrap_err();
    assert!(refusal.to_string().contains(why), "{refusal}");
}

/// Every way in which a key file can be refused, with the secret in every place.
#[test]
fn no_refusal_and_no_debug_text_holds_a_piece_of_the_secret() {
    let mut secrets = vec![KMS[..12].to_owned(), base64(&[7; 30]), "[7, 7".to_owned(), hex::encode([7; 8])];
    let mut said = String::new();
    for source in Source::ALL {
        let one = Written::default().by(Source::Tendermint027);
        for text in [key_file(), one, TMKMS.to_owned(), KMS.to_owned(), EXPANDED.to_owned(), SHARD.to_owned()]
        {
            for cut in 0..=text.len() {
                let cuts = [text[..cut].to_owned(), format!("{}x{}", &text[..cut], &text[cut..])];
                for text in cuts {
                    if let Err(refusal) = read(source, &text) {
                        write!(said, "{refusal} {refusal:?}").unwrap();
                    }
                    if let Err(refusal) = highwater_moving::State::read(source, "the-key", text.as_bytes()) {
                        write!(said, "{refusal} {refusal:?}").unwrap();
                    }
                }
            }
        }
    }
    write!(said, "{:?}", read(Source::Tmkms, TMKMS).unwrap()).unwrap();
    secrets.extend([&EXPANDED[..12], &SHARD[70..82]].map(str::to_owned));
    for secret in secrets {
        assert!(!said.contains(&secret), "{secret}");
    }
    assert!(said.contains("Seed(hidden)") && said.contains("Expanded"));
}
