// Waveforms in BBC audiowaveform's binary format (github.com/bbc/audiowaveform, doc/DataFormat.md), 8 bit, one channel.

export interface Peaks {
  perSecond: number;
  low: Int8Array;
  high: Int8Array;
}

export function parsePeaks(data: ArrayBuffer): Peaks {
  const view = new DataView(data);
  if (data.byteLength < 24) throw new Error("a waveform has a head of 24 bytes");
  const version = view.getInt32(0, true);
  const eightBit = (view.getUint32(4, true) & 1) === 1;
  if (version !== 2 || !eightBit || view.getInt32(20, true) !== 1) throw new Error("this waveform is not of version 2, 8 bit, one channel");
  const rate = view.getInt32(8, true);
  const perPoint = view.getInt32(12, true);
  const points = Math.min(view.getUint32(16, true), (data.byteLength - 24) >> 1);
  const low = new Int8Array(points);
  const high = new Int8Array(points);
  for (let i = 0; i < points; i++) {
    low[i] = view.getInt8(24 + 2 * i);
    high[i] = view.getInt8(25 + 2 * i);
  }
  return { perSecond: rate / perPoint, low, high };
}
