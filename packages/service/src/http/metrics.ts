import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RecogniserPool } from '../recognition/pool-protocol.ts';
import type { ByteBudget } from './limits.ts';
import type { Answered } from './observation.ts';

/** From a millisecond, which a refusal takes, to a minute, which a job may take. */
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** How often the event loop is looked at. */
const TICK_MS = 20;

export interface Metrics extends Disposable {
  readonly contentType: string;
  count(answered: Answered): void;
  /** In Prometheus' text format. */
  write(): Promise<string>;
}

/**
 * What goes on, for Prometheus. There is nothing in it that could tell who asked about what: routes, statuses, codes and
 * sums.
 */
export function createMetrics(pool: RecogniserPool, uploads: ByteBudget): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'mars_http_requests_total',
    help: 'Requests that were answered',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'mars_http_request_duration_seconds',
    help: 'From the headers of a request to the end of its answer',
    labelNames: ['route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const errors = new Counter({
    name: 'mars_http_errors_total',
    help: 'Requests that got an error',
    labelNames: ['code'],
    registers,
  });

  const gauge = (name: string, help: string, value: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers: [], collect: () => made.set(value()) });
    registry.registerMetric(made);
  };
  /** What is counted elsewhere. */
  const total = (name: string, help: string, value: () => number): void => {
    const made = new Counter({
      name,
      help,
      registers: [],
      collect() {
        made.reset();
        made.inc(value());
      },
    });
    registry.registerMetric(made);
  };
  gauge('mars_pool_workers', 'Workers', () => pool.size);
  gauge('mars_pool_running', 'Jobs that a worker has', () => pool.running);
  gauge('mars_pool_queued', 'Jobs that wait for a worker', () => pool.queued);
  gauge('mars_stream_sessions', 'Live sessions that are open', () => pool.streams);
  total('mars_jobs_done_total', 'Recordings that came to a result', () => pool.totals.done);
  total('mars_jobs_aborted_total', 'Recordings whose caller left', () => pool.totals.aborted);
  total('mars_workers_replaced_total', 'Workers that died or hung', () => pool.totals.replaced);
  total('mars_audio_seconds_total', 'Audio that came to a result', () => pool.totals.audioSec);
  total('mars_worker_busy_seconds_total', 'Time that jobs spent with a worker', () => pool.totals.busySec);
  gauge('mars_upload_bytes', 'Bodies of requests that are held', () => uploads.taken);
  gauge('mars_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
  gauge('mars_uptime_seconds', 'Since the process began', () => process.uptime());

  const lag = monitorEventLoopDelay({ resolution: TICK_MS });
  lag.enable();
  const lateness = new Gauge({
    name: 'mars_event_loop_lag_seconds',
    help: 'How late the event loop was since this was last asked',
    labelNames: ['quantile'],
    registers: [],
    collect() {
      for (const percent of [50, 99, 100]) {
        // From tick to tick: the interval itself is no delay. NaN where there was none in the meantime.
        const lateSec = (lag.percentile(percent) || 0) / 1e9 - TICK_MS / 1000;
        lateness.set({ quantile: String(percent / 100) }, Math.max(0, lateSec));
      }
      lag.reset();
    },
  });
  registry.registerMetric(lateness);

  return {
    contentType: registry.contentType,
    count({ method, route, status, seconds, code }) {
      requests.inc({ method, route, status });
      durations.observe({ route, status }, seconds);
      if (code !== undefined) errors.inc({ code });
    },
    write: () => registry.metrics(),
    [Symbol.dispose]: () => void lag.disable(),
  };
}
