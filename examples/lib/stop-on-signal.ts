/** Runs `stop` at the first SIGINT or SIGTERM and then ends the process: with 1 if `stop` fails, else with 0. */
export function stopOnSignal(stop: () => Promise<void>): void {
  const end = (): void => {
    process.off('SIGINT', end).off('SIGTERM', end);
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end).on('SIGTERM', end);
}
