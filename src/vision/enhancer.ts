import type { Picture } from "../system/picture.js";
import { ModelError, type ModelSession } from "./session.js";

/** Guesses back what blur, darkness and few pixels took from a plate. */
export interface Enhancer {
  /** The crops enhanced, in their order; they have the size that the reader takes. */
  enhance(crops: readonly Picture[]): Promise<Picture[]>;
}

export function createEnhancer(session: ModelSession): Enhancer {
  const [, height, width] = session.inputShape("crop");
  if (typeof height !== "number" || typeof width !== "number") {
    throw new ModelError(
      "The enhancer model does not say the size of its crop; take the model that came with this version.",
    );
  }
  return {
    async enhance(crops) {
      if (crops.length === 0) return [];
      const batch = crops.length === 1 ? crops[0]!.rgb : Buffer.concat(crops.map((c) => c.rgb));
      const rgb = await session.runToBytes("crop", batch, [crops.length, height, width, 3], "better");
      const bytes = width * height * 3;
      return crops.map((_, i) => ({ width, height, rgb: rgb.slice(i * bytes, (i + 1) * bytes) }));
    },
  };
}
