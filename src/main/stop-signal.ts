/** Aborts at the first Ctrl-C or SIGTERM; the second one ends the process at once, in case stopping hangs. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return stopping.signal;
}
