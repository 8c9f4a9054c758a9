import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { Config } from "../config.js";
import { createStore } from "../store/store.js";
import { systemClock } from "../system/clock.js";
import { createLog, type Log } from "../system/log.js";
import { folderOwner } from "./folder-owner.js";

type Store = ReturnType<typeof createStore>;

/** The store of a configuration, open, beside a running appliance too; the caller closes it. */
export async function openStoreOf(config: Config, log: Log = createLog("error", "store")): Promise<Store> {
  const folder = resolve(config.dataFolder);
  const store = createStore({ config: config.store, folder, clock: systemClock, log });
  const give = folderOwner(folder);
  if (!isAbsolute(config.dataFolder) && !existsSync(folder))
    console.error(
      `${folder}: nothing was kept here yet, so it is begun anew. A gate that runs elsewhere does not see it: dataFolder ` +
        `(${config.dataFolder}) counts from where a command is called; write its whole path into the configuration.`,
    );
  try {
    await store.start();
  } finally {
    give();
  }
  return {
    ...store,
    async close() {
      await store.close();
      give();
    },
  };
}

/** The same for one task; closed whatever becomes of it. */
export async function withStore<T>(
  config: Config,
  task: (store: Store) => Promise<T>,
  log?: Log,
): Promise<T> {
  const store = await openStoreOf(config, log);
  try {
    return await task(store);
  } finally {
    await store.close();
  }
}
