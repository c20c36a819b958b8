/** QR codes of ISO/IEC 18004: bytes, error correction M, versions 1 to 6. That is 106 bytes, more than a link here needs. */

/** Codewords for data per block and for correction per block, and the blocks, by version. */
const VERSIONS: readonly [data: number, correction: number, blocks: number][] = [
  [16, 10, 1],
  [28, 16, 1],
  [44, 26, 1],
  [32, 18, 2],
  [43, 24, 2],
  [27, 16, 4],
];

type Grid = boolean[][];
type Cell = boolean | null;

/** The modules row by row, true is dark; null for a text that is too long. */
export function qr(text: string): Grid | null {
  const bytes = new TextEncoder().encode(text);
  const version = VERSIONS.findIndex(([data, , blocks]) => data * blocks >= bytes.length + 2) + 1;
  const shape = VERSIONS[version - 1];
  if (shape === undefined) return null;
  const stream = interleaved(padded(bytes, shape[0] * shape[2]), shape);
  const frame = patterns(version);
  const grids = MASKS.map((mask, number) => finished(frame, stream, mask, number));
  return grids.reduce((best, grid) => (penalty(grid) < penalty(best) ? grid : best));
}

/** Mode and length, the bytes, a terminator, and the filling the standard wants. */
function padded(bytes: Uint8Array, size: number): number[] {
  const nibbles = [4, bytes.length >> 4, bytes.length & 15];
  for (const byte of bytes) nibbles.push(byte >> 4, byte & 15);
  nibbles.push(0);
  const words: number[] = [];
  for (let at = 0; at < nibbles.length; at += 2) words.push(((nibbles[at] ?? 0) << 4) | (nibbles[at + 1] ?? 0));
  for (let filler = 0xec; words.length < size; filler ^= 0xec ^ 0x11) words.push(filler);
  return words;
}

function interleaved(words: number[], [data, correction, blocks]: readonly [number, number, number]): number[] {
  const parts = Array.from({ length: blocks }, (_, index) => words.slice(index * data, (index + 1) * data));
  const checks = parts.map((part) => remainder(part, correction));
  const column = (rows: number[][], length: number) => Array.from({ length }, (_, at) => rows.map((row) => row[at] ?? 0)).flat();
  return [...column(parts, data), ...column(checks, correction)];
}

/** Multiplication in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** Reed-Solomon: the remainder by (x - 1)(x - 2)(x - 4)... of `degree` factors. */
function remainder(words: number[], degree: number): number[] {
  let divisor = [1];
  for (let root = 1, i = 0; i < degree; i++, root = times(root, 2)) {
    const factor = root;
    divisor = [...divisor, 0].map((value, at) => value ^ times(divisor[at - 1] ?? 0, factor));
  }
  let rest: number[] = Array.from({ length: degree }, () => 0);
  for (const word of words) {
    const lead = word ^ (rest[0] ?? 0);
    rest = [...rest.slice(1), 0].map((value, at) => value ^ times(divisor[at + 1] ?? 0, lead));
  }
  return rest;
}

/** The fixed parts; null is free for data. Format cells are reserved as light. */
function patterns(version: number): Cell[][] {
  const side = version * 4 + 17;
  const grid: Cell[][] = Array.from({ length: side }, () => Array.from({ length: side }, () => null));
  const ring = (cy: number, cx: number, reach: number, dark: (distance: number) => boolean) => {
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) put(grid, cy + dy, cx + dx, dark(Math.max(Math.abs(dy), Math.abs(dx))));
  };
  for (let at = 0; at < 9; at++) for (const [y, x] of formatCells(at, side)) put(grid, y, x, false);
  for (let at = 9; at < 15; at++) for (const [y, x] of formatCells(at, side)) put(grid, y, x, false);
  for (let at = 0; at < side; at++) for (const [y, x] of [[6, at], [at, 6]] as const) put(grid, y, x, at % 2 === 0);
  for (const [y, x] of [[3, 3], [3, side - 4], [side - 4, 3]] as const) ring(y, x, 4, (distance) => distance !== 2 && distance !== 4);
  if (version > 1) ring(side - 7, side - 7, 2, (distance) => distance !== 1);
  put(grid, side - 8, 8, true);
  return grid;
}

function put(grid: Cell[][], y: number, x: number, dark: boolean): void {
  const row = grid[y];
  if (row !== undefined && x >= 0 && x < row.length) row[x] = dark;
}

/** Where bit `at` of the format goes, counted from the lowest: once round the corner, once along the two edges. */
function formatCells(at: number, side: number): [number, number][] {
  const near: [number, number] = at < 6 ? [at, 8] : at === 6 ? [7, 8] : at === 7 ? [8, 8] : at === 8 ? [8, 7] : [8, 14 - at];
  return [near, at < 8 ? [8, side - 1 - at] : [side - 15 + at, 8]];
}

const MASKS: readonly ((y: number, x: number) => boolean)[] = [
  (y, x) => (y + x) % 2 === 0,
  (y) => y % 2 === 0,
  (_, x) => x % 3 === 0,
  (y, x) => (y + x) % 3 === 0,
  (y, x) => ((y >> 1) + Math.floor(x / 3)) % 2 === 0,
  (y, x) => ((y * x) % 2) + ((y * x) % 3) === 0,
  (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2 === 0,
  (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2 === 0,
];

function finished(frame: Cell[][], stream: number[], mask: (y: number, x: number) => boolean, number: number): Grid {
  const side = frame.length;
  const grid = frame.map((row) => [...row]);
  let bit = 0;
  for (let right = side - 1; right > 0; right -= 2) {
    if (right === 6) right = 5; // The timing column is no part of the zigzag.
    const upwards = ((right + 1) & 2) === 0;
    for (let step = 0; step < side; step++) {
      const y = upwards ? side - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (frame[y]?.[x] !== null) continue;
        const dark = (((stream[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        put(grid, y, x, dark !== mask(y, x));
        bit++;
      }
    }
  }
  const format = formatBits(number);
  for (let at = 0; at < 15; at++) for (const [y, x] of formatCells(at, side)) put(grid, y, x, ((format >> at) & 1) === 1);
  put(grid, side - 8, 8, true);
  return grid.map((row) => row.map((cell) => cell === true));
}

/** Correction M is 00; then the mask, ten bits of BCH and the standard's own mask. */
function formatBits(mask: number): number {
  let rest = mask;
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  return ((mask << 10) | rest) ^ 0x5412;
}

/** How hard it is to read: long runs, squares and uneven light, as the standard counts them. */
function penalty(grid: Grid): number {
  const columns = grid.map((_, x) => grid.map((row) => row[x] ?? false));
  let sum = 0;
  for (const line of [...grid, ...columns]) {
    const text = line.map(Number).join('');
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
    sum += 40 * ((text.match(/(?=00001011101)|(?=10111010000)/g) ?? []).length);
  }
  for (let y = 1; y < grid.length; y++)
    for (let x = 1; x < grid.length; x++) {
      const dark = grid[y]?.[x];
      if (dark === grid[y - 1]?.[x] && dark === grid[y]?.[x - 1] && dark === grid[y - 1]?.[x - 1]) sum += 3;
    }
  const share = grid.flat().filter(Boolean).length / grid.length ** 2;
  return sum + 10 * Math.floor(Math.abs(share - 0.5) * 20);
}
