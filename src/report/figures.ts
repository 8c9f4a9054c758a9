import type { Metrics } from "../system/metrics.js";
import type { ReportStatus } from "./ports.js";

/** The report part on `/metrics`; `refresh` is called before the page is made. */
export function exposeReport(metrics: Metrics, status: () => ReportStatus): { refresh(): void } {
  const by = ["receiver"];
  const up = metrics.gauge("report_up", "1 while this receiver of events can be reached", by);
  const delivered = metrics.gauge("report_delivered_total", "Events that this receiver has taken", by);
  const resent = metrics.gauge("report_resent_total", "Events sent again after a lost connection", by);
  const dropped = metrics.gauge("report_dropped_total", "Events that this receiver could not be given", by);
  const reconnects = metrics.gauge("report_reconnects_total", "New connections to this receiver", by);
  const accepted = metrics.gauge("report_commands_accepted_total", "Commands that the gate took");
  const refused = metrics.gauge("report_commands_refused_total", "Commands that were refused", ["reason"]);

  return {
    refresh() {
      const { sinks, commands } = status();
      for (const sink of sinks) {
        const receiver = { receiver: sink.name };
        up.set(sink.state === "up" ? 1 : 0, receiver);
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
