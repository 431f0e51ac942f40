import { element } from '../lib/element.js';
import { Chart } from './chart.js';
import type { Reading, Sensor } from './schema.js';

/** What the page shows of one sensor. */
export class Panel {
  readonly element: HTMLElement;
  readonly #chart: Chart;
  readonly #label = element('h2');
  readonly #now = element('span', { class: 'reading' });
  readonly #span = element('span');
  readonly #count = element('span');
  #unit = '';

  constructor(device: string) {
    this.#chart = new Chart(`Readings of ${device}`);
    this.element = element(
      'article',
      { class: 'sensor', 'data-device': device },
      element('header', {}, this.#label, this.#now),
      this.#chart.element,
      element('footer', { class: 'soft' }, this.#span, this.#count),
    );
  }

  describe({ label, unit }: Sensor): void {
    this.#label.textContent = label;
    this.#unit = unit;
  }

  /** Oldest first. */
  show(readings: readonly Reading[]): void {
    const last = readings.at(-1);
    const values = readings.map(({ value }) => value);
    this.#now.textContent = last === undefined ? '–' : `${last.value} ${this.#unit}`;
    this.#span.textContent = last === undefined ? '' : `${Math.min(...values)} to ${Math.max(...values)} ${this.#unit}`;
    this.#count.textContent = `${readings.length} readings`;
    this.#chart.draw(readings);
  }
}
