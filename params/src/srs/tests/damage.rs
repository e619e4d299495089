use super::*;

/// The bytes that an import of size `2^k` uses, of a file with the sections of
/// snarkjs: everything but the unused points and the other sections' content.
fn used(file: &[u8], k: u32) -> Vec<bool> {
    let mut used = vec![true; 12];
    for (id, content) in Parts::of(file).sections {
        used.extend([true; 12]);
        let needed = match id {
            1 => 0..content.len(),
            2 => 0..64 << k,
            3 => 0..2 * 128,
            12 => ((64 << k) - 64)..((128 << k) - 64),
            _ => 0..0,
        };
        used.extend((0..content.len()).map(|at| needed.contains(&at)));
    }
    used
}

#[test]
fn a_flipped_bit_is_found_or_was_not_used() {
    for (file, k, step) in [(POT5, 3, 17), (POT5_FINAL, 3, 41)] {
        let good = read(file, k).unwrap();
        let used = used(file, k);
        let mut refused = 0;
        let sampled = (0..200).chain((200..file.len()).step_by(step));
        for (index, at) in sampled.enumerate() {
            let mut bytes = file.to_vec();
            bytes[at] ^= 1 << (index % 8);
            match read(&bytes, k) {
                // The ceremony's power is the one header field nothing follows from.
                Ok(srs) => {
                    assert!(!used[at] || (64..68).contains(&at) || is_type_of_unused(file, at));
                    assert_eq!(bare(&srs), bare(&good), "byte {at}");
                    assert_ne!(srs.info(), good.info(), "the digest tells them apart");
                }
                Err(error) => {
                    assert!(used[at] || is_type_of_unused(file, at), "byte {at}: {error}");
                    assert!(matches!(
                        error,
                        SrsError::Malformed(_)
                            | SrsError::Invalid(_)
                            | SrsError::TooFewPowers { .. }
                    ));
                    refused += 1;
                }
            }
        }
        assert!(refused > 100, "{refused}");
    }
}

/// Whether a byte is of the type of a section that is skipped: of any other
/// type it would be skipped, too, or found not to be that.
fn is_type_of_unused(file: &[u8], at: usize) -> bool {
    let mut start = 12;
    Parts::of(file).sections.iter().any(|(id, content)| {
        let found = *id > 3 && (start..start + 4).contains(&at);
        start += 12 + content.len();
        found
    })
}

#[test]
fn a_flipped_bit_of_a_bare_srs_is_found() {
    let file = bare(&read(POT5, 3).unwrap());
    for at in 0..file.len() {
        let mut bytes = file.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(
            matches!(
                read(&bytes, 3),
                Err(SrsError::Malformed(_) | SrsError::Invalid(_) | SrsError::TooFewPowers { .. })
            ),
            "byte {at}"
        );
    }
}

#[test]
fn a_cut_file_is_truncated_wherever_it_is_cut() {
    let mut borders = vec![0, 4, 8, 12];
    let mut at = 12;
    for (_, content) in Parts::of(POT5_FINAL).sections {
        borders.extend([at + 4, at + 12, at + 12 + content.len() / 2]);
        at += 12 + content.len();
        borders.push(at);
    }
    assert_eq!(at, POT5_FINAL.len());
    for border in borders {
        for cut in [border.saturating_sub(1), border, border + 1] {
            if cut < POT5_FINAL.len() {
                let found = malformed(&POT5_FINAL[..cut], 5);
                assert!(matches!(found, Malformed::Truncated { .. }), "{cut}: {found}");
            }
        }
    }
    let file = bare(&read(POT5, 2).unwrap());
    for cut in 0..file.len() {
        assert!(matches!(malformed(&file[..cut], 2), Malformed::Truncated { .. }));
    }
}

#[test]
fn nothing_may_follow() {
    let longer = |file: &[u8]| [file, &[0]].concat();
    assert_eq!(malformed(&longer(POT5), 5), Malformed::Trailing { at: POT5.len() as u64 });
    let file = bare(&read(POT5, 2).unwrap());
    assert_eq!(malformed(&longer(&file), 2), Malformed::Trailing { at: file.len() as u64 });
}

#[test]
fn swapped_sections_are_found() {
    // The types alone: each has the other's length.
    let mut parts = Parts::of(POT5);
    parts.sections[1].0 = 3;
    parts.sections[2].0 = 2;
    assert_eq!(
        malformed(&parts.file(), 5),
        Malformed::SectionLength { section: Section::TauG2, expected: 4096, found: 4032 }
    );
    // G1 powers times alpha in the place of the powers, cut to fit.
    let mut parts = Parts::of(POT5);
    let alpha = parts.section(4).clone();
    parts.section(2)[..alpha.len()].copy_from_slice(&alpha);
    assert_eq!(invalid(&parts.file(), 5), Invalid::NotGenerator(Element::G1(0)));
    // G2 points read as G1 points.
    let mut parts = Parts::of(POT5);
    let g2 = parts.section(3).clone();
    let length = parts.section(2).len();
    *parts.section(2) = g2[..length].to_vec();
    assert!(matches!(invalid(&parts.file(), 5), Invalid::NotOnCurve(Element::G1(0))));
    // The header not first.
    let mut parts = Parts::of(POT5);
    parts.sections.swap(0, 1);
    assert_eq!(malformed(&parts.file(), 5), Malformed::HeaderNotFirst(2));
}

#[test]
fn sections_are_there_once() {
    for (id, section) in [(1, Section::Header), (2, Section::TauG1), (3, Section::TauG2)] {
        let mut twice = Parts::of(POT5);
        let copy = (id, twice.section(id).clone());
        twice.sections.push(copy);
        assert_eq!(malformed(&twice.file(), 5), Malformed::Duplicate(section));
        if id != 1 {
            let mut without = Parts::of(POT5);
            without.sections.retain(|(found, _)| *found != id);
            assert_eq!(malformed(&without.file(), 5), Malformed::Missing(section));
        }
    }
    let empty = Parts { version: 1, sections: Vec::new() };
    assert_eq!(malformed(&empty.file(), 5), Malformed::Missing(Section::Header));
}

#[test]
fn absurd_lengths_are_refused_and_allocate_nothing() {
    for (at, section, expected) in [
        (16, Section::Header, 44),
        (72, Section::TauG1, 4032),
        (72 + 8 + 4032 + 4, Section::TauG2, 4096),
    ] {
        for found in [0, 1, expected - 1, expected + 64, u64::MAX] {
            let mut file = POT5.to_vec();
            file[at..at + 8].copy_from_slice(&found.to_le_bytes());
            assert_eq!(malformed(&file, 5), Malformed::SectionLength { section, expected, found });
        }
    }
    // A section that is skipped ends with the file.
    let mut parts = Parts::of(POT5);
    parts.sections.truncate(3);
    let mut file = parts.file();
    file[8] = 4;
    file.extend(9u32.to_le_bytes());
    file.extend(u64::MAX.to_le_bytes());
    assert!(matches!(malformed(&file, 5), Malformed::Truncated { .. }));
    // The largest file that can be claimed, of which nothing is there.
    let mut parts = Parts::of(POT5);
    parts.section(1)[36..44].copy_from_slice(&[28, 0, 0, 0, 28, 0, 0, 0]);
    let mut file = parts.file();
    file[72..80].copy_from_slice(&((64u64 << 29) - 64).to_le_bytes());
    assert!(matches!(malformed(&file, 24), Malformed::Truncated { .. }));
    let bare_claim = [24u8, 0, 0, 0, 1];
    assert!(matches!(malformed(&bare_claim, 24), Malformed::Truncated { .. }));
}

#[test]
fn other_formats_versions_and_curves_are_refused() {
    assert_eq!(malformed(b"zkey\x01\0\0\0", 5), Malformed::Magic);
    assert_eq!(malformed(&[0; 100], 5), Malformed::Magic);
    for version in [0, 2, u32::MAX] {
        let parts = Parts { version, ..Parts::of(POT5) };
        assert_eq!(malformed(&parts.file(), 5), Malformed::Version(version));
    }
    let mut file = POT5.to_vec();
    file[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(malformed(&file, 5), Malformed::SectionCount(u32::MAX));
    // Real, of BLS12-381; and one of BN254's scalar field.
    assert_eq!(malformed(BLS12381, 3), Malformed::FieldWidth(48));
    let mut parts = Parts::of(POT5);
    let modulus = (-Fr::ONE).to_raw_bytes();
    parts.section(1)[4..36].copy_from_slice(&modulus);
    assert_eq!(malformed(&parts.file(), 5), Malformed::Curve);
}

#[test]
fn powers_are_plausible_and_enough() {
    for (power, ceremony) in [(0, 5), (29, 29), (5, 4), (5, 29), (u32::MAX, u32::MAX)] {
        let mut parts = Parts::of(POT5);
        parts.section(1)[36..40].copy_from_slice(&power.to_le_bytes());
        parts.section(1)[40..44].copy_from_slice(&ceremony.to_le_bytes());
        assert_eq!(malformed(&parts.file(), 5), Malformed::Power { power, ceremony });
    }
    assert!(matches!(read(POT5, 6), Err(SrsError::TooFewPowers { k: 6, power: 5 })));
    let file = bare(&read(POT5, 5).unwrap());
    assert!(matches!(read(&file, 6), Err(SrsError::TooFewPowers { k: 6, power: 5 })));
    for k in [0, 25, u32::MAX] {
        assert!(matches!(read(POT5, k), Err(SrsError::UnsupportedSize { .. })));
    }
}

#[test]
fn a_failing_disk_is_no_damage() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
    for length in [0, 12, 100, 5000] {
        let result = import(POT5[..length].chain(Failing), 5, "");
        assert!(matches!(result, Err(SrsError::Io(_))));
    }
}
