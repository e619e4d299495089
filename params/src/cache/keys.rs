//! Keys of the on-chain proof system.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `zkmgnkey` |
//! | 8..12 | format version, little-endian |
//! | 12..44 | digest of all that the key depends on |
//! | 44..108 | BLAKE2b-512 of the body |
//! | 108.. | the body, as the proving library writes it |

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use blake2::{Blake2b512, Digest};

use super::{CacheError, Damage, Origin, ParamsCache};

/// Version of a key file's layout; also in the file's name.
pub const KEY_FORMAT_VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"zkmgnkey";
const HEADER: usize = 108;

impl ParamsCache {
    /// The file that holds the key of a name (`proving`, `verifying`) with a
    /// digest.
    pub fn key_file(&self, name: &str, id: &[u8; 32]) -> PathBuf {
        self.dir().join(format!("kzg-{name}-{}-v{KEY_FORMAT_VERSION}.key", hex::encode(&id[..16])))
    }

    /// A key that is found by the digest of all it depends on, read from the
    /// cache or made and stored. A cache that does not work costs only the
    /// time: [`Origin::Uncached`] then says why.
    ///
    /// Safe to call from many threads and processes at once: one makes the
    /// file, the others wait and read it. A damaged file is replaced.
    ///
    /// # Errors
    /// Only those of `make`.
    pub fn key_or_make<K, E>(
        &self,
        name: &str,
        id: &[u8; 32],
        read: impl Fn(&[u8]) -> Option<K>,
        make: impl FnOnce() -> Result<K, E>,
        bytes: impl FnOnce(&K) -> Vec<u8>,
    ) -> Result<(K, Origin), E> {
        let path = self.key_file(name, id);
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let attempt = || -> Result<_, CacheError> {
            if let Ok(key) = self.load_key(&path, id, &read)? {
                return Ok(Ok(key));
            }
            let lock = self.dir.lock(&file)?;
            Ok(self.load_key(&path, id, &read)?.map_err(|damage| (lock, damage)))
        };
        let (_lock, damage) = match attempt() {
            Ok(Ok(key)) => return Ok((key, Origin::Loaded)),
            Ok(Err(place)) => place,
            Err(error) => return Ok((make()?, Origin::Uncached(error))),
        };
        let key = make()?;
        let body = bytes(&key);
        let written = self.dir.write(&path, &format!(".{file}-"), |file| {
            file.write_all(MAGIC)?;
            file.write_all(&KEY_FORMAT_VERSION.to_le_bytes())?;
            file.write_all(id)?;
            file.write_all(&Blake2b512::digest(&body))?;
            file.write_all(&body)
        });
        let origin = match (written, damage) {
            (Err(error), _) => Origin::Uncached(error.into()),
            (Ok(()), Damage::Missing) => Origin::Created,
            (Ok(()), damage) => Origin::Rebuilt(damage),
        };
        Ok((key, origin))
    }

    /// Reads a file; the inner error says why it is not usable.
    fn load_key<K>(
        &self,
        path: &Path,
        id: &[u8; 32],
        read: impl Fn(&[u8]) -> Option<K>,
    ) -> Result<Result<K, Damage>, CacheError> {
        let Some(mut file) = self.dir.read(path)? else { return Ok(Err(Damage::Missing)) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.dir.failed("read", path, error))?;
        Ok(body(&bytes, id).and_then(|body| read(body).ok_or(Damage::Encoding)))
    }
}

/// The body of a file with the right header.
fn body<'a>(file: &'a [u8], id: &[u8; 32]) -> Result<&'a [u8], Damage> {
    if file.get(..8) != Some(MAGIC.as_slice()) {
        return Err(Damage::Magic);
    }
    let version = file.get(8..12).and_then(|bytes| bytes.try_into().ok());
    match version.map(u32::from_le_bytes) {
        None => return Err(Damage::Length),
        Some(KEY_FORMAT_VERSION) => {}
        Some(version) => return Err(Damage::Version(version)),
    }
    let (header, body) = file.split_at_checked(HEADER).ok_or(Damage::Length)?;
    if header[12..44] != id[..] {
        return Err(Damage::OtherKey);
    }
    if header[44..] != Blake2b512::digest(body)[..] {
        return Err(Damage::Checksum);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::{fs, thread};

    use super::*;

    const ID: [u8; 32] = [7; 32];
    const BODY: &[u8] = b"the body of a key";

    fn key(cache: &ParamsCache) -> Origin {
        let read = |bytes: &[u8]| (bytes == BODY).then_some(());
        let make = || Ok::<_, Infallible>(());
        cache.key_or_make("test", &ID, read, make, |()| BODY.to_vec()).unwrap().1
    }

    #[test]
    fn keys_are_made_once_and_damaged_files_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let cache = ParamsCache::open(dir.path()).unwrap();
        let origins: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(|| key(&cache))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let created = origins.iter().filter(|origin| matches!(origin, Origin::Created)).count();
        let loaded = origins.iter().filter(|origin| matches!(origin, Origin::Loaded)).count();
        assert_eq!((created, loaded), (1, 7));

        let path = cache.key_file("test", &ID);
        let good = fs::read(&path).unwrap();
        let edit = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            bytes
        };
        // The right checksum over another body.
        let other = {
            let mut bytes = edit(HEADER);
            let digest = Blake2b512::digest(&bytes[HEADER..]);
            bytes[44..HEADER].copy_from_slice(&digest);
            bytes
        };
        let cases = [
            (Vec::new(), Damage::Magic),
            (edit(0), Damage::Magic),
            (edit(8), Damage::Version(0)),
            (good[..10].to_vec(), Damage::Length),
            (good[..HEADER - 1].to_vec(), Damage::Length),
            (edit(12), Damage::OtherKey),
            (edit(50), Damage::Checksum),
            (edit(HEADER + 3), Damage::Checksum),
            (good[..good.len() - 1].to_vec(), Damage::Checksum),
            ([good.as_slice(), &[0]].concat(), Damage::Checksum),
            (other, Damage::Encoding),
        ];
        for (bytes, expected) in cases {
            fs::write(&path, &bytes).unwrap();
            let origin = key(&cache);
            assert!(matches!(origin, Origin::Rebuilt(damage) if damage == expected), "{origin:?}");
            assert_eq!(fs::read(&path).unwrap(), good);
        }
        assert!(matches!(key(&cache), Origin::Loaded));
    }

    #[test]
    fn a_cache_that_does_not_work_costs_only_time() {
        let dir = tempfile::tempdir().unwrap();
        let cache = ParamsCache::open(dir.path()).unwrap();
        fs::create_dir(cache.key_file("test", &ID)).unwrap();
        assert!(matches!(key(&cache), Origin::Uncached(_)));
    }
}
