import { fileURLToPath } from "node:url";

/** The folder of the models: the configured one, or the one that came with the program when that is empty. */
export function modelsFolder(configured = ""): string {
  return configured === "" ? fileURLToPath(new URL("../../../models/", import.meta.url)) : configured;
}
