import type { Reading } from './schema.js';

const WIDTH = 600;
const HEIGHT = 160;
const MARGIN = 8;
const SVG = 'http://www.w3.org/2000/svg';

/** A line of readings over time that fills its width, from the lowest value to the highest. */
export class Chart {
  readonly element: SVGSVGElement = document.createElementNS(SVG, 'svg');
  readonly #line = document.createElementNS(SVG, 'path');
  readonly #area = document.createElementNS(SVG, 'path');

  constructor(label: string) {
    this.element.setAttribute('class', 'chart');
    this.element.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute('preserveAspectRatio', 'none');
    this.element.setAttribute('role', 'img');
    this.element.setAttribute('aria-label', label);
    this.#area.setAttribute('class', 'area');
    this.element.append(this.#area, this.#line);
  }

  /** Draws these readings, oldest first, in the place of those before. */
  draw(readings: readonly Reading[]): void {
    const points = scaled(readings);
    const line = points.length === 0 ? '' : `M${points.join('L')}`;
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', line && `${line}L${WIDTH},${HEIGHT}L0,${HEIGHT}Z`);
  }
}

function scaled(readings: readonly Reading[]): string[] {
  const values = readings.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [readings[0]?.time ?? 0, readings.at(-1)?.time ?? 0];
  return readings.map(({ value, time }) => {
    const x = share(time, from, to) * WIDTH;
    const y = HEIGHT - MARGIN - share(value, low, high) * (HEIGHT - 2 * MARGIN);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
}

/** Where between `low` and `high`, from 0 to 1; in the middle if these are one. */
function share(value: number, low: number, high: number): number {
  return high === low ? 0.5 : (value - low) / (high - low);
}
