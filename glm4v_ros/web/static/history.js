// What was asked, kept in this browser (IndexedDB) with its pictures; nowhere else.

const MOST = 100;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("glm4v", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("turns", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function transaction(mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const turns = database.transaction("turns", mode).objectStore("turns");
      const request = work(turns);
      turns.transaction.oncomplete = () => resolve(request?.result);
      turns.transaction.onerror = turns.transaction.onabort = () => reject(turns.transaction.error);
    });
  } finally {
    database.close();
  }
}

// Newest first.
export const load = async () => (await transaction("readonly", (turns) => turns.getAll())).reverse();

export async function keep(turn) {
  await transaction("readwrite", (turns) => turns.put(turn));
  const all = await transaction("readonly", (turns) => turns.getAllKeys());
  if (all.length > MOST) await transaction("readwrite", (turns) => turns.delete(IDBKeyRange.upperBound(all[all.length - MOST - 1])));
}

export const clear = () => transaction("readwrite", (turns) => turns.clear());

const dataUrl = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

// A file with everything, pictures as data URLs.
export async function exported(turns) {
  const entries = [];
  for (const turn of turns) {
    const pictures = [];
    for (const { blob, ...picture } of turn.pictures) pictures.push({ ...picture, data: blob ? await dataUrl(blob) : null });
    entries.push({ ...turn, pictures });
  }
  return new Blob([JSON.stringify({ format: "glm4v history 1", turns: entries }, null, 1)], { type: "application/json" });
}
