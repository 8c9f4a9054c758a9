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
  // Fixed header: one byte of type, then the length, 7 bits per byte, up to 4 bytes.
  let state: "type" | "length" | "body" = "type";
  let length = 0;
  let lengthBytes = 0;
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (state === "body") {
        const step = Math.min(left, chunk.length - at);
        at += step;
        left -= step;
        if (left === 0) state = "type";
        continue;
      }
      const byte = chunk[at++] as number;
      if (state === "type") {
        state = "length";
        length = 0;
        lengthBytes = 0;
        continue;
      }
      length += (byte & 127) * 128 ** lengthBytes;
      lengthBytes++;
      if (length > most || (lengthBytes === 4 && byte > 127)) return false;
      if (byte > 127) continue;
      left = length;
      state = left === 0 ? "type" : "body";
    }
    return true;
  };
}
