import type { Status } from '@backside/sdk';

interface Observable {
  readonly status: Status;
  onStatus(listener: (status: Status) => void): () => void;
}

/** Keeps `place` saying how things stand with the server. */
export function showStatus(place: HTMLElement, connection: Observable): void {
  const show = (status: Status): void => {
    place.dataset.status = status;
    place.textContent = status;
  };
  show(connection.status);
  connection.onStatus(show);
}
