import { openIpc } from '@backside/backendjs';
import { createMemoryHub } from '@backside/notifier';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ServerConfig } from '../config/server-options.js';
import { createLegacyControl, hearReloads } from './legacy-control.js';

test('settings are read again once on every node, whichever process was told', async () => {
  const hub = createMemoryHub();
  const reloads: string[] = [];
  const processes = [
    { node: 'a', leads: true },
    { node: 'a', leads: false },
    { node: 'b', leads: true },
  ];
  const controls = await Promise.all(
    processes.map(async ({ node, leads }, index) => {
      const notifier = hub.connect();
      const roles = leads ? ['worker', 'server'] : ['worker'];
      const ipc = await openIpc({
        notifier,
        nodeId: `${node}-${index}`,
        appName: 'bkjs',
        roles,
        logger: SILENT_LOGGER,
      });
      onTestFinished(async () => {
        await ipc.close();
        await notifier.close();
      });
      const reload = async (): Promise<readonly string[]> => {
        reloads.push(node);
        return ['logLevel'];
      };
      const steer = { restart: async () => {}, reload };
      if (leads) hearReloads({ steer, ipc, node, logger: SILENT_LOGGER });
      return createLegacyControl({ steer, ipc, node, config: () => ({}) as ServerConfig });
    }),
  );
  for (const control of controls) {
    reloads.length = 0;
    expect(await control.reload('config')).toEqual(['logLevel']);
    await vi.waitFor(() => expect([...reloads].sort()).toEqual(['a', 'b']));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reloads).toHaveLength(2);
  }
});
