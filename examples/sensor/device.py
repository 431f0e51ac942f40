"""A device: sends one reading a second over STOMP, and begins again whenever the connection is lost.

    pip install stomp.py
    STOMP_HOST=127.0.0.1 STOMP_PORT=5001 DEVICE_KEY=... DEVICE_SECRET=... python3 device.py [SECONDS_BETWEEN] [COUNT]
"""

import json
import os
import random
import sys
import threading
import time

import stomp

KEY = os.environ["DEVICE_KEY"]
SECRET = os.environ["DEVICE_SECRET"]
SERVER = (os.environ.get("STOMP_HOST", "127.0.0.1"), int(os.environ.get("STOMP_PORT", "5001")))
ANSWER_SECONDS = 10
PAUSE_SECONDS = 2


class Answers(stomp.ConnectionListener):
    """Lets the sender wait until the server has a reading on disk."""

    def __init__(self):
        self.arrived = threading.Event()
        self.receipt = None

    def on_receipt(self, frame):
        self.receipt = frame.headers["receipt-id"]
        self.arrived.set()

    def on_error(self, frame):
        print(f"refused: {frame.headers.get('message')} (trace {frame.headers.get('trace')})", file=sys.stderr)
        self.arrived.set()

    def on_disconnected(self):
        self.arrived.set()


def measure(last):
    """What a thermometer would say: never far from what it said before."""
    return round(last + random.gauss(0, 0.15) + (21 - last) * 0.02, 2)


def send(connection, answers, step):
    """Sends one frame and waits for its receipt. Raises ConnectionError if there is none."""
    destination, body, headers = step
    answers.arrived.clear()
    receipt = f"r{time.monotonic_ns()}"
    connection.send(destination, json.dumps(body), "application/json", {"receipt": receipt, **headers})
    if not answers.arrived.wait(ANSWER_SECONDS) or answers.receipt != receipt:
        raise ConnectionError("the server did not take it")


def report(readings, seconds):
    """Connects, says what this device is, and sends every reading. Raises when the connection is lost."""
    connection = stomp.Connection12([SERVER], heartbeats=(10_000, 10_000), reconnect_attempts_max=1)
    answers = Answers()
    connection.set_listener("", answers)
    connection.connect(KEY, SECRET, wait=True)
    try:
        send(connection, answers, (f"/sensors/{KEY}", {"label": "Thermometer", "unit": "°C"}, {}))
        for value in readings:
            reading = {"value": value, "time": {".sv": "timestamp"}}
            send(connection, answers, (f"/readings/{KEY}", reading, {"method": "push"}))
            print(value, flush=True)
            time.sleep(seconds)
    finally:
        connection.disconnect()


def measured(count):
    """As many readings as wanted; 0 for no end."""
    value, sent = 21.0, 0
    while count == 0 or sent < count:
        value, sent = measure(value), sent + 1
        yield value


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    readings = measured(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    while True:
        try:
            return report(readings, seconds)
        except (OSError, stomp.exception.StompException) as error:
            print(f"{type(error).__name__}: {error}; again in {PAUSE_SECONDS} s", file=sys.stderr)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
