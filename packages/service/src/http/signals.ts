const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Waits for SIGTERM or Ctrl-C, and then for `stop`. A second one ends the process at once, with 128 and the signal's
 * number, as shells count.
 */
export function stopOnSignal(stop: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let isStopping = false;
    for (const [signal, number] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (isStopping) process.exit(128 + number);
        isStopping = true;
        stop().then(resolve, reject);
      });
    }
  });
}
