import { connect, createServer } from "node:net";
import { LineError } from "./lines.js";

/** A gate that lives answers within milliseconds. */
const ANSWER_MS = 1000;

/**
 * One gate at a time has the lines of a machine: the kernel lets any number of programs write to a line of sysfs, and one
 * that is started by hand beside the service would cut its pulses and take its lines away when it ends. The name of a socket
 * is given back by the end of this process, however it ends. Fulfils with what gives it back earlier; rejects with a
 * `LineError` while another gate has it and answers: what is left of one that a card holds in the kernel keeps nobody out.
 */
export async function holdLines(name = "plategate-lines"): Promise<() => void> {
  const path = `\0${name}`;
  const server = createServer((connection) => {
    connection.on("error", () => {});
    connection.end(String(process.pid));
  });
  // It must not keep this process alive.
  server.unref();
  const code = await new Promise<string>((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    server.listen(path, () => resolve(""));
  });
  if (code === "EADDRINUSE") {
    const holder = await whoAnswers(path);
    if (holder !== "" && holder !== String(process.pid))
      throw new LineError(
        `another Plategate on this machine has the lines (process ${holder}); stop it first: systemctl stop plategate.`,
      );
  }
  // Anything else: this machine has no such names, and no gate is kept from its lines for that.
  return () => {
    if (server.listening) server.close();
  };
}

/** Number of the process that answers there; empty: none does. */
function whoAnswers(path: string): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    const socket = connect(path);
    const end = () => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(ANSWER_MS, end);
    socket.on("data", (chunk) => {
      said += chunk;
    });
    socket.on("end", end);
    socket.on("error", end);
  });
}
