use std::fs::{self, File};
use std::thread;

use super::*;

fn temp() -> (tempfile::TempDir, ParamsCache) {
    let dir = tempfile::tempdir().unwrap();
    let cache = ParamsCache::open(dir.path().join("deep/cache")).unwrap();
    (dir, cache)
}

fn body(params: &IpaParams) -> Vec<u8> {
    let mut bytes = Vec::new();
    params.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn parameters_are_made_once_and_read_back() {
    let (_dir, cache) = temp();
    fs::write(cache.dir().join(".ipa-k5-killed"), b"half").unwrap();
    let (made, origin) = cache.ipa_params_with_origin(5).unwrap();
    assert!(matches!(origin, Origin::Created));
    let (read, origin) = cache.ipa_params_with_origin(5).unwrap();
    assert!(matches!(origin, Origin::Loaded));
    assert_eq!(body(&made), body(&read));
    assert_eq!(body(&made), body(&IpaParams::new(5)));
    assert_eq!(cache.ipa_params(5).unwrap().k(), 5);
    let names: Vec<_> = fs::read_dir(cache.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "no temporary file stays: {names:?}");
}

#[test]
fn damaged_files_are_replaced() {
    let (_dir, cache) = temp();
    cache.ipa_params(4).unwrap();
    let path = cache.file(4);
    let good = fs::read(&path).unwrap();
    let edit = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let other = {
        cache.ipa_params(5).unwrap();
        fs::read(cache.file(5)).unwrap()
    };
    // The right checksum over other generators: another seed's file.
    let forged = {
        let mut bytes = good.clone();
        bytes[84..116].copy_from_slice(&good[116..148]);
        let digest = <blake2::Blake2b512 as blake2::Digest>::digest(&bytes[80..]);
        bytes[16..80].copy_from_slice(&digest);
        bytes
    };
    let longer = [good.as_slice(), &[0]].concat();
    let cases = [
        (Vec::new(), Damage::Magic),
        (edit(0), Damage::Magic),
        (edit(8), Damage::Version(0)),
        (other, Damage::Size(5)),
        (good[..good.len() - 1].to_vec(), Damage::Length),
        (good[..10].to_vec(), Damage::Length),
        (longer, Damage::Length),
        (edit(20), Damage::Checksum),
        (edit(500), Damage::Checksum),
        (edit(good.len() - 1), Damage::Checksum),
        (forged, Damage::Generators),
    ];
    for (bytes, expected) in cases {
        fs::write(&path, &bytes).unwrap();
        let (params, origin) = cache.ipa_params_with_origin(4).unwrap();
        assert!(matches!(origin, Origin::Rebuilt(damage) if damage == expected), "{origin:?}");
        assert_eq!(params.k(), 4);
        assert_eq!(fs::read(&path).unwrap(), good);
    }
}

#[test]
fn many_at_once_make_the_file_once() {
    let (_dir, cache) = temp();
    let origins: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| cache.ipa_params_with_origin(6).unwrap().1)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let created = origins.iter().filter(|origin| matches!(origin, Origin::Created)).count();
    let loaded = origins.iter().filter(|origin| matches!(origin, Origin::Loaded)).count();
    assert_eq!((created, loaded), (1, 7));
}

/// Runs in the processes that [`processes_share_the_cache`] starts.
#[test]
#[ignore = "started by another test"]
fn child_process_uses_the_cache() {
    let cache = ParamsCache::open_default().unwrap();
    let (params, origin) = cache.ipa_params_with_origin(6).unwrap();
    assert_eq!(params.k(), 6);
    println!("origin: {origin:?}");
}

#[test]
fn processes_share_the_cache() {
    let (_dir, cache) = temp();
    let start = || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("cache::tests::child_process_uses_the_cache")
            .env(CACHE_DIR_ENV, cache.dir())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    let outputs: Vec<_> = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    let created = outputs.iter().filter(|text| text.contains("origin: Created")).count();
    let loaded = outputs.iter().filter(|text| text.contains("origin: Loaded")).count();
    assert_eq!((created, loaded), (1, 3));
}

#[test]
fn sizes_are_bounded() {
    let (_dir, cache) = temp();
    for k in [0, 25, 32, u32::MAX] {
        assert!(matches!(cache.ipa_params(k), Err(CacheError::UnsupportedSize { .. })));
        assert!(cache.ipa_params_or_compute(k).is_err());
        assert!(compute_ipa_params(k).is_err());
    }
}

#[test]
fn a_cache_that_does_not_work_costs_only_time() {
    let (_dir, cache) = temp();
    // A directory where the file should be: fails for root too.
    fs::create_dir(cache.file(4)).unwrap();
    let error = cache.ipa_params(4).map(|_| ()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("ipa-k4-v1.bin") && message.contains(CACHE_DIR_ENV), "{message}");
    let (params, origin) = cache.ipa_params_or_compute(4).unwrap();
    assert_eq!(params.k(), 4);
    assert!(
        matches!(origin, Origin::Uncached(CacheError::Storage(StorageError::Io { .. }))),
        "{origin:?}"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(ParamsCache::open(file.path().join("x")).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn read_only_directories_cost_only_time() {
    // Nobody may write in /proc, root included.
    let cache = ParamsCache::open("/proc/self").unwrap();
    assert!(cache.ipa_params(4).is_err());
    let (_, origin) = cache.ipa_params_or_compute(4).unwrap();
    assert!(matches!(origin, Origin::Uncached(_)));
}

#[cfg(unix)]
#[test]
fn unwritable_directories_are_refused() {
    use std::os::unix::fs::PermissionsExt;

    let (_dir, cache) = temp();
    fs::set_permissions(cache.dir(), fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere: there is nothing to test then.
    if File::create(cache.dir().join("probe")).is_err() {
        let error = cache.ipa_params(4).map(|_| ()).unwrap_err();
        assert!(matches!(error, CacheError::Storage(StorageError::NotWritable { .. })), "{error}");
    }
    fs::set_permissions(cache.dir(), fs::Permissions::from_mode(0o700)).unwrap();
}
