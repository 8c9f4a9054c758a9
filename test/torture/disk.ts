import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

/** A disk whose power can be cut: afterwards only what had been brought onto it is there. */
export interface Disk {
  folder: string;
  what: string;
  /** The processes on it are dead; everything that was not synced goes. */
  cut(): void;
  close(): void;
}

/**
 * An ext4 file system in an image on a loop device. A copy of the image holds what the kernel had written to the device
 * and nothing of what still was in its page cache: mounting the copy is what happens after the power comes back.
 */
export function emulatedDisk(base: string): Disk | null {
  const folder = join(base, "card");
  let number = 0;
  const image = () => join(base, `card-${number}.img`);
  try {
    mkdirSync(folder, { recursive: true });
    execFileSync("truncate", ["-s", "96M", image()]);
    execFileSync("mkfs.ext4", ["-q", "-m", "0", image()], { stdio: "ignore" });
    execFileSync("mount", ["-o", "loop", image(), folder], { stdio: "ignore" });
  } catch {
    return null;
  }
  return {
    folder,
    what: "an emulated ext4 disk",
    cut() {
      const before = image();
      number++;
      // Twice the same: nothing was written to the device while it was copied.
      do copyFileSync(before, image());
      while (!readFileSync(before).equals(readFileSync(image())));
      execFileSync("umount", [folder]);
      rmSync(before);
      execFileSync("mount", ["-o", "loop", image(), folder]);
    },
    close() {
      execFileSync("umount", ["-l", folder]);
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** An ordinary folder: after the cut the tails of files that were being written are cut off at random. */
export function tornFolder(
  base: string,
  random: () => number,
  synced: () => ReadonlyMap<string, number>,
): Disk {
  const folder = join(base, "folder");
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    what: "a folder with torn tails",
    cut() {
      const open = readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith(".open"));
      for (const name of open) {
        const path = join(folder, name.slice(0, -".open".length));
        const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
        const least = Math.min(size, synced().get(path) ?? 0);
        if (size > least) truncateSync(path, least + Math.floor(random() * (size - least)));
      }
    },
    close() {
      rmSync(base, { recursive: true, force: true });
    },
  };
}
