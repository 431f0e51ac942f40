/** The tree of the sensors, as sensor.rules.json guards it. */
export interface SensorSchema {
  sensors: { $device: Sensor };
  readings: { $device: { $reading: Reading } };
}

export interface Sensor {
  label: string;
  unit: string;
}

export interface Reading {
  value: number;
  /** Milliseconds since 1970, by the server's clock. */
  time: number;
}
