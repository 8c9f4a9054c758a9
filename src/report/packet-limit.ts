import { Duplex, type Readable, Transform } from "node:stream";

/**
 * A connection whose other end may not send MQTT packets above `most` bytes: it is cut as soon as a packet announces
 * more, before anything is kept of it. Brokers gather a packet before they look at it, also before they know the user.
 */
export function limitPackets(socket: Duplex, most: number): Duplex {
  const fits = packetGauge(most);
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (fits(chunk)) return done(null, chunk);
      socket.destroy();
      done(new Error(`an MQTT packet above ${most} bytes`));
    },
  });
  socket.on("error", (error) => guard.destroy(error));
  socket.on("close", () => guard.destroy());
  guard.on("error", () => socket.destroy());
  return Duplex.from({ readable: (socket as Readable).pipe(guard), writable: socket });
}

/** Follows the packets in a stream of bytes; false as soon as one is larger than `most` or has no valid length. */
export function packetGauge(most: number): (chunk: Uint8Array) => boolean {
  const scan = packetScanner();
  return (chunk) =>
    scan(chunk).every((part) => "body" in part || (part.length !== null && part.length <= most));
}

/**
 * Cuts the packets in a stream of bytes to `most` bytes each. What is cut is still one packet: its sender gets its answer,
 * and whoever reads it finds it too large for anything.
 */
export function packetCutter(most: number): (chunk: Uint8Array) => Buffer {
  const scan = packetScanner();
  let room = 0;
  return (chunk) =>
    Buffer.concat(
      scan(chunk).map((part) => {
        if ("body" in part) {
          const kept = part.body.subarray(0, room);
          room -= kept.length;
          return kept;
        }
        room = Math.min(part.length ?? 0, most - MOST_HEADER_BYTES);
        return Buffer.from([part.type, ...lengthBytes(part.length === null ? null : room)]);
      }),
    );
}

/** One byte of type, and up to four of length. */
const MOST_HEADER_BYTES = 5;

type Part = { type: number /** null: not a valid one. */; length: number | null } | { body: Uint8Array };

/** Takes a stream of bytes apart: the header of each packet once it is complete, its body piece by piece. */
function packetScanner(): (chunk: Uint8Array) => Part[] {
  let type: number | null = null;
  let length = 0;
  let count = 0;
  let left = 0;
  return (chunk) => {
    const parts: Part[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const body = chunk.subarray(at, at + left);
        at += body.length;
        left -= body.length;
        parts.push({ body });
        continue;
      }
      const byte = chunk[at++] as number;
      if (type === null) {
        type = byte;
        length = 0;
        count = 0;
        continue;
      }
      // 7 bits per byte, up to 4 bytes.
      length += (byte & 127) * 128 ** count++;
      if (byte > 127 && count < 4) continue;
      const isValid = byte <= 127;
      parts.push({ type, length: isValid ? length : null });
      type = null;
      left = isValid ? length : 0;
    }
    return parts;
  };
}

function lengthBytes(length: number | null): number[] {
  if (length === null) return [255, 255, 255, 255];
  return length < 128 ? [length] : [(length % 128) | 128, ...lengthBytes(Math.floor(length / 128))];
}
