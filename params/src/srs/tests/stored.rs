use std::fs;

use super::*;
use crate::srs::store::{Replace, SrsDamage, StoreError};

fn temp() -> (tempfile::TempDir, SrsStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SrsStore::open(dir.path().join("deep/srs")).unwrap();
    (dir, store)
}

/// Another ceremony's SRS.
fn other(k: u32) -> Srs {
    read(&Parts::forged(Fr::from(987_654_321), k).file(), k).unwrap()
}

#[test]
fn what_is_stored_is_loaded() {
    let (_dir, store) = temp();
    let srs = read(POT5, 4).unwrap();
    fs::write(store.dir().join(".srs-killed"), b"half").unwrap();
    let path = store.put(&srs, Replace::Refuse).unwrap();
    assert_eq!(path, store.file(4));
    let loaded = store.load(4).unwrap();
    assert_eq!(loaded.info(), srs.info());
    assert_eq!(bare(&loaded), bare(&srs));
    loaded.verify().unwrap();
    // A larger one does for a smaller size.
    assert_eq!(bare(&store.load(2).unwrap()), bare(&read(POT5, 2).unwrap()));
    assert_eq!(store.load(2).unwrap().k(), 2);
    let error = store.load(5).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { k: 5, .. }));
    assert!(error.to_string().starts_with("there is no SRS of size 2^5 or larger in "));
    let names: Vec<_> = fs::read_dir(store.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "the file and the lock: {names:?}");
}

#[test]
fn an_insecure_srs_is_never_found_as_a_secure_one() {
    let (_dir, store) = temp();
    let srs = dev(4, 9).unwrap();
    let path = store.put(&srs, Replace::Refuse).unwrap();
    assert!(path.to_string_lossy().contains("insecure-dev"));
    assert!(matches!(store.load(4), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.load(3), Err(StoreError::NotFound { .. })));
    let loaded = store.load_dev(4).unwrap();
    assert_eq!(loaded.info(), srs.info());
    assert!(matches!(loaded.params(DevSrs::Refuse), Err(SrsError::InsecureDev)));
    assert!(store.load_dev(3).unwrap().mark().insecure);
    // Nor when the file is moved to the secure one's place, or back.
    fs::rename(&path, store.file(4)).unwrap();
    let damage = |result: Result<Srs, StoreError>| match result {
        Err(StoreError::Damaged { damage, .. }) => damage,
        other => panic!("{other:?}"),
    };
    assert_eq!(damage(store.load(4)), SrsDamage::Kind);
    fs::remove_file(store.file(4)).unwrap();
    store.put(&read(POT5, 4).unwrap(), Replace::Refuse).unwrap();
    fs::rename(store.file(4), store.dev_file(4)).unwrap();
    assert_eq!(damage(store.load_dev(4)), SrsDamage::Kind);
}

#[test]
fn another_srs_is_replaced_only_when_told_to() {
    let (_dir, store) = temp();
    let (first, second) = (read(POT5, 3).unwrap(), other(3));
    store.put(&first, Replace::Refuse).unwrap();
    store.put(&first, Replace::Refuse).unwrap();
    let error = store.put(&second, Replace::Refuse).unwrap_err();
    assert!(matches!(error, StoreError::Occupied { .. }), "{error}");
    assert_eq!(store.load(3).unwrap().info(), first.info());
    // The same secret from another file: no key is lost.
    let prepared = read(POT5_FINAL, 3).unwrap();
    store.put(&prepared, Replace::Refuse).unwrap();
    assert_eq!(store.load(3).unwrap().info(), prepared.info());
    store.put(&second, Replace::Replace).unwrap();
    assert_eq!(store.load(3).unwrap().info(), second.info());
}

#[test]
fn damage_is_found_and_mended_by_storing_again() {
    let (_dir, store) = temp();
    let srs = read(POT5, 3).unwrap();
    let path = store.put(&srs, Replace::Refuse).unwrap();
    let good = fs::read(&path).unwrap();
    let body = good.len() - (4 + 2 * 8 * 64 + 2 * 128);
    let edit = |at: usize, with: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= with;
        bytes
    };
    // With the right checksum.
    let forged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        let digest = <blake2::Blake2b512 as blake2::Digest>::digest(&bytes[80..]);
        bytes[16..80].copy_from_slice(&digest);
        bytes
    };
    let replace = |bytes: &mut Vec<u8>, from: &str, to: &str| {
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        bytes.splice(at..at + from.len(), to.bytes());
    };
    let small = {
        store.put(&read(POT5, 2).unwrap(), Replace::Refuse).unwrap();
        fs::read(store.file(2)).unwrap()
    };
    let cases = [
        (Vec::new(), SrsDamage::Length),
        (edit(0, 1), SrsDamage::Magic),
        (edit(8, 1), SrsDamage::Version(0)),
        (small, SrsDamage::Size(2)),
        (edit(body, 1), SrsDamage::Size(2)),
        (good[..good.len() - 1].to_vec(), SrsDamage::Length),
        (good[..10].to_vec(), SrsDamage::Length),
        ([good.as_slice(), &[0]].concat(), SrsDamage::Length),
        (edit(20, 1), SrsDamage::Checksum),
        (edit(90, 1), SrsDamage::Checksum),
        (edit(83, 1), SrsDamage::Metadata),
        (edit(body + 100, 1), SrsDamage::Points),
        (edit(good.len() - 1, 1), SrsDamage::Points),
        (
            forged(&|bytes| bytes[body + 4..][..64].copy_from_slice(&good[body + 68..][..64])),
            SrsDamage::NotAnSrs,
        ),
        (
            forged(&|bytes| bytes[body + 68..][..64].copy_from_slice(&good[body + 4..][..64])),
            SrsDamage::NotAnSrs,
        ),
        (forged(&|bytes| replace(bytes, "imported", "ceremony")), SrsDamage::Metadata),
        (forged(&|bytes| replace(bytes, "\"kind\"", "\"sort\"")), SrsDamage::Metadata),
    ];
    for (index, (bytes, expected)) in cases.into_iter().enumerate() {
        fs::write(&path, &bytes).unwrap();
        match store.load(3) {
            Err(StoreError::Damaged { damage, .. }) => assert_eq!(damage, expected, "{index}"),
            other => panic!("{index}: {other:?}"),
        }
        let listed = store.list().unwrap();
        assert!(listed.iter().any(|file| file.content == Err(expected)));
        store.put(&srs, Replace::Refuse).unwrap();
        assert_eq!(fs::read(&path).unwrap(), good);
    }
}

#[test]
fn the_list_says_what_is_there() {
    let (_dir, store) = temp();
    assert!(store.list().unwrap().is_empty());
    let srs = [read(POT5, 2).unwrap(), read(POT5, 5).unwrap(), dev(3, 0).unwrap()];
    for srs in &srs {
        store.put(srs, Replace::Refuse).unwrap();
    }
    let listed = store.list().unwrap();
    let infos: Vec<_> = listed.iter().map(|file| file.content.as_ref().unwrap()).collect();
    assert_eq!(infos, srs.iter().map(Srs::info).collect::<Vec<_>>());
    assert_eq!(listed[2].path, store.dev_file(3));
}

#[test]
fn many_at_once_store_whole_files() {
    let (_dir, store) = temp();
    let (first, second) = (read(POT5, 4).unwrap(), other(4));
    let ids = [first.info().id(), second.info().id()];
    std::thread::scope(|scope| {
        for srs in [&first, &second, &first, &second] {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..5 {
                    store.put(srs, Replace::Replace).unwrap();
                    let found = store.load(4).unwrap();
                    assert!(ids.contains(&found.info().id()));
                }
            });
        }
    });
    let found = store.load(4).unwrap();
    assert!(found.info() == first.info() || found.info() == second.info());
}

#[test]
fn sizes_and_directories_are_checked() {
    let (_dir, store) = temp();
    for k in [0, 25, u32::MAX] {
        assert!(matches!(store.load(k), Err(StoreError::UnsupportedSize { .. })));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(SrsStore::open(file.path().join("x")).is_err());
    // A directory where the file should be: fails for root too.
    fs::create_dir(store.file(4)).unwrap();
    let error = store.load(4).unwrap_err();
    assert!(
        matches!(error, StoreError::Storage(crate::storage::StorageError::Io { .. })),
        "{error}"
    );
    assert!(error.to_string().contains(store::SRS_DIR_ENV));
}

/// Bytes from anywhere are what an import would take, whatever a stored file says of
/// itself.
#[test]
fn bytes_are_checked_whatever_they_say() {
    let srs = read(POT5, 4).unwrap();
    let stored = |srs: &Srs| {
        let (_dir, store) = temp();
        fs::read(store.put(srs, Replace::Refuse).unwrap()).unwrap()
    };
    let good = stored(&srs);
    for bytes in [POT5, &bare(&srs), &good] {
        assert_eq!(bare(&from_bytes(bytes, 4, "x").unwrap()), bare(&srs));
    }
    assert_eq!(from_bytes(&good, 4, "x").unwrap().mark(), srs.mark());
    let damage = |bytes: &[u8], k| match from_bytes(bytes, k, "x").unwrap_err() {
        SrsError::Stored(damage) => damage,
        other => panic!("{other}"),
    };
    assert_eq!(damage(&good, 3), SrsDamage::Size(4));
    assert_eq!(damage(&good[..good.len() - 1], 4), SrsDamage::Length);
    let mut flipped = good.clone();
    flipped[90] ^= 1;
    assert_eq!(damage(&flipped, 4), SrsDamage::Checksum);

    // The right checksum over powers of two secrets: a store would not notice.
    let mut g = srs.params.get_g().to_vec();
    g.swap(2, 3);
    let lagrange = lagrange::basis(srs.params.get_g(), 4);
    let mixed = params(4, g, lagrange, [srs.params.g2(), srs.params.s_g2()]).unwrap();
    let mixed = stored(&Srs { params: mixed, info: srs.info().clone() });
    assert!(matches!(from_bytes(&mixed, 4, "x"), Err(SrsError::Invalid(_))));

    // And over those of a secret that everybody knows, as if they came from elsewhere.
    let known = dev(4, 9).unwrap();
    assert!(from_bytes(&stored(&known), 4, "x").unwrap().mark().insecure);
    let source = srs.info().source().clone();
    let info = SrsInfo::new(4, SrsKind::Imported, source, &known.params.s_g2());
    let disguised = stored(&Srs { params: known.params.clone(), info });
    assert_eq!(damage(&disguised, 4), SrsDamage::Kind);
}
