import { connect } from '@backside/sdk';
import { byId } from '../lib/element.js';
import { serverUrl } from '../lib/server-url.js';
import { showStatus } from '../lib/show-status.js';
import { Panel } from './panel.js';
import type { Reading, SensorSchema } from './schema.js';

/** How many of the newest readings a chart shows. */
const SHOWN = 120;

const db = connect<SensorSchema>(serverUrl);
const panels = new Map<string, Panel>();
showStatus(byId('status', HTMLSpanElement), db);

db.on('/sensors', (sensors) => {
  for (const [device, sensor] of Object.entries(sensors ?? {})) panelOf(device).describe(sensor);
});

function panelOf(device: string): Panel {
  const known = panels.get(device);
  if (known !== undefined) return known;
  const panel = new Panel(device);
  panels.set(device, panel);
  byId('nothing', HTMLParagraphElement).hidden = true;
  byId('sensors', HTMLElement).append(panel.element);
  // The server sends each new reading as it comes, and tells which one left the window.
  db.ref(`/readings/${device}`)
    .limitToLast(SHOWN)
    .on('value', (snapshot) => {
      const readings: Reading[] = [];
      snapshot.forEach((child) => void readings.push(child.val()!));
      panel.show(readings);
    });
  return panel;
}
