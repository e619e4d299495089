// Public parameters, kept in IndexedDB: they are the same for everyone, and the
// wasm checks what it takes back. Where there is no database they are made anew.

const NAME = "zk-margin";
const TABLE = "parameters";

const ended = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export async function openStore() {
  try {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    const database = await ended(request);
    const table = (mode) => database.transaction(TABLE, mode).objectStore(TABLE);
    return {
      get: (k) => ended(table("readonly").get(`ipa-${k}`)).catch(() => undefined),
      put: (k, bytes) => ended(table("readwrite").put(bytes, `ipa-${k}`)).catch(() => undefined),
    };
  } catch {
    return undefined;
  }
}
