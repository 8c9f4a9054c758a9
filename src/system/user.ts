import { userInfo } from "node:os";

/** Name of the user who runs this; `uid N` where the machine knows no name for it, as in a container. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
