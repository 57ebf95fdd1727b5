/** The binary answer of the tiles route (plugin/http_api.md) as tiles. */

import type { Columns, Source, Tile } from "../math/tile";
import type { TileError } from "./types";

export const TILES_VERSION = 1;

/** The answer is not what this page understands; the message says what to do. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** One tile's entry in the answer's JSON. */
interface TileHeader {
  readonly run: string;
  readonly tag: string;
  readonly source: Source;
  readonly revision: string;
  readonly records: number;
  readonly missing: number;
  readonly hint: string;
  readonly level: number;
  readonly first_column: number;
  readonly columns: number;
  readonly bins: number;
  readonly unit: number | null;
  readonly range: readonly [number, number] | null;
  readonly extent: readonly [number, number] | null;
  readonly first_step: number;
  readonly last_step: number;
  readonly offset: number;
  readonly bytes: number;
  readonly count_bytes: 4 | 8;
  readonly step_bytes?: 4 | 8;
}

interface Header {
  readonly version: number;
  readonly tiles: readonly (TileHeader | TileError)[];
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const ALIGNMENT = 8;

/** Whether a tile could not be made. */
export function isTileError(tile: Tile | TileError): tile is TileError {
  return "error" in tile;
}

/** Decode one answer; tiles stand in the order in which they were asked for. */
export function decodeTiles(buffer: ArrayBuffer): (Tile | TileError)[] {
  if (buffer.byteLength < 4) throw new WireError("The tiles answer is empty; reload the page.");
  const length = new DataView(buffer).getUint32(0, true);
  if (4 + length > buffer.byteLength) {
    throw new WireError(
      `The tiles answer ends inside its header (${buffer.byteLength} bytes); reload the page.`,
    );
  }
  const header = parseHeader(new Uint8Array(buffer, 4, length));
  const start = Math.ceil((4 + length) / ALIGNMENT) * ALIGNMENT;
  return header.tiles.map((tile) => ("error" in tile ? tile : decodeTile(tile, buffer, start + tile.offset)));
}

function parseHeader(bytes: Uint8Array): Header {
  const header = JSON.parse(new TextDecoder().decode(bytes)) as Header;
  if (header.version !== TILES_VERSION) {
    throw new WireError(
      `The server sends tiles of version ${header.version}, this page reads version ${TILES_VERSION}; ` +
        "restart TensorBoard and reload the page.",
    );
  }
  return header;
}

function decodeTile(header: TileHeader, buffer: ArrayBuffer, start: number): Tile {
  if (start + header.bytes > buffer.byteLength) {
    throw new WireError(`The tile of '${header.tag}' ends early; reload the page.`);
  }
  const reader = new ArrayReader(new Uint8Array(buffer, start, header.bytes));
  const columns = decodeColumns(reader, header);
  const lower = reader.float64(header.bins);
  const upper = reader.float64(header.bins);
  const cells = header.bins * header.columns;
  return {
    run: header.run,
    tag: header.tag,
    source: header.source,
    revision: header.revision,
    records: header.records,
    missing: header.missing,
    hint: header.hint,
    level: header.level,
    firstColumn: header.first_column,
    unit: header.unit,
    range: header.range,
    extent: header.extent,
    firstStep: header.first_step,
    lastStep: header.last_step,
    columns,
    lower,
    upper,
    counts: header.count_bytes === 8 ? reader.int64(cells, false) : reader.uint32(cells),
  };
}

/** Object literals are evaluated in their order, which is the order on the wire. */
function decodeColumns(reader: ArrayReader, header: TileHeader): Columns {
  const length = header.columns;
  const step = (): Float64Array =>
    header.step_bytes === 8 ? reader.int64(length, true) : reader.int32(length);
  const count = (): Float64Array =>
    header.count_bytes === 8 ? reader.int64(length, false) : new Float64Array(reader.uint32(length));
  return {
    length,
    firstStep: step(),
    lastStep: step(),
    firstWallTime: reader.float64(length),
    lastWallTime: reader.float64(length),
    records: reader.uint32(length),
    n: count(),
    zeros: count(),
    nans: count(),
    posInfs: count(),
    negInfs: count(),
    mean: reader.float64(length),
    std: reader.float64(length),
    min: reader.float64(length),
    max: reader.float64(length),
  };
}

/** Reads byte-shuffled arrays (all first bytes, then all second bytes, ...) one after another. */
class ArrayReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  uint32(length: number): Uint32Array<ArrayBuffer> {
    const from = this.take(length * 4);
    const { bytes } = this;
    const values = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const low = bytes[from + i]! | (bytes[from + length + i]! << 8);
      const high = bytes[from + 2 * length + i]! | (bytes[from + 3 * length + i]! << 8);
      values[i] = low | (high << 16);
    }
    return values;
  }

  int32(length: number): Float64Array {
    return new Float64Array(new Int32Array(this.uint32(length).buffer));
  }

  float64(length: number): Float64Array {
    const from = this.take(length * 8);
    const values = new Float64Array(length);
    const target = new Uint8Array(values.buffer);
    for (let byte = 0; byte < 8; byte++) {
      const place = LITTLE_ENDIAN ? byte : 7 - byte;
      const source = from + byte * length;
      for (let i = 0; i < length; i++) target[i * 8 + place] = this.bytes[source + i]!;
    }
    return values;
  }

  /** Integers of 64 bits as numbers: exact up to 2**53. */
  int64(length: number, signed: boolean): Float64Array {
    const words = new Uint32Array(this.float64(length).buffer);
    const low = LITTLE_ENDIAN ? 0 : 1;
    return Float64Array.from({ length }, (_, i) => {
      const high = words[2 * i + 1 - low]!;
      return (signed ? high | 0 : high) * 2 ** 32 + words[2 * i + low]!;
    });
  }

  private take(size: number): number {
    const from = this.at;
    this.at += size;
    if (this.at > this.bytes.length) {
      throw new WireError("A tile is shorter than its header says; reload the page.");
    }
    return from;
  }
}
