import type { Metrics } from "../system/metrics.js";
import type { ReportStatus, SinkState } from "./ports.js";

const STATES: readonly SinkState[] = ["off", "connecting", "up", "waiting", "refused"];

/** The report part on `/metrics`; `refresh` is called before the page is made. */
export function exposeReport(metrics: Metrics, status: () => ReportStatus): { refresh(): void } {
  const by = ["sink"];
  const up = metrics.gauge("report_up", "1 while this receiver of events can be reached", by);
  const state = metrics.gauge("report_state", "1 for the state that this receiver is in", ["sink", "state"]);
  const delivered = metrics.gauge("report_delivered", "Events that this receiver has taken", by);
  const resent = metrics.gauge("report_resent", "Events sent again after a lost connection", by);
  const dropped = metrics.gauge("report_dropped", "Events that this receiver could not be given", by);
  const reconnects = metrics.gauge("report_reconnects", "New connections to this receiver", by);
  const accepted = metrics.gauge("report_commands_accepted", "Commands that the gate took");
  const refused = metrics.gauge("report_commands_refused", "Commands that were refused", ["reason"]);

  return {
    refresh() {
      const { sinks, commands } = status();
      for (const sink of sinks) {
        const receiver = { sink: sink.name };
        up.set(sink.state === "up" ? 1 : 0, receiver);
        for (const word of STATES) state.set(sink.state === word ? 1 : 0, { ...receiver, state: word });
        delivered.set(sink.delivered, receiver);
        resent.set(sink.resent, receiver);
        dropped.set(sink.dropped, receiver);
        reconnects.set(sink.reconnects, receiver);
      }
      accepted.set(commands.accepted);
      for (const [reason, times] of Object.entries(commands.refused)) refused.set(times, { reason });
    },
  };
}
