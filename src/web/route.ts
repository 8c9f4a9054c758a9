import type { Writable } from "node:stream";
import type { z } from "zod";

/** What a route gives back; the HTTP adapter turns it into headers and bytes. */
export type Answer =
  | { json: unknown; status?: number }
  /** Nothing is there, and nothing is wrong with that. */
  | { nothing: true }
  | { text: string; type: string; status?: number }
  /** Bytes held in memory, with an ETag made of them. */
  | { bytes: Uint8Array; type: string }
  /** A file with byte ranges; `path` must lie inside `folder`. `download` is the name it is saved under. */
  | { file: string; folder: string; type: string; download?: string }
  /** Bytes without end. `attach` is called once the headers are out and must let go when `out` closes. */
  | { stream: (out: Writable) => void; type: string };

/** An answer that is a refusal: HTTP status and one sentence for people. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

/** One route as data: the server and the OpenAPI document are both made of it. */
export interface Route {
  method: "GET" | "POST" | "DELETE";
  /** With `{name}` for parameters, as OpenAPI writes it. */
  path: string;
  /** One sentence, and the group it is listed in. */
  summary: string;
  group: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** What a good answer looks like: a shape for JSON, else a media type. */
  good: { status?: number; description: string; shape?: z.ZodType; type?: string };
  /** Statuses of refusals, with what they mean. */
  refusals?: Readonly<Record<number, string>>;
  /** Changes something: offered only to this machine itself, from the page's own origin. */
  changes?: boolean;
  handle(request: { params: never; query: never }): Answer | Promise<Answer>;
}

type Out<S> = S extends z.ZodType ? z.output<S> : Record<string, never>;

/** Lets the handler know the types that `params` and `query` have after checking. */
export function route<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
>(
  definition: Omit<Route, "params" | "query" | "handle"> & {
    params?: P;
    query?: Q;
    handle(request: { params: Out<P>; query: Out<Q> }): Answer | Promise<Answer>;
  },
): Route {
  return definition as unknown as Route;
}
